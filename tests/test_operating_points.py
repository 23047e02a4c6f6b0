"""What is measured of a codec: bits, and what readers make of them."""

import numpy as np
import pytest

from semlib import data
from semlib.experiments import (
    operating_points,
)
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
