"""Exercises of chapter 9. The names are those of the chapter."""

from typing import Any

import numpy as np
import torch

from .. import data, zoo
from ..experiments import load
from ..images import to_tensor
from ..ocr import EasyOCRReader
from ..restore import crops
from .answers import exercise

measured = load("restoration")
scores = measured["rows"]
guided, _ = zoo.load_restorer("guided-book")
first: Any = guided.first
pages: Any = guided.pages
reader = EasyOCRReader()
lesson = data.make_book_page(0, "train").patches()[0]


def ruin(patch):
    return to_tensor(data.degrade(patch.image, quality=1)[0])[None]


@exercise(
    "A new teacher",
    minutes=2,
    hint="English_g2 is in the loss, the judge is not. Guess, and then compare the two "
    "positions of the slider.",
    why="Whoever is in the loss is the first to gain, if anybody does. What the other "
    "one says tells whether the page has become better, or only the mark.",
    mistakes={
        "a": "Compare the two positions again: at least one of the two reads better.",
        "b": "Compare the two positions again, by both readers: it is not the judge "
        "alone that reads better.",
        "c": "Compare the two positions again, by both readers: it is not english_g2 "
        "alone that reads better.",
        "d": "Compare the two positions again: they do not both read better.",
    },
    letters="abcd",
)
def new_teacher():
    """Each reader's mean after the guided D2 is compared with that after its twin."""
    listened, judge = (
        scores["guided-book"][key][0] > scores["guided-book-none"][key][0]
        for key in ("english_g2 accuracy", "PP-OCRv6 accuracy")
    )
    return "acbd"[listened + 2 * judge]


@exercise(
    "At a word's edge",
    minutes=2,
    hint="`once + mask * (second(once) - once)`.",
    why="The mask is also the factor of the gradient that reaches D2. Where it is 0, D2 "
    "may draw what it likes: nobody sees it, and nobody ever says that it is wrong.",
    mistakes=[
        (
            0.8 + 0.25 * (0.4 - 0.8),
            "The other way round: where the mask is 0, D1's pixel stays.",
        ),
        (0.25 * (0.8 - 0.4), "This is the change. Add it to what D1 left."),
        (0.25 * 0.8, "This is D2's part. D1's is missing."),
        (0.8, "So it would be with a mask of 1."),
    ],
)
def word_edge():
    """A quarter of the way from 0.4 to 0.8: {right:.1f}."""
    once, second_once, mask = 0.4, 0.8, 0.25
    return once + mask * (second_once - once)


def _put_right(machine="english_g2", key="dncnn-book-second", unit=100):
    start, end = (scores[way][f"{machine} accuracy"][0] for way in ("dncnn-book", key))
    return unit * (end - start) / (1 - start)


@exercise(
    "Of what was wrong",
    minutes=5,
    hint="What D1 leaves wrong is 1 less its accuracy; what the second network gains is "
    "a difference of two accuracies. `scores[key]['english_g2 accuracy'][0]` has them.",
    why="Points say how much is gained, and this how much of what could be: near the "
    "ceiling a point is worth more. And no reader was asked for it, which is what the "
    "reader's own part has to be compared with.",
    mistakes=[
        (lambda: _put_right("PP-OCRv6"), "This is PP-OCRv6. English_g2 is asked for."),
        (
            lambda: _put_right(key="guided-book"),
            "This is the guided D2. The one from pixels is asked for.",
        ),
        (lambda: _put_right(unit=1), "A fraction. Per cent are asked for."),
        (
            lambda: (
                100 * measured["stages"]["dncnn-book-second"]["english_g2 accuracy"][0]
            ),
            "These are points. Of what D1 has left wrong it is more than that.",
        ),
    ],
    tolerance=0.002,
)
def of_what_was_wrong():
    """{right:.0f} per cent."""
    before, after = (
        scores[way]["english_g2 accuracy"][0]
        for way in ("dncnn-book", "dncnn-book-second")
    )
    return 100 * (after - before) / (1 - before)


def _mended(machine="english_g2", key="guided-book"):
    count = measured["changes"][key][machine]
    return count["corrected"] / count["broken"]


@exercise(
    "For each letter that is broken",
    minutes=3,
    hint="`measured['changes']['guided-book']['english_g2']` has both counts.",
    why="A gain is the difference of the two, and hides how much was turned over. Where "
    "an error costs more than a smudge, as with digits in a contract, this is the number "
    "to ask for.",
    mistakes=[
        (lambda: 1 / _mended(), "These are the broken for each one that is mended."),
        (lambda: _mended("PP-OCRv6"), "This is PP-OCRv6. English_g2 is asked for."),
        (
            lambda: _mended(key="dncnn-book-second"),
            "This is D2 from pixels. The guided one is asked for.",
        ),
        (
            lambda: measured["changes"]["guided-book"]["english_g2"]["broken_per_1000"][
                0
            ],
            "These are the letters broken in 1,000 that were right.",
        ),
    ],
    tolerance=0.005,
)
def mended_for_broken():
    """{right:.1f} letters."""
    count = measured["changes"]["guided-book"]["english_g2"]
    return count["corrected"] / count["broken"]


@exercise(
    "A better page, or a happier reader?",
    minutes=4,
    hint="In the table of gains, the row «guided, over longer» and the judge's column: "
    "where does its interval lie?",
    why="This is the answer of one who had no say, and of twins that differ in nothing "
    "but the teacher. Without the twin, and without the judge, the same table would have "
    "been good news.",
    mistakes={
        "a": "The judge's interval does not lie above zero. Did you look at the "
        "other reader's column, or at another stage?",
        "b": "The judge's interval does not lie below zero.",
        "c": "The judge's interval does not hold zero: it can be told.",
    },
    letters="abc",
)
def happier_reader():
    """By the judge's interval in the row «guided, over longer»: above zero, below it, or
    round it."""
    _, low, high = measured["stages"]["guided-book"]["PP-OCRv6 accuracy"]
    return "a" if low > 0 else "b" if high < 0 else "c"


def _odds(p):
    return p / (1 - p)


@exercise(
    "Asking first",
    minutes=6,
    hint="Odds are `p / (1 - p)`. Compare them after with `caution` times before.",
    why="From 0.5 to 0.6 and from 0.98 to 0.99 are not the same step: the first makes "
    "the odds half as large again, the second doubles them. Odds see what happens near "
    "certainty, and a reader is nearly always near it.",
    mistakes=[
        (
            lambda before, after, caution: after > caution * before,
            "These are the confidences themselves. Their odds are asked for.",
        ),
        (
            lambda before, after, caution: _odds(after) >= caution * _odds(before),
            "Just as many times is not *more*: what is no surer stays as it was.",
        ),
        (
            lambda before, after, caution: caution * _odds(after) > _odds(before),
            "Caution stands on the wrong side: the larger it is, the more this changes.",
        ),
        (
            lambda before, after, caution: _odds(after) - _odds(before) > caution,
            "This is by how much the odds grow. How many times is asked for.",
        ),
        (
            lambda before, after, caution: _odds(after) / _odds(before),
            "This is how many times the odds have grown. Is it more than `caution`?",
        ),
    ],
    trials=lambda: [
        (0.5, 0.6, 1),
        (0.6, 0.5, 1),
        (0.5, 0.5, 1),
        (0.9, 0.99, 10),
        (0.2, 0.5, 10),
        (0.05, 0.04, 0),
    ],
)
def change_it(before, after, caution):
    """One bets on a word with a confidence of p at odds of p to 1 − p."""
    return after / (1 - after) > caution * before / (1 - before)


def _overlap(one, other, *, disjoint=True, of="union"):
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0, wide) * max(0, high) if disjoint else wide * high
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    whole = {"union": sum(areas) - common, "sum": sum(areas), "least": min(areas)}
    return common / (whole["least"] if of == "least" else whole[of])


@exercise(
    "Is it that word?",
    minutes=8,
    hint="The common part begins at the larger of the two left edges and ends at the "
    "smaller of the two right ones. Where that is less than nothing, there is none.",
    why="Only what lies on a word, and on little else, counts as that word: a box that "
    "is twice as long gets one half at most. So the loss never asks for a word where the "
    "picture shows another one.",
    mistakes=[
        (
            lambda one, other: _overlap(one, other, disjoint=False),
            "Boxes that do not meet get an overlap: two lengths below zero have a "
            "product above it.",
        ),
        (
            lambda one, other: _overlap(one, other, of="sum"),
            "What is common has been counted twice below the line: take it off once.",
        ),
        (
            lambda one, other: _overlap(one, other, of="least"),
            "This is the share of the smaller box. A box round the whole page would be "
            "every word.",
        ),
        (
            lambda one, other: 1 - _overlap(one, other),
            "This is a distance, 1 minus what is asked for.",
        ),
    ],
    trials=lambda: [
        ((0, 0, 30, 10), (0, 0, 30, 10)),
        ((0, 0, 30, 10), (10, 0, 40, 10)),
        ((0, 0, 64, 20), (0, 4, 30, 14)),
        ((0, 0, 10, 10), (20, 20, 40, 30)),
    ],
)
def overlap(one, other):
    """What both cover over what either covers."""
    width = max(0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def _half(interval):
    return (interval[2] - interval[1]) / 2


def _halves(machine="english_g2"):
    key = f"{machine} accuracy"
    apart = [_half(scores[row][key]) for row in ("guided-book-none", "guided-book")]
    return apart, _half(measured["stages"]["guided-book"][key])


@exercise(
    "As if they were other pages",
    minutes=8,
    hint="Of two independent means the variances add up, and so do the squares of the "
    "half intervals.",
    why="A page that is hard for one network is hard for its twin. Subtracted page by "
    "page that falls out, and so small a difference can be seen at all. With two sets of "
    "pages one would need many times as many.",
    mistakes=[
        (
            lambda: sum(_halves()[0]) / _halves()[1],
            "You added the intervals. Chance does not always push both apart: their "
            "squares add up.",
        ),
        (
            lambda: _halves()[0][1] / _halves()[1],
            "This is one row's interval alone. The difference has the chance of both.",
        ),
        (
            lambda: _halves()[1] / np.hypot(*_halves()[0]),
            "This is the paired one over the other. Turn it round.",
        ),
        (
            lambda: np.hypot(*_halves("PP-OCRv6")[0]) / _halves("PP-OCRv6")[1],
            "This is PP-OCRv6. English_g2 is asked for.",
        ),
        (
            lambda: np.hypot(*_halves()[0]) / _halves()[1] / 2,
            "You compare a half of one interval with the whole of the other.",
        ),
    ],
    tolerance=0.01,
)
def other_pages():
    """{right:.1f} times as wide."""
    key = "english_g2 accuracy"
    intervals = [
        scores["guided-book-none"][key],
        scores["guided-book"][key],
        measured["stages"]["guided-book"][key],
    ]
    longer, listening, paired = (high - low for _, low, high in intervals)
    return np.hypot(longer, listening) / paired


def _quiet(count="error", loud=False):
    places = pages.windows(lesson.corners, *lesson.image.shape)
    with torch.no_grad():
        once = first(ruin(lesson))[0].clamp(0, 1)
        losses = reader.losses(crops(once, places), [w.text for w in lesson.words])
    error = (once - to_tensor(lesson.image)) ** 2
    errors = torch.stack([part.sum() for part in crops(error, places)])
    half = losses.argsort(descending=loud)[: len(losses) // 2]
    what = errors if count == "error" else losses
    return 100 * (what[half].sum() / what.sum()).item()


@exercise(
    "Two complaints",
    minutes=12,
    hint="`pages.windows(lesson.corners, 64, 256)` gives the words' boxes. `crops` cuts "
    "them out, of what D1 makes of it for the reader, and of the picture of squared "
    "errors.",
    why="Of these words the reader complains least. The squared error does not know "
    "that, and works on their grey pixels as on any. A loss that knows of letters leaves "
    "in peace what can be read already.",
    mistakes=[
        (
            lambda: _quiet("loss"),
            "This is their share of the reader's loss. By it they were chosen; the "
            "squared error is asked for.",
        ),
        (
            lambda: _quiet(loud=True),
            "This is the other half, of which the reader complains most.",
        ),
        (lambda: two_complaints.right / 100, "A fraction. Per cent are asked for."),
    ],
    tolerance=0.005,
)
def two_complaints():
    """{right:.0f} per cent of the squared error. Of the reader's loss it is less."""
    places = pages.windows(lesson.corners, *lesson.image.shape)
    with torch.no_grad():
        once = first(ruin(lesson))[0].clamp(0, 1)
        losses = reader.losses(crops(once, places), [w.text for w in lesson.words])
    error = (once - to_tensor(lesson.image)) ** 2
    errors = torch.stack([part.sum() for part in crops(error, places)])
    quiet = losses.argsort()[: len(losses) // 2]
    return 100 * (errors[quiet].sum() / errors.sum()).item()
