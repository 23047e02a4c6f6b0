"""TRDG's text images: the same everywhere, split as they say."""

import hashlib
import random
import subprocess
import sys

import pytest

from semlib import data
from semlib.data import text_images, words
from semlib.images import InputError


def test_an_image_is_the_same_in_another_process_and_order():
    script = (
        "import hashlib\nfrom semlib.data import make_text_image\n"
        "for i in (7, 3):\n    image = make_text_image(i, 'test')\n"
        "    print(image.text, hashlib.sha256(image.image).hexdigest())\n"
    )
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    random.seed(1)
    before = random.getstate()
    here = "".join(
        f"{image.text} {hashlib.sha256(image.image).hexdigest()}\n"
        for image in (data.make_text_image(i, "test") for i in (7, 3))
    )
    assert here == there
    assert random.getstate() == before  # TRDG's draws leave the caller's alone


def test_splits_share_neither_words_nor_unseen_fonts_nor_pictures():
    for split in ("train", "test", "hard"):
        for index in range(12):
            image = data.make_text_image(index, split)
            assert image.image.shape == (256, 512, 3)
            assert words.is_test_word(image.text) == (split != "train")
            unseen = image.font.startswith(text_images.UNSEEN_FONTS)
            assert unseen == (split == "hard")
    assert not set(text_images.PICTURES) & set(text_images.UNSEEN_PICTURES)
    assert len(text_images.fonts("train")) + len(text_images.fonts("hard")) == 100


@pytest.mark.parametrize("split, count", [("validation", 1), ("test", 0), ("test", 601)])
def test_what_there_is_not_is_refused(split, count, tmp_path):
    with pytest.raises(InputError):
        data.TextImages(split, count, folder=tmp_path)
    with pytest.raises(ValueError):
        data.make_text_image(0, "validation")
