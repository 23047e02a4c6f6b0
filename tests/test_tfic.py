"""Stage 2's experiments: text that no word list holds, the floor, bits for a text."""

import base64
import io
from itertools import product
from string import ascii_lowercase

import numpy as np
import pytest
from PIL import Image

from semlib import data
from semlib.data.words import strange_text
from semlib.evaluate import progress, tfic
from semlib.images import InputError
from semlib.training import TFICRecipe, preset, train


@pytest.mark.parametrize("kind", data.STRANGE)
def test_strange_texts_are_in_no_word_list(kind):
    texts = [strange_text(np.random.default_rng(seed), kind) for seed in range(50)]
    known = {*data.dictionary("train"), *data.dictionary("test")}
    assert len(set(texts)) > 45 and len(known.intersection(texts)) < 2
    assert all(3 <= len(text) <= 11 and text.isalnum() for text in texts)
    image = data.make_text_image(3, "test", kind)
    assert image.text.isdigit() == (kind == "digits")
    usual = data.make_text_image(3, "test")
    assert image.image.shape == usual.image.shape and image.text != usual.text


def test_the_floor_is_a_probability():
    """Over all that may follow a letter, 2 to the minus its bits sums to one."""
    for before in "qe":
        base = tfic.text_bits(before) - ends(before)
        after = [tfic.text_bits(before + letter) - ends(letter) - base
                 for letter in ascii_lowercase]
        assert sum(2.0**-bits for bits in [*after, ends(before)]) == pytest.approx(1)
    assert tfic.text_bits("letter") < tfic.text_bits("Letter") < tfic.text_bits("LETTER")
    assert tfic.text_bits("letter") < tfic.text_bits("xqvzjk")
    assert tfic.text_bits("1234") == 40


def ends(letter: str) -> float:
    """The bits of a word's end after a letter: those of x + letter, less the rest."""
    pairs, firsts = tfic._bigrams()
    return -np.log2((pairs[letter, " "] + 1) / (firsts[letter] + tfic.SYMBOLS))


def test_bits_for_an_accuracy():
    points = [{"bpp": bpp, "accuracy": accuracy}
              for bpp, accuracy in ((1, 0.7), (4, 0.9), (2, 0.6))]
    assert tfic.bits_for(0.8, points) == pytest.approx(2)
    assert tfic.bits_for(0.5, points) == 1
    assert tfic.bits_for(0.95, points) is None


def test_wrong_words_are_words():
    word, other = data.dictionary("test")[:2]
    assert tfic.wrong_word(word, other.upper()) == 1
    assert tfic.wrong_word(word, word.upper()) == tfic.wrong_word(word, "xqzt") == 0


def test_progress_of_a_run(tmp_path):
    with pytest.raises(InputError, match="no checkpoint"):
        progress.run(tmp_path)
    train(TFICRecipe(preset("tfic", "smoke")), tmp_path, devices=1)
    result = progress.run(tmp_path, 2, 4)
    assert [step["step"] for step in result["steps"]] == [0, 2, 4]
    for step, (kind, sample) in product(result["steps"],
                                        result["steps"][0]["samples"].items()):
        picture = Image.open(io.BytesIO(base64.b64decode(sample["webp"])))
        assert picture.format == "WEBP" and picture.size == (512, 256)
        assert sample["text"] and sample["read"].keys() == tfic.readers().keys()
        assert step["bpp"] > 0 and all(low <= mean <= high for mean, low, high
                                       in step["accuracy"].values())
