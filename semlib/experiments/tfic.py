"""Chapter 6's experiment: how many bits a text needs, by three readers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import codec, zoo
from ..codec.peers import SETTINGS
from ..data import STRANGE, TextImage, TextImages, make_text_image
from ..metrics import bd_rate, text_bits
from .operating_points import (
    SHOWN_RATE,
    UNCOMPRESSED,
    Point,
    curve,
    equal_accuracy,
    measure,
    points_of,
    readers,
    summaries,
)
from .results import test_set

LEARNED = ("tinylic", "tfic")
STRANGE_IMAGES = 100  # of each kind


def run(
    subset: int = 600,
    folder: Path = Path("runs/tfic"),
    rates: Sequence[float] = range(codec.RATES),
    settings: dict = SETTINGS,
    workers: int | None = None,
) -> dict:
    """Compress test images with every codec, decode them, and read them.

    Args:
        subset: images of the test set; half as many of the harder set, and at most
            100 of each kind of text that no word list holds, by the learned codecs
            alone, the strange texts at `SHOWN_RATE` only.
        folder: keeps every picture's measurements; an interrupted run goes on from
            there.

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
    test = list(TextImages("test", subset))
    sets = {
        kind: [image for image in test if image.background == kind]
        for kind in dict.fromkeys(image.background for image in test)
    }
    sets |= {"all": test, "hard": list(TextImages("hard", -(-subset // 2)))}
    strange = range(min(subset, STRANGE_IMAGES))
    sets |= {
        kind: [make_text_image(index, "test", kind) for index in strange]
        for kind in STRANGE
    }
    every = points_of(LEARNED, rates, settings)
    work = [(image, every) for image in test]
    work += [(image, points_of(LEARNED, rates)) for image in sets["hard"]]
    work += [
        (image, points_of(LEARNED, [SHOWN_RATE]))
        for kind in STRANGE
        for image in sets[kind]
    ]
    measured = measure(work, folder / "pictures.jsonl", workers)
    points = summaries(every, sets, measured)
    return {
        "images": {kind: len(chosen) for kind, chosen in sets.items()},
        "weights": {name: zoo.card(name)["sha256"] for name in LEARNED},
        "points": points,
        "equal_accuracy": {name: equal_accuracy(points, name) for name in readers()},
        "bd_rate": {name: _bd_rates(points, name) for name in readers()},
        "readings": _readings(test, measured),
        "floor": _floor(test),
        **test_set([image.image for image, _ in work]),
    }


def _readings(images: Sequence[TextImage], measured: dict) -> list[dict]:
    """Of each picture its text, font and background, and what each reader reads."""
    shown = Point(UNCOMPRESSED), Point(LEARNED[-1], rate=SHOWN_RATE)
    return [
        {
            "text": image.text,
            "font": image.font,
            "background": image.background,
            **{point.codec: measured[id(image)][point]["texts"] for point in shown},
        }
        for image in images
    ]


def _bd_rates(points: dict[str, list], reader: str) -> dict:
    """The last codec's bits against each other codec's."""
    mine = curve(points[LEARNED[-1]], reader)
    return {
        name: bd_rate(curve(rows, reader), mine, "accuracy")
        for name, rows in points.items()
        if name not in (LEARNED[-1], UNCOMPRESSED)
    }


def _floor(images: Sequence[TextImage]) -> dict:
    """Means over the test set's texts."""
    bits = float(np.mean([text_bits(image.text) for image in images]))
    pixels = images[0].image[..., 0].size
    return {"bits": round(bits, 2), "bpp": round(bits / pixels, 6)}
