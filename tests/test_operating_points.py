"""What is measured of a codec: bits, and what readers make of them."""

from dataclasses import replace

import numpy as np
import pytest

from semlib import data, zoo
from semlib.experiments import operating_points
from semlib.experiments.operating_points import Point, words_of


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


def test_wrong_words_are_words():
    word, other = data.dictionary("test")[:2]
    assert operating_points.wrong_word(word, other.upper()) == 1
    assert (
        operating_points.wrong_word(word, word.upper())
        == operating_points.wrong_word(word, "xqzt")
        == 0
    )


def test_a_measurements_key_is_of_all_that_it_depends_on(monkeypatch):
    one, two = (data.make_text_image(index, "test") for index in range(2))
    points = Point("tfic", rate=2.0), Point("JPEG", setting=5)
    usual = operating_points._key(one, points)
    assert usual == operating_points._key(replace(one), points)
    others = {
        operating_points._key(replace(one, image=two.image), points),
        operating_points._key(replace(one, text=two.text), points),
        operating_points._key(one, points[:1]),
    }
    for module, name, value in (
        (operating_points, "computed_by", lambda *_: "other code or packages"),
        (zoo, "card", lambda name: {"sha256": f"other {name}"}),
    ):
        with monkeypatch.context() as other:
            other.setattr(module, name, value)
            others.add(operating_points._key(one, points))
    assert len(others) == 5 and usual not in others
