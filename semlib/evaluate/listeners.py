"""Chapter 6: TFIC trained against one reader, another, and both at once."""

import time
from collections.abc import Sequence

from .. import zoo
from ..codec import RATES
from ..data import TextImages
from .results import provenance
from .tfic import measure, points_of, summaries

LISTENED = {"tfic": ("english_g2",), "tfic-trba": ("TRBA",),
            "tfic-both": ("english_g2", "TRBA")}


def run(subset: int = 200, rates: Sequence[float] = range(RATES)) -> dict:
    """Compress test images with each codec, decode them, and read them.

    Args:
        subset: images of the test set, and half as many of the harder set.

    Returns:
        ``points`` as in `semlib.evaluate.tfic.run`, over the test set (``all``) and
        the harder set (``hard``); ``listened``: the readers in each one's loss.
    """
    started = time.monotonic()
    sets = {"all": list(TextImages("test", subset)),
            "hard": list(TextImages("hard", -(-subset // 2)))}
    images = [image for chosen in sets.values() for image in chosen]
    points = points_of(tuple(LISTENED), rates)
    measured = measure([(image, points) for image in images])
    return {"images": {kind: len(chosen) for kind, chosen in sets.items()},
            "listened": LISTENED,
            "weights": {name: zoo.card(name)["sha256"] for name in LISTENED},
            "points": summaries(points, sets, measured),
            **provenance(f"semlib evaluate listeners --subset {subset}", started,
                         [image.image for image in images])}
