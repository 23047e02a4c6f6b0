"""Metrics, by hand-made cases."""

from string import ascii_lowercase

import numpy as np
import pytest
from scipy.stats import binomtest

from semlib import metrics
from semlib.metrics import bits_for, changes, false_friends, rate, text_bits


@pytest.mark.parametrize(
    "truth, read, value",
    [
        ("Hello, world", "hello world", 1.0),  # only letters and digits, any case
        ("abcd", "abxd", 0.75),
        ("abc", "abcdef", 0.5),  # divided by the longer one
        ("abcdef", "", 0.0),
        ("", "", 1.0),
        ("!?", "…", 1.0),
        ("", "abc", 0.0),
        ("line one\ntwo", "line onetwo", 1.0),
        ("café", "cafe\u0301", 1.0),  # composed or not
        ("café", "cafe", 0.75),
        ("Привет", "привет", 1.0),
        ("Привет", "", 0.0),  # what cannot be read is not read
        ("हिन्दी", "हन्दी", 5 / 6),
    ],
)
def test_accuracy(truth, read, value):
    assert metrics.accuracy(truth, read) == pytest.approx(value)


@pytest.mark.parametrize(
    "truth, read, value",
    [
        ("The cat sat.", "the cat sat", 1.0),
        ("the cat sat", "the bat sat", 2 / 3),
        ("the cat sat", "thecat sat", 1 / 3),
        ("the cat sat", "sat", 1 / 3),
        ("a b", "b a", 1 / 2),  # order counts
        ("one two", "", 0.0),
        ("", "", 1.0),
        ("", "noise", 0.0),
        ("two two", "two", 1 / 2),
    ],
)
def test_exact_words(truth, read, value):
    assert metrics.exact_words(truth, read) == pytest.approx(value)


@pytest.mark.parametrize(
    "truth, read, value",
    [
        ("the words", "the world", 1 / 2),
        ("the words", "then words", 1 / 2),  # the short ones count, too
        ("the words", "The WORDS", 0.0),
        ("the words", "the wxqds", 0.0),  # wrong, but seen to be wrong
        ("the words", "the", 0.0),
        ("", "world", 0.0),
    ],
)
def test_false_words(truth, read, value):
    assert metrics.real_word_errors(truth, read) == pytest.approx(value)


def test_kept_letters():
    assert metrics.kept_letters("A house", "a, mouse!") == {0, 2, 3, 4, 5}
    assert metrics.kept_letters("abc", "") == metrics.kept_letters("", "abc") == set()


def test_each_words_fate():
    assert metrics.word_outcomes("the old houses were red", "the world hxuses red") == [
        "right",
        "false",
        "broken",
        "broken",
        "right",
    ]
    assert metrics.read_as("The old house", "the old hxuse!") == [
        ("the", "the"),
        ("old", "old"),
        ("house", "hxuse"),
    ]
    assert metrics.read_as("house", "") == [("house", "")]


def test_what_a_second_repair_changes():
    found = changes(
        [["the words"], ["words"]], [["the wxrds"], ["words"]], [["the words"], ["world"]]
    )
    assert (found["letters"], found["right"]) == (13, 12)
    assert (found["corrected"], found["broken"]) == (1, 1)
    assert found["broken_per_1000"][0] == 100  # the mean over pages of 0 and of 200
    assert found["words"]["broken, right"] == found["words"]["right, false"] == 1
    assert sum(found["words"].values()) == 3
    assert changes([["a"]], [[""]], [["a"]])["broken_per_1000"] is None


def test_words_that_became_other_words():
    texts = [["the words"], ["words", "old words"], ["words"]]
    assert false_friends(texts, texts, [["the wxrds"], ["words", "old"], ["world"]]) == [
        {"page": 2, "patch": 0, "word": "words", "read": "world"}
    ]
    # a word that was wrong before is no friend lost
    assert false_friends([["words"]], [["wxrds"]], [["world"]]) == []


def test_bits_per_pixel():
    assert metrics.bits_per_pixel(b"12345678", 64) == 1
    assert metrics.bits_per_pixel(100, 1600) == 0.5


def test_interval_covers_the_mean_and_shrinks_with_more_values():
    rng = np.random.default_rng(0)
    few, many = rng.normal(3, 1, 20), rng.normal(3, 1, 2000)
    mean, low, high = metrics.mean_interval(few)
    assert mean == pytest.approx(few.mean()) and low < mean < high
    _, low_many, high_many = metrics.mean_interval(many)
    # 95 %: about ±1.96 / sqrt(n)
    assert high_many - low_many == pytest.approx(2 * 1.96 / 2000**0.5, rel=0.15)
    assert high_many - low_many < high - low


@pytest.mark.parametrize("share", [0, 1])
def test_the_interval_of_what_was_always_so_is_no_point(share):
    found = metrics.mean_interval([share] * 50)
    wilson = binomtest(50 * share, 50).proportion_ci(method="wilson")
    assert found == pytest.approx((share, wilson.low, wilson.high))


def test_an_interval_over_grounds_is_wider_where_grounds_differ():
    values, grounds = [0.0] * 50 + [1.0] * 50, ["brick"] * 50 + ["paper"] * 50
    mean, low, high = metrics.grouped_interval(values, grounds)
    assert (mean, low, high) == (0.5, 0.0, 1.0)
    mean, low, high = metrics.grouped_interval(values, list(map(str, range(100))))
    assert 0.38 < low < 0.45 and 0.55 < high < 0.62


def test_bd_rate_of_half_the_bits_is_minus_50():
    points = [{"bpp": 0.1 * 2**k, "psnr": 20.0 + 3 * k} for k in range(5)]
    halved = [{**p, "bpp": p["bpp"] / 2} for p in points]
    assert metrics.bd_rate(points, halved) == pytest.approx(-50)
    assert metrics.bd_rate(halved, points) == pytest.approx(100)
    far = [{"bpp": p["bpp"], "psnr": p["psnr"] + 50} for p in points]
    assert metrics.bd_rate(points, far) is None
    worse = {"bpp": 0.5, "psnr": 21.0}
    assert worse not in metrics.frontier([*points, worse])


def test_psnr():
    one = np.zeros((4, 4, 3), np.uint8)
    assert metrics.psnr(one, one + 255) == 0
    assert metrics.psnr(one, one + 51) == pytest.approx(20 * np.log10(5))


def test_psnr_b_counts_blocking():
    rng = np.random.default_rng(0)
    clean = np.full((64, 64), 128, np.uint8)
    blocky = clean.copy()
    blocky.reshape(8, 8, 8, 8)[:] += rng.integers(0, 20, (8, 1, 8, 1), np.uint8)
    grainy = rng.permutation(blocky.ravel()).reshape(64, 64)
    for image, difference in ((blocky, 0.5), (grainy, 0)):
        found = metrics.fidelity(clean, image)
        assert found["psnr"] - found["psnr_b"] >= difference
    assert metrics.fidelity(clean, grainy)["psnr_b"] == pytest.approx(
        metrics.fidelity(clean, grainy)["psnr"], abs=0.3
    )
    assert metrics.fidelity(clean, clean)["ssim"] == 1


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
