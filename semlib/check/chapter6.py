"""Exercises of chapter 6. The names are those of the chapter."""

from typing import Any

import numpy as np
import torch

from .. import codec, data, zoo
from ..experiments import load
from ..images import to_tensor
from ..metrics import bits_per_pixel
from ..ocr import EasyOCRReader
from .answers import exercise

measured: Any = load("tfic")
points = measured["points"]
equal = measured["equal_accuracy"]
READERS = ("english_g2", "TRBA", "PP-OCRv6")
models: Any = {name: zoo.load(name) for name in ("tinylic", "tfic")}
reader = EasyOCRReader()
test = data.TextImages("test", 40)
sample = test[21]
x = to_tensor(sample.image)[None]
bits = [point["all"]["bpp"] for point in points["tinylic"]]
PIXELS = 256 * 512


def decoded(name, rate, x=x):
    file = codec.compress(*models[name], x, rate)
    back = codec.decompress(*models[name], file)[0]
    return bits_per_pixel(file, PIXELS), back, reader.read([back])[0]


@exercise(
    "At the last position",
    minutes=2,
    hint="Both take as many bits there, and more than anywhere else on the slider. Make "
    "a guess, then move it to 7.",
    why="To the eye the upper picture is the better one by far. Its bits went to all of "
    "it alike, and the strokes got their share and no more.",
    mistakes={
        "a": "Look below both pictures at the last position: one of them is read.",
        "b": "Look again which of the two is marked there: it is the other one.",
        "c": "Look again at what is read from the lower picture, and from the upper.",
        "d": "Look again at the last position: one of the two is not read rightly.",
    },
    letters="abcd",
)
def last_word():
    """At position 7, with as many bits for either."""
    spent = points["tfic"][7]["all"]["bpp"]
    same = float(np.interp(spent, bits, range(len(bits))))
    _, _, above = decoded("tinylic", same)
    _, _, below = decoded("tfic", 7)
    right = [read.lower() == sample.text.lower() for read in (above, below)]
    return "abcd"[2 * right[1] + right[0]]


@exercise(
    "Who reads better than before?",
    minutes=2,
    hint="In the table that follows, an interval that begins above zero counts, at "
    "whichever rate.",
    why="Only one of them was asked in training. What others gain is less, and begins "
    "later, and it is the part that does not depend on who reads.",
    mistakes={
        "a": "Look at the column of the reader in the loss: they lie above zero.",
        "b": "Look at all rates, down to the last line: not one column only has an "
        "interval above zero.",
        "c": "Look again at each column's last line, and count.",
        "d": "Look again: one column at least has no interval that leaves out zero.",
    },
    letters="abcd",
)
def who_gains():
    """The readers with an interval above zero at some rate, counted."""
    gains = {name: [p["all"]["read"][name]["gain"] for p in points["tfic"]]
             for name in READERS}  # fmt: skip
    count = sum(any(low > 0 for _, low, _ in gains[name]) for name in READERS)
    return "abcd"[count]


@exercise(
    "As low as it goes",
    minutes=3,
    hint="`points['tfic'][0]['all']` is TFIC's lowest rate. How accurately is it read "
    "there, and what was the target, `equal['english_g2']['accuracy']`?",
    why="A number at the end of what was measured is a bound, not a crossing. «At most» "
    "is what it says, and a table that leaves it out claims too much or too little.",
    mistakes={
        "a": "For a crossing the curve must be below the target somewhere. Is it?",
        "b": "The lowest rate is read less accurately than that: the curve crosses.",
        "c": "More bits than that are certainly not needed: it was measured there.",
    },
    letters="abc",
)
def at_most():
    """It is TFIC's lowest rate, and there it is read above the target already."""
    lowest = points["tfic"][0]["all"]["read"]["english_g2"]["accuracy"][0]
    return "b" if lowest >= equal["english_g2"]["accuracy"] else "a"


@exercise(
    "On new typefaces, by a stranger",
    minutes=3,
    hint="`points['tfic'][2]['hard']['read']['PP-OCRv6']['gain']` is the mean, and the "
    "interval's ends.",
    why="«Gains» and «loses nothing that we can see» are different claims. Which of them "
    "holds for a stranger on strange pictures says the interval, not the mean's sign.",
    mistakes={
        "a": "The interval does not lie above zero. A mean above it is not enough.",
        "b": "The interval does not lie below zero.",
        "c": "The interval leaves zero out, so it can be told.",
    },
    letters="abc",
)
def harder():
    """By the interval: above zero, below it, or round it."""
    _, low, high = points["tfic"][2]["hard"]["read"]["PP-OCRv6"]["gain"]
    return "a" if low > 0 else "b" if high < 0 else "c"


def _ink(count=24, unit=100):
    return unit * count / (points["tfic"][0]["all"]["bpp"] * PIXELS)


@exercise(
    "What the ink would cost",
    minutes=3,
    hint="Three bytes are 24 bits. A file of TFIC's has "
    "`points['tfic'][0]['all']['bpp'] * 256 * 512` of them.",
    why="The number of the ink is cheap. What the fax gets for nothing is that it need "
    "not look for it: on a photograph no threshold finds what is ink.",
    mistakes=[
        (lambda: _ink(3), "You took three bits. Three bytes have eight times as many."),
        (lambda: _ink(8), "This is one byte. A colour has three."),
        (lambda: _ink(unit=1), "A fraction. Per cent are asked for."),
        (
            lambda: 100 * 24 / PIXELS,
            "These are bits for a hundred pixels. Divide by the bits of the file.",
        ),
    ],
)
def ink_cost():
    """{right:.1f} per cent more."""
    file = points["tfic"][0]["all"]["bpp"] * 256 * 512
    return 100 * 24 / file


def _places(words=2, each=34, unit=100, rate=2):
    """By how much a file grows by its words' places."""
    file = load("scene-regions")["points"]["scenes-tfic"][rate]["all"]["bpp"] * PIXELS
    return unit * words * each / file


@exercise(
    "What the places would cost",
    minutes=3,
    hint="Two columns and two rows for each of two words; the file has so many bits, "
    "`regions['points']['scenes-tfic'][2]['all']['bpp']`, for each of 256 times 512 "
    "pixels.",
    why="Next to nothing: against what is saved by knowing them, the places are cheap. "
    "TFIC does not even send them, for whoever looks at the picture sees where it is not "
    "flat.",
    mistakes=[
        (lambda: _places(words=1), "That is one word's place; the picture has two."),
        (lambda: _places(each=18), "These are the columns. A place has two rows, too."),
        (lambda: _places(each=8 * 34), "Those are 34 bits a word, not bytes."),
        (lambda: _places(unit=1), "In per cent."),
        (lambda: _places(rate=0), "At rate 2."),
    ],
)
def places_cost():
    """{right:.1f} per cent: 2·(9 + 9 + 8 + 8) bits, of those of the file."""
    file = load("scene-regions")["points"]["scenes-tfic"][2]["all"]["bpp"] * 256 * 512
    return 100 * 2 * (9 + 9 + 8 + 8) / file


def _floor(log=np.log2, words=None, unit=1.0):
    count = len(data.dictionary("test")) if words is None else words
    return points["tfic"][0]["all"]["bpp"] * PIXELS / (log(count) * unit)


@exercise(
    "With the sender's dictionary",
    minutes=4,
    hint="`np.log2(len(data.dictionary('test')))` bits name one word of the list. How "
    "many bits has a picture's file at `points['tfic'][0]['all']['bpp']`?",
    why="The dotted line in the figure is not the end. Whoever shares a list with the "
    "receiver sends its number. What TFIC pays the rest for is that it may not know the "
    "list, and that whoever receives it sees how the word was written.",
    mistakes=[
        (
            lambda: _floor(np.log),
            "You took the natural logarithm, and counted nats instead of bits.",
        ),
        (
            lambda: _floor(unit=1 / 8),
            "You counted the word's cost in bytes, and the file in bits.",
        ),
        (lambda: _floor(unit=8), "You counted the file in bytes, and the word in bits."),
        (
            lambda: points["tfic"][0]["all"]["bpp"] / measured["floor"]["bpp"],
            "This is against letters in pairs. The receiver has the dictionary.",
        ),
        (lambda: 1 / _floor(), "Turn the fraction round."),
        (
            lambda: _floor(words=sum(map(len, map(data.dictionary, ("train", "test"))))),
            "You took the whole dictionary. The test's words are from one part of it.",
        ),
    ],
)
def shared_list():
    """{right:.0f} times as many."""
    word = np.log2(len(data.dictionary("test")))
    file = points["tfic"][0]["all"]["bpp"] * 256 * 512
    return file / word


def _frame(rate=7, unit=100):
    with torch.no_grad():
        out = models["tfic"][0](x, torch.full((1,), float(rate)))
    latents = sum(-p.log2().sum().item() for p in out["likelihoods"].values())
    size = 8 * len(codec.compress(*models["tfic"], x, rate))
    return unit * (1 - latents / size)


@exercise(
    "The frame of a larger file",
    minutes=4,
    hint="Do what `worth` does, at `torch.full((1,), 7.0)`, and compress at rate 7.",
    why="The frame is the same few bytes whatever is in it. So it is small files that "
    "ask for a better one, and nobody who measures at kilobytes will ever see it.",
    mistakes=[
        (lambda: _frame(0), "This is at rate 0, where the file is smallest."),
        (lambda: _frame(unit=1), "A fraction. Per cent are asked for."),
        (lambda: 100 - _frame(), "This is the share of the latents, the rest."),
    ],
    tolerance=0.02,
)
def larger_frame():
    """{right:.1f} per cent."""
    model, weights = models["tfic"]
    x = to_tensor(test[21].image)[None]
    with torch.no_grad():
        out = model(x, torch.full((1,), 7.0))
    latents = sum(-p.log2().sum().item() for p in out["likelihoods"].values())
    return 100 * (1 - latents / (8 * len(codec.compress(model, weights, x, 7))))


def _half(before, after, *, paired=True, z=1.96, mean=True):
    before, after = np.array(before), np.array(after)
    spread = (after - before).std() if paired else np.hypot(before.std(), after.std())
    return z * spread / (len(before) ** 0.5 if mean else 1)


def _pairs():
    """Accuracies before and after: alike but for a little, and not."""
    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 1, 400)
    return [
        (hard, hard + rng.normal(0.1, 0.05, 400)),
        (hard[:100], rng.uniform(0, 1, 100)),
    ]


@exercise(
    "The same pictures twice",
    minutes=6,
    hint="Take the differences first, picture by picture. Of their standard deviation, "
    "the mean's is smaller by the root of their number.",
    why="Give it the accuracies in `measured['readings']`. A word that is hard before is "
    "hard after, too; in the difference that falls out, and a gain of a few points can "
    "be told from none.",
    mistakes=[
        (
            lambda before, after: _half(before, after, paired=False),
            "This is not paired: both are of the same pictures, so subtract first.",
        ),
        (
            lambda before, after: _half(before, after, mean=False),
            "This is the spread of single pictures. Their mean is better known.",
        ),
        (
            lambda before, after: _half(before, after, z=1),
            "This is one standard error. An interval of 95 % reaches 1.96 of them.",
        ),
        (
            lambda before, after: _half(before, after, z=2 * 1.96),
            "This is the whole interval. The half of it is asked for.",
        ),
        (
            lambda before, after: np.mean(np.subtract(after, before)),
            "This is the gain itself. How well is it known?",
        ),
    ],
    trials=_pairs,
    tolerance=0.01,
)
def plus_minus(before, after):
    """1.96 times the standard deviation of the differences, over the root of how many."""
    gain = np.array(after) - np.array(before)
    return 1.96 * gain.std() / len(gain) ** 0.5


def _away(image, ink, limit, *, signed=True, reduce="max", edge=False):
    picture = np.array(image)
    ink = np.array(ink, picture.dtype)
    away = abs(picture.astype(int) - ink) if signed else abs(picture - ink)
    away = {"max": away.max(-1), "min": away.min(-1), "mean": away.mean(-1)}[reduce]
    return away <= limit if edge else away < limit


@exercise(
    "Any ink",
    minutes=6,
    hint="Three lines: the picture as whole numbers with a sign, the distance in each "
    "channel, the largest of the three.",
    why="With the right ink and limit this is all that the fax has to know. Try it on a "
    "picture of `data.Scenes`: with words of many inks, shaded and on photographs, no "
    "ink and no limit will do.",
    mistakes=[
        (
            lambda image, ink, limit: _away(image, ink, limit, signed=False),
            "Unsigned numbers wrap round: 30 − 40 is 246 there. Use `astype(int)` first.",
        ),
        (
            lambda image, ink, limit: _away(image, ink, limit, reduce="mean"),
            "You took the mean of the channels. One that is far off is enough for a no.",
        ),
        (
            lambda image, ink, limit: _away(image, ink, limit, reduce="min"),
            "One channel that is near is not enough. All three must be.",
        ),
        (
            lambda image, ink, limit: _away(image, ink, limit, edge=True),
            "What is just as far away as the limit is not ink any more: *less than*.",
        ),
        (
            lambda image, ink, limit: ~_away(image, ink, limit),
            "The other way round: true where the ink is.",
        ),
    ],
    trials=lambda: [
        (
            np.array([[[40, 40, 40], [30, 35, 44], [60, 40, 40]],
                      [[200, 40, 40], [255, 250, 240], [40, 70, 40]]], np.uint8),
            (40, 40, 40), 20,
        ),
        (np.array([[[200, 10, 10], [190, 30, 20], [90, 8, 12]]], np.uint8),
         (200, 10, 10), 25),
    ],
)  # fmt: skip
def any_ink(image, ink, limit):
    """True where the farthest of a pixel's channels is nearer than the limit."""
    away = np.abs(image.astype(int) - np.array(ink)).max(-1)
    return away < limit


def _lies(way="tfic", machine="english_g2", fold=str.lower, known=True):
    words = {*data.dictionary("train"), *data.dictionary("test")} if known else ()
    return sum(
        fold(row[way][machine]) != fold(row["text"])
        and (not known or row[way][machine].lower() in words)
        for row in measured["readings"]
    )


@exercise(
    "Plausible lies",
    minutes=6,
    hint="A lie is a reading that is not the text, and is in the dictionary; compare "
    "both in small letters.",
    why="They are few, and each of them would be believed. Where a wrong word costs more "
    "than a missing one, this is the number to ask for, before and after.",
    mistakes=[
        (
            lambda: _lies(known=False),
            "These are all wrong readings. Only words of the dictionary lie.",
        ),
        (
            lambda: _lies(fold=str),
            "You counted words that differ by a capital only. Compare in small letters.",
        ),
        (
            lambda: _lies("uncompressed"),
            "This is from the uncompressed pictures. TFIC's are asked for.",
        ),
        (lambda: _lies(machine="PP-OCRv6"), "This is PP-OCRv6's reading."),
    ],
    tolerance=0.001,
)
def plausible_lies():
    """{right:d} of them."""
    words = {*data.dictionary("train"), *data.dictionary("test")}
    pairs = [(row["text"].lower(), row["tfic"]["english_g2"].lower())
             for row in measured["readings"]]  # fmt: skip
    return sum(read != text and read in words for text, read in pairs)


def _pair(decibels=25, asked=0.9, judge=0.95, best=min, both=True):
    good = [
        (picture["bpp"] if both else 0) + words["bpp"]
        for picture in (p["all"] for p in points["tinylic"])
        for words in (p["all"] for p in points["tfic"])
        if picture["psnr"] >= decibels
        and words["read"]["english_g2"]["accuracy"][0] >= asked
        and words["read"]["PP-OCRv6"]["accuracy"][0] >= judge
    ]
    return best(good)


@exercise(
    "A picture for people, the words for a machine",
    minutes=8,
    hint="Two loops, over `points['tinylic']` and `points['tfic']`; `'all'` of each "
    "has `'bpp'`, `'psnr'` and `'read'`.",
    why="The picture's layer takes most of it, the words are nearly free. A judge among "
    "the conditions costs a little more, and is what keeps the file good for others.",
    mistakes=[
        (
            lambda: _pair(decibels=0),
            "Its picture has fewer than 25 dB: a condition is missing.",
        ),
        (lambda: _pair(judge=0), "The judge reads it at less than 0.95."),
        (lambda: _pair(both=False), "The picture's own bits are missing."),
        (lambda: _pair(best=max), "It does all that is asked. The cheapest does, too."),
    ],
    tolerance=0.005,
)
def cheapest_pair():
    """{right:.4f} bits per pixel."""
    good = []
    for picture in (point["all"] for point in points["tinylic"]):
        for words in (point["all"] for point in points["tfic"]):
            english, judge = (words["read"][name]["accuracy"][0]
                              for name in ("english_g2", "PP-OCRv6"))  # fmt: skip
            if picture["psnr"] >= 25 and english >= 0.9 and judge >= 0.95:
                good.append(picture["bpp"] + words["bpp"])
    return min(good)
