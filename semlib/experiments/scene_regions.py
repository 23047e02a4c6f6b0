"""Chapter 6: what words on any ground need when the sender knows where they are."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import zoo
from ..codec.peers import GREY, Place
from ..data import Scene, Scenes, SceneWord
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
    points_of,
    together,
)

RIVALS = {name: known for name, known in CLASSICAL.items() if name.endswith(GREY)}


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
    tried = [Point(UNCOMPRESSED), *points_of(RIVALS, SCALES)]
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


def _flat(scene: Scene, regions: list[Place]) -> Scene:
    return replace(scene, image=flatten_ground(scene.image, regions))


def _found(scenes: Iterable[Scene]) -> list[list[Place]]:
    """Where CRAFT sees words in each picture: windows as the words' own, upright."""
    detector = CRAFT()
    found = []
    for scene in scenes:
        corners = detector.boxes(to_tensor(scene.image)[None])[0]
        boxes = np.hstack([corners.min(1), corners.max(1)]).tolist()
        found.append([SceneWord("", tuple(box)).window for box in boxes])
    return found


def _missed(scenes: Iterable[Scene], boxes: Iterable[list[Place]]) -> float:
    """The share of words of whose box less than half is in any of those."""
    kept = []
    for scene, regions in zip(scenes, boxes):
        shown = inside(scene.image, regions)
        for word in scene.words:
            left, top, right, bottom = word.box
            kept.append(shown[top:bottom, left:right].mean() >= 0.5)
    return round(1 - float(np.mean(kept)), 4)
