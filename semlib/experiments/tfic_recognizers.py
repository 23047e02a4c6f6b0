"""Chapter 6: TFIC trained against another reader, both at once, and further down."""

import json
from collections.abc import Sequence
from pathlib import Path

from .. import zoo
from ..data import TextImages
from ..images import replace_file
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
        folder: keeps what was measured of a codec; an interrupted run goes on from
            there.
        subset: images of the test set; and, at `SHOWN_RATE` only, half as many of
            the harder set.

    Returns:
        ``points`` and ``equal_accuracy`` as in `tfic.run`, over the
        test set (``all``) and the harder set (``hard``); ``listened``: the readers
        in each codec's loss.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sets = {
        "all": list(TextImages("test", subset)),
        "hard": list(TextImages("hard", -(-subset // 2))),
    }
    weights = {name: zoo.card(name)["sha256"] for name in LISTENED}
    points: dict[str, list] = {}
    for name in LISTENED:
        points |= _points(
            folder / f"{name}-{weights[name][:8]}-{subset}.json", name, sets, rates
        )
    return {
        "images": {kind: len(chosen) for kind, chosen in sets.items()},
        "listened": LISTENED,
        "weights": weights,
        "points": points,
        "equal_accuracy": {name: equal_accuracy(points, name) for name in readers()},
        **test_set([image.image for chosen in sets.values() for image in chosen]),
    }


def _points(file: Path, name: str, sets: dict, rates: Sequence[float]) -> dict:
    """The points of a codec and of the uncompressed pictures, from the file if it
    is there."""
    if not file.exists():
        every = points_of([name], rates)
        work = [(image, every) for image in sets["all"]]
        work += [(image, points_of([name], [SHOWN_RATE])) for image in sets["hard"]]
        points = summaries(every, sets, measure(work))
        with replace_file(file) as out:
            out.write(json.dumps(points).encode())
    return json.loads(file.read_text())
