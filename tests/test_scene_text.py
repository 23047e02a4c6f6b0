"""Rivals on scenes, chosen on other pictures than the test's."""

import numpy as np
import pytest

from semlib import data
from semlib.codec.peers import GREY
from semlib.experiments import operating_points, rivals, scene_text
from semlib.experiments.operating_points import UNCOMPRESSED, WORDS_FAX


def test_a_rival_is_tested_where_nothing_of_its_own_beats_it():
    def row(setting, bpp, accuracy):
        read = {"a": {"accuracy": [accuracy]}, "b": {"accuracy": [1.0]}}
        return {"setting": setting, "scale": 1, "all": {"bpp": bpp, "read": read}}

    rows = [row(at, 0.01 + at / 1000, at / 100) for at in range(30)]
    rows.append(row(99, 0.5, 0.1))  # worse and dearer
    chosen = [point.setting for point in rivals.chosen({"JPEG": rows})]
    assert len(chosen) == rivals.MOST and (chosen[0], chosen[-1]) == (0, 29)


def test_pictures_as_they_are_not_drawn():
    scene = data.make_scene(1, "validation")
    kinds = {name: found[0] for name, found in scene_text._kinds([scene]).items()}
    assert (kinds["inverted"].image == 255 - scene.image).all()
    faint, full = (np.std(one.image, (0, 1)) for one in (kinds["faint"], scene))
    assert np.allclose(faint, scene_text.FAINT * full, rtol=0.02)
    assert kinds["small"].image.shape == (128, 256, 3)
    for small, large in zip(kinds["small"].words, scene.words):
        assert small.text == large.text
        assert np.allclose(small.box, np.divide(large.box, 2), atol=1)


@pytest.mark.slow
def test_the_experiment_in_small(tmp_path, monkeypatch):
    small = {
        "STAGE_ONE": "tinylic",
        "TFIC": "tfic",
        "OTHERS": (),
        "RATES": (0, 4),
        "SCALES": (2,),
        "CLASSICAL": {"WEBP" + GREY: (0, 25)},
        "FAXES": {WORDS_FAX: (0,)},
    }
    for name, value in small.items():
        monkeypatch.setattr(scene_text, name, value)
    monkeypatch.setattr(rivals, "TFIC", "tfic")
    monkeypatch.setattr(operating_points, "readers", lambda: {"one": Blind()})
    monkeypatch.setattr(scene_text, "readers", operating_points.readers)
    monkeypatch.setattr(scene_text, "Scenes", few)
    found = scene_text.run(subset=3, choosing=1, folder=tmp_path, workers=1)
    assert found["images"]["all"] == 3 and found["images"]["faint"] == 1
    assert set(found["points"]) == {
        UNCOMPRESSED, *operating_points.FILTERS, "tinylic", scene_text.HALF, "tfic",
        "WEBP" + GREY, WORDS_FAX
    }  # fmt: skip
    assert {row.get("scale") for row in found["points"]["tinylic"]} == {None}
    assert {row["scale"] for row in found["points"][scene_text.HALF]} == {2}
    sent = found["sent"]["one"]
    assert (
        sent["accuracy"]
        == found["points"][UNCOMPRESSED][0]["all"]["read"]["one"]["accuracy"][0]
    )
    again = scene_text.run(subset=3, choosing=1, folder=tmp_path, workers=1)
    assert again == found  # from what was kept


class Blind:
    """Reads a picture's brightness, so that something differs."""

    def read(self, images):
        return ["word" if image.mean() > 0.5 else "x" for image in images]


def few(split, count):
    return [data.make_scene(at, split) for at in range(count)]
