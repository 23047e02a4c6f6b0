"""Chapter 6's experiment: how many bits a text needs, by three readers."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from tqdm import tqdm

from .. import codec, zoo
from ..codec.peers import SCALES, SETTINGS
from ..data import STRANGE, TextImage, TextImages, dictionary, make_text_image
from ..images import to_image, to_tensor
from ..ocr import EasyOCRReader, RapidOCRReader
from .codec import bd_rate, frontier, psnr
from .metrics import (accuracy, bits_per_pixel, exact_words, known_words,
                      mean_interval, normalize)
from .results import provenance

LEARNED = ("tinylic", "tfic")
UNCOMPRESSED = "uncompressed"
TRAINED_AGAINST = "english_g2"
PART = 0.9  # of the uncompressed pictures' accuracy, at which bits are compared
STRANGE_IMAGES = 100  # of each kind
SHOWN_RATE = 2
CASES = {str.lower: 0.6, str.capitalize: 0.25, str.upper: 0.15}  # of the texts
SYMBOLS = 27  # of the floor's model: letters and the end


@dataclass(frozen=True)
class Point:
    """A codec at a rate, or at a setting for the picture reduced by a scale."""

    codec: str
    rate: float | None = None
    setting: int | None = None
    scale: int | None = None

    def label(self) -> dict:
        """What tells it from the codec's other points."""
        return {name: value for name, value in asdict(self).items()
                if name != "codec" and value is not None}


def wrong_word(truth: str, read: str) -> float:
    """1 if what was read is a word of the dictionary, but not the right one."""
    return float(normalize(read) != normalize(truth) and normalize(read) in known_words())


METRICS = {"accuracy": accuracy, "exact": exact_words, "wrong_word": wrong_word}


def run(subset: int = 600, rates: Sequence[float] = range(codec.RATES),
        settings: dict = SETTINGS, workers: int | None = None) -> dict:
    """Compress test images with every codec, decode them, and read them.

    Args:
        subset: images of the test set; half as many of the harder set, and at most
            100 of each kind of text that no word list holds, by the learned codecs
            alone, the strange texts at `SHOWN_RATE` only.

    Returns:
        ``points``: for the uncompressed pictures and for every codec a list of
        points. Each has a rate, or a setting and a scale; for each set of
        pictures (a background of the test set, all of it, the harder set, a kind
        of strange text) bits per pixel and PSNR; and for each reader accuracy,
        exact words, wrong words, and the accuracy's gain over the uncompressed
        pictures: means and 95 % intervals. ``equal_accuracy``: for each reader,
        see `equal_accuracy`. ``bd_rate``: for each reader how many per cent of
        bits the last codec needs more (or, negative, fewer) than each other at the
        same accuracy, or None if they have none in common. ``readings``: of each
        test image, by each reader, uncompressed and by the last codec at
        `SHOWN_RATE`. ``floor``: see `text_bits`; bits a text and bits per pixel.
    """
    started = time.monotonic()
    test = list(TextImages("test", subset))
    sets = {kind: [image for image in test if image.background == kind]
            for kind in dict.fromkeys(image.background for image in test)}
    sets |= {"all": test, "hard": list(TextImages("hard", -(-subset // 2)))}
    strange = range(min(subset, STRANGE_IMAGES))
    sets |= {kind: [make_text_image(index, "test", kind) for index in strange]
             for kind in STRANGE}
    every = points_of(LEARNED, rates, settings)
    work = [(image, every) for image in test]
    work += [(image, points_of(LEARNED, rates)) for image in sets["hard"]]
    work += [(image, points_of(LEARNED, [SHOWN_RATE])) for kind in STRANGE
             for image in sets[kind]]
    measured = measure(work, workers)
    points = summaries(every, sets, measured)
    return {"images": {kind: len(chosen) for kind, chosen in sets.items()},
            "weights": {name: zoo.card(name)["sha256"] for name in LEARNED},
            "points": points,
            "equal_accuracy": {name: equal_accuracy(points, name) for name in readers()},
            "bd_rate": {name: _bd_rates(points, name) for name in readers()},
            "readings": _readings(test, measured),
            "floor": _floor(test),
            **provenance(f"semlib evaluate tfic --subset {subset}", started,
                         [image.image for image, _ in work])}


def measure(work: Sequence[tuple[TextImage, Sequence[Point]]],
            workers: int | None = None) -> dict[int, dict[Point, dict]]:
    """Each picture at its points, in parallel; results by the picture's `id`."""
    with ProcessPoolExecutor(workers) as pool:
        rows = tqdm(pool.map(_measure, *zip(*work)), total=len(work), unit="image")
        return {id(image): dict(zip(points, row))
                for (image, points), row in zip(work, rows)}


def summaries(points: Sequence[Point], sets: dict[str, Sequence[TextImage]],
              measured: dict[int, dict[Point, dict]]) -> dict[str, list[dict]]:
    """For each codec its points, with means over those sets measured there."""
    rows: dict[str, list] = {}
    for point in points:
        rows.setdefault(point.codec, []).append({**point.label(), **{
            kind: _summary([measured[id(image)][point] for image in images])
            for kind, images in sets.items() if point in measured[id(images[0])]}})
    return rows


def _readings(images: Sequence[TextImage], measured: dict) -> list[dict]:
    """Of each picture its text, font and background, and what each reader reads."""
    shown = Point(UNCOMPRESSED), Point(LEARNED[-1], rate=SHOWN_RATE)
    return [{"text": image.text, "font": image.font, "background": image.background,
             **{point.codec: measured[id(image)][point]["texts"] for point in shown}}
            for image in images]


def equal_accuracy(points: dict[str, list], reader: str) -> dict:
    """The bits per pixel at which each codec's pictures are read well enough.

    That is, with 0.9 of the uncompressed pictures' accuracy on the whole test set.

    Returns:
        The accuracy that is asked for, and for each codec the least bits per
        pixel, as `bits_for`, or None if it never gets there.
    """
    curves = {name: curve(rows, reader) for name, rows in points.items()}
    asked = PART * curves.pop(UNCOMPRESSED)[0]["accuracy"]
    return {"accuracy": round(asked, 4),
            "bpp": {name: bits_for(asked, rows) for name, rows in curves.items()}}


def curve(rows: list[dict], reader: str, kind: str = "all") -> list[dict]:
    """Of a codec's points, ``bpp`` and a reader's ``accuracy`` on a set of pictures."""
    return [{"bpp": row[kind]["bpp"],
             "accuracy": row[kind]["read"][reader]["accuracy"][0]} for row in rows]


def bits_for(asked: float, points: list[dict]) -> float | None:
    """The least bits per pixel for an accuracy, on a curve as of `curve`.

    Their logarithm is interpolated on the frontier of the points. If the cheapest
    point does better than asked, its bits; if none does, None.
    """
    best = frontier(points, "accuracy")
    if best[-1]["accuracy"] < asked:
        return None
    log_bits = np.interp(asked, [point["accuracy"] for point in best],
                         [np.log(point["bpp"]) for point in best])
    return round(float(np.exp(log_bits)), 5)


def _bd_rates(points: dict[str, list], reader: str) -> dict:
    """The last codec's bits against each other codec's."""
    mine = curve(points[LEARNED[-1]], reader)
    return {name: bd_rate(curve(rows, reader), mine, "accuracy")
            for name, rows in points.items() if name not in (LEARNED[-1], UNCOMPRESSED)}


def text_bits(text: str) -> float:
    """The bits of a word under a bigram model of the training words.

    The letter before decides how likely each letter, or the end, is (counts and
    one more of each); upper and lower case cost what their shares say. A text of
    other characters pays eight bits for each.
    """
    if not (text.isascii() and text.isalpha()):
        return 8.0 * (len(text) + 1)
    pairs, firsts = _bigrams()
    letters = -sum(math.log2((pairs[pair] + 1) / (firsts[pair[0]] + SYMBOLS))
                   for pair in pairwise(f" {text.lower()} "))
    share = next((share for case, share in CASES.items() if case(text) == text), 0.01)
    return letters - math.log2(share)


@cache
def _bigrams() -> tuple[Counter, Counter]:
    pairs = Counter(pair for word in dictionary("train")
                    for pair in pairwise(f" {word} "))
    firsts: Counter = Counter()
    for (first, _), count in pairs.items():
        firsts[first] += count
    return pairs, firsts


def _floor(images: Sequence[TextImage]) -> dict:
    """Means over the test set's texts."""
    bits = float(np.mean([text_bits(image.text) for image in images]))
    pixels = images[0].image[..., 0].size
    return {"bits": round(bits, 2), "bpp": round(bits / pixels, 6)}


def points_of(learned: Sequence[str], rates: Sequence[float],
              settings: dict | None = None) -> list[Point]:
    """The uncompressed picture, every learned codec, and the peers at all scales."""
    return [Point(UNCOMPRESSED), *(Point(name, rate) for name in learned
                                   for rate in rates),
            *(Point(name, setting=setting, scale=scale) for name in settings or {}
              for scale in SCALES for setting in settings[name])]


def _measure(image: TextImage, points: Sequence[Point]) -> list[dict]:
    """One picture at every point: bits per pixel, PSNR, each reader's metrics."""
    torch.set_num_threads(1)  # every core has its own pictures
    rows, pictures = [], []
    for point in points:
        picture, data = _compressed(image.image, point)
        pictures.append(to_tensor(picture))
        rows.append({"bpp": bits_per_pixel(data, picture[..., 0].size),
                     "psnr": psnr(image.image, picture), "read": {}, "texts": {}})
    for name, reader in readers().items():
        for row, text in zip(rows, reader.read(pictures)):
            row["texts"][name] = text
            row["read"][name] = {metric: score(image.text, text)
                                 for metric, score in METRICS.items()}
            before = rows[0]["read"][name]["accuracy"]
            row["read"][name]["gain"] = row["read"][name]["accuracy"] - before
    return rows


def _compressed(image: np.ndarray, point: Point) -> tuple[np.ndarray, bytes | int]:
    """The decoded picture and the file, or the bytes of the bare pixels."""
    if point.codec == UNCOMPRESSED:
        return image, image.size
    if point.rate is None:
        return codec.peer(image, point.codec, point.setting, point.scale)
    model, weights = _codec(point.codec)
    data = codec.compress(model, weights, to_tensor(image)[None], point.rate)
    return np.asarray(to_image(codec.decompress(model, weights, data)[0])), data


_codec = cache(zoo.load)


@cache
def readers() -> dict:
    """The reader that TFIC is trained against, another, and the unseen judge."""
    return {TRAINED_AGAINST: EasyOCRReader(), "TRBA": zoo.load_reader("trba")[0],
            "PP-OCRv6": RapidOCRReader()}


def _summary(rows: list[dict]) -> dict:
    """Means over pictures; with intervals for what was read."""
    read = {reader: {metric: [round(end, 4) for end in mean_interval(
        [row["read"][reader][metric] for row in rows])] for metric in scores}
        for reader, scores in rows[0]["read"].items()}
    return {"bpp": round(float(np.mean([row["bpp"] for row in rows])), 5),
            "psnr": round(float(np.mean([row["psnr"] for row in rows])), 3),
            "read": read}
