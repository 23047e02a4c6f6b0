"""Chapter 6: how many bits words need on any ground, against rivals at their best."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from .. import zoo
from ..data import Scene, Scenes, SceneWord
from ..images import reduce_image
from ..metrics import bits_per_pixel, grouped_interval, mean_interval, text_bits
from .operating_points import (
    FAX,
    FILTERS,
    UNCOMPRESSED,
    WORDS_FAX,
    Point,
    measure,
    readers,
    summaries,
)
from .results import test_set
from .rivals import (
    CLASSICAL,
    RATES,
    SCALES,
    STAGE_ONE,
    TFIC,
    chosen,
    compared,
    points_of,
    together,
)

HALF = f"{STAGE_ONE}, half as large"  # the picture reduced by 2 before it is compressed
OTHERS = ("tfic",)  # as it was trained before, on words of one ink
SOME_RATES = RATES[::2]  # where it is not the codec that is asked about
FAXES = {FAX: (31, 61, 121), WORDS_FAX: (0, 31, 61)}
FAINT = 0.4  # of the contrast


def run(
    subset: int = 600,
    choosing: int = 100,
    folder: Path = Path("runs/scene-text"),
    workers: int | None = None,
) -> dict:
    """Compress words on all kinds of grounds with every codec, decode, and read them.

    Args:
        subset: test pictures; a quarter as many inverted, faint and small ones.
        choosing: validation pictures. On them each rival's settings and scales are
            chosen: those that no other of its points beats in both bits and accuracy,
            the mean of all readers'. And of the filters each reader's best, if any is.
        folder: keeps every picture's measurements; an interrupted run goes on from
            there.

    Returns:
        ``points``: for each codec its points, see `summaries`, on ``all`` test pictures
        and on parts and kinds of them. ``best``: for each reader the better of the
        picture as it is and filtered. ``gains``: for each reader and codec, point by
        point, the gain over it: mean and 95 % interval over grounds. ``equal_accuracy``:
        for each reader and part of the best uncompressed accuracy the bits per pixel
        that each codec needs, see `bits_for`. ``bd_rate``: for each reader how many per
        cent of bits TFIC needs more than each other. ``sent``: the text alone, as each
        reader reads it at the sender, in UTF-8 with a byte for its length.
        ``floor``: see `text_bits`; bits a picture.
    """
    known = list(Scenes("validation", choosing))
    tried = _everything()
    found = measure([(scene, tried) for scene in known], folder / "chosen.jsonl", workers)
    rivals = chosen(summaries(tried, {"all": known}, found))
    mine = [Point(UNCOMPRESSED), *(Point(TFIC, float(rate)) for rate in RATES)]
    stage_one = [Point(STAGE_ONE, float(rate)) for rate in RATES]
    plain = [Point(UNCOMPRESSED), *map(Point, FILTERS)]
    others = [
        *stage_one,
        *(Point(name, float(rate)) for name in OTHERS for rate in SOME_RATES),
        *(Point(STAGE_ONE, float(rate), scale=2) for rate in SOME_RATES),
        *rivals,
    ]
    every = [*plain, *mine[1:], *others]
    test = list(Scenes("test", subset))
    sets = {"all": test, **_parts(test), **_kinds(test[: -(-subset // 4)])}
    kinds = [scene for kind in KINDS for scene in sets[kind]]
    measured = together(  # TFIC's apart: it is trained anew more often than the others
        measure(
            [
                *((scene, [*plain, *others]) for scene in test),
                *((scene, [*plain, *stage_one]) for scene in kinds),
            ],
            folder / "others.jsonl",
            workers,
        ),
        measure(
            [(scene, mine) for scene in [*test, *kinds]], folder / "tfic.jsonl", workers
        ),
    )
    points = summaries(every, sets, measured)
    points[HALF] = [row for row in points[STAGE_ONE] if "scale" in row]
    points[STAGE_ONE] = [row for row in points[STAGE_ONE] if "scale" not in row]
    best = {name: _best(known, found, points, name) for name in readers()}
    return {
        "images": {kind: len(chosen) for kind, chosen in sets.items()},
        "choosing": choosing,
        "weights": {
            name: zoo.card(name)["sha256"] for name in (STAGE_ONE, TFIC, *OTHERS)
        },
        "points": points,
        "best": best,
        "gains": {
            name: _gains(test, measured, every, Point(best[name]["codec"]), name)
            for name in readers()
        },
        **compared(points, {name: best[name]["accuracy"] for name in readers()}),
        "sent": {name: _sent(test, measured, name) for name in readers()},
        "floor": _floor(test),
        **test_set([scene.image for scene in [*test, *kinds]]),
    }


def _everything() -> list[Point]:
    """The uncompressed picture, filtered too, and each rival's every point."""
    rivals = points_of({**CLASSICAL, **FAXES}, SCALES)
    return [Point(UNCOMPRESSED), *map(Point, FILTERS), *rivals]


def _parts(scenes: Sequence[Scene]) -> dict[str, list[Scene]]:
    """The test pictures, by how they were drawn."""
    asked = {
        "seen typefaces": lambda scene: scene.seen,
        "new typefaces": lambda scene: not scene.seen,
        "photographs": lambda scene: "/" in scene.ground,
        "lighter ink": lambda scene: scene.contrast > 0,
        "darker ink": lambda scene: scene.contrast < 0,
    }
    parts = {name: [s for s in scenes if holds(s)] for name, holds in asked.items()}
    return {name: part for name, part in parts.items() if part}


def _inverted(scene: Scene) -> Scene:
    return replace(scene, image=255 - scene.image)


def _faint(scene: Scene) -> Scene:
    mean = scene.image.mean((0, 1), keepdims=True)
    image = (mean + FAINT * (scene.image - mean)).round().astype(np.uint8)
    return replace(scene, image=image)


def _small(scene: Scene) -> Scene:
    """Half as large."""
    words = tuple(
        SceneWord(word.text, (left // 2, top // 2, -(-right // 2), -(-bottom // 2)))
        for word in scene.words
        for left, top, right, bottom in [word.box]
    )
    small = reduce_image(Image.fromarray(scene.image), 1 / 2)
    return replace(scene, image=small, words=words)


KINDS = {"inverted": _inverted, "faint": _faint, "small": _small}


def _kinds(scenes: Iterable[Scene]) -> dict[str, list[Scene]]:
    """Pictures as they are not drawn."""
    return {name: [change(scene) for scene in scenes] for name, change in KINDS.items()}


def _best(
    known: Sequence[Scene], found: dict, points: dict[str, list], reader: str
) -> dict:
    """The filter that a reader gains most by on uncompressed validation pictures, or
    none where all gains may be chance; and what it reads of the test pictures so."""

    def gain(name: str) -> tuple[float, float, float]:
        seen = (found[id(scene)] for scene in known)
        return mean_interval(
            [
                row[Point(name)]["read"][reader]["accuracy"]
                - row[Point(UNCOMPRESSED)]["read"][reader]["accuracy"]
                for row in seen
            ]
        )

    gains = {name: gain(name) for name in FILTERS}
    sure = [name for name, (_, low, _) in gains.items() if low > 0]
    best = max(sure, key=gains.__getitem__, default=UNCOMPRESSED)
    read = {
        name: points[name][0]["all"]["read"][reader]["accuracy"][0]
        for name in (UNCOMPRESSED, *FILTERS)
    }
    return {"codec": best, "accuracy": read[best], "all": read}


def _gains(
    scenes: Sequence[Scene],
    measured: dict[int, dict[Point, dict]],
    points: Sequence[Point],
    best: Point,
    reader: str,
) -> dict[str, list]:
    """Each codec's gain over the best uncompressed picture, picture by picture."""
    grounds = [scene.ground for scene in scenes]
    rows: dict[str, list] = defaultdict(list)
    for point in points:
        gained = [
            measured[id(scene)][point]["read"][reader]["accuracy"]
            - measured[id(scene)][best]["read"][reader]["accuracy"]
            for scene in scenes
        ]
        interval = grouped_interval(gained, grounds)
        name = HALF if point.codec == STAGE_ONE and point.scale else point.codec
        rows[name].append({**point.label(), "gain": [round(end, 4) for end in interval]})
    return dict(rows)


def _sent(scenes: Sequence[Scene], measured: dict, reader: str) -> dict[str, float]:
    """Read before, and sent as text."""
    rows = [measured[id(scene)][Point(UNCOMPRESSED)] for scene in scenes]
    bits = [
        bits_per_pixel(len(row["texts"][reader].encode()) + 1, scene.image[..., 0].size)
        for scene, row in zip(scenes, rows)
    ]
    return {
        "bpp": round(float(np.mean(bits)), 6),
        "accuracy": round(
            float(np.mean([row["read"][reader]["accuracy"] for row in rows])), 4
        ),
    }


def _floor(scenes: Sequence[Scene]) -> float:
    """Bits a picture under the bigram model."""
    bits = [sum(text_bits(word.text) for word in scene.words) for scene in scenes]
    return round(float(np.mean(bits)), 2)
