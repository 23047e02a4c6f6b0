"""TRDG's pictures of single words: the data of the paper's section 3.3.

A picture is drawn by TRDG 64 pixels high and as wide as its word, kept so, and
resized to 256×512 when it is asked for (the paper resizes too). Everything is
seeded by split and index: an image is the same in every process, whichever were
made before it, as long as Pillow, OpenCV and the fonts are.

Three splits. ``test`` words are never trained on; ``hard`` is made of test
words in typefaces and on pictures that training has not seen either.
"""

import contextlib
import io
import random
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ..compat import package_folder
from . import words
from .shards import Items, Shards, cache_folder, checked, recipe_hash
from .words import dictionary, strange_text

VERSION = 1  # of what this module draws: another one has other pictures
HEIGHT, WIDTH = 256, 512
COUNTS = {"train": 20_000, "test": 600, "hard": 600}  # section 3.3, and our own

# TRDG's arguments, the same for every image; its other defaults hold.
RECIPE = {
    "size": 64,
    "skewing_angle": 3,
    "random_skew": True,
    "blur": 1,
    "random_blur": True,
}
BACKGROUNDS = {"plain": 1, "noise": 0, "picture": 3}  # and TRDG's number
SHARES = (0.25, 0.25, 0.5)

UNSEEN_FONTS = ("Aller", "FFF_Tusj", "Pacifico", "Sansation")  # families
CAPITALS = ("Amatic", "BEBAS", "Capture", "SEASRN")  # have no small letters
PICTURES = (
    "trdg/images/bricks.jpg",
    "trdg/images/city.jpg",
    "trdg/images/containers.jpg",
    "trdg/images/water.jpg",
    "skimage/data/brick.png",
    "skimage/data/camera.png",
    "skimage/data/chelsea.png",
    "skimage/data/coffee.png",
    "skimage/data/gravel.png",
    "skimage/data/hubble_deep_field.jpg",
    "skimage/data/retina.jpg",
)
UNSEEN_PICTURES = (
    "skimage/data/astronaut.png",
    "skimage/data/coins.png",
    "skimage/data/grass.png",
    "skimage/data/ihc.png",
    "skimage/data/motorcycle_left.png",
    "skimage/data/rocket.jpg",
)


@dataclass(frozen=True)
class TextImage:
    """One word: ``image`` is 256×512×3 uint8; what it says and how it was drawn."""

    image: np.ndarray
    text: str
    font: str
    background: str


def make_text_image(
    index: int, split: str = "train", strange: str | None = None
) -> TextImage:
    """Draw image `index` of a split.

    Args:
        strange: instead of a word, a text of this kind (see `strange_text`).

    Raises:
        ValueError: the split is unknown or the index negative.
    """
    small, record = _draw(index, split, strange)
    record.pop("width")
    return TextImage(_enlarge(small), **record)


class TextImages(Items[TextImage]):
    """The first `count` images of a split, made once and kept in a cache folder.

    Interrupted, the making goes on where it stopped. ``sha256`` is the hash of
    all pixels and texts.

    Args:
        count: how many; all of the split when None.
        workers: processes that draw; as many as the machine has cores if None.
        folder: where they are kept; `cache_folder` when None.

    Raises:
        InputError: the split is unknown or holds fewer images.
    """

    def __init__(
        self,
        split: str,
        count: int | None = None,
        *,
        workers: int | None = None,
        folder: Path | None = None,
    ):
        count = checked(split, count, COUNTS, "images")
        self.split, self._count = split, count
        recipe = recipe_hash(
            [
                RECIPE,
                BACKGROUNDS,
                SHARES,
                UNSEEN_FONTS,
                CAPITALS,
                PICTURES,
                UNSEEN_PICTURES,
                VERSION,
                words.digest(),
                cv2.__version__,
            ],
            "pillow",
            "trdg",
            "scikit-image",
        )
        self.folder = (folder or cache_folder()) / f"text-{recipe}" / split
        self._shards = Shards(
            self.folder,
            partial(_draw, split=split),
            count,
            COUNTS[split],
            workers=workers,
            name=f"{split} images",
        )
        self.sha256 = self._shards.sha256

    def _item(self, index: int) -> TextImage:
        record = self._shards.record(index)
        width, offset = record.pop("width"), record.pop("offset")
        small = self._shards.pixels(index, offset, RECIPE["size"] * width * 3)
        return TextImage(_enlarge(small.reshape(-1, width, 3)), **record)


@cache
def fonts(split: str) -> tuple[Path, ...]:
    """The typefaces of a split, among TRDG's 100 Latin ones."""
    folder = package_folder("trdg") / "fonts" / "latin"
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if path.name.startswith(UNSEEN_FONTS) == (split == "hard")
    )


def _draw(index: int, split: str, strange: str | None = None) -> tuple[np.ndarray, dict]:
    """The picture as TRDG leaves it, 64×W×3 uint8, and what is known of it."""
    if split not in COUNTS:
        raise ValueError(f"split must be one of {tuple(COUNTS)}, not {split!r}")
    rng = np.random.default_rng([list(COUNTS).index(split), index])
    known = dictionary("train" if split == "train" else "test")
    while True:
        text = (
            strange_text(rng, strange)
            if strange
            else str(known[rng.integers(len(known))])
        )
        case = rng.random()  # 60 % lower case, 25 % capitalized, 15 % upper
        text = text if case < 0.6 else text.capitalize() if case < 0.85 else text.upper()
        font = fonts(split)[rng.integers(len(fonts(split)))]
        if font.name.startswith(CAPITALS):
            text = text.upper()
        background = str(rng.choice(list(BACKGROUNDS), p=SHARES))
        pictures = UNSEEN_PICTURES if split == "hard" else PICTURES
        picture = open_picture(pictures[rng.integers(len(pictures))])
        image = _trdg(text, font, background, picture, int(rng.integers(2**31)))
        if image is not None:
            return image, {
                "text": text,
                "font": font.stem,
                "background": background,
                "width": image.shape[1],
            }


def _trdg(text, font, background, picture, seed) -> np.ndarray | None:
    """One picture by TRDG; None where it finds text and background too alike."""
    import cv2

    from ..compat import trdg

    state = random.getstate()
    random.seed(seed)
    cv2.setRNGSeed(seed)  # TRDG's noise is OpenCV's
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its refusals
            image, _ = (
                trdg()
                .GeneratorFromStrings(
                    [text],
                    count=1,
                    fonts=[str(font)],
                    image_dir=picture,
                    background_type=BACKGROUNDS[background],
                    **RECIPE,
                )
                .next()
            )
    finally:
        random.setstate(state)
    return None if image is None else np.asarray(image.convert("RGB"))


def _enlarge(small: np.ndarray) -> np.ndarray:
    image = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(image)


@cache
def open_picture(name: str) -> Image.Image:
    package, _, rest = name.partition("/")
    return Image.open(package_folder(package) / rest).convert("RGB")
