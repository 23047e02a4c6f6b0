"""Words on all kinds of grounds: the data of the paper's section 3.3, drawn anew.

One to three words, as high as 24 pixels or as the picture, in any ink on any ground:
darker or lighter, plain, shaded or textured, outlined, with a shadow, faint or full;
straight, turned, bent or seen from aside. Nothing is stretched, and no threshold tells
ink from ground in more than a few of the pictures. An image is the same on every machine:
outlines are filled without hinting (see `typeset`), and all else is arithmetic.
"""

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np

from ..compat import package_folder
from . import grounds, words
from .book import NEVER_SEEN
from .grounds import clouds, colour
from .shards import Items, Shards, cache_folder, checked, recipe_hash
from .text_images import UNSEEN_FONTS
from .typeset import FONTS, Typeface, lay
from .words import FUNCTION_WORDS, held_out, strange_text

VERSION = 1  # of what is drawn here and in `grounds`
HEIGHT, WIDTH = 256, 512
SCENES = {
    "train": 20_000,
    "validation": 600,
    "test": 600,
}  # section 3.3, and to choose by
SMALLEST = 24  # pixels that a capital is high, at least
MARGIN = 0.1  # round a word, of its box's shorter side (EasyOCR's)
ROOM = 128  # pixels round the picture, where ink may begin before it is bent
LUMA = np.array([0.299, 0.587, 0.114])
INK = 48  # of 255, from which a pixel counts as a word's


@dataclass(frozen=True)
class SceneWord:
    """A word, and the box round its ink: left, top, right, bottom."""

    text: str
    box: tuple[int, int, int, int]

    @property
    def window(self) -> tuple[int, int, int, int]:
        """What a reader is shown: the box and a margin, a tenth of its shorter side, as
        far as the picture goes."""
        left, top, right, bottom = self.box
        margin = MARGIN * min(right - left, bottom - top)
        return (
            max(0, int(left - margin)),
            max(0, int(top - margin)),
            min(WIDTH, int(np.ceil(right + margin))),
            min(HEIGHT, int(np.ceil(bottom + margin))),
        )


@dataclass(frozen=True)
class Scene:
    """A picture, 256×512×3 uint8, its words in reading order, and how it was drawn.

    ``seen``: whether training has the typeface. ``contrast``: levels of luminance from
    the ground to the ink, below 0 where the ink is darker.
    """

    image: np.ndarray
    words: tuple[SceneWord, ...]
    typeface: str
    seen: bool
    ground: str
    contrast: float


def make_scene(index: int, split: str = "train") -> Scene:
    """Draw picture `index` of a split.

    Raises:
        ValueError: the split is unknown or the index negative.
    """
    if split not in SCENES:
        raise ValueError(f"split must be one of {tuple(SCENES)}, not {split!r}")
    if index < 0:
        raise ValueError(f"an index is 0 or more, not {index}")
    return _drawn(index, split)[0]


def _drawn(index: int, split: str) -> tuple[Scene, np.ndarray]:
    """A picture, and the share of ink in each of its pixels, H×W."""
    rng = np.random.default_rng([list(SCENES).index(split), index])
    face, seen = _typeface(rng, split)
    masks: list = []
    while not masks:
        texts = _texts(rng, split, face)
        masks = _bent(rng, _set(rng, face, texts)) if texts else []
    ground, name = grounds.ground(rng, HEIGHT, WIDTH, split)
    mask = np.max(masks, 0) / np.float32(255)
    image, contrast = _inked(rng, ground, mask)
    found = tuple(SceneWord(text, _box(one)) for text, one in zip(texts, masks))
    return Scene(image, found, face.name, seen, name, contrast), mask


class Scenes(Items[Scene]):
    """The first `count` pictures of a split, made once and kept in a cache folder
    (400 kB each).

    Interrupted, the making goes on where it stopped. ``sha256`` is the hash of all
    pixels and words.

    Args:
        count: how many; all of the split when None.
        workers: processes that draw; as many as the machine has cores if None.

    Raises:
        InputError: the split is unknown or holds fewer.
    """

    def __init__(
        self, split: str, count: int | None = None, *, workers: int | None = None
    ):
        self._count = checked(split, count, SCENES, "pictures")
        drawn = [VERSION, HEIGHT, WIDTH, grounds.PHOTOGRAPHS, words.digest()]
        packages = "freetype-py", "uharfbuzz", "opencv-python-headless", "scikit-image"
        self._shards = Shards(
            cache_folder() / f"scenes-{recipe_hash(drawn, *packages)}" / split,
            partial(_kept, split=split),
            self._count,
            SCENES[split],
            workers=workers,
            size=50,
            name=f"{split} scenes",
        )
        self.sha256 = self._shards.sha256

    def _item(self, index: int) -> Scene:
        record = self._shards.record(index)
        pixels = self._shards.pixels(index, record.pop("offset"), HEIGHT * WIDTH * 3)
        found = tuple(SceneWord(text, tuple(box)) for text, box in record.pop("words"))
        return Scene(pixels.reshape(HEIGHT, WIDTH, 3), found, **record)


def _kept(index: int, split: str) -> tuple[np.ndarray, dict]:
    scene = make_scene(index, split)
    known = {
        key: getattr(scene, key) for key in ("typeface", "seen", "ground", "contrast")
    }
    return scene.image, {**known, "words": [[w.text, list(w.box)] for w in scene.words]}


@cache
def typefaces() -> tuple[tuple[str, Path], ...]:
    """Names and files: TRDG's Latin ones, and those that books are set in."""
    folder = package_folder("trdg") / "fonts" / "latin"
    files = [*sorted(folder.iterdir()), *sorted(FONTS.glob("*.ttf"))]
    return tuple((path.stem, path) for path in files)


def is_never_seen(typeface: str) -> bool:
    """Whether training and validation do without a typeface's family."""
    return typeface.startswith((*UNSEEN_FONTS, *NEVER_SEEN))


@cache
def _opened(name: str, path: Path) -> Typeface:
    return Typeface(name, path)


def _typeface(rng: np.random.Generator, split: str) -> tuple[Typeface, bool]:
    """One that training has; in test half of the time one that it has not."""
    never = split == "test" and bool(rng.random() < 0.5)
    known = [one for one in typefaces() if is_never_seen(one[0]) == never]
    return _opened(*known[rng.integers(len(known))]), not never


def _texts(rng: np.random.Generator, split: str, face: Typeface) -> list[str]:
    """One to three words that the typeface has all letters for, or none."""
    count = int(rng.choice([1, 2, 3], p=(0.5, 0.3, 0.2)))
    texts = [_text(rng, split) for _ in range(count)]
    case = rng.random()
    if case < 0.5:
        texts = [text.lower() for text in texts]
    elif case < 0.75:
        texts = [text.upper() for text in texts]
    return [] if face.lacks("".join(texts)) else texts


def _text(rng: np.random.Generator, split: str) -> str:
    """A word of the split's, or one that no list holds: letters, a number, a price."""
    kind, rare = rng.random(), held_out(split)
    if kind < 0.65:
        text = rare[rng.integers(len(rare))].capitalize()
    elif kind < 0.75:
        text = FUNCTION_WORDS[rng.integers(len(FUNCTION_WORDS))].capitalize()
    elif kind < 0.82:
        text = strange_text(rng, "letters")
    elif kind < 0.92:
        text = str(rng.integers(10 ** rng.integers(1, 6)))
    else:
        whole, part = rng.integers(1, 100), rng.integers(10, 100)
        text = str(rng.choice([f"{whole}.{part}", f"{whole}:{part}", f"${whole}.{part}"]))
    return text + (str(rng.choice(list(".,!?"))) if rng.random() < 0.08 else "")


def _set(rng: np.random.Generator, face: Typeface, texts: list[str]) -> list[np.ndarray]:
    """Each word's ink somewhere on the picture and its margin, H×W uint8, in as many
    lines as it takes; none if they would be too small."""
    lines = int(rng.integers(1, len(texts) + 1))
    rows = [part.tolist() for part in np.array_split(np.arange(len(texts)), lines)]
    widths = [face.width(" ".join(texts[at] for at in row)) for row in rows]
    capital, pitch = 0.7, rng.uniform(1.05, 1.4)  # parts of an em, about
    most = min(0.94 * WIDTH / max(widths), 0.9 * HEIGHT / (capital + pitch * (lines - 1)))
    if most * capital < SMALLEST:
        return []
    size = np.exp(rng.uniform(np.log(SMALLEST / capital), np.log(most)))
    left = ROOM + rng.uniform(0.02 * WIDTH, 0.98 * WIDTH - size * max(widths))
    tall = size * (capital + pitch * (lines - 1))
    y = ROOM + rng.uniform(0.03 * HEIGHT, 0.97 * HEIGHT - tall) + size * capital
    masks = []
    for row, width in zip(rows, widths):
        x = left + rng.choice([0, 0.5, 1]) * size * (max(widths) - width)
        for at in row:
            mask = np.zeros((HEIGHT + 2 * ROOM, WIDTH + 2 * ROOM), np.uint8)
            lay(mask, face.ink(texts[at], size, x, y))
            masks.append(mask)
            x += size * face.width(texts[at] + " ")
        y += size * pitch
    return masks


def _bent(rng: np.random.Generator, masks: list[np.ndarray]) -> list[np.ndarray]:
    """Turned, sheared, seen from aside and bent into an arc or a wave, each a little or
    not at all, and cut to the picture; none if a word does not stay on it whole."""
    height, width = HEIGHT + 2 * ROOM, WIDTH + 2 * ROOM
    y, x = (side.astype(np.float64) for side in np.mgrid[0:height, 0:width])
    x, y = (x - width / 2) / WIDTH, (y - height / 2) / WIDTH
    some = rng.random(4) < (0.5, 0.3, 0.3, 0.25)
    turn, shear = rng.normal(0, (0.06, 0.15)) * some[:2]
    deep = rng.uniform(-0.3, 0.3, 2) * some[2]
    x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    x, y = x + shear * y, y
    away = 1 + deep[0] * x + deep[1] * y
    x, y = x / away, y / away
    arc, length = rng.uniform(-0.3, 0.3) * some[3], rng.uniform(0.3, 1)
    bend = x**2 if rng.random() < 0.5 else 0.1 * np.sin(2 * np.pi * x / length)
    y = y + arc * bend
    maps = [
        (one * WIDTH + side / 2).astype(np.float32)
        for one, side in ((x, width), (y, height))
    ]
    moved = [cv2.remap(mask, maps[0], maps[1], cv2.INTER_LINEAR) for mask in masks]
    cut = [mask[ROOM : ROOM + HEIGHT, ROOM : ROOM + WIDTH] for mask in moved]
    whole = all(
        inside.sum(dtype=int) >= 0.995 * mask.sum(dtype=int) > 0
        for inside, mask in zip(cut, moved)
    )
    return cut if whole and all((mask > INK).any() for mask in cut) else []


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero((mask > INK).any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _inked(
    rng: np.random.Generator, ground: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, float]:
    """The picture, H×W×3 uint8, and the ink's contrast."""
    near = cv2.dilate(mask, np.ones((9, 9))) > 0
    under = ground[near] @ LUMA
    ink, contrast = _ink(rng, float(under.mean()), float(under.std()))
    height = np.ptp(np.flatnonzero(near.any(1)))
    if rng.random() < 0.4:
        ground = _laid(ground, _shapes(rng, near), ink)
    effect = rng.choice(["none", "outline", "shadow"], p=(0.7, 0.15, 0.15))
    other = colour(rng)
    if effect == "outline":
        side = 3 + 2 * int(rng.integers(1 + height // 80))
        ground = _laid(ground, cv2.dilate(mask, np.ones((side, side))), other)
    elif effect == "shadow":
        x, y = rng.uniform(-0.05, 0.05, 2) * height
        move = np.array([[1, 0, x], [0, 1, y]])
        shade = cv2.warpAffine(mask, move, mask.shape[::-1])
        shade = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.5, 0.5 + 0.03 * height))
        ground = _laid(ground, shade * rng.uniform(0.3, 0.9), other)
    image = _laid(ground, mask, _filled(rng, ink, *mask.shape))
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 0.5 + 0.02 * height))
    if rng.random() < 0.25:
        image = image + rng.normal(0, rng.uniform(2, 12), image.shape)
    return image.round().clip(0, 255).astype(np.uint8), contrast


def _shapes(rng: np.random.Generator, near: np.ndarray) -> np.ndarray:
    """Bars, rings and blots, a share in [0, 1], H×W, but none near the words: what has
    the ink's colour need not be text."""
    mask = np.zeros(near.shape, np.float32)
    for _ in range(int(rng.integers(1, 8))):
        place = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))
        wide, tall = (int(side) for side in rng.uniform(3, 120, 2))
        thickness = -1 if rng.random() < 0.6 else int(rng.integers(2, 9))
        if rng.random() < 0.5:
            far = place[0] + wide, place[1] + tall
            cv2.rectangle(mask, place, far, 1.0, thickness)
        else:
            turn = float(rng.uniform(0, 180))
            axes = wide // 2 + 1, tall // 2 + 1
            cv2.ellipse(mask, place, axes, turn, 0, 360, 1.0, thickness)
    mask[cv2.dilate(near.astype(np.uint8), np.ones((31, 31))) > 0] = 0
    return cv2.GaussianBlur(mask, (0, 0), 0.6)


def _laid(ground: np.ndarray, share: np.ndarray, ink: np.ndarray) -> np.ndarray:
    return (ground + share[..., None] * (ink - ground)).astype(np.float32)


def _ink(
    rng: np.random.Generator, under: float, spread: float
) -> tuple[np.ndarray, float]:
    """A colour, lighter or darker than what lies under it: by 30 levels and half of
    what that itself varies, or more; and by how many."""
    least = min(30 + spread / 2, 110)
    lighter = rng.random() < 0.5
    if (255 - under if lighter else under) < least:
        lighter = not lighter
    room = 255 - under if lighter else under
    away = np.exp(rng.uniform(*np.log([min(least, room), room])))  # often faint
    away *= 1 if lighter else -1
    return _of_luminance(colour(rng), under + away), float(away)


def _of_luminance(levels: np.ndarray, wanted: float) -> np.ndarray:
    """A colour made darker, or mixed with white, until it is as light as that."""
    now = levels @ LUMA
    if wanted <= now:
        return levels * wanted / max(now, 1e-6)
    return levels + (255 - levels) * (wanted - now) / (255 - now)


def _filled(
    rng: np.random.Generator, ink: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Ink all over, H×W×3: plain, shaded from top to bottom, or cloudy."""
    kind, deep = rng.random(), rng.uniform(-30, 30)
    if kind < 0.6:
        share = np.zeros((height, width))
    elif kind < 0.8:
        share = np.repeat(np.linspace(-1, 1, height)[:, None], width, 1)
    else:
        share = 2 * clouds(rng, height, width) - 1
    return (ink + deep * share[..., None]).clip(0, 255)
