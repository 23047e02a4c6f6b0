"""Codecs whose sender knows where the words are."""

import numpy as np
import pytest

from semlib.codec.peers import GREY
from semlib.data import make_scene
from semlib.experiments import operating_points, rivals, scene_regions
from semlib.experiments.operating_points import UNCOMPRESSED
from semlib.images import flatten_ground, inside

from test_scene_text import Blind, few


def test_beyond_the_regions_is_one_colour():
    image = np.random.default_rng(0).integers(256, size=(20, 30, 3), dtype=np.uint8)
    regions = [(2, 3, 10, 8), (5, 5, 12, 9)]
    flat = flatten_ground(image, regions)
    kept = inside(image, regions)
    assert kept.sum() == 8 * 5 + 7 * 4 - 5 * 3
    assert (flat[kept] == image[kept]).all()
    assert (flat[~kept] == image[kept].mean(0).round()).all()
    everywhere = flatten_ground(image, [])
    assert (everywhere == image.mean((0, 1)).round()).all()


def test_words_lie_where_they_did():
    scene = make_scene(1, "validation")
    flat = scene_regions.told(scene)
    for word in flat.words:
        left, top, right, bottom = word.window
        here = slice(top, bottom), slice(left, right)
        assert (flat.image[here] == scene.image[here]).all()
    assert np.mean((flat.image == flat.image[0, 0]).all(2)) > 0.2


def test_a_word_is_missed_when_most_of_it_is():
    scene = make_scene(1, "validation")
    boxes = [word.box for word in scene.words]
    left, top, right, bottom = boxes[0]
    third = (left, top, left + (right - left) // 3, bottom)
    assert scene_regions._missed([scene], [boxes]) == 0
    missed = scene_regions._missed([scene, scene], [boxes, [third, *boxes[1:]]])
    assert missed == pytest.approx(1 / (2 * len(boxes)), abs=1e-4)


@pytest.mark.slow
def test_the_experiment_in_small(tmp_path, monkeypatch):
    small = {
        "STAGE_ONE": "tinylic",
        "TFIC": "tfic",
        "RATES": (0, 4),
        "SCALES": (2,),
        "RIVALS": {"WEBP" + GREY: (0, 25)},
        "Scenes": few,
    }
    for name, value in small.items():
        monkeypatch.setattr(scene_regions, name, value)
    monkeypatch.setattr(rivals, "TFIC", "tfic")
    monkeypatch.setattr(operating_points, "readers", lambda: {"one": Blind()})
    monkeypatch.setattr(scene_regions, "readers", operating_points.readers)
    found = scene_regions.run(subset=3, choosing=1, folder=tmp_path, workers=1)
    points = found["points"]
    assert set(points) == {UNCOMPRESSED, "tinylic", "tfic", "WEBP" + GREY}
    assert all({"all", "found"} <= row.keys() for row in points["tfic"])
    assert all("found" not in row for row in points["tinylic"])
    assert set(found["bd_rate"]["one"]) == {"tinylic", "WEBP" + GREY}
    assert 0 <= found["missed"] <= 1 and set(found["plain"]) == {"one"}
    again = scene_regions.run(subset=3, choosing=1, folder=tmp_path, workers=1)
    assert again == found  # from what was kept
