"""Words that are drawn: those of a list, held out, and those of none."""

import numpy as np
import pytest

from semlib import data
from semlib.data import words
from semlib.data.words import strange_text
from semlib.metrics import normalize


def test_no_test_word_is_trained_on():
    train, test = words.dictionary("train"), words.dictionary("test")
    assert len(train) > 150_000 and len(test) > 40_000
    assert not set(train) & set(test)
    known = {normalize(word) for word in words.FUNCTION_WORDS}
    for word in data.make_page(2, "test").words:
        text = normalize(word.text)
        assert text in known or text.isdigit() or words.is_test_word(text)


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
