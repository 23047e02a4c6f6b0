"""Exercises of chapter 1. The names are those of the chapter."""

from collections import Counter

import numpy as np
from PIL import Image

from .. import data
from ..codec import ScaleHyperprior
from ..data.words import dictionary
from ..metrics import psnr
from .answers import exercise

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
sample = data.make_text_image(4, "test")
grey = np.asarray(Image.fromarray(sample.image).convert("L"))
rng = np.random.default_rng(1)
words = [str(w) for w in rng.choice(dictionary("test"), 1000, replace=False)]


def surprise(symbols):
    _, which, counts = np.unique(symbols, return_inverse=True, return_counts=True)
    return -np.log2(counts / symbols.size)[which].reshape(symbols.shape)


def entropy(symbols):
    return surprise(symbols).mean()


def quantize(image, step):
    return np.round((image - 128.0) / step).astype(int)


def restore(levels, step):
    return np.clip(128.0 + levels * step, 0, 255).round().astype(np.uint8)


def differences(levels):
    return np.diff(levels, axis=1, prepend=0)


@exercise(
    "What a likely pixel costs",
    minutes=2,
    hint="A symbol's cost is its own surprise, whatever the others cost.",
    why="What is likely costs less than a bit. Only a coder that adds such fractions up "
    "before it rounds can make use of it.",
    mistakes=[
        (
            lambda: -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)),
            "This is the mean over white and black pixels, the entropy. One white pixel "
            "is asked for.",
        ),
        (lambda: -np.log(0.75), "This is the natural logarithm, in nats, not bits."),
        (lambda: -np.log2(0.25), "This is what a black pixel costs."),
        (lambda: 1.0, "One bit is the price where both are equally likely."),
    ],
    tolerance=0.02,
)
def white_pixel():
    """An event of probability $p$ costs $-\\log_2 p$ bits: here {right:.3f}."""
    return -np.log2(3 / 4)


@exercise(
    "Twice the step",
    minutes=3,
    hint="The error grows about fourfold. What is that in decibels?",
    why="Six decibels a bit: twice the step is half as many levels, a bit less, and an "
    "error four times as large in the mean square.",
    mistakes=[
        (
            "a",
            "Three decibels are a factor of two. The mean square of the error grows with "
            "the square of the step.",
        ),
        ("c", "Twelve decibels would be a factor of sixteen: the step squared twice."),
    ],
    letters="abc",
)
def twice_the_step():
    """Measured on the picture. The error's mean square is about step² / 12, so twice the
    step is four times the error, and 10 log₁₀ 4 is about 6 dB."""
    fine, coarse = (psnr(grey, restore(quantize(grey, s), s)) for s in (8, 16))
    return "abc"[np.argmin(np.abs(np.array([3, 6, 12]) - (fine - coarse)))]


def _wrapped(levels):
    left, above = np.roll(levels, 1, 1), np.roll(levels, 1, 0)
    return levels - (left + above - np.roll(above, 1, 1))


@exercise(
    "Three neighbours",
    minutes=10,
    hint="Take the differences from the left, and then of these the differences from "
    "above. Work it out for one pixel: it is what is asked for.",
    why="A second neighbour predicts what the first cannot: a slope that goes on. "
    "One of PNG's predictors begins with the same sum.",
    mistakes=[
        (differences, "These are the differences from the left neighbour alone."),
        (
            lambda levels: np.diff(levels, axis=0, prepend=0),
            "These are the differences from the neighbour above alone.",
        ),
        (
            lambda levels: (
                differences(levels) + np.diff(levels, axis=0, prepend=0) - levels
            ),
            "The neighbour above to the left is missing: it is in both of the others, so "
            "it has to be taken off once.",
        ),
        (
            _wrapped,
            "At the edge you look round to the other side, as `np.roll` does. Outside of "
            "the picture stands 0.",
        ),
        (
            lambda levels: (
                -np.diff(np.diff(levels, axis=1, prepend=0), axis=0, prepend=0)
            ),
            "The sign is turned: level minus prediction is asked for.",
        ),
    ],
    trials=lambda: [
        (np.arange(12).reshape(3, 4) ** 2 % 7,),
        (quantize(grey[:9, :9], 4),),
    ],
    tolerance=1e-9,
)
def three_neighbours(levels):
    """Left + above − above left. Written out, what is left of a level are the differences
    of differences, once along each axis, and two cumulative sums undo them."""
    return np.diff(np.diff(levels, axis=1, prepend=0), axis=0, prepend=0)


@exercise(
    "What the third neighbour saves",
    minutes=5,
    hint="`entropy(differences(levels)) - entropy(three_neighbours(levels))` at step 8.",
    why="The finer the levels, the more of a slope is left in them for another neighbour "
    "to predict: try steps 1 and 64. Coarse levels are flat, and what is left are edges, "
    "which nobody foresees.",
    mistakes=[
        (
            lambda: entropy(_three(quantize(grey, 8))),
            "This is what is left to pay. How much less is it than with one neighbour?",
        ),
        (
            lambda: entropy(quantize(grey, 8)) - entropy(_three(quantize(grey, 8))),
            "You compare with the levels themselves. One neighbour had saved a part of "
            "it already.",
        ),
        (
            lambda: (
                100
                - 100 * entropy(_three(L := quantize(grey, 8))) / entropy(differences(L))
            ),
            "This is in per cent. Bits a pixel are asked for.",
        ),
        (
            lambda: entropy(_three(L := quantize(grey, 1))) - entropy(differences(L)),
            "This is at step 1, and with its sign turned.",
        ),
        (
            lambda: entropy(differences(L := quantize(grey, 1))) - entropy(_three(L)),
            "This is at step 1. Step 8 is asked for.",
        ),
    ],
)
def third_neighbour():
    """{right:.2f} bits a pixel."""
    levels = quantize(grey, 8)
    three = np.diff(np.diff(levels, axis=0, prepend=0), axis=1, prepend=0)
    return entropy(differences(levels)) - entropy(three)


def _three(levels):
    return np.diff(np.diff(levels, axis=0, prepend=0), axis=1, prepend=0)


def _closed(row, step, *, zone=0.6, loop=True):
    last, before, restored = 0.0, 0.0, []
    for value in row:
        change = (value - (last if loop else before)) / step
        level = 0 if abs(change) < zone else round(change)
        last, before = last + level * step, value
        restored.append(last)
    return np.array(restored)


@exercise(
    "A dead zone",
    minutes=15,
    hint="Keep one number, what the decoder has at this place. The next difference is "
    "taken from it, rounded, and added to it.",
    why="Encoder and decoder have to predict from the same thing, and the decoder has "
    "only what was restored. So each rounding mends the one before, and errors do not "
    "add up. Every codec of moving pictures runs this loop.",
    mistakes=[
        (
            lambda row, step: _closed(row, step, loop=False),
            "You predict from the true neighbour. The decoder does not have it, and its "
            "errors add up along the row.",
        ),
        (
            lambda row, step: _closed(row, step, zone=0.5),
            "There is no dead zone: changes of 0.5 to 0.6 steps became 1.",
        ),
        (
            lambda row, step: _closed(row, step, zone=1),
            "What is between 0.6 and 1 step has become 0. `int` cuts, `round` rounds.",
        ),
        (
            lambda row, step: np.diff(_closed(row, step), prepend=0) / step,
            "These are the levels in the file. What the decoder makes of them is asked "
            "for.",
        ),
    ],
    trials=lambda: [
        (np.array([0, 0, 0, 0, 0]), 8),
        (np.array([4.5, 9.0, 13.5, 18.0, 9.0, -3.0]), 8),
        (grey[150, 200:240].astype(float), 16),
    ],
    tolerance=1e-6,
)
def closed_loop(row, step):
    """The loop is closed: it predicts from `last`, which the decoder has, too."""
    last, restored = 0.0, []
    for value in row:
        change = (value - last) / step
        last += step * (0 if abs(change) < 0.6 else round(change))
        restored.append(last)
    return np.array(restored)


@exercise(
    "A word from a list",
    minutes=3,
    hint="How many questions, each answered with yes or no, find one of so many?",
    why="The model of single letters pays for words that do not exist. To know the list "
    "saves that, and the decoder has to hold the list.",
    mistakes=[
        (
            lambda: np.log(len(dictionary("test"))),
            "This is the natural logarithm, in nats, not bits.",
        ),
        (
            lambda: np.log2(len(dictionary("test"))) / 8,
            "These are bytes. Bits are asked for.",
        ),
        (
            lambda: np.log2(len(dictionary("test")) + len(dictionary("train"))),
            "You took both halves of the dictionary. The word is known to be of the test "
            "half.",
        ),
        (
            lambda: len(sample.text) * np.log2(26),
            "These are letters that are all equally likely. Words are, here.",
        ),
        (
            lambda: len(dictionary("test")),
            "This is how many words there are. How many bits tell which?",
        ),
    ],
    tolerance=0.005,
)
def word_of_list():
    """Of $N$ equally likely words each costs $\\log_2 N$ bits, here {right:.2f}, however
    long it is. The decoder has to hold the list, in the same order."""
    return np.log2(len(dictionary("test")))


@exercise(
    "The wrong coin",
    minutes=4,
    hint="With the fair coin's table each throw costs one bit, whatever falls.",
    why="That is the divergence: paid for every symbol, in real bytes, for nothing but a "
    "wrong belief.",
    mistakes=[
        (
            lambda: -(0.99 * np.log2(0.99) + 0.01 * np.log2(0.01)),
            "This is the entropy, what the right table would cost. How much more is one "
            "bit?",
        ),
        (
            lambda: 0.5 * np.log2(0.5 / 0.99) + 0.5 * np.log2(0.5 / 0.01),
            "This is the other direction: fair throws coded with the unfair table. A "
            "divergence is not the same both ways.",
        ),
        (
            lambda: 1.0,
            "This is the whole cost. What the right table costs is not wasted.",
        ),
        (
            lambda: 0.99 * np.log(0.99 / 0.5) + 0.01 * np.log(0.01 / 0.5),
            "This is in nats, the natural logarithm. Bits are asked for.",
        ),
    ],
    tolerance=0.01,
)
def wrong_coin():
    """$\\sum_s p_s \\log_2 (p_s / q_s)$ with $p = (0.99, 0.01)$ and $q = (½, ½)$: one bit
    less the entropy, {right:.3f} bits a throw."""
    p, q = np.array([0.99, 0.01]), np.array([0.5, 0.5])
    return (p * np.log2(p / q)).sum()


@exercise(
    "Learning on the way",
    minutes=15,
    hint="Go through the letters one by one. A letter costs $-\\log_2$ of its share "
    "among the counts as they are *before* it is counted.",
    why="A coder that counts as it goes needs no table in the file. It pays once for "
    "learning, and the longer the text, the less that is a letter. Where the table is "
    "known beforehand, it still costs a little more.",
    mistakes=[
        (
            lambda: _adaptive("".join(words), ahead=True),
            "You count a letter before you code it. The decoder does not know it then.",
        ),
        (
            lambda: _adaptive("".join(words)) * np.log(2),
            "This is in nats, the natural logarithm. Bits are asked for.",
        ),
        (
            lambda: _adaptive("".join(words)) * len("".join(words)),
            "This is the whole text. How much is that a letter?",
        ),
        (
            lambda: entropy(np.array(list("".join(words)))),
            "This is the entropy of the whole text, counted when all of it is known. "
            "The decoder has only what came before.",
        ),
    ],
    tolerance=0.0005,
)
def counted_on_the_way():
    """{right:.4f} bits a letter. That is little above the entropy of these letters: what
    26 counts take to be learned is spread over thousands of letters."""
    counts, bits = Counter(ALPHABET), 0.0  # each letter once
    for letter in "".join(words):
        bits -= np.log2(counts[letter] / counts.total())
        counts[letter] += 1
    return bits / len("".join(words))


def _adaptive(text, *, ahead=False):
    counts, bits = Counter(ALPHABET), 0.0
    for letter in text:
        counts[letter] += ahead
        bits -= np.log2(counts[letter] / counts.total())
        counts[letter] += not ahead
    return bits / len(text)


@exercise(
    "The price of an error",
    minutes=5,
    hint="Compute `price * D + R` for both lists, and look where it is smallest.",
    why="One price, one step: the codec's whole setting follows from what an error is "
    "worth to you. Training a network with $\\lambda D + R$ chooses in the same way.",
    mistakes=[
        (
            lambda: _cheapest(lambda price, D, R: D + price * R),
            "Here an error counts and bits do not. Is the price at the rate? In this "
            "book it stands at the distortion.",
        ),
        (
            lambda: _cheapest(lambda price, D, R: R),
            "This is the step with the fewest bits, however wrong.",
        ),
    ],
    tolerance=0.001,
)
def cheapest_step():
    """The smallest of the twelve costs, at step {right:.0f}."""
    price = float(ScaleHyperprior.rate_lambda(np.float64(5)))
    steps = [2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
    levels = [quantize(grey, step) for step in steps]
    R = np.array([entropy(differences(one)) for one in levels])
    D = np.array(
        [
            np.square(restore(one, step).astype(float) - grey).mean()
            for one, step in zip(levels, steps)
        ]
    )
    return steps[np.argmin(price * D + R)]


def _cheapest(cost):
    price = float(ScaleHyperprior.rate_lambda(np.float64(5)))
    steps = [2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
    levels = [quantize(grey, step) for step in steps]
    R = np.array([entropy(differences(one)) for one in levels])
    D = np.array(
        [
            np.square(restore(one, step).astype(float) - grey).mean()
            for one, step in zip(levels, steps)
        ]
    )
    return steps[np.argmin(cost(price, D, R))]
