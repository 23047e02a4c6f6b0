"""TRDG's pictures of single words: the data of the paper's section 3.1.

A picture is drawn by TRDG 64 pixels high and as wide as its word, kept so, and
resized to 256×512 when it is asked for (the paper resizes too). Everything is
seeded by split and index: an image is the same in every process, whichever were
made before it, as long as Pillow, OpenCV and the fonts are.

Three splits. ``test`` words are never trained on; ``hard`` is made of test
words in typefaces and on pictures that training has not seen either.
"""

import contextlib
import hashlib
import io
import json
import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..images import InputError, replace_file
from .words import dictionary, strange_text

HEIGHT, WIDTH = 256, 512
COUNTS = {"train": 20_000, "test": 600, "hard": 600}  # section 3.1, and our own

# TRDG's arguments, the same for every image; its other defaults hold.
RECIPE = {"size": 64, "skewing_angle": 3, "random_skew": True, "blur": 1,
          "random_blur": True}
BACKGROUNDS = {"plain": 1, "noise": 0, "picture": 3}  # and TRDG's number
SHARES = (0.25, 0.25, 0.5)

UNSEEN_FONTS = ("Aller", "FFF_Tusj", "Pacifico", "Sansation")  # families
CAPITALS = ("Amatic", "BEBAS", "Capture", "SEASRN")  # have no small letters
PICTURES = ("trdg/images/bricks.jpg", "trdg/images/city.jpg",
            "trdg/images/containers.jpg", "trdg/images/water.jpg",
            "skimage/data/brick.png", "skimage/data/camera.png",
            "skimage/data/chelsea.png", "skimage/data/coffee.png",
            "skimage/data/gravel.png", "skimage/data/hubble_deep_field.jpg",
            "skimage/data/retina.jpg")
UNSEEN_PICTURES = ("skimage/data/astronaut.png", "skimage/data/coins.png",
                   "skimage/data/grass.png", "skimage/data/ihc.png",
                   "skimage/data/motorcycle_left.png", "skimage/data/rocket.jpg")

SHARD = 100  # images made, and kept, together


@dataclass(frozen=True)
class TextImage:
    """One word: ``image`` is 256×512×3 uint8; what it says and how it was drawn."""

    image: np.ndarray
    text: str
    font: str
    background: str


def make_text_image(index: int, split: str = "train",
                    strange: str | None = None) -> TextImage:
    """Draw image `index` of a split.

    Args:
        strange: instead of a word, a text of this kind (see `strange_text`).

    Raises:
        ValueError: the split is unknown or the index negative.
    """
    small, record = _draw(index, split, strange)
    return TextImage(_enlarge(small), **record)


class TextImages(Sequence):
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

    def __init__(self, split: str, count: int | None = None, *,
                 workers: int | None = None, folder: Path | None = None):
        if split not in COUNTS:
            raise InputError(f"split must be one of {tuple(COUNTS)}, not {split!r}")
        count = COUNTS[split] if count is None else count
        if not 1 <= count <= COUNTS[split]:
            raise InputError(f"{split} holds 1 to {COUNTS[split]} images, not {count}")
        self.split, self.count = split, count
        self.folder = (folder or cache_folder()) / f"text-{_recipe_hash()}" / split
        self.folder.mkdir(parents=True, exist_ok=True)
        shards = range(-(-count // SHARD))
        _make_shards(self.folder, split, shards, workers)
        self._cards = [json.loads(_card(self.folder, shard).read_text())
                       for shard in shards]
        hashes = "".join(card["sha256"] for card in self._cards)
        self.sha256 = hashlib.sha256(f"{count} {hashes}".encode()).hexdigest()
        self._pixels: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> TextImage:
        if not 0 <= index < self.count:
            raise IndexError(index)
        shard, at = divmod(index, SHARD)
        record = dict(self._cards[shard]["images"][at])
        width, offset = record.pop("width"), record.pop("offset")
        if shard not in self._pixels:
            self._pixels[shard] = np.load(self.folder / f"{shard:04}.npy",
                                          mmap_mode="r")
        size = RECIPE["size"] * width * 3
        small = self._pixels[shard][offset:offset + size]
        return TextImage(_enlarge(np.array(small).reshape(-1, width, 3)), **record)

    def verify(self) -> None:
        """Read every shard and compare it with its hash.

        Raises:
            InputError: a shard is not what was made; it names the file.
        """
        for shard, card in enumerate(self._cards):
            path = self.folder / f"{shard:04}.npy"
            if _digest(np.load(path), card["images"]) != card["sha256"]:
                raise InputError(f"{path}: damaged; delete it and its .json")


def cache_folder() -> Path:
    """Where made data is kept: ``SEMLIB_CACHE``, or the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SEMLIB_CACHE") or Path(home) / "semlib")


@cache
def fonts(split: str) -> tuple[Path, ...]:
    """The typefaces of a split, among TRDG's 100 Latin ones."""
    folder = _package("trdg") / "fonts" / "latin"
    return tuple(path for path in sorted(folder.iterdir())
                 if path.name.startswith(UNSEEN_FONTS) == (split == "hard"))


def _draw(index: int, split: str, strange: str | None = None) -> tuple[np.ndarray, dict]:
    """The picture as TRDG leaves it, 64×W×3 uint8, and what is known of it."""
    if split not in COUNTS:
        raise ValueError(f"split must be one of {tuple(COUNTS)}, not {split!r}")
    rng = np.random.default_rng([list(COUNTS).index(split), index])
    words = dictionary("train" if split == "train" else "test")
    while True:
        text = strange_text(rng, strange) if strange else \
            str(words[rng.integers(len(words))])
        case = rng.random()  # 60 % lower case, 25 % capitalized, 15 % upper
        text = text if case < 0.6 else text.capitalize() if case < 0.85 \
            else text.upper()
        font = fonts(split)[rng.integers(len(fonts(split)))]
        if font.name.startswith(CAPITALS):
            text = text.upper()
        background = str(rng.choice(list(BACKGROUNDS), p=SHARES))
        pictures = UNSEEN_PICTURES if split == "hard" else PICTURES
        picture = open_picture(pictures[rng.integers(len(pictures))])
        image = _trdg(text, font, background, picture, int(rng.integers(2**31)))
        if image is not None:
            return image, {"text": text, "font": font.stem, "background": background}


def _trdg(text, font, background, picture, seed) -> np.ndarray | None:
    """One picture by TRDG; None where it finds text and background too alike."""
    import cv2

    from ..compat import trdg

    state = random.getstate()
    random.seed(seed)
    cv2.setRNGSeed(seed)  # TRDG's noise is OpenCV's
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its refusals
            image, _ = trdg().GeneratorFromStrings(
                [text], count=1, fonts=[str(font)], image_dir=picture,
                background_type=BACKGROUNDS[background], **RECIPE).next()
    finally:
        random.setstate(state)
    return None if image is None else np.asarray(image.convert("RGB"))


def _enlarge(small: np.ndarray) -> np.ndarray:
    image = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(image)


@cache
def open_picture(name: str) -> Image.Image:
    package, _, rest = name.partition("/")
    return Image.open(_package(package) / rest).convert("RGB")


def _package(name: str) -> Path:
    """Where an installed package lies, without importing it."""
    return Path(find_spec(name).origin).parent


def _recipe_hash() -> str:
    """Eight letters that change when the recipe does."""
    recipe = [RECIPE, BACKGROUNDS, SHARES, UNSEEN_FONTS, CAPITALS, PICTURES,
              UNSEEN_PICTURES]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:8]


def _make_shards(folder: Path, split: str, shards, workers: int | None) -> None:
    missing = [shard for shard in shards if not _card(folder, shard).exists()]
    if not missing:
        return
    workers = workers or os.cpu_count()
    with ProcessPoolExecutor(min(workers, len(missing))) as pool:
        made = pool.map(_make_shard, [folder] * len(missing),
                        [split] * len(missing), missing)
        for _ in tqdm(made, desc=f"{split} images", total=len(missing),
                      unit=f"×{SHARD}", disable=None):  # none in a page's output
            pass


def _make_shard(folder: Path, split: str, shard: int) -> None:
    """Draw a shard; its card is written last, so a card vouches for the pixels."""
    images, records, offset = [], [], 0
    for index in range(shard * SHARD, min((shard + 1) * SHARD, COUNTS[split])):
        image, record = _draw(index, split)
        records.append({**record, "width": image.shape[1], "offset": offset})
        images.append(image.ravel())
        offset += image.size
    pixels = np.concatenate(images)
    with replace_file(folder / f"{shard:04}.npy") as file:
        np.save(file, pixels)
    card = {"sha256": _digest(pixels, records), "images": records}
    with replace_file(_card(folder, shard)) as file:
        file.write(json.dumps(card).encode())


def _card(folder: Path, shard: int) -> Path:
    return folder / f"{shard:04}.json"


def _digest(pixels: np.ndarray, records: list[dict]) -> str:
    texts = json.dumps(records).encode()
    return hashlib.sha256(texts + pixels.tobytes()).hexdigest()
