"""Book pages with ground truth: the data of the paper's section 4.6.

Laid out as books are: one column or two; leading, margins, indents and headings
drawn from ranges; lines justified or ragged, words hyphenated at their ends. So
baselines and left edges lie anywhere on JPEG's 8×8 grid, between two pixels too.
Nothing is random beyond its seed: a page is the same in every process, and on every
machine (see `typeset`).

Lengths are in pixels of the reduced page unless said otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

import numpy as np
from PIL import Image

from ..images import InputError, reduce_image
from .pages import (
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PATCHES_PER_PAGE,
    SCALE,
    X_HEIGHT,
    Patch,
    Word,
    lines,
)
from .typeset import Ink, Typeface, lay, typeface
from .words import prose_words

# 2,285 pages, 80 % to train on and 20 % to test (section 4.6); what is chosen, is
# chosen on some of the training's, which nothing learns from
BOOK_PAGES = {"train": 1700, "validation": 128, "test": 457}
SEEN = (
    "Alegreya",
    "Arimo",
    "Bitter",
    "Cardo",
    "CrimsonText",
    "Domine",
    "EBGaramond",
    "Gelasio",
    "IBMPlexSans",
    "IBMPlexSerif",
    "Inter",
    "Lato",
    "LibreBaskerville",
    "LibreCaslonText",
    "LibreFranklin",
    "Literata",
    "Lora",
    "Lusitana",
    "Neuton",
    "OldStandardTT",
    "Roboto",
    "STIXTwoText",
    "Tinos",
    "WorkSans",
)
NEVER_SEEN = (
    "Cabin",
    "LibreBodoni",
    "Merriweather",
    "Newsreader",
    "OpenSans",
    "PTSans",
    "PTSerif",
    "Quattrocento",
    "SourceSerifPro",
    "Spectral",
    "Vollkorn",
    "ZillaSlab",
)  # no network is trained on them

VERSION = 2  # of what this module draws: another one has other pictures
WIDTH, HEIGHT = 592, 800
BLOCK = 8  # of JPEG's grid, on which patches lie
UP = round(1 / SCALE)  # a page is drawn so many times as large


class Text(Protocol):
    """Words to be set: so many, of a split."""

    def __call__(
        self, rng: np.random.Generator, count: int, *, split: str
    ) -> list[str]: ...


@dataclass(frozen=True)
class Style:
    """How a page is laid out: drawn once for each page."""

    face: Typeface
    size: float  # of an em
    leading: float  # from baseline to baseline
    columns: tuple[tuple[float, float], ...]  # where each begins and ends
    top: float  # the first baseline
    bottom: float  # no baseline lies lower
    justified: bool
    indent: float  # of a paragraph's first line
    gap: float  # above a paragraph
    head: bool  # a running head


@dataclass(frozen=True)
class SetWord:
    """A word where it stands: its ink at `UP` times the size, line and column.

    ``rows`` are the upper and lower end of its line's ink, on the reduced page.
    """

    text: str
    ink: Ink
    line: int
    column: int
    rows: tuple[float, float]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on the reduced page."""
        left, top, right, bottom = (side * SCALE for side in self.ink.box)
        return left, top, right, bottom


@dataclass(frozen=True)
class BookPage:
    """A page, its words in reading order, and the corners of ten patches on it, in no
    order, so that each by itself lies anywhere."""

    index: int
    split: str
    typeface: str
    x_height: float
    leading: float
    baselines: tuple[float, ...]  # of its lines
    set: tuple[SetWord, ...]
    corners: tuple[tuple[int, int], ...]

    @cached_property
    def image(self) -> np.ndarray:
        """The page as drawn, H×W uint8, black on white, at `UP` times the size."""
        return _draw(self.set, 0, 0, WIDTH, HEIGHT)

    @property
    def words(self) -> tuple[Word, ...]:
        """The words with their ink's boxes in `image`."""
        return tuple(Word(word.text, word.ink.box, word.line) for word in self.set)

    @property
    def lines(self) -> list[str]:
        return lines(self.words)

    def reduced(self) -> np.ndarray:
        """The page at the resolution of the patches, H×W uint8."""
        return reduce_image(Image.fromarray(self.image), SCALE)

    def patches(self) -> list[Patch]:
        """Ten patches that do not overlap, each with the words that lie in it whole."""
        return [_cut(self, left, top, at) for at, (left, top) in enumerate(self.corners)]


def make_book_page(
    index: int,
    split: str = "train",
    *,
    seed: int = 0,
    typefaces: Sequence[str] = SEEN,
    x_height: float = X_HEIGHT,
    text: Text = prose_words,
) -> BookPage:
    """Set page `index` of a split: typeface, size, layout and words by seed.

    Args:
        x_height: height of a lower-case x, in pixels; each page's own lies within
            8 % of it.
        text: gives so many words of a split.

    Raises:
        ValueError: the split is unknown, the index is negative, or the letters would
            be smaller than 2 pixels or larger than 16.
    """
    if split not in BOOK_PAGES:
        raise ValueError(f"split must be one of {tuple(BOOK_PAGES)}, not {split!r}")
    if index < 0:
        raise ValueError(f"a page's index is 0 or more, not {index}")
    if not 2 <= x_height <= 16:
        raise ValueError(f"x_height must be between 2 and 16, not {x_height}")
    rng = np.random.default_rng([seed, list(BOOK_PAGES).index(split), index])
    face = typeface(typefaces[int(rng.integers(len(typefaces)))])
    own = x_height * rng.uniform(0.92, 1.08)
    style = _style(rng, face, own / face.x_height)
    setter = _Setter(rng, style, split, text)
    setter.page()
    return BookPage(
        index,
        split,
        face.name,
        own,
        style.leading,
        tuple(setter.baselines),
        tuple(setter.words),
        _corners(rng, setter.words),
    )


def spread_book_patches(split: str, count: int, **options) -> list[Patch]:
    """The first patch of each of a split's first pages: independent draws, as an
    honest interval needs. `options` go to `make_book_page`.

    Raises:
        InputError: the split holds fewer pages.
    """
    if not 1 <= count <= BOOK_PAGES[split]:
        raise InputError(f"{split} holds 1 to {BOOK_PAGES[split]} pages, not {count}")
    return [
        make_book_page(index, split, **options).patches()[0] for index in range(count)
    ]


def set_patch(
    rows: Sequence[str],
    face: str = "Lora",
    *,
    left: float = 8.0,
    x_height: float = X_HEIGHT,
) -> Patch:
    """Lines of one's own on a patch, evenly spread, their left edges `left` pixels from
    its own.

    Raises:
        InputError: there is no word, a line is wider than a patch, or the typeface
            lacks one of its letters.
    """
    if not any(row.strip() for row in rows):
        raise InputError("a patch needs at least one word")
    known, words = typeface(face), []
    size, leading = x_height / known.x_height, PATCH_HEIGHT / (len(rows) + 0.5)
    # four lines of 16 pixels would all lie at one place of JPEG's grid
    for line, row in enumerate(rows):
        if left + size * known.width(row) > PATCH_WIDTH:
            raise InputError(f"the line «{row}» is wider than a patch")
        x, y = left, (line + 0.95) * leading
        for text in row.split():
            ink = known.ink(text, UP * size, UP * x, UP * y)
            words.append(SetWord(text, ink, line, 0, (0, PATCH_HEIGHT)))
            x += size * known.width(text + " ")
    page = BookPage(-1, "own", face, x_height, leading, (), tuple(words), ((0, 0),))
    return page.patches()[0]


def _style(rng: np.random.Generator, face: Typeface, size: float) -> Style:
    left, right = rng.uniform(20, 44, 2)
    top, bottom = rng.uniform(40, 72), HEIGHT - rng.uniform(16, 48)
    columns: tuple[tuple[float, float], ...] = ((left, WIDTH - right),)
    if rng.random() < 0.5:
        gutter, middle = rng.uniform(14, 28), (left + WIDTH - right) / 2
        columns = ((left, middle - gutter / 2), (middle + gutter / 2, WIDTH - right))
    leading = size * rng.uniform(1.15, 1.5)
    indented = rng.random() < 0.7
    return Style(
        face,
        size,
        leading,
        columns,
        top,
        bottom,
        justified=rng.random() < 0.7,
        indent=size * rng.uniform(1, 2) if indented else 0.0,
        gap=0.0 if indented else leading * rng.uniform(0.3, 1),
        head=rng.random() < 0.6,
    )


class _Setter:
    """Sets a page's words, column by column."""

    def __init__(self, rng: np.random.Generator, style: Style, split: str, text: Text):
        self.rng, self.style, self._text = rng, style, partial(text, rng, split=split)
        self.words: list[SetWord] = []
        self.baselines: list[float] = []
        area = sum(end - begin for begin, end in style.columns) * HEIGHT
        # more than fit: a word takes at least two ems with its space
        self._words = iter(self._text(int(area / (style.leading * style.size))))
        self._held: list[str] = []  # words taken and not set yet

    def page(self) -> None:
        style = self.style
        if style.head:
            self._head()
        for column in range(len(style.columns)):
            y = style.top
            while y <= style.bottom:
                if y > style.top and self.rng.random() < 0.2:
                    y = self._heading(column, y)
                y = self._paragraph(column, y) + style.gap

    def _paragraph(self, column: int, y: float) -> float:
        """Lines up to the end of a sentence; returns the next baseline."""
        lines, indent = self.rng.integers(2, 10), self.style.indent
        ended = False
        while not ended and y <= self.style.bottom:
            lines -= 1
            ended = self._line(column, y, indent, ending=bool(lines <= 0))
            indent, y = 0.0, y + self.style.leading
        return y

    def _head(self) -> None:
        """A few words above the first line, and the page's number to one side."""
        style, width = self.style, self.style.face.width
        size = style.size * self.rng.uniform(0.85, 1)
        y = max(size, style.top - style.leading * self.rng.uniform(1.4, 2))
        begin, end = style.columns[0][0], style.columns[-1][1]
        title = self._title()
        title = title.upper() if self.rng.random() < 0.5 else title.title()
        row = self._spaced(
            title.split(),
            (begin + end - size * width(title)) / 2,
            size,
            size * width(" "),
        )
        number = str(self.rng.integers(1, 600))
        row = (
            [(number, begin), *row]
            if self.rng.random() < 0.5
            else [*row, (number, end - size * width(number))]
        )
        self._place(row, y, size, 0)

    def _heading(self, column: int, y: float) -> float:
        """A heading; returns the next baseline."""
        style = self.style
        begin, end = style.columns[column]
        size = style.size * self.rng.uniform(1, 1.3)
        title = self._title()
        title = title.upper() if self.rng.random() < 0.3 else title.capitalize()
        y += style.leading * self.rng.uniform(0.4, 1)
        width = size * style.face.width(title)
        if y > style.bottom or width > end - begin:
            return y
        x = begin if self.rng.random() < 0.5 else (begin + end - width) / 2
        row = self._spaced(title.split(), x, size, size * style.face.width(" "))
        self._place(row, y, size, column)
        return y + style.leading * self.rng.uniform(1.2, 1.6)

    def _line(self, column: int, y: float, indent: float, ending: bool) -> bool:
        """As many words as fit, and a part of the next. A paragraph that is ending
        does so with its next sentence; returns whether it did."""
        size, width = self.style.size, self.style.face.width
        begin, end = self.style.columns[column]
        space, free = size * width(" "), end - begin - indent
        row: list[str] = []
        ended = False
        while not ended:
            word = self._next()
            before = space if row else 0.0
            if size * width(word) + before > free:
                part = self._hyphenated(word, (free - before) / size)
                self._held.append(word[len(part) :])
                if not part:
                    break
                word = part + "-"
            row.append(word)
            free -= size * width(word) + before
            ended = ending and word.endswith(".")
            if word.endswith("-"):
                break
        extra = free / max(1, len(row) - 1)
        if not self.style.justified or ended or extra > space:
            extra = 0.0
        self._place(
            self._spaced(row, begin + indent, size, space + extra), y, size, column
        )
        return ended

    def _hyphenated(self, word: str, room: float) -> str:
        """The longest beginning of a word, ending with a vowel before a consonant,
        that fits with its hyphen into so many ems."""
        ends = (
            [
                at
                for at in range(2, len(word) - 2)
                if word[at - 1] in "aeiou"
                and word[at].isalpha()
                and word[at] not in "aeiou"
            ]
            if word.isalpha()
            else []
        )
        fitting = [at for at in ends if self.style.face.width(word[:at] + "-") <= room]
        return word[: max(fitting)] if fitting else ""

    def _title(self) -> str:
        return " ".join(self._text(int(self.rng.integers(1, 5)))).strip(".,")

    def _next(self) -> str:
        return self._held.pop() if self._held else next(self._words)

    def _spaced(
        self, row: Sequence[str], x: float, size: float, space: float
    ) -> list[tuple[str, float]]:
        """Words and where each begins: from a place on, `space` between them."""
        placed = []
        for text in row:
            placed.append((text, x))
            x += size * self.style.face.width(text) + space
        return placed

    def _place(
        self, row: Sequence[tuple[str, float]], y: float, size: float, column: int
    ) -> None:
        """Set a line of words, each from its place on."""
        inks = [self.style.face.ink(text, UP * size, UP * x, UP * y) for text, x in row]
        rows = (
            SCALE * min((ink.box[1] for ink in inks), default=y),
            SCALE * max((ink.box[3] for ink in inks), default=y),
        )
        self.words += [
            SetWord(text, ink, len(self.baselines), column, rows)
            for (text, _), ink in zip(row, inks)
        ]
        self.baselines.append(y)


def _corners(
    rng: np.random.Generator, words: Sequence[SetWord]
) -> tuple[tuple[int, int], ...]:
    """Corners of ten patches: cells of a lattice laid somewhere on JPEG's grid, of
    those that hold no few words."""
    rows, columns = HEIGHT // PATCH_HEIGHT, WIDTH // PATCH_WIDTH
    free = HEIGHT - rows * PATCH_HEIGHT, WIDTH - columns * PATCH_WIDTH
    down, right = (BLOCK * int(rng.integers(side // BLOCK + 1)) for side in free)
    cells = [
        (right + x * PATCH_WIDTH, down + y * PATCH_HEIGHT)
        for x in range(columns)
        for y in range(rows)
    ]
    held = np.array([len(_inside(words, *cell)) for cell in cells])
    full = [cell for cell, count in zip(cells, held) if count >= np.median(held) / 2]
    chosen = rng.permutation(len(full))[:PATCHES_PER_PAGE]
    return tuple(full[at] for at in chosen)


def _inside(words: Sequence[SetWord], left: float, top: float) -> list[SetWord]:
    """The words that lie whole in the patch with this corner, of lines that do not
    stick out above or below; of two columns, those of the one that has more there."""
    whole = [
        word
        for word in words
        if left <= word.box[0]
        and word.box[2] <= left + PATCH_WIDTH
        and top <= word.rows[0]
        and word.rows[1] <= top + PATCH_HEIGHT
    ]
    columns = [word.column for word in whole]
    most = max(set(columns), key=columns.count, default=0)
    return [word for word in whole if word.column == most]


def _cut(page: BookPage, left: int, top: int, cell: int) -> Patch:
    """The patch with this corner, its words, and no others' ink."""
    whole = _inside(page.set, left, top)
    numbers = {line: at for at, line in enumerate(sorted({w.line for w in whole}))}
    image = reduce_image(
        Image.fromarray(_draw(whole, left, top, PATCH_WIDTH, PATCH_HEIGHT)), SCALE
    )
    return Patch(
        image,
        tuple(
            Word(
                word.text,
                (
                    int(word.box[0] - left),
                    int(word.box[1] - top),
                    int(np.ceil(word.box[2] - left)),
                    int(np.ceil(word.box[3] - top)),
                ),
                numbers[word.line],
            )
            for word in whole
        ),
        page.index,
        cell,
    )


def _draw(
    words: Sequence[SetWord], left: int, top: int, width: int, height: int
) -> np.ndarray:
    """Words on white, at `UP` times the size, from a corner on."""
    paper = np.zeros((UP * height, UP * width), np.uint8)
    for word in words:
        lay(paper, word.ink, UP * left, UP * top)
    return 255 - paper
