"""Rivals at their best: one bit a pixel, grey, chosen on other pictures than the test's."""

import cv2
import numpy as np
import pytest

from semlib import data
from semlib.codec import peer
from semlib.codec.bilevel import decompress
from semlib.codec.peers import GREY, fax, ink_of_page, ink_of_words
from semlib.experiments import operating_points, scene_text
from semlib.experiments.operating_points import UNCOMPRESSED, WORDS_FAX, Point, words_of

PLACE = (20, 10, 140, 54)


def written(ink, ground):
    """A word in one colour on another, and where it is ink."""
    mask = np.zeros((64, 160), np.uint8)
    cv2.putText(mask, "word", (30, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)
    inked = mask[..., None] > 127
    return np.where(inked, ink, ground).astype(np.uint8), inked[..., 0]


def agreement(one, two):
    return (one & two).sum() / (one | two).sum()


@pytest.mark.parametrize(
    "ink, ground", [((30,) * 3, (220,) * 3), ((240,) * 3, (60,) * 3)]
)
def test_sauvola_finds_ink_darker_and_lighter(ink, ground):
    image, where = written(ink, ground)
    assert agreement(ink_of_page(image, 31), where) > 0.9
    assert agreement(ink_of_words(image, [PLACE], 31), where) > 0.9


def test_a_sender_who_knows_the_words_sees_colour_too():
    image, where = written((200, 60, 60), (40, 128, 60))  # of one luminance
    assert agreement(ink_of_words(image, [PLACE]), where) > 0.95
    assert not ink_of_words(image, []).any()


def test_a_fax_is_what_its_file_says():
    _, where = written((0,) * 3, (255,) * 3)
    picture, file = fax(where, 1)
    assert (picture[..., 0] == np.where(where, 0, 255)).all()
    assert (decompress(file) == picture[..., 0]).all()
    smaller, less = fax(where, 2)
    assert smaller.shape == picture.shape and len(less) < len(file)


def test_grey_saves_bytes():
    image = data.make_scene(1, "validation").image
    colour, all_of_it = peer(image, "WEBP", 10, 2)
    grey, less = peer(image, "WEBP" + GREY, 10, 2)
    assert grey.shape == colour.shape and len(less) < len(all_of_it)
    # WebP's own conversion to and from YUV is off by a level or two
    assert np.ptp(grey, axis=2).max() <= 2 and np.ptp(colour, axis=2).max() > 100


@pytest.mark.parametrize("name", operating_points.FILTERS)
def test_a_filter_leaves_the_picture_like_itself(name):
    scene = data.make_scene(0, "validation")
    better, size = operating_points._compressed(scene, Point(name))
    assert better.dtype == np.uint8 and size == scene.image.size
    away = np.abs(better.astype(int) - scene.image)
    assert 0.1 < away.mean() < 30  # of 255; something, and not all


def test_what_readers_are_shown():
    scene, image = data.make_scene(0), data.make_text_image(0)
    assert words_of(scene) == [(word.window, word.text) for word in scene.words]
    assert words_of(image) == [((0, 0, 512, 256), image.text)]


def test_a_rival_is_tested_where_nothing_of_its_own_beats_it(monkeypatch):
    monkeypatch.setattr(scene_text, "CLASSICAL", {"JPEG": ()})
    monkeypatch.setattr(scene_text, "FAXES", {})

    def row(setting, bpp, accuracy):
        read = {"a": {"accuracy": [accuracy]}, "b": {"accuracy": [1.0]}}
        return {"setting": setting, "scale": 1, "all": {"bpp": bpp, "read": read}}

    rows = [row(at, 0.01 + at / 1000, at / 100) for at in range(30)]
    rows.append(row(99, 0.5, 0.1))  # worse and dearer
    chosen = [point.setting for point in scene_text._chosen({"JPEG": rows})]
    assert len(chosen) == scene_text.MOST and (chosen[0], chosen[-1]) == (0, 29)


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
