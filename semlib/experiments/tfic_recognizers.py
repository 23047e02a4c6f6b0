"""Chapter 6: TFIC trained against another reader, both at once, and further down."""

from collections.abc import Sequence
from pathlib import Path

from .. import zoo
from ..data import TextImages
from .operating_points import (
    SHOWN_RATE,
    equal_accuracy,
    measure,
    points_of,
    readers,
    summaries,
)
from .results import test_set

LISTENED = {
    "tfic-trba": ("TRBA",),
    "tfic-both": ("english_g2", "TRBA"),
    "tfic-further": ("english_g2", "TRBA"),
}
RATES = (0, 1, 2, 4)


def run(
    folder: Path = Path("runs/tfic-recognizers"),
    subset: int = 600,
    rates: Sequence[float] = RATES,
) -> dict:
    """Compress test images with each codec, decode them, and read them.

    Args:
        folder: keeps every picture's measurements; an interrupted run goes on from
            there.
        subset: images of the test set; and, at `SHOWN_RATE` only, half as many of
            the harder set.

    Returns:
        ``points`` and ``equal_accuracy`` as in `tfic.run`, over the
        test set (``all``) and the harder set (``hard``); ``listened``: the readers
        in each codec's loss.
    """
    sets = {
        "all": list(TextImages("test", subset)),
        "hard": list(TextImages("hard", -(-subset // 2))),
    }
    weights = {name: zoo.card(name)["sha256"] for name in LISTENED}
    points: dict[str, list] = {}
    for name in LISTENED:
        every = points_of([name], rates)
        work = [(image, every) for image in sets["all"]]
        work += [(image, points_of([name], [SHOWN_RATE])) for image in sets["hard"]]
        points |= summaries(every, sets, measure(work, folder / f"{name}.jsonl"))
    return {
        "images": {kind: len(chosen) for kind, chosen in sets.items()},
        "listened": LISTENED,
        "weights": weights,
        "points": points,
        "equal_accuracy": {name: equal_accuracy(points, name) for name in readers()},
        **test_set([image.image for chosen in sets.values() for image in chosen]),
    }
