"""The readers' comparison, through the command."""

import json

import pytest

from semlib import zoo
from semlib.experiments import recognizers
from semlib.images import InputError

pytestmark = pytest.mark.slow


def test_the_comparison(run, small_zoo, two_images, monkeypatch):
    load = zoo.load_reader
    monkeypatch.setattr(zoo, "load_reader", lambda name: load(name, small_zoo))
    monkeypatch.setattr(recognizers, "REPEATS", 1)
    monkeypatch.setattr(recognizers, "ROWS", 8)
    status, out, _ = run("evaluate", "recognizers", "--subset", 2, "--pages", 1)
    result = json.loads(out)
    assert status == 0 and list(result["readers"]) == ["english_g2", "TRBA", "PP-OCRv6"]
    for row in result["readers"].values():
        assert row["parameters"] > 1000 and min(row["milliseconds"].values()) > 0
        assert row["hard"]["images"] == 2
        low, high = row["hard"]["exact"][1:]
        assert 0 <= low <= row["hard"]["exact"][0] <= high <= 1
    assert 3.7e6 < result["readers"]["english_g2"]["parameters"] < 3.9e6
    assert result["easyocr"]["same"] == 1
    page = result["page"]
    assert page["lines"] == 16
    assert page["PageReader"]["accuracy"][0] > 0.9 < page["readtext"]["accuracy"][0]
    assert {"command", "commit", "test_set_sha256"} <= result.keys()
    assert run("evaluate", "recognizers", "--pages", 0)[0] == 2


def test_a_new_reader_is_one_line(two_images, monkeypatch):
    """One class and one registration, and it is measured like the others."""

    class Blind:
        def read(self, images):
            return [""] * len(images)

    monkeypatch.setattr(zoo, "READERS", {"blind": Blind})
    monkeypatch.setattr(recognizers, "_parameters", lambda reader: 0)
    monkeypatch.setattr(recognizers, "_agreement", lambda *_: {})
    monkeypatch.setattr(recognizers, "_end_to_end", lambda *_: {})
    monkeypatch.setattr(recognizers, "EasyOCRReader", lambda: None)
    monkeypatch.setattr(recognizers, "_easyocr", lambda: None)
    rows = recognizers.run(2, 1)["readers"]
    assert list(rows) == ["blind"] and rows["blind"]["hard"]["accuracy"][0] == 0
    assert zoo.reader("blind").read([None]) == [""]
    with pytest.raises(InputError, match="reader must be one of blind, not deaf"):
        zoo.reader("deaf")


def test_a_page_of_64_lines():
    image, text = recognizers._page(1)
    assert len(text.splitlines()) == 64 and image.shape == (536, 576)
