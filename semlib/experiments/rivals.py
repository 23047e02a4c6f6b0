"""Codecs for words on any ground: TFIC, and what it is measured against at its best."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from .. import codec
from ..codec.peers import GREY
from ..metrics import bd_rate, bits_for, frontier
from .operating_points import FILTERS, UNCOMPRESSED, Point, curve

STAGE_ONE, TFIC = "scenes", "scenes-tfic"
RATES = range(codec.RATES)
SCALES = (1, 2, 3, 4, 6, 8)
CLASSICAL = {
    "JPEG": (1, 10, 25),
    "JPEG" + GREY: (1, 5, 10, 20, 35),
    "JPEG2000" + GREY: (800, 400, 200, 100),
    "WEBP": (0, 10, 30),
    "WEBP" + GREY: (0, 10, 25, 45),
    "AVIF": (0, 20, 40),
    "AVIF" + GREY: (0, 15, 30, 45),
}
MOST = 8  # points of a rival that the test pictures see
PARTS = (0.5, 0.9, 0.95, 0.98)  # of the best uncompressed accuracy
CAP = 0.99  # of it, above which curves are flat and not compared


def points_of(
    settings: Mapping[str, Sequence[int]], scales: Sequence[int] = SCALES
) -> list[Point]:
    """Each rival at each of its settings and scales."""
    return [
        Point(name, setting=setting, scale=scale)
        for name, known in settings.items()
        for setting in known
        for scale in scales
    ]


def chosen(points: dict[str, list]) -> list[Point]:
    """Of each rival the points of its frontier, at most `MOST` of them."""
    best = []
    for name, measured in points.items():
        rows = [
            {
                **row,
                "bpp": row["all"]["bpp"],
                "accuracy": np.mean(
                    [read["accuracy"][0] for read in row["all"]["read"].values()]
                ),
            }
            for row in measured
            if "setting" in row
        ]
        if not rows:
            continue  # no rival
        front = frontier(rows, "accuracy")
        places = np.linspace(0, len(front) - 1, min(MOST, len(front)))
        best += [
            Point(name, setting=front[at]["setting"], scale=front[at]["scale"])
            for at in places.round().astype(int)
        ]
    return best


def together(*parts: dict[int, dict[Point, dict]]) -> dict[int, dict[Point, dict]]:
    """Pictures' measurements, measured in several parts."""
    found: dict[int, dict[Point, dict]] = defaultdict(dict)
    for part in parts:
        for image, rows in part.items():
            found[image] |= rows
    return found


def compared(points: dict[str, list], best: dict[str, float]) -> dict[str, dict]:
    """``equal_accuracy`` and ``bd_rate``, see `scene_text.run`, for each reader's best
    uncompressed accuracy."""
    return {
        "equal_accuracy": {name: _equal(points, name, best[name]) for name in best},
        "bd_rate": {name: _bd_rates(points, name, best[name]) for name in best},
    }


def _equal(points: dict[str, list], reader: str, best: float) -> dict[str, dict]:
    curves = {
        name: curve(rows, reader)
        for name, rows in points.items()
        if name not in (UNCOMPRESSED, *FILTERS)
    }
    return {
        str(part): {name: bits_for(part * best, rows) for name, rows in curves.items()}
        for part in PARTS
    }


def _bd_rates(points: dict[str, list], reader: str, best: float) -> dict:
    """TFIC's bits against each other codec's, up to `CAP` of the best accuracy."""

    def capped(name: str) -> list[dict]:
        rows = curve(points[name], reader)
        return [{**row, "accuracy": min(row["accuracy"], CAP * best)} for row in rows]

    return {
        name: bd_rate(capped(name), capped(TFIC), "accuracy")
        for name in points
        if name not in (TFIC, UNCOMPRESSED, *FILTERS)
    }
