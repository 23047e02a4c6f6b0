"""Chapter 6: TFIC trained against another reader, both at once, and further down."""

import time
from collections.abc import Sequence

from .. import zoo
from ..data import TextImages
from .results import provenance
from .tfic import SHOWN_RATE, equal_accuracy, measure, points_of, readers, summaries

LISTENED = {"tfic-trba": ("TRBA",), "tfic-both": ("english_g2", "TRBA"),
            "tfic-further": ("english_g2", "TRBA")}
RATES = (0, 1, 2, 4)


def run(subset: int = 600, rates: Sequence[float] = RATES) -> dict:
    """Compress test images with each codec, decode them, and read them.

    Args:
        subset: images of the test set; and, at `SHOWN_RATE` only, half as many of
            the harder set.

    Returns:
        ``points`` and ``equal_accuracy`` as in `semlib.evaluate.tfic.run`, over the
        test set (``all``) and the harder set (``hard``); ``listened``: the readers
        in each codec's loss.
    """
    started = time.monotonic()
    sets = {"all": list(TextImages("test", subset)),
            "hard": list(TextImages("hard", -(-subset // 2)))}
    every = points_of(tuple(LISTENED), rates)
    work = [(image, every) for image in sets["all"]]
    work += [(image, points_of(tuple(LISTENED), [SHOWN_RATE])) for image in sets["hard"]]
    points = summaries(every, sets, measure(work))
    return {"images": {kind: len(chosen) for kind, chosen in sets.items()},
            "listened": LISTENED,
            "weights": {name: zoo.card(name)["sha256"] for name in LISTENED},
            "points": points,
            "equal_accuracy": {name: equal_accuracy(points, name) for name in readers()},
            **provenance(f"semlib evaluate listeners --subset {subset}", started,
                         [image.image for image, _ in work])}
