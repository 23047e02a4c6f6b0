"""What is drawn is kept: made once, and another where it would be drawn otherwise."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from semlib import data
from semlib.data import page_patches, scenes, shards, text_images, words
from semlib.images import InputError


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


def forget():
    """What was computed of the lists of words."""
    for known in (words.digest, words.dictionary, words.held_out):
        known.cache_clear()


def test_a_cache_is_another_where_its_pictures_would_be(tmp_path, monkeypatch):
    """Else training pictures of words that are test words now would stay, unseen."""

    def key() -> str:
        forget()
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


SETS = {
    "words": (text_images, lambda: data.TextImages("test", 1)),
    "patches": (page_patches, lambda: data.PagePatches("test", 1)),
    "book patches": (page_patches, lambda: data.BookPatches("test", 1)),
    "book pages": (page_patches, lambda: data.BookPages("test", 1)),
    "scenes": (scenes, lambda: data.Scenes("test", 1)),
}


@pytest.mark.parametrize("name", SETS)
def test_every_sets_folder_is_another_for_another_split(name, monkeypatch):
    module, make = SETS[name]
    folders = []

    class Noted(shards.Shards):
        def __init__(self, folder, *_, **__):
            self.sha256 = ""
            folders.append(folder)

    monkeypatch.setattr(module, "Shards", Noted)
    for place, what, value in (
        (words, "TEST_SHARE", words.TEST_SHARE),
        (words, "TEST_SHARE", 50),
        (words, "FUNCTION_SHARE", 1),
        (shards, "version", lambda package: "0"),
    ):
        forget()
        with monkeypatch.context() as other:
            other.setattr(place, what, value)
            make()
    forget()
    make()
    assert folders[0] == folders[-1] and len(set(folders)) == 4


def test_tests_have_a_cache_of_their_own(cache):
    assert shards.cache_folder() == cache
