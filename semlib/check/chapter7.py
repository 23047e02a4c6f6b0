"""Exercises of chapter 7. The names are those of the chapter."""

import numpy as np

from .. import data
from ..experiments import load
from ..metrics import accuracy, exact_words
from .answers import exercise

measured = load("jpeg-quality")
names = ("english_g2", "PP-OCRv6")
by_quality = {row["quality"]: row for row in measured["quality"]}
chosen = data.X_HEIGHT
page = data.make_book_page(3, "test")
patch = page.patches()[0]


@exercise(
    "One wave at quality 1",
    minutes=2,
    hint="Divide by 255, round to a whole number, multiply by 255. How far is that from "
    "where you began?",
    why="A wave is either dropped or blown up to 255, and nothing lies between: that is "
    "why a ruined page looks so much like strong waves and so little like letters.",
    mistakes=[
        (
            140,
            "So it would be if the wave were dropped. 140 is more than half of 255, and "
            "is rounded up.",
        ),
        (255, "This is what the decoder gets. How far is it from 140?"),
        (140 / 255, "This is the level before it is rounded."),
        (1, "This is the level that is kept. The error of the coefficient is asked for."),
    ],
)
def one_wave():
    """140 / 255 is rounded to the level 1, and comes back as 255: off by {right:.0f}."""
    return abs(np.round(140 / 255) * 255 - 140)


@exercise(
    "Where do words begin to break?",
    minutes=2,
    hint="What is a good picture to you is not what decides. Make a guess, then look at "
    "the table after the slider.",
    why="The eye is content for much longer than the reader. At this quality one may "
    "still read all of it, and whoever chooses a quality by looking has chosen for "
    "himself alone.",
    mistakes=[
        ("a", "Here it still reads nearly every word: a few waves fewer do no harm yet."),
        ("b", "It stumbles here, but more than half of the words are still right."),
        ("d", "It has fallen below one half before that, at a milder quality."),
    ],
    letters="abcd",
)
def words_break():
    """The first quality in the table, going down, with less than 0.5 exact words."""
    share = {row["quality"]: row["english_g2 exact"][0] for row in measured["quality"]}
    few = [share[quality] < 0.5 for quality in (50, 20, 10, 5)]
    return "abcd"[few.index(True)]


def _bits_a_character(what=data.jpeg_scan, unit=8, count=len):
    return unit * len(what(data.jpeg_bytes(patch.image, 1))) / count(patch.text)


@exercise(
    "What a ruined letter costs",
    minutes=3,
    hint="`data.jpeg_scan(data.jpeg_bytes(patch.image, 1))` has the bytes, and "
    "`patch.text` the characters.",
    why="Eight bits would spell each character out, and chapter 1 needed fewer still. "
    "More than that has been paid for a picture of the text that nobody can read: it is "
    "not the number of bits that fails here, but what they were spent on.",
    mistakes=[
        (lambda: _bits_a_character(unit=1), "These are bytes a character, not bits."),
        (
            lambda: _bits_a_character(lambda file: file),
            "Here the header counts as well. Without it is asked for.",
        ),
        (
            lambda: _bits_a_character(count=lambda text: sum(map(str.isalnum, text))),
            "Spaces and line ends are characters, too.",
        ),
        (
            lambda: _bits_a_character(count=lambda text: patch.image.size),
            "These are bits a pixel. A character takes many pixels.",
        ),
    ],
    tolerance=0.002,
)
def ruined_letter():
    """{right:.1f} bits."""
    scan = data.jpeg_scan(data.jpeg_bytes(patch.image, 1))
    return 8 * len(scan) / len(patch.text)


@exercise(
    "Below five per cent?",
    minutes=4,
    hint="Compare the last row of the table with 0.05, for both readers: twice by "
    "accuracy, twice by exact words.",
    why="Whether a claim is reproduced hangs on a word that the claim leaves out. Say by "
    "which measure, and by which reader, or a number can be agreed with and denied.",
    mistakes=[
        (
            "a",
            "Accuracy pays for every letter that happens to be in order, and so does not "
            "fall that low.",
        ),
        ("c", "Look at the columns of exact words: of both readers they are below it."),
    ],
    letters="abc",
)
def below_five():
    """Both readers are below 0.05 by exact words; by accuracy they are not."""
    ruined = by_quality[1]
    below = [
        max(ruined[f"{name} {key}"][0] for name in names) < 0.05
        for key in ("accuracy", "exact")
    ]
    return "cba"[sum(below)]


def _one_pixel(reader="PP-OCRv6", key="accuracy", step=1, unit=100):
    rows = {row["x_height"]: row["quality 1"] for row in measured["x_height"]}
    higher, here = (rows[size][f"{reader} {key}"][0] for size in (chosen + step, chosen))
    return unit * (higher - here)


@exercise(
    "One pixel more",
    minutes=4,
    hint="`measured['x_height']` is a list with a row for each size; "
    "`row['quality 1']['PP-OCRv6 accuracy'][0]` is the mean.",
    why="A single pixel is worth more than many an invention in the papers. Two results "
    "on restored text can be compared only if their letters are of one size.",
    mistakes=[
        (
            lambda: _one_pixel("english_g2"),
            "This is english_g2. PP-OCRv6 is asked for.",
        ),
        (
            lambda: _one_pixel(key="exact"),
            "These are exact words. The accuracy is asked for.",
        ),
        (
            lambda: _one_pixel(step=-1),
            "This is one pixel less. One more is asked for.",
        ),
        (lambda: _one_pixel(unit=1), "A fraction. Points are asked for."),
    ],
    tolerance=0.005,
)
def one_pixel():
    """{right:.1f} points."""
    rows = {row["x_height"]: row["quality 1"] for row in measured["x_height"]}
    higher, here = rows[chosen + 1], rows[chosen]
    return 100 * (higher["PP-OCRv6 accuracy"][0] - here["PP-OCRv6 accuracy"][0])


def _table(quality, *, low=1, high=255, half=0.5, bend=True):
    scale = 50 / quality if quality < 50 or not bend else 2 - quality / 50
    scaled = data.quantization_table(50) * scale
    rounded = np.floor(scaled + half) if half is not None else np.round(scaled)
    return rounded.clip(low, high)


@exercise(
    "The quality's table",
    minutes=10,
    hint="Four lines: the factor, the product, `np.floor(… + 0.5)`, `.clip(1, 255)`.",
    why="Quality is no share of anything: it is a factor on one table, cut off at both "
    "ends. At 1 all of it has been cut off, at 2 nearly all, and so the two are almost "
    "one. Other programs use other tables: their 80 is not yours.",
    mistakes=[
        (
            lambda quality: _table(quality, high=np.inf),
            "Some steps are above 255, which one byte cannot hold.",
        ),
        (
            lambda quality: _table(quality, low=0),
            "Some steps are 0, and nobody can divide by that: at least 1.",
        ),
        (
            lambda quality: _table(quality, bend=False),
            "From 50 on another rule holds: 2 − quality / 50.",
        ),
        (
            lambda quality: _table(quality, half=None),
            "`np.round` takes a half to the nearest *even* number. Here halves go up.",
        ),
        (lambda quality: _table(quality, half=0), "You cut off where you should round."),
    ],
    trials=lambda: [(1,), (2,), (10,), (20,), (75,), (100,)],
    tolerance=1e-9,
)
def table_of(quality):
    """As libjpeg does it."""
    factor = 50 / quality if quality < 50 else 2 - quality / 50
    scaled = data.quantization_table(50) * factor
    return np.floor(scaled + 0.5).clip(1, 255)


def _shuffled(score=accuracy, parts=lambda text: list(filter(str.isalnum, text))):
    rng, pieces = np.random.default_rng(1), parts(patch.text)
    return np.mean(
        [score(patch.text, "".join(rng.permutation(pieces).tolist())) for _ in range(100)]
    )


@exercise(
    "Letters in a hat",
    minutes=8,
    hint="Keep what `str.isalnum` is true of. `rng.permutation` puts a list into a "
    "random order, and `join` makes a text of it.",
    why="So much is what pure chance is worth, with not one word in it. Compare it with "
    "the accuracies at quality 1: the lower end of the scale says next to nothing, and "
    "that is why exact words stand beside it.",
    mistakes=[
        (
            lambda: 1 - _shuffled(),
            "This is the error, the edit distance over the length. The accuracy is 1 "
            "minus that.",
        ),
        (
            lambda: _shuffled(exact_words),
            "These are exact words, of which none is left. The accuracy is asked for.",
        ),
        (
            lambda: accuracy(patch.text, "".join(sorted(patch.text))),
            "You sorted the letters. In a random order more of them fall into place.",
        ),
        (1.0, "The letters are the same, but the order counts as well."),
    ],
    tolerance=0.04,
)
def letters_in_a_hat():
    """The mean accuracy is {right:.2f}."""
    rng = np.random.default_rng(1)
    letters = [c for c in patch.text if c.isalnum()]
    return np.mean(
        [accuracy(patch.text, "".join(rng.permutation(letters))) for _ in range(100)]
    )


def _errors(quality=1, axis=0, power=2):
    line = data.set_patch(["some lines are ruined more than others"], "Lora").image
    moved = [np.roll(line, step, axis=axis) for step in range(8)]
    ruined = [data.degrade(one, quality=quality)[0].astype(float) for one in moved]
    return [(abs(a - b) ** power).mean() for a, b in zip(ruined, moved)]


@exercise(
    "The luck of a line",
    minutes=10,
    hint="For each of the eight: roll it along axis 0, take the first of what "
    "`data.degrade` returns, and the mean of the squared difference, as floats.",
    why="The same line, the same quality: its place on a grid that nobody sees decides "
    "how much is left. It is least ruined where its letters fit into one row of blocks. "
    "A test set whose lines all lie alike measures one throw of that die.",
    mistakes=[
        (
            lambda: np.ptp(_errors()),
            "This is the difference. How many times as large is asked for.",
        ),
        (
            lambda: min(_errors()) / max(_errors()),
            "This is the smallest over the largest. Turn it round.",
        ),
        (
            lambda: max(_errors(axis=1)) / min(_errors(axis=1)),
            "You moved it sideways. There its letters lie anywhere already, and it "
            "hardly matters.",
        ),
        (
            lambda: max(_errors(10)) / min(_errors(10)),
            "This is at quality 10. Quality 1 is asked for.",
        ),
        (
            lambda: max(_errors(power=1)) / min(_errors(power=1)),
            "These are mean absolute errors. Square them first.",
        ),
    ],
    tolerance=0.005,
)
def lucky_line():
    """{right:.2f} times as large."""
    line = data.set_patch(["some lines are ruined more than others"], "Lora").image
    errors = []
    for down in range(8):
        moved = np.roll(line, down, axis=0)
        ruined = data.degrade(moved, quality=1)[0].astype(float)
        errors.append(((ruined - moved) ** 2).mean())
    return max(errors) / min(errors)
