"""Drawn data kept in a cache folder: made once, in parallel, resumable, hashed."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from tqdm import tqdm

from ..images import InputError, replace_file

SHARD = 100  # items made, and kept, together, unless a set says otherwise

T = TypeVar("T")
Draw = Callable[[int], tuple[np.ndarray, dict]]


class Shards:
    """The first `count` items of a drawn set: pixels of any shape, and a record.

    Interrupted, the making goes on where it stopped. ``sha256`` is the hash of
    all pixels and records; what is read for the first time is compared with it.

    Args:
        folder: where they are kept.
        draw: makes item `index`: uint8 pixels and a JSON record. A function that
            can be pickled; the same index gives the same item in every process.
        count: how many there are; `whole`, how many the set has in all.
        workers: processes that draw; as many as the machine has cores if None.
        size: items made, and kept, together; `SHARD` if None.
        name: what the progress bar says.
    """

    def __init__(
        self,
        folder: Path,
        draw: Draw,
        count: int,
        whole: int,
        *,
        workers: int | None = None,
        size: int | None = None,
        name: str = "",
    ):
        self.folder, self._size = folder, size or SHARD
        folder.mkdir(parents=True, exist_ok=True)
        shards = range(-(-count // self._size))
        _make(folder, draw, shards, whole, workers, self._size, name)
        self._cards = [json.loads(_card(folder, shard).read_text()) for shard in shards]
        hashes = "".join(card["sha256"] for card in self._cards)
        self.sha256 = hashlib.sha256(f"{count} {hashes}".encode()).hexdigest()
        self._pixels: dict[int, np.ndarray] = {}

    def record(self, index: int) -> dict:
        """What is known of an item, and the ``offset`` of its pixels."""
        shard, at = divmod(index, self._size)
        return dict(self._cards[shard]["images"][at])

    def pixels(self, index: int, offset: int, size: int) -> np.ndarray:
        """A copy of `size` values from an offset in the item's shard.

        Raises:
            InputError: the shard is not what was made; it names the file.
        """
        shard = index // self._size
        if shard not in self._pixels:
            path, card = self.folder / f"{shard:04}.npy", self._cards[shard]
            pixels = np.load(path, mmap_mode="r")
            if _digest(pixels, card["images"]) != card["sha256"]:
                raise InputError(f"{path}: damaged; delete it and its .json")
            self._pixels[shard] = pixels
        return np.array(self._pixels[shard][offset : offset + size])


class Items(Generic[T]):
    """A sequence of so many drawn items, each made when it is asked for by `_item`."""

    _count: int

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> T:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._item(index)

    def __iter__(self) -> Iterator[T]:
        return map(self._item, range(self._count))

    def _item(self, index: int) -> T:
        raise NotImplementedError


def checked(split: str, count: int | None, whole: dict[str, int], what: str) -> int:
    """How many are meant of a split that has so many; all of them when None.

    Raises:
        InputError: the split is unknown or holds fewer.
    """
    if split not in whole:
        raise InputError(f"split must be one of {tuple(whole)}, not {split!r}")
    count = whole[split] if count is None else count
    if not 1 <= count <= whole[split]:
        raise InputError(f"{split} holds 1 to {whole[split]} {what}, not {count}")
    return count


def cache_folder() -> Path:
    """Where made data is kept: ``SEMLIB_CACHE``, or the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SEMLIB_CACHE") or Path(home) / "semlib")


def recipe_hash(recipe, *packages: str) -> str:
    """Eight letters that change when a recipe (anything JSON can hold) does, or the
    version of a package that draws."""
    recipe = [recipe, *([name, _version(name)] for name in packages)]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:8]


def _version(package: str) -> str:
    """A package's version; of OpenCV, which has many names, the library's own where it
    goes by another."""
    try:
        return version(package)
    except PackageNotFoundError:
        if not package.startswith("opencv"):
            raise
        import cv2

        return cv2.__version__


def _make(
    folder: Path,
    draw: Draw,
    shards,
    whole: int,
    workers: int | None,
    size: int,
    name: str,
) -> None:
    missing = [shard for shard in shards if not _card(folder, shard).exists()]
    if not missing:
        return
    workers = min(workers or os.cpu_count() or 1, len(missing))
    bar = partial(
        tqdm, desc=name, total=len(missing), unit=f"×{size}", disable=None
    )  # none in a page's output
    make = partial(_make_one, folder, draw, whole=whole, size=size)
    if workers == 1:  # a process more would need a script that guards its main part
        for shard in bar(missing):
            make(shard)
        return
    with ProcessPoolExecutor(workers) as pool:
        for _ in bar(pool.map(make, missing)):
            pass


def _make_one(folder: Path, draw: Draw, shard: int, whole: int, size: int) -> None:
    """Draw a shard; its card is written last, so a card vouches for the pixels."""
    images, records, offset = [], [], 0
    for index in range(shard * size, min((shard + 1) * size, whole)):
        image, record = draw(index)
        records.append({**record, "offset": offset})
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
    digest = hashlib.sha256(json.dumps(records).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
