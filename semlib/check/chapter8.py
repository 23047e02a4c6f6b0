"""Exercises of chapter 8. The names are those of the chapter."""

from typing import Any

import numpy as np
import torch

from .. import data, zoo
from ..experiments import load
from ..images import to_tensor
from ..restore import block_dct, contradictions, quantize
from .answers import exercise

training: Any = load("checkpoints-dncnn")
sweep: Any = load("dct-loss-sweep")
honest: Any = load("restoration")
same: Any = load("same-bytes")
network, _ = zoo.load_restorer("dncnn-book")
seer, _ = zoo.load_restorer("unet")
patch = data.make_book_page(1, "test").patches()[0]
clean = to_tensor(patch.image)[None]


@exercise(
    "Half of the decibels",
    minutes=2,
    hint="Note the first and the last PSNR, and half way between. Which position is the "
    "first above that, and what stands there of english_g2?",
    why="A decibel buys letters while the blots become strokes, and less and less after. "
    "The last decibels are for whole words: look at «exact words» there.",
    mistakes={
        "a": "At the first position above half of the PSNR's way, accuracy is not "
        "above half of its own.",
        "b": "At the first position above half of the PSNR's way, accuracy is not "
        "between a quarter and half of its own.",
        "c": "At the first position above half of the PSNR's way, accuracy has gone "
        "more than a quarter of its own.",
    },
    letters="abc",
)
def half_way():
    """Both as shares of their way from the first position to the last."""
    gain, read = (np.array([row[key][0] for row in training["steps"]])
                  for key in ("psnr", "english_g2 accuracy"))  # fmt: skip
    gain = (gain - gain[0]) / (gain[-1] - gain[0])
    read = (read - read[0]) / (read[-1] - read[0])
    share = read[np.argmax(gain >= 0.5)]
    return "a" if share > 0.5 else "b" if share > 0.25 else "c"


@exercise(
    "As far with 3×3 alone",
    minutes=2,
    hint="A 3×3 convolution lets a pixel see one pixel further on each side: how many "
    "must there be for `seer.reach` of them?",
    why="At full resolution, with 64 filters each, this would take eight times DnCNN's "
    "multiplications. Halving the picture thrice is what makes it cheap to look around.",
    mistakes=[
        (
            lambda: 2 * seer.reach + 1,
            "This is the window's side. Each convolution adds to both sides.",
        ),
        (
            lambda: (2 * seer.reach + 1) // 3,
            "They do not stand side by side. Each sees two pixels more than the last.",
        ),
        (
            lambda: seer.reach + 1,
            "One too many: a pixel sees itself without any convolution.",
        ),
    ],
    tolerance=0.001,
)
def how_many_layers():
    """One for each pixel to a side: {right:d}."""
    return seer.reach


@exercise(
    "The best λ",
    minutes=3,
    hint="In the table, the rows with τ = 0.5: do the seeds of 0.8 stand apart from "
    "those of the other λ?",
    why="Two runs that differ in nothing but chance differ by as much. Whoever had run "
    "each once would have had a best λ, and a reason for it.",
    mistakes={
        "a": "Another λ has a seed that is as good as one of 0.8's.",
        "b": "No other λ has all its seeds above those of 0.8.",
        "c": "The seeds of 0.8 do stand apart from the others.",
    },
    letters="abc",
)
def best_weight():
    """All seeds of 0.8 would have to lie above all others, or below those of one λ."""
    rows = {row["lambda"]: row["english_g2 accuracy"]["seeds"]
            for row in sweep["losses"] if row["threshold"] == 0.5}  # fmt: skip
    own = rows.pop(0.8)
    above = all(min(own) > max(seeds) for seeds in rows.values())
    below = any(max(own) < min(seeds) for seeds in rows.values())
    return "a" if above else "b" if below else "c"


def _levels(key="psnr", per=20, peak=255):
    return peak * 10 ** (-honest["rows"]["unet"][key][0] / per)


@exercise(
    "Decibels in shades of grey",
    minutes=3,
    hint="PSNR is $10 \\log_{10}(255^2 / \\mathrm{MSE})$. Solve for the root of the MSE.",
    why="Spread over all pixels alike nobody would see it. It is not spread alike: white "
    "paper is right, and the error sits at the letters' edges, where one reads.",
    mistakes=[
        (
            lambda: 255**2 * 10 ** (-honest["rows"]["unet"]["psnr"][0] / 10),
            "This is the mean *squared* error. Take the root.",
        ),
        (
            lambda: _levels(per=10),
            "The square is missing: a factor of 10 in the error is 20 dB.",
        ),
        (lambda: _levels(peak=1), "This is on the scale from 0 to 1."),
        (
            lambda: 255 * np.exp(-honest["rows"]["unet"]["psnr"][0] / 20),
            "Decibels are to base 10, not to base e.",
        ),
    ],
)
def shades_of_grey():
    """{right:.1f} levels of 255."""
    decibels = honest["rows"]["unet"]["psnr"][0]
    return 255 * 10 ** (-decibels / 20)


def _bright(threshold=0.5, over=64, by=0.1):
    return (block_dct(torch.full((1, 1, 8, 8), by)).max().item() - threshold) / over


@exercise(
    "A block that is too bright",
    minutes=4,
    hint="All pixels alike differ in one coefficient only, and its $c_0$ makes it eight "
    "times as large as a pixel's difference.",
    why="No pixel is off by more than 0.1, and still this block cannot be the file's: a "
    "sum over 64 pixels knows more than each of them. That is what a coefficient is.",
    mistakes=[
        (lambda: _bright(over=1), "You summed where the loss takes the mean, over 64."),
        (lambda: _bright(threshold=0), "Nothing was forgiven: take τ off first."),
        (
            0,
            "0.1 is less than τ, but τ is for coefficients, and this one is larger.",
        ),
        (
            lambda: _bright(threshold=0.5 / 255),
            "This is with τ on the scale from 0 to 255.",
        ),
    ],
    tolerance=0.001,
)
def too_bright():
    """The coefficient differs by 0.8, of which 0.5 are forgiven; over 64: {right:.4f}."""
    difference = block_dct(torch.full((1, 1, 8, 8), 0.1)).abs()
    return (difference - 0.5).clamp(min=0).mean().item()


def _avoided(machine="PP-OCRv6", what="accuracy"):
    key = f"{machine} {what}"
    mended, fax = honest["rows"]["unet"][key][0], same["rows"]["one bit a pixel"][key][0]
    return mended, fax


def _spared(machine="PP-OCRv6", what="accuracy"):
    mended, fax = _avoided(machine, what)
    return 100 * (1 - (1 - fax) / (1 - mended))


@exercise(
    "Had one sent a fax",
    minutes=4,
    hint="What is missing to 1 after the U-Net, `honest['rows']['unet']`, and what by "
    "the fax, `same['rows']['one bit a pixel']`; by `'PP-OCRv6 accuracy'`.",
    why="Near the ceiling points say little: what is left of the errors says more. The "
    "fax has no network at all. It was only asked the right question before the page was "
    "ruined.",
    mistakes=[
        (
            lambda: 100 * (_avoided()[1] - _avoided()[0]),
            "These are points of accuracy. Which part of what was missing is that?",
        ),
        (lambda: 100 - _spared(), "This is what is left of the errors."),
        (lambda: _spared() / 100, "A fraction. Per cent are asked for."),
        (
            lambda: _spared("english_g2"),
            "This is english_g2, which stumbles over the fax's steps.",
        ),
        (lambda: _spared(what="exact"), "These are words, not accuracy."),
    ],
    tolerance=0.005,
)
def sent_a_fax():
    """{right:.0f} per cent."""
    key = "PP-OCRv6 accuracy"
    mended = honest["rows"]["unet"][key][0]
    fax = same["rows"]["one bit a pixel"][key][0]
    return 100 * (1 - (1 - fax) / (1 - mended))


@exercise(
    "What the file denies",
    minutes=4,
    hint="Two sums of squares: of `held - result`, over that of `result - ruin`.",
    why="It takes no clean picture to compute this, so it can be asked of any page that "
    "somebody brings.",
    mistakes=[
        (
            lambda result, held, ruin: (
                np.linalg.norm(held - result) / np.linalg.norm(result - ruin)
            ),
            "These are the lengths. Their squares are asked for.",
        ),
        (
            lambda result, held, ruin: (
                np.sum((result - ruin) ** 2) / np.sum((held - result) ** 2)
            ),
            "Turn the fraction round.",
        ),
        (
            lambda result, held, ruin: (
                np.sum((held - result) ** 2) / np.sum((held - ruin) ** 2)
            ),
            "Below the line stands what the network did: its result against the ruin.",
        ),
        (
            lambda result, held, ruin: (
                np.sum((held - ruin) ** 2) / np.sum((result - ruin) ** 2)
            ),
            "This is the part of its work that the file leaves. What does it take back?",
        ),
    ],
    trials=lambda: [
        (np.array([0.8, 0.3]), np.array([0.7, 0.3]), np.array([0.5, 0.5])),
        (np.array([1.0, 0.0, 0.5]), np.array([0.6, 0.0, 0.5]), np.array([0.2, 0.6, 0.4])),
    ],
)
def share_denied(result, held, ruin):
    """The squared way back over the squared way there."""
    return np.sum((held - result) ** 2) / np.sum((result - ruin) ** 2)


def _held(value, level, step, half=0.5, away=False):
    low, high = (level - half) * step, (level + half) * step
    if away:
        return value if low <= value <= high else level * step
    return min(max(value, low), high)


@exercise(
    "Back into the interval",
    minutes=5,
    hint="From half a step below `level * step` to half a step above it; `min` and "
    "`max`, or `np.clip`.",
    why="This is the whole of the projection, once for each of 64 coefficients. What was "
    "inside is left alone, and what was outside comes nearer to the truth, whatever the "
    "truth is.",
    mistakes=[
        (
            lambda value, level, step: _held(value, level, step, away=True),
            "You put it into the middle. Its nearest end is nearer, and as possible.",
        ),
        (
            lambda value, level, step: level * step,
            "This is what the JPEG decoder does, and the network's work is lost.",
        ),
        (
            lambda value, level, step: _held(value, level, step, half=1),
            "A whole step to each side is too much: rounding moves by half a step.",
        ),
        (
            lambda value, level, step: np.clip(value, level - step / 2, level + step / 2),
            "The level is not yet the coefficient: it counts steps.",
        ),
    ],
    trials=lambda: [
        (0.2, 0, 1.0), (0.7, 0, 1.0), (-0.9, 0, 1.0), (30.0, 2, 16), (50.0, 2, 16),
        (10.0, 2, 16),
    ],
    tolerance=1e-6,
)  # fmt: skip
def back_inside(value, level, step):
    """What is below the interval goes to its lower end, what is above to its upper."""
    return min(max(value, (level - 0.5) * step), (level + 0.5) * step)


def _blocks(one=network, share=False, rounded=True, coefficients=False):
    table = torch.tensor(data.quantization_table(1))
    said = quantize(clean, table)
    with torch.no_grad():
        picture = one(said.clamp(0, 1)).clamp(0, 1)
    if rounded:
        picture = (picture * 255).round() / 255
    if coefficients:
        step = table / 255
        off = (block_dct(picture - said).abs() - step / 2) > 2 / 255
        return off.sum().item()
    wrong = contradictions(picture, said, table)
    return (wrong.float().mean() if share else wrong.sum()).item()


@exercise(
    "Blocks that cannot be",
    minutes=6,
    hint="As in the code of «A network that sees further»: `quantize` the patch, repair "
    "it with `network`, cut and round, and ask `contradictions`.",
    why="These are places where it drew what was certainly not there. It costs a "
    "projection to take them back, and nothing else.",
    mistakes=[
        (lambda: _blocks(share=True), "This is their share. Their number is asked for."),
        (
            lambda: _blocks(coefficients=True),
            "These are coefficients. A block with two of them counts once.",
        ),
        (
            lambda: 256 - _blocks(),
            "These are the blocks that the file does not deny.",
        ),
        (
            lambda: 100 * _blocks(share=True),
            "These are per cent. The number of blocks is asked for.",
        ),
    ],
    tolerance=0.001,
)
def blocks_denied():
    """{right:d} of the patch's 256."""
    table = torch.tensor(data.quantization_table(1))
    said = quantize(clean, table)
    with torch.no_grad():
        repaired = network(said.clamp(0, 1)).clamp(0, 1)
    wrong = contradictions((repaired * 255).round() / 255, said, table)
    return wrong.sum().item()


def _rows(baselines, period=8, whole=np.floor, count=False):
    rows = np.mod(whole(np.asarray(baselines, float)), period).astype(int)
    counts = np.bincount(rows, minlength=8)
    return counts if count else counts / len(rows)


@exercise(
    "Where lines fall on the grid",
    minutes=6,
    hint="`np.mod` by 8, whole numbers, and `np.bincount` with `minlength=8`.",
    why="Give it `old`, and then `new`: eight numbers that would have saved a chapter. "
    "Where all of them ought to be alike, one of them should not hold nearly everything.",
    mistakes=[
        (
            lambda baselines: _rows(baselines, count=True),
            "These are counts. Shares are asked for.",
        ),
        (
            lambda baselines: _rows(baselines, whole=np.round),
            "A line at 7.6 lies in row 7. You rounded to the nearest.",
        ),
        (
            lambda baselines: _rows(baselines, period=16),
            "JPEG's blocks are 8 pixels high, not 16.",
        ),
        (
            lambda baselines: _rows(baselines).max(),
            "This is the largest of them. All eight are asked for.",
        ),
    ],
    trials=lambda: [
        ([0.2, 8.4, 16.9, 3.6, 15.0],),
        (np.array([11.7, 27.7, 43.7, 59.7]),),
    ],
)
def grid_rows(baselines):
    """The row of each in its block, counted, over how many there are."""
    rows = np.mod(baselines, 8).astype(int)
    return np.bincount(rows, minlength=8) / len(rows)
