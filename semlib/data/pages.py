"""Rendered book pages with ground truth: the data of the paper's section 4.6.

A page has two columns. Every column is a pile of cells, each a whole number of
text lines high, so that a patch of 64×256 pixels cut from the reduced page
holds whole words only. Nothing here is random beyond its seed: the same page
has the same bytes in every process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..images import InputError, reduce_image
from .words import SPLITS, running_text, strange_text

FONTS = Path(__file__).parent / "fonts"
TYPEFACES = (
    "CrimsonText",
    "EBGaramond",
    "Gelasio",
    "LibreBaskerville",
    "LibreCaslonText",
    "Lora",
)
UNSEEN_TYPEFACES = ("Merriweather", "Spectral", "Vollkorn")  # never trained on

PAGES = {"train": 1828, "test": 457}  # 2,285 pages split 80/20 (section 4.6)
PATCHES_PER_PAGE = 10
PATCH_HEIGHT, PATCH_WIDTH = 64, 256

SCALE = 0.5  # a page is drawn at twice the size that it is degraded at
X_HEIGHT = 6.0  # in pixels of the reduced page; chosen in chapter 7
MARGIN = 24  # likewise; a multiple of 8 keeps patches on the JPEG grid
GUTTER = 16
ROWS = 10

_UP = round(1 / SCALE)


@dataclass(frozen=True)
class Word:
    """A word and its ink: ``box`` is (left, top, right, bottom) in pixels."""

    text: str
    box: tuple[int, int, int, int]
    line: int


def lines(words: Sequence[Word]) -> list[str]:
    """The text of `words`, a string for each line, in reading order."""
    rows: dict[int, list[str]] = {}
    for word in words:
        rows.setdefault(word.line, []).append(word.text)
    return [" ".join(row) for _, row in sorted(rows.items())]


@dataclass(frozen=True)
class Patch:
    """A piece of a page: ``image`` is 64×256 uint8, boxes count from its corner."""

    image: np.ndarray
    words: tuple[Word, ...]
    page: int
    cell: int

    @property
    def lines(self) -> list[str]:
        return lines(self.words)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def corners(self) -> np.ndarray:
        """The words' boxes as a detector gives them: n×4×2, (x, y), clockwise."""
        return np.array(
            [
                [(left, top), (right, top), (right, bottom), (left, bottom)]
                for left, top, right, bottom in (w.box for w in self.words)
            ],
            np.float32,
        ).reshape(-1, 4, 2)


@dataclass(frozen=True)
class Page:
    """A page as drawn: ``image`` is H×W uint8, black on white, at 1 / `SCALE`."""

    index: int
    split: str
    typeface: str
    x_height: float
    image: np.ndarray
    words: tuple[Word, ...]
    cells: tuple[int, ...]

    @property
    def lines(self) -> list[str]:
        return lines(self.words)

    def reduced(self) -> np.ndarray:
        """The page at the resolution of the patches, H×W uint8."""
        return reduce_image(Image.fromarray(self.image), SCALE)

    def patches(self) -> list[Patch]:
        """Ten patches that do not overlap, with the words in them."""
        image = self.reduced()
        return [_cut(self, image, *_corner(cell), cell) for cell in self.cells]


def make_page(
    index: int,
    split: str = "train",
    *,
    seed: int = 0,
    typefaces: Sequence[str] = TYPEFACES,
    x_height: float = X_HEIGHT,
    strange: str | None = None,
) -> Page:
    """Draw page `index` of a split: typeface, size, leading and words by seed.

    Args:
        x_height: height of a lower-case x on the reduced page, in pixels; each
            page's own lies within 8 % of it.
        strange: instead of English, texts of this kind (see `strange_text`).

    Raises:
        ValueError: the split is neither ``train`` nor ``test``, the index is
            negative, or the letters would be smaller than 2 pixels or too
            large for three lines in a patch.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    if index < 0:
        raise ValueError(f"a page's index is 0 or more, not {index}")
    if not 2 <= x_height <= 8:
        raise ValueError(f"x_height must be between 2 and 8, not {x_height}")
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    typeface = typefaces[int(rng.integers(len(typefaces)))]
    own = x_height * rng.uniform(0.92, 1.08)
    font = _font(typeface, own * _UP)
    # as many lines as fit a patch with the leading of an ordinary book or more
    rows = max(3, int(PATCH_HEIGHT / (2.5 * own)))
    cells = rng.permutation(2 * ROWS)[:PATCHES_PER_PAGE]

    width = 2 * MARGIN + 2 * PATCH_WIDTH + GUTTER
    height = 2 * MARGIN + ROWS * PATCH_HEIGHT
    image = Image.new("L", (width * _UP, height * _UP), 255)
    count = 2 * ROWS * rows * 16
    text = iter(
        [strange_text(rng, strange) for _ in range(count)]
        if strange
        else running_text(rng, count, split)
    )
    words = _set_columns(ImageDraw.Draw(image), font, text, rows)
    return Page(
        index,
        split,
        typeface,
        own,
        np.asarray(image),
        tuple(words),
        tuple(sorted(int(cell) for cell in cells)),
    )


def spread_patches(split: str, count: int, **options) -> list[Patch]:
    """`count` patches from as many pages of a split as possible.

    With no more patches than pages, each is of another page: independent
    draws, as an honest interval needs. `options` go to `make_page`.

    Raises:
        ValueError: the split is unknown.
        InputError: the split holds fewer patches.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    pages = PAGES[split]
    if not 1 <= count <= pages * PATCHES_PER_PAGE:
        raise InputError(
            f"{split} holds 1 to {pages * PATCHES_PER_PAGE} patches, not {count}"
        )
    each, more = divmod(count, pages)
    return [
        patch
        for index in range(min(count, pages))
        for patch in make_page(index, split, **options).patches()[: each + (index < more)]
    ]


@lru_cache(64)  # of sizes drawn at random there is no end
def _font(typeface: str, x_height: float) -> ImageFont.FreeTypeFont:
    """The typeface at the size that makes its x as high as asked."""
    path = FONTS / f"{typeface}_400Regular.ttf"
    probe = ImageFont.truetype(path, 1000, layout_engine=ImageFont.Layout.BASIC)
    _, top, _, bottom = probe.getbbox("x")
    return probe.font_variant(size=1000 * x_height / (bottom - top))


def _corner(cell: int) -> tuple[int, int]:
    """Left and top of a cell on the reduced page."""
    column, row = divmod(cell, ROWS)
    return (MARGIN + column * (PATCH_WIDTH + GUTTER), MARGIN + row * PATCH_HEIGHT)


def _set_columns(draw, font, text, rows: int) -> list[Word]:
    """Fill both columns with justified lines; returns the words with their ink."""
    words: list[Word] = []
    carry = next(text)
    for line in range(2 * ROWS * rows):
        left, top = (_UP * side for side in _corner(line // rows))
        baseline = top + round((line % rows + 0.70) * PATCH_HEIGHT * _UP / rows)
        measure = (PATCH_WIDTH - 16) * _UP
        row = [carry]
        for carry in text:
            if font.getlength(" ".join([*row, carry])) > measure:
                break
            row.append(carry)
        words += _set_line(draw, font, row, left + 8 * _UP, baseline, measure, line)
    return words


def _set_line(draw, font, row, left, baseline, measure, line) -> list[Word]:
    """Draw one line, justified unless its spaces would more than double."""
    space = font.getlength(" ")
    natural = font.getlength(" ".join(row))
    if len(row) > 1:
        extra = (measure - natural) / (len(row) - 1)
        space += extra if 0 < extra < space else 0
    words, x = [], float(left)
    for text in row:
        position = (round(x), baseline)
        draw.text(position, text, font=font, fill=0, anchor="ls")
        x0, y0, x1, y1 = draw.textbbox(position, text, font=font, anchor="ls")
        words.append(Word(text, (int(x0), int(y0), int(x1), int(y1)), line))
        x += font.getlength(text) + space
    return words


def _cut(page: Page, image: np.ndarray, left: int, top: int, cell: int) -> Patch:
    """The patch with this corner, and the words whose middle lies in it."""
    right, bottom = left + PATCH_WIDTH, top + PATCH_HEIGHT
    inside = []
    for word in page.words:
        x0, y0, x1, y1 = (side * SCALE for side in word.box)
        if left <= (x0 + x1) / 2 < right and top <= (y0 + y1) / 2 < bottom:
            box = (
                int(x0 - left),
                int(y0 - top),
                int(np.ceil(x1 - left)),
                int(np.ceil(y1 - top)),
            )
            inside.append(Word(word.text, box, word.line))
    first = inside[0].line if inside else 0
    return Patch(
        np.ascontiguousarray(image[top:bottom, left:right]),
        tuple(Word(w.text, w.box, w.line - first) for w in inside),
        page.index,
        cell,
    )
