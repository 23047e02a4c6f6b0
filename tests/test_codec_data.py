"""TRDG's text images: the same everywhere, made once, split as they say."""

import hashlib
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from semlib import data
from semlib.data import shards, text_images, words
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


def test_a_cache_is_made_once_resumed_and_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 3)
    first = data.TextImages("test", 7, workers=1, folder=tmp_path)
    expected = data.make_text_image(5, "test")
    assert first[5].text == expected.text
    assert np.array_equal(first[5].image, expected.image)
    (first.folder / "0001.json").unlink()  # as if stopped before that one
    again = data.TextImages("test", 7, workers=1, folder=tmp_path)
    assert again.sha256 == first.sha256
    card = first.folder / "0002.json"
    known = json.loads(card.read_text())
    card.write_text(json.dumps({**known, "sha256": "0" * 64}))
    changed = data.TextImages("test", 7, workers=1, folder=tmp_path)
    assert changed[5].text == expected.text
    with pytest.raises(InputError, match="damaged; delete it"):
        changed[6]  # what is read for the first time is looked at


@pytest.mark.parametrize("split, count", [("validation", 1), ("test", 0), ("test", 601)])
def test_what_there_is_not_is_refused(split, count, tmp_path):
    with pytest.raises(InputError):
        data.TextImages(split, count, folder=tmp_path)
    with pytest.raises(ValueError):
        data.make_text_image(0, "validation")


def test_a_cache_is_another_where_its_pictures_would_be(tmp_path, monkeypatch):
    """Else training pictures of words that are test words now would stay, unseen."""

    def key() -> str:
        words.digest.cache_clear(), words.dictionary.cache_clear()
        words.held_out.cache_clear()
        return data.TextImages("test", 1, folder=tmp_path).folder.parent.name

    monkeypatch.setattr(shards, "SHARD", 1)
    usual = key()
    assert key() == usual
    for module, name, value in (
        (words, "TEST_SHARE", 50),
        (words, "FUNCTION_SHARE", 1),
        (text_images, "VERSION", 9),
        (shards, "version", lambda package: "0"),
    ):
        with monkeypatch.context() as other:
            other.setattr(module, name, value)
            assert key() != usual, name
    assert key() == usual


def test_one_worker_is_this_process(tmp_path, monkeypatch):
    """macOS starts others anew, which a script without a guard cannot bear."""
    monkeypatch.setattr(shards, "ProcessPoolExecutor", None)
    monkeypatch.setattr(shards, "SHARD", 2)
    assert len(data.TextImages("test", 3, workers=1, folder=tmp_path)) == 3
    assert len(data.TextImages("test", 3, folder=tmp_path)) == 3  # all is there


def test_processes_that_are_started_anew_draw_the_same(tmp_path, monkeypatch):
    script = """
import multiprocessing, sys
from pathlib import Path
from semlib.data import BookPages
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    print(BookPages("validation", 11, workers=2).sha256)
"""
    (tmp_path / "draw.py").write_text(script)
    env = {**os.environ, "SEMLIB_CACHE": str(tmp_path / "there")}
    there = subprocess.run(
        [sys.executable, tmp_path / "draw.py"],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    ).stdout
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path / "here"))
    assert there == f"{data.BookPages('validation', 11, workers=1).sha256}\n"
