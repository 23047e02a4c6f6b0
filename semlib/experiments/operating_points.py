"""Codecs at their rates and settings, and what is read of what they leave."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from skimage import exposure, filters, restoration

from .. import codec, metrics, ocr, zoo
from ..codec.peers import SCALES, fax, ink_of_page, ink_of_words
from ..data import Scene, TextImage
from ..images import reduce_image, to_image, to_tensor
from ..metrics import (
    accuracy,
    bits_for,
    bits_per_pixel,
    exact_words,
    known_words,
    mean_interval,
    normalize,
    psnr,
)
from .results import Store, computed_by, key_of

UNCOMPRESSED = "uncompressed"
FAX = "fax"  # one bit a pixel; its setting is Sauvola's window
WORDS_FAX = "fax of the words"  # the sender knows where they are; setting 0: no window
# what may help a reader of the picture as it is, and knows nothing of the set
FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "equalized": lambda image: exposure.equalize_adapthist(image, clip_limit=0.01),
    "sharpened": lambda image: image / 127.5 - cv2.GaussianBlur(image / 255, (0, 0), 2),
    "median": lambda image: filters.median(image, np.ones((3, 3, 1))) / 255,
    "denoised": lambda image: restoration.denoise_tv_chambolle(
        image, 0.05, channel_axis=-1
    ),
}
TRAINED_AGAINST = "english_g2"
PART = 0.9  # of the uncompressed pictures' accuracy, at which bits are compared
SHOWN_RATE = 2

Picture = TextImage | Scene


@dataclass(frozen=True)
class Point:
    """A codec at a rate, or at a setting; for the picture reduced by a scale, if any."""

    codec: str
    rate: float | None = None
    setting: int | None = None
    scale: int | None = None

    def label(self) -> dict:
        """What tells it from the codec's other points."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name != "codec" and value is not None
        }


def wrong_word(truth: str, read: str) -> float:
    """1 if what was read is a word of the dictionary, but not the right one."""
    return float(normalize(read) != normalize(truth) and normalize(read) in known_words())


METRICS = {"accuracy": accuracy, "exact": exact_words, "wrong_word": wrong_word}


def words_of(image: Picture) -> list[tuple[tuple[int, int, int, int], str]]:
    """What readers are shown: each word's window (left, top, right, bottom), and its
    text."""
    if isinstance(image, TextImage):
        height, width = image.image.shape[:2]
        return [((0, 0, width, height), image.text)]
    return [(word.window, word.text) for word in image.words]


def measure(
    work: Sequence[tuple[Picture, Sequence[Point]]],
    file: Path,
    workers: int | None = None,
) -> dict[int, dict[Point, dict]]:
    """Each picture at its points, in parallel, kept in a file as it comes; results by
    the picture's `id`."""
    keys = [_key(image, tuple(points)) for image, points in work]
    with Store(file) as store:
        found = store.map(_measure, keys, work, workers)
    return {
        id(image): dict(zip(points, rows)) for (image, points), rows in zip(work, found)
    }


def _key(image: Picture, points: tuple[Point, ...]) -> str:
    """What a picture's measurements depend on."""
    code = computed_by(__file__, (codec, metrics, ocr))
    names = {point.codec for point in points if point.rate is not None}
    weights = [zoo.card(name)["sha256"] for name in sorted(names | {"trba"})]
    return key_of(code, weights, image.image.tobytes(), words_of(image), points)


def summaries(
    points: Sequence[Point],
    sets: Mapping[str, Sequence[Picture]],
    measured: dict[int, dict[Point, dict]],
) -> dict[str, list[dict]]:
    """For each codec its points, with means over those sets measured there."""
    rows: dict[str, list] = {}
    for point in points:
        rows.setdefault(point.codec, []).append(
            {
                **point.label(),
                **{
                    kind: _summary([measured[id(image)][point] for image in images])
                    for kind, images in sets.items()
                    if point in measured[id(images[0])]
                },
            }
        )
    return rows


def equal_accuracy(points: dict[str, list], reader: str) -> dict:
    """The bits per pixel at which each codec's pictures are read well enough.

    That is, with 0.9 of the uncompressed pictures' accuracy on the whole test set.

    Returns:
        The accuracy that is asked for, and for each codec the least bits per
        pixel, as `bits_for`, or None if it never gets there.
    """
    curves = {name: curve(rows, reader) for name, rows in points.items()}
    asked = PART * curves.pop(UNCOMPRESSED)[0]["accuracy"]
    return {
        "accuracy": round(asked, 4),
        "bpp": {name: bits_for(asked, rows) for name, rows in curves.items()},
    }


def curve(rows: list[dict], reader: str, kind: str = "all") -> list[dict]:
    """Of a codec's points, ``bpp`` and a reader's ``accuracy`` on a set of pictures."""
    return [
        {"bpp": row[kind]["bpp"], "accuracy": row[kind]["read"][reader]["accuracy"][0]}
        for row in rows
    ]


def points_of(
    learned: Sequence[str], rates: Sequence[float], settings: dict | None = None
) -> list[Point]:
    """The uncompressed picture, every learned codec, and the peers at all scales."""
    return [
        Point(UNCOMPRESSED),
        *(Point(name, rate) for name in learned for rate in rates),
        *(
            Point(name, setting=setting, scale=scale)
            for name, chosen in (settings or {}).items()
            for scale in SCALES
            for setting in chosen
        ),
    ]


def _measure(image: Picture, points: Sequence[Point]) -> list[dict]:
    """One picture at every point: bits per pixel, PSNR, each reader's metrics, the
    means over its words."""
    torch.set_num_threads(1)  # every core has its own pictures
    words = words_of(image)
    rows: list[dict] = []
    seen = []
    for point in points:
        picture, data = _compressed(image, point)
        whole = to_tensor(picture)
        seen += [
            whole[:, top:bottom, left:right] for (left, top, right, bottom), _ in words
        ]
        rows.append(
            {
                "bpp": bits_per_pixel(data, picture[..., 0].size),
                "psnr": psnr(image.image, picture),
                "read": {},
                "texts": {},
            }
        )
    for name, reader in readers().items():
        found = iter(reader.read(seen))
        for row in rows:
            pairs = [(truth, next(found)) for _, truth in words]
            row["texts"][name] = " ".join(text for _, text in pairs)
            row["read"][name] = {
                metric: float(np.mean([score(*pair) for pair in pairs]))
                for metric, score in METRICS.items()
            }
            before = rows[0]["read"][name]["accuracy"]
            row["read"][name]["gain"] = row["read"][name]["accuracy"] - before
    return rows


def _compressed(image: Picture, point: Point) -> tuple[np.ndarray, bytes | int]:
    """The decoded picture and the file, or the bytes of the bare pixels."""
    pixels = image.image
    if point.codec in FILTERS:
        better = FILTERS[point.codec](pixels).clip(0, 1)
        return (255 * better).round().astype(np.uint8), pixels.size
    if point.codec == UNCOMPRESSED:
        return pixels, pixels.size
    if point.setting is not None and point.scale is not None:
        if point.codec == FAX:
            return fax(ink_of_page(pixels, point.setting), point.scale)
        if point.codec == WORDS_FAX:
            places = [place for place, _ in words_of(image)]
            ink = ink_of_words(pixels, places, point.setting or None)
            return fax(ink, point.scale)
        return codec.peer(pixels, point.codec, point.setting, point.scale)
    assert point.rate is not None
    model, weights = _codec(point.codec)
    small = reduce_image(Image.fromarray(pixels), 1 / (point.scale or 1))
    data = codec.compress(model, weights, to_tensor(small)[None], point.rate)
    back = to_image(codec.decompress(model, weights, data)[0])
    if small.shape != pixels.shape:
        back = back.resize(pixels.shape[1::-1], Image.Resampling.BICUBIC)
    return np.asarray(back), data


_codec = cache(zoo.load)


@cache
def readers() -> dict:
    """Every reader: the one that TFIC is trained against, others, the unseen judge."""
    return {name: zoo.reader(name) for name in zoo.READERS}


def _summary(rows: list[dict]) -> dict:
    """Means over pictures; with intervals for what was read."""
    read = {
        reader: {
            metric: [
                round(end, 4)
                for end in mean_interval([row["read"][reader][metric] for row in rows])
            ]
            for metric in scores
        }
        for reader, scores in rows[0]["read"].items()
    }
    return {
        "bpp": round(float(np.mean([row["bpp"] for row in rows])), 5),
        "psnr": round(float(np.mean([row["psnr"] for row in rows])), 3),
        "read": read,
    }
