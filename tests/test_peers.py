"""Rivals at their best: one bit a pixel, grey, of any size."""

import cv2
import numpy as np
import pytest

from semlib import codec, data
from semlib.codec import peer
from semlib.codec.bilevel import decompress
from semlib.codec.peers import GREY, fax, ink_of_page, ink_of_words
from semlib.data import make_text_image

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


@pytest.mark.parametrize("name", ["JPEG", "JPEG2000", "WEBP", "AVIF"])
def test_peers_keep_the_size_and_obey(name):
    from semlib.codec.peers import SETTINGS

    image = make_text_image(0, "test").image
    low, high = SETTINGS[name][0], SETTINGS[name][-1]
    for scale in (1, 4):
        back, small = codec.peer(image, name, low, scale)
        assert back.shape == image.shape
        assert len(small) < len(codec.peer(image, name, high, scale)[1])
