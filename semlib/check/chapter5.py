"""Exercises of chapter 5. The names are those of the chapter."""

from functools import cache
from typing import Any

import numpy as np
import torch

from .. import codec, data, zoo
from ..experiments import load
from ..images import to_tensor
from ..ocr import EasyOCRReader
from ..training.codec import estimated_bpp
from .answers import exercise

pixels: Any
text: Any
pixels, _ = zoo.load("tinylic")
text, text_weights = zoo.load("tfic")
LOW, HIGH = zoo.card("tfic")["settings"]["gammas"]
progress = load("checkpoints-tfic")
reader = EasyOCRReader()
sample = data.TextImages("test", 40)[21]
x = to_tensor(sample.image)[None]


def gamma(rate):
    return LOW * (HIGH / LOW) ** (rate / (codec.RATES - 1))


@cache
def _out(network):
    """What a codec makes of the sample at rate 2."""
    with torch.no_grad():
        return network(x, torch.tensor([2.0]))


@exercise(
    "When is the word there?",
    minutes=2,
    hint="The slider's positions are whole rates. Below the picture, what is wrong is "
    "underlined.",
    why="The first bits go to the letters. Watch what is bought after that: the loss "
    "gets lower still, and the word has long been read.",
    mistakes=[
        (
            lambda: first_read.right + 1,
            "It is read one rate earlier already: go back and look.",
        ),
        (
            lambda: gamma(first_read.right),
            "This is the γ of that rate. The rate is asked for.",
        ),
    ],
    tolerance=0.001,
)
def first_read():
    """At rate {right:d}."""
    rate, read = -1, ""
    while read.lower() != sample.text.lower():
        rate += 1
        file = codec.compress(text, text_weights, x, rate)
        read = reader.read([codec.decompress(text, text_weights, file)[0]])[0]
    return rate


@exercise(
    "The paper's γ",
    minutes=3,
    hint="How many factors of `HIGH / LOW` lead from `LOW` to 0.1? Logarithms say.",
    why="A price is thought of in factors, not in differences: from 0.02 to 0.04 is as "
    "far as from 0.25 to 0.5. So one slider of seven steps covers all that is sensible.",
    mistakes=[
        (
            lambda: 7 * (0.1 - LOW) / (HIGH - LOW),
            "You went in equal differences. Each rate costs more by the same *factor*.",
        ),
        (
            lambda: np.log(0.1 / LOW) / np.log(HIGH / LOW),
            "This is a share of the whole way, which is seven rates long.",
        ),
        (
            lambda: codec.RATES * np.log(0.1 / LOW) / np.log(HIGH / LOW),
            "There is one step fewer between the rates than there are rates.",
        ),
    ],
    tolerance=0.003,
)
def papers_gamma():
    """At rate {right:.2f}."""
    return (codec.RATES - 1) * np.log(0.1 / LOW) / np.log(HIGH / LOW)


def _by_hand(network=text, weight=None, bits=None):
    with torch.no_grad():
        unread = reader.loss(_out(network)["x_hat"].clamp(0, 1), [sample.text])
    bits = estimated_bpp(_out(network)["likelihoods"], x) if bits is None else bits
    return (bits + (gamma(2) if weight is None else weight) * unread).item()


def _bits(*names, log=torch.log2, pixels=256 * 512):
    return sum(-log(_out(text)["likelihoods"][name]).sum() for name in names) / pixels


@exercise(
    "What stage 2 pays for a word",
    minutes=6,
    hint="`text(x, torch.tensor([2.0]))` has the likelihoods for `estimated_bpp`, and "
    "the picture, to be clamped, for `reader.loss`. γ is that of rate 2.",
    why="Here is all that the network is told. Whatever is not in this number, colour, "
    "background, a likeness, may go, and goes.",
    mistakes=[
        (
            lambda: _by_hand(bits=_bits("y", "z", pixels=1)),
            "The rate is in bits. Bits per pixel are asked for.",
        ),
        (
            lambda: _by_hand(bits=_bits("y", "z", log=torch.log)),
            "The rate is in nats: take the logarithm to base 2.",
        ),
        (
            lambda: _by_hand(bits=_bits("y")),
            "The bits of the note are missing: the likelihoods of z.",
        ),
        (lambda: _by_hand(weight=1), "The reader's loss has not been multiplied by γ."),
        (lambda: _by_hand(pixels), "This is the codec after stage 1."),
    ],
    tolerance=0.005,
)
def by_hand():
    """{right:.4f} bits per pixel, nearly all of it rate."""
    with torch.no_grad():
        out = text(x, torch.tensor([2.0]))
        bits = estimated_bpp(out["likelihoods"], x)
        unread = reader.loss(out["x_hat"].clamp(0, 1), [sample.text])
    return (bits + gamma(2) * unread).item()


def _middle(network=text, axis=0, unit=100):
    bits = -_out(network)["likelihoods"]["y"].log2().sum(1)[0]
    quarter = bits.shape[axis] // 4
    inner = bits.narrow(axis, quarter, 2 * quarter)
    return unit * (inner.sum() / bits.sum()).item()


@exercise(
    "Whom does it please?",
    minutes=4,
    hint="`progress['steps'][0]` and `[-1]` each have `['accuracy'][reader][0]`, for "
    "every reader. Take the differences.",
    why="A codec has too few bits for a private message in every picture, so others read "
    "what it wrote for one. But the reader that was asked gains most, and its gain alone "
    "would have been too good a report.",
    mistakes=[
        ("a", "Compare the judge's first and last accuracy: it does gain."),
        ("c", "Compare the two gains: the reader that was asked gains more."),
    ],
    letters="abc",
)
def whom_it_pleases():
    """Both gain, english_g2 more."""
    begin, end = progress["steps"][0]["accuracy"], progress["steps"][-1]["accuracy"]
    asked, judge = (end[name][0] - begin[name][0] for name in ("english_g2", "PP-OCRv6"))
    return "a" if judge <= 0 else "b" if judge < asked else "c"


@exercise(
    "The middle of the picture",
    minutes=6,
    hint="`cost(text, 2)[0]` has the bits of 16 rows and 32 columns of places.",
    why="The word lies across the middle, and nobody has told the codec. Do the same "
    "with `pixels`: a codec without a preference has about half of its bits in half of "
    "the rows.",
    mistakes=[
        (lambda: _middle(pixels), "This is the codec after stage 1. Take `text`."),
        (lambda: _middle(unit=1), "A fraction. Per cent are asked for."),
        (lambda: _middle(axis=1), "These are the columns in the middle. Take the rows."),
        (lambda: 100 - _middle(), "This is what lies outside of the middle."),
    ],
    tolerance=0.01,
)
def in_the_middle():
    """{right:.0f} per cent."""
    with torch.no_grad():
        out = text(x, torch.tensor([2.0]))
    bits = -out["likelihoods"]["y"].log2().sum(1)[0]
    return 100 * (bits[4:12].sum() / bits.sum()).item()


@exercise(
    "What a nat was bought for",
    minutes=8,
    hint="`np.diff` of both lists, divided, with the sign turned.",
    why="Give it `spent` and `unread`. Had training found the best exchange everywhere, "
    "each of these would lie between the γ of its two ends: γ is the slope, as λ was in "
    "chapter 1.",
    mistakes=[
        (
            lambda bits, nats: -np.diff(nats) / np.diff(bits),
            "These are nats for a bit. Turn the fraction round.",
        ),
        (
            lambda bits, nats: np.diff(bits) / np.diff(nats),
            "The sign: bits go up where nats go down, and a price is above zero.",
        ),
        (
            lambda bits, nats: np.array(bits[1:]) / -np.diff(nats),
            "You count all the bits of a point. Only what it has more is asked for.",
        ),
        (
            lambda bits, nats: np.diff(bits),
            "These are the bits that are added. For how many nats?",
        ),
    ],
    trials=lambda: [
        ([0.01, 0.02, 0.05], [1.0, 0.6, 0.5]),
        ([0.0, 1.0, 3.0, 4.0], [9.0, 4.0, 2.0, 1.5]),
    ],
    tolerance=1e-6,
)
def paid(bits, nats):
    """From each point to the next: bits more for nats less."""
    return -np.diff(bits) / np.diff(nats)


def _outside(network=text, unit=100, high=True):
    picture = _out(network)["x_hat"]
    out = (picture < 0) | (high & (picture > 1))
    return unit * out.double().mean().item()


@exercise(
    "Beyond white",
    minutes=6,
    hint="`(x_hat < 0) | (x_hat > 1)`, and the mean of it.",
    why="These values are cut off before the reader sees them, and so they gain nothing. "
    "Without the `clamp` the reader would see them in training, and never in a decoded "
    "file: the codec would learn to write with what is lost.",
    mistakes=[
        (lambda: _outside(unit=1), "A fraction. Per cent are asked for."),
        (lambda: _outside(high=False), "Those above white are outside as well."),
        (lambda: 100 - _outside(), "These are the values inside."),
        (lambda: _outside(pixels), "This is the codec after stage 1. Take `text`."),
    ],
    tolerance=0.02,
)
def beyond_white():
    """{right:.2f} per cent."""
    with torch.no_grad():
        x_hat = text(x, torch.tensor([2.0]))["x_hat"]
    return 100 * ((x_hat < 0) | (x_hat > 1)).double().mean().item()
