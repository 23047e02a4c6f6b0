"""Stage 2's experiments: text that no word list holds, the floor, bits for a text."""

import base64
import io
from itertools import product
from string import ascii_lowercase

import numpy as np
import pytest
from PIL import Image

from semlib import codec, data, zoo
from semlib.data.words import strange_text
from semlib.experiments import (
    checkpoints,
    operating_points,
    tfic,
    tfic_recognizers,
    tfic_speed,
)
from semlib.metrics import accuracy, bits_for, rate, text_bits
from semlib.images import InputError, to_tensor
from semlib.ocr import EasyOCRReader
from semlib.training import TFICRecipe, preset, train

pytestmark = pytest.mark.slow


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
        base = text_bits(before) - ends(before)
        after = [
            text_bits(before + letter) - ends(letter) - base for letter in ascii_lowercase
        ]
        assert sum(2.0**-bits for bits in [*after, ends(before)]) == pytest.approx(1)
    assert text_bits("letter") < text_bits("Letter") < text_bits("LETTER")
    assert text_bits("letter") < text_bits("xqvzjk")
    assert text_bits("1234") == 40


def ends(letter: str) -> float:
    """The bits of a word's end after a letter: those of x + letter, less the rest."""
    pairs, firsts = rate._bigrams()
    return -np.log2((pairs[letter, " "] + 1) / (firsts[letter] + rate.SYMBOLS))


def test_bits_for_an_accuracy():
    points = [
        {"bpp": bpp, "accuracy": accuracy}
        for bpp, accuracy in ((1, 0.7), (4, 0.9), (2, 0.6))
    ]
    assert bits_for(0.8, points) == pytest.approx(2)
    assert bits_for(0.5, points) == 1
    assert bits_for(0.95, points) is None


def test_wrong_words_are_words():
    word, other = data.dictionary("test")[:2]
    assert operating_points.wrong_word(word, other.upper()) == 1
    assert (
        operating_points.wrong_word(word, word.upper())
        == operating_points.wrong_word(word, "xqzt")
        == 0
    )


def test_the_experiment(tmp_path, monkeypatch):
    result = tfic.run(3, tmp_path, (2, 3), {"JPEG": (5,)})
    points = result["points"]
    monkeypatch.setattr(operating_points, "_measure", None)  # all is kept
    assert tfic.run(3, tmp_path, (2, 3), {"JPEG": (5,)})["points"] == points
    assert result["images"]["all"] == 3 and set(data.STRANGE) < set(result["images"])
    assert [len(points[name]) for name in ("uncompressed", "tfic", "JPEG")] == [1, 2, 3]
    before, after = points["uncompressed"][0]["all"], points["tfic"][0]["all"]
    for name in operating_points.readers():
        gain = after["read"][name]["gain"]
        assert gain[1] <= gain[0] <= gain[2]
        assert gain[0] == pytest.approx(
            after["read"][name]["accuracy"][0] - before["read"][name]["accuracy"][0],
            abs=2e-4,
        )
    equal = result["equal_accuracy"]["english_g2"]["bpp"]
    assert equal.keys() == {"tinylic", "tfic", "JPEG"} and equal["tfic"] < 0.03
    assert result["readings"][0].keys() == {
        "text",
        "font",
        "background",
        "uncompressed",
        "tfic",
    }
    assert 20 < result["floor"]["bits"] < 60
    italian = [points[name][0]["Italian"]["read"] for name in ("uncompressed", "tfic")]
    assert all(read.keys() == operating_points.readers().keys() for read in italian)
    assert "Italian" not in points["tfic"][1] and "hard" not in points["JPEG"][0]


def test_listeners(monkeypatch, tmp_path):
    known = {"tfic-both": tfic_recognizers.LISTENED["tfic-both"]}
    monkeypatch.setattr(tfic_recognizers, "LISTENED", known)
    result = tfic_recognizers.run(tmp_path, 2, (1, 2))
    monkeypatch.setattr(operating_points, "_measure", None)  # all is kept
    assert tfic_recognizers.run(tmp_path, 2, (1, 2))["points"] == result["points"]
    first, second = result["points"]["tfic-both"]
    assert first["all"]["bpp"] < second["all"]["bpp"] and second["rate"] == 2
    assert result["images"] == {"all": 2, "hard": 1}
    assert second["hard"]["read"] and "hard" not in first
    assert result["equal_accuracy"]["TRBA"]["bpp"].keys() == known.keys()


def test_speed():
    seconds = tfic_speed.run(2)["seconds_per_image"]
    assert all(mean > 0 and deviation >= 0 for mean, deviation in seconds.values())
    assert (
        len(seconds) == 7
        and seconds["read, TRBA"] < seconds["detect and read, english_g2"]
    )


def test_the_shipped_tfic_keeps_text_and_nothing_else():
    """With fewer bits than stage 1 has, it is read better, and looks worse."""
    (stage_1, weights_1), (stage_2, weights_2) = map(zoo.load, ("tinylic", "tfic"))
    assert zoo.find(weights_2[:8]) == "tfic"
    reader, scores = EasyOCRReader(), []
    for image in data.TextImages("test", 24):
        x = to_tensor(image.image)[None]
        files = [
            codec.compress(stage_1, weights_1, x, 0),
            codec.compress(stage_2, weights_2, x, 2),
        ]
        backs = [
            codec.decompress(stage_1, weights_1, files[0]),
            codec.decompress(stage_2, weights_2, files[1]),
        ]
        scores.append(
            [
                (
                    len(file),
                    (back - x).square().mean().item(),
                    accuracy(image.text, *reader.read(back)),
                )
                for file, back in zip(files, backs)
            ]
        )
    (bytes_1, error_1, read_1), (bytes_2, error_2, read_2) = np.mean(scores, 0)
    assert bytes_2 < bytes_1 and error_2 > 2 * error_1 and read_2 > read_1 + 0.1


def test_progress_of_a_run(tmp_path):
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoints.run([tmp_path])
    train(TFICRecipe(preset("tfic", "smoke")), tmp_path, devices=1)
    result = checkpoints.run([tmp_path], 4)
    assert [step["step"] for step in result["steps"]] == [0, 2, 4]
    for step, kind in product(result["steps"], result["steps"][0]["samples"]):
        sample = step["samples"][kind]
        picture = Image.open(io.BytesIO(base64.b64decode(sample["webp"])))
        assert picture.format == "WEBP" and picture.size == (512, 256)
        assert (
            sample["text"] and sample["read"].keys() == operating_points.readers().keys()
        )
        assert step["bpp"] > 0 and all(
            low <= mean <= high for mean, low, high in step["accuracy"].values()
        )
