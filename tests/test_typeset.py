"""Typefaces: their letters, their measures, their ink."""

from string import ascii_letters, digits

import numpy as np
import pytest

from semlib import data
from semlib.data import text_images, typeset
from semlib.data.typeset import FONTS, Typeface, typeface
from semlib.images import InputError


def test_no_typeface_draws_a_box_for_a_letter():
    """Every character that pages, words and TRDG's pictures are made of."""
    trdg = [*text_images.fonts("train"), *text_images.fonts("hard")]
    own = sorted(FONTS.glob("*.ttf"))
    for path in (*trdg, *own):
        face = Typeface(path.stem, path)
        letters = ascii_letters + digits + (".,-" if path in own else "")
        assert face.lacks(letters) == "", path.name
        face.ink("x", 40, 0, 0)  # the size
        box = face._glyph(0, 0, 0).pixels
        for letter in letters:
            pixels = face.ink(letter, 40, 0, 0).pixels
            if box.size:
                assert pixels.size and not np.array_equal(pixels, box), (path, letter)


def test_a_letter_that_a_typeface_lacks_is_refused():
    face = typeface("Lora")
    for text in ("漢", "a漢b"):
        with pytest.raises(InputError, match="Lora has no letter «漢»"):
            face.width(text)
        with pytest.raises(InputError, match="Lora has no letter «漢»"):
            face.ink(text, 20, 0, 0)


def test_a_typefaces_measures():
    for name in (*data.SEEN, *data.NEVER_SEEN):
        face = typeset.typeface(name)
        assert 0.35 < face.x_height < 0.6
        ink = face.ink("x", 100, 0.0, 0.0)
        assert abs(-ink.top - 100 * face.x_height) <= 2  # overshoot and a part of a pixel
        assert face.width("AV") < face.width("A") + face.width("V") + 1e-9
    assert typeset.typeface("Lora").ink(" ", 20, 3, 4).pixels.size == 0


def test_ink_moves_by_parts_of_a_pixel():
    face = typeset.typeface("Lora")
    one, two, three = (face.ink("word", 24, x, 30.0) for x in (5.0, 5.5, 6.0))
    assert np.array_equal(one.pixels, three.pixels) and three.left == one.left + 1
    assert not np.array_equal(one.pixels[:, :20], two.pixels[:, :20])
    weights = [ink.pixels.sum(dtype=int) for ink in (one, two)]
    assert abs(weights[0] - weights[1]) < 0.005 * weights[0]
