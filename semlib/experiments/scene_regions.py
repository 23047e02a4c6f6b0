"""Chapter 6: what words on any ground need when the sender knows where they are."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import zoo
from ..codec.peers import GREY
from ..data import Scene, Scenes
from ..images import flatten_ground, inside, to_tensor
from ..ocr import CRAFT
from .operating_points import UNCOMPRESSED, Point, measure, readers, summaries
from .results import test_set
from .rivals import (
    CLASSICAL,
    RATES,
    SCALES,
    STAGE_ONE,
    TFIC,
    chosen,
    compared,
    together,
)

RIVALS = tuple(name for name in CLASSICAL if name.endswith(GREY))
Region = tuple[int, int, int, int]  # left, top, right, bottom
AROUND = 0.1  # of a found box's shorter side: the margin that words' windows have


def run(
    subset: int = 600,
    choosing: int = 100,
    folder: Path = Path("runs/scene-regions"),
    workers: int | None = None,
) -> dict:
    """Flatten each picture's ground, then compress and read it, see `flatten_ground`.

    Args:
        subset: test pictures.
        choosing: validation pictures, flattened too, on which the rivals' settings and
            scales are chosen, see `scene_text.run`.
        folder: keeps every picture's measurements; an interrupted run goes on from
            there.

    Returns:
        ``plain``: each reader's accuracy on the pictures as they are. ``points``: for
        each codec its points, see `summaries`, where the sender is told the words'
        places (``all``), and TFIC's also where CRAFT finds them at the sender
        (``found``). ``missed``: the share of words of which CRAFT's boxes hold less than
        half. ``equal_accuracy`` and ``bd_rate``: as `scene_text.run`'s, against
        ``plain``.
    """
    known = [told(scene) for scene in Scenes("validation", choosing)]
    tried = [Point(UNCOMPRESSED), *_points_of_rivals()]
    found = measure([(scene, tried) for scene in known], folder / "chosen.jsonl", workers)
    rivals = chosen(summaries(tried, {"all": known}, found))
    test = list(Scenes("test", subset))
    boxes = _found(test)
    sets = {
        "all": [told(scene) for scene in test],
        "found": [_flat(scene, regions) for scene, regions in zip(test, boxes)],
    }
    plain = [Point(UNCOMPRESSED)]
    others = [*(Point(STAGE_ONE, float(rate)) for rate in RATES), *rivals]
    mine = [Point(TFIC, float(rate)) for rate in RATES]
    measured = together(  # TFIC's apart: it is trained anew more often than the others
        measure(
            [
                *((scene, [*plain, *others]) for scene in sets["all"]),
                *((scene, plain) for scene in test),
            ],
            folder / "others.jsonl",
            workers,
        ),
        measure(
            [(scene, [*plain, *mine]) for kind in sets.values() for scene in kind],
            folder / "tfic.jsonl",
            workers,
        ),
    )
    points = summaries([*plain, *mine, *others], sets, measured)
    before = summaries(plain, {"all": test}, measured)[UNCOMPRESSED][0]["all"]["read"]
    best = {name: before[name]["accuracy"][0] for name in readers()}
    return {
        "images": subset,
        "choosing": choosing,
        "weights": {name: zoo.card(name)["sha256"] for name in (STAGE_ONE, TFIC)},
        "plain": best,
        "points": points,
        "missed": _missed(test, boxes),
        **compared(points, best),
        **test_set([scene.image for kind in sets.values() for scene in kind]),
    }


def told(scene: Scene) -> Scene:
    """With one colour beyond the words' windows."""
    return _flat(scene, [word.window for word in scene.words])


def _flat(scene: Scene, regions: list[Region]) -> Scene:
    return replace(scene, image=flatten_ground(scene.image, regions))


def _points_of_rivals() -> list[Point]:
    return [
        Point(name, setting=setting, scale=scale)
        for name in RIVALS
        for setting in CLASSICAL[name]
        for scale in SCALES
    ]


def _found(scenes: Iterable[Scene]) -> list[list[Region]]:
    """Where CRAFT sees words in each picture, upright boxes with a margin."""
    detector = CRAFT()
    found = []
    for scene in scenes:
        height, width = scene.image.shape[:2]
        corners = detector.boxes(to_tensor(scene.image)[None])[0]
        low, high = corners.min(1), corners.max(1)
        margin = AROUND * (high - low).min(1, keepdims=True)
        low = np.floor(low - margin).clip(0)
        high = np.ceil(high + margin).clip(max=(width, height))
        boxes = np.hstack([low, high]).astype(int).tolist()
        found.append([(left, top, right, bottom) for left, top, right, bottom in boxes])
    return found


def _missed(scenes: Iterable[Scene], boxes: Iterable[list[Region]]) -> float:
    """The share of words of whose box less than half is in any of those."""
    kept = []
    for scene, regions in zip(scenes, boxes):
        shown = inside(scene.image, regions)
        for word in scene.words:
            left, top, right, bottom = word.box
            kept.append(shown[top:bottom, left:right].mean() >= 0.5)
    return round(1 - float(np.mean(kept)), 4)
