"""Exercises of chapter 4. The names are those of the chapter."""

import math
from functools import cache

import numpy as np
import torch
from PIL import Image

from .. import data, ocr
from ..experiments import load
from ..images import to_tensor
from .answers import exercise

english_g2 = ocr.EasyOCRReader()
measured, ablation = load("recognizers"), load("recognizer-ablation")
test = data.TextImages("test", 60)
symbols = "∅" + english_g2.alphabet


def word(index):
    grey = Image.fromarray(test[index].image).convert("L")
    return to_tensor(data.reduce_image(grey, 1 / 4))


winnel, shale = word(34), word(33)
with torch.no_grad():
    scores = english_g2.logits(english_g2.prepare(winnel)[None])[0]


def _step(picture, text, move):
    """A picture moved by what `move` makes of the gradient of a text's loss."""
    with torch.enable_grad():
        pixels = picture.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(english_g2.loss([pixels], [text]), pixels)
    return (picture - move(gradient)).clamp(0, 1)


def _loss(picture, text="stale"):
    with torch.no_grad():
        return english_g2.loss([picture], [text]).item()


@cache
def _steps(text: str) -> int:
    picture = shale
    for step in range(1, 21):
        picture = _step(picture, text, lambda g: 2 / 255 * g.sign())
        if english_g2.read([picture]) == [text]:
            return step
    return 0


@exercise(
    "How many steps?",
    minutes=2,
    hint="The slider's positions are whole steps. Look at the first line of what is "
    "read.",
    why="A few levels of grey a pixel, and a reader says another word. So strongly "
    "does a gradient steer, and so what it brings about has to be judged by somebody "
    "else.",
    mistakes=[
        (
            lambda: _steps("stale") + 1,
            "It reads the word one step earlier already: go back and look.",
        ),
        (
            lambda: 2 * _steps("stale"),
            "These are levels of grey. Each step moves by two of them.",
        ),
        (0, "At 0 it is the picture as it was, and reads *shale*."),
    ],
    tolerance=0.001,
)
def steps_to_stale():
    """After step {right:d} it reads *stale*; each step moves a pixel by at most 2 of 255
    levels."""
    picture, steps = shale, 0
    while english_g2.read([picture]) != ["stale"]:
        with torch.enable_grad():
            pixels = picture.clone().requires_grad_()
            loss = english_g2.loss([pixels], ["stale"])
            gradient = torch.autograd.grad(loss, pixels)[0]
        picture, steps = (picture - 2 / 255 * gradient.sign()).clamp(0, 1), steps + 1
    return steps


@exercise(
    "Read a path",
    minutes=2,
    hint="First merge what repeats, then drop the blanks. The order matters.",
    why="Without the blank between them two equal letters would become one: it stands "
    "for «nothing new», and that is what keeps them apart.",
    mistakes=[
        (
            "b",
            "You dropped the blanks before you merged: the *nn* of *winnel* would become "
            "one *n*.",
        ),
        ("c", "Nothing was merged: *nn* without a blank between is one *n*."),
    ],
    letters="abc",
)
def read_a_path():
    """Merged: ∅n∅n∅e∅. Without blanks: *nne*."""
    path = "∅nn∅n∅ee∅"
    merged = [one for one, before in zip(path, " " + path) if one != before]
    read = "".join(one for one in merged if one != "∅")
    return {"nne": "a", "ne": "b", "nnnee": "c"}[read]


def _counted(word, columns, *, touch=False, blank_last=True):
    places = [None, *(one for letter in word for one in (letter, None))]
    far = [1, 1] + [0] * (len(places) - 2)
    for _ in range(columns - 1):
        far = [
            far[s]
            + (far[s - 1] if s else 0)
            + (
                far[s - 2]
                if s > 1 and places[s] and (touch or places[s] != places[s - 2])
                else 0
            )
            for s in range(len(places))
        ]
    return far[-2] + (far[-1] if blank_last else 0)


@exercise(
    "How many alignments",
    minutes=12,
    hint="It is `ctc` with whole numbers: start with 1 in the first two places, add "
    "instead of multiplying by probabilities, and take the last two places at the end.",
    why="The loss sums over all of them, and nobody has to list them: that is why CTC "
    "can be trained.",
    mistakes=[
        (
            lambda word, columns: _counted(word, columns, touch=True),
            "You let two equal letters touch. Between them a blank is compulsory, or "
            "they would be merged.",
        ),
        (
            lambda word, columns: math.comb(columns - 1, len(word) - 1),
            "These are the alignments without any blank.",
        ),
        (
            lambda word, columns: math.comb(columns, len(word)),
            "Here each letter stands in one column only. A letter may also go on.",
        ),
        (
            lambda word, columns: _counted(word, columns, blank_last=False),
            "A word may end in its last letter or in a blank: add both.",
        ),
    ],
    trials=lambda: [("an", 3), ("nn", 4), ("a", 2), ("winnel", 31)],
    tolerance=1e-12,
)
def alignments(word, columns):
    """As `ctc`, with counts for probabilities."""
    places = ["", *(one for letter in word for one in (letter, ""))]
    far = [1, 1] + [0] * (len(places) - 2)
    for _ in range(columns - 1):
        before = [0, 0, *far]
        skip = [
            s > 1 and one != "" and one != places[s - 2] for s, one in enumerate(places)
        ]
        far = [
            before[s + 2] + before[s + 1] + before[s] * skip[s] for s in range(len(far))
        ]
    return far[-1] + far[-2]


def _ctc(scores, text, *, best=True, unit=1.0, letter=True):
    word = [symbols.index(one) for one in text]
    places = [0] + [one for each in word for one in (each, 0)]
    p = scores.double().softmax(-1)[:, places].tolist()
    join = max if best else lambda *ways: sum(ways)
    far = [*p[0][:2]] + [0.0] * (len(places) - 2)
    for column in p[1:]:
        far = [
            join(
                far[s],
                far[s - 1] if s else 0.0,
                far[s - 2] if s > 1 and places[s] and places[s] != places[s - 2] else 0.0,
            )
            * column[s]
            for s in range(len(places))
        ]
    return -math.log(join(far[-1], far[-2])) / unit / (len(word) if letter else 1)


@exercise(
    "The best alignment alone",
    minutes=10,
    hint="In the last line of the loop three ways lead to a place. `torch.stack([...])"
    ".amax(0)` takes the largest of them. At the end, too, the larger of two.",
    why="Now it is the cost of the single best alignment, Viterbi's. Where the reader is "
    "sure, one alignment has nearly all of the probability, and the two hardly differ; "
    "for *winel*, where it is torn, they do.",
    mistakes=[
        (
            lambda scores, text: _ctc(scores, text, best=False),
            "This is still the sum over all alignments: nothing has changed.",
        ),
        (
            lambda scores, text: _ctc(scores, text, letter=False),
            "This is for the whole word. Nats a letter are asked for.",
        ),
        (
            lambda scores, text: _ctc(scores, text, unit=math.log(2)),
            "These are bits. The reader's loss is in nats, the natural logarithm.",
        ),
    ],
    trials=lambda: [(scores, text) for text in ("winnel", "winel", "tunnel", "winner")],
    tolerance=1e-5,
)
def best_alignment(scores, text):
    """`ctc` with the largest of the ways in instead of their sum."""
    word = [symbols.index(letter) for letter in text]
    places = [0] + [one for letter in word for one in (letter, 0)]
    p = scores.double().softmax(-1)[:, places]
    far = torch.zeros(len(places), dtype=torch.double)
    far[:2] = p[0, :2]
    skip = torch.tensor(
        [s > 1 and one != 0 and one != places[s - 2] for s, one in enumerate(places)]
    )
    for column in p[1:]:
        back = torch.cat([torch.zeros(2), far])
        far = torch.stack([far, back[1:-1], back[:-2] * skip]).amax(0) * column
    return -(far[-2:].max().log() / len(word)).item()


@exercise(
    "Why the sign?",
    minutes=8,
    hint="Divide the gradient by its largest absolute value, and move by 2/255 times "
    "that.",
    why="Only one pixel has moved by two levels, most by next to nothing: the loss falls "
    "much less than with signs. If what is limited is how far *each* pixel may go, all "
    "should go that far. Many small pushes are a large one.",
    mistakes=[
        (
            lambda: _loss(_step(shale, "stale", lambda g: 2 / 255 * g.sign())),
            "This is the step by the sign. Here each pixel moves in proportion to its "
            "gradient.",
        ),
        (
            lambda: _loss(_step(shale, "stale", lambda g: -2 / 255 * g / g.abs().max())),
            "The loss has grown: you went with the gradient, away from the word.",
        ),
        (
            lambda: _loss(_step(shale, "stale", lambda g: -2 / 255 * g.sign())),
            "This is the step by the sign, and away from the word.",
        ),
        (lambda: _loss(shale), "This is the loss before the step."),
    ],
    tolerance=0.003,
)
def without_the_sign():
    """The loss for *stale* is {right:.3f} after it. Compare with the slider's first
    position."""
    with torch.enable_grad():
        pixels = shale.clone().requires_grad_()
        loss = english_g2.loss([pixels], ["stale"])
        gradient = torch.autograd.grad(loss, pixels)[0]
    moved = (shale - 2 / 255 * gradient / gradient.abs().max()).clamp(0, 1)
    return english_g2.loss([moved], ["stale"]).item()


def _blind(picture, text):
    with torch.enable_grad():
        pixels = picture.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(english_g2.loss([pixels], [text]), pixels)
    return (gradient == 0).double().mean().item()


@exercise(
    "Blind spots",
    minutes=6,
    hint="`(gradient == 0).float().mean()`. Then see how `EasyOCRReader.prepare` makes "
    "the picture smaller.",
    why="It resizes without averaging, and so skips pixels. A codec trained against it "
    "on pictures of this size may put there what it likes: the reader does not look. "
    "The size at which a reader sees is a part of the reader.",
    mistakes=[
        (
            lambda: 100 - blind.right,
            "These are the pixels that it does look at.",
        ),
        (lambda: blind.right / 100, "A fraction. Per cent are asked for."),
        (
            lambda: 100 * _blind(word(20), test[20].text),
            "This is the small picture, 64×128, where nothing is skipped.",
        ),
    ],
    tolerance=0.01,
)
def blind():
    """{right:.1f} per cent. From 256 rows it goes to 64, and takes each new pixel from
    the two nearest old ones each way: of four rows and of four columns two are
    skipped."""
    picture = to_tensor(test[20].image)
    with torch.enable_grad():
        pixels = picture.clone().requires_grad_()
        loss = english_g2.loss([pixels], [test[20].text])
        gradient = torch.autograd.grad(loss, pixels)[0]
    return 100 * (gradient == 0).double().mean().item()


def _lost(name, what="exact", unit=100.0):
    row = measured["readers"][name]
    return unit * (row["plain"][what][0] - row["hard"][what][0])


@exercise(
    "A specialist",
    minutes=4,
    hint="`measured['readers']['TRBA']['plain']['exact'][0]` is the share of words "
    "that it reads exactly.",
    why="It learned from pictures of the plain kind, and what it is worth elsewhere is "
    "another number. A reader is measured on what it has not been trained on, or it is "
    "not measured.",
    mistakes=[
        (lambda: _lost("PP-OCRv6"), "This is PP-OCRv6. TRBA is asked for."),
        (lambda: _lost("english_g2"), "This is english_g2. TRBA is asked for."),
        (
            lambda: _lost("TRBA", "accuracy"),
            "This is the accuracy by letters. Exact words are asked for.",
        ),
        (lambda: _lost("TRBA", unit=1.0), "A fraction. Points are asked for."),
        (
            lambda: (
                100
                - 100
                * measured["readers"]["TRBA"]["hard"]["exact"][0]
                / measured["readers"]["TRBA"]["plain"]["exact"][0]
            ),
            "This is relative, in per cent. The difference in points is asked for.",
        ),
    ],
    tolerance=0.005,
)
def specialist():
    """{right:.1f} points."""
    trba = measured["readers"]["TRBA"]
    return 100 * (trba["plain"]["exact"][0] - trba["hard"]["exact"][0])


@exercise(
    "Who marks the exam?",
    minutes=5,
    hint="Which of the readers has had a hand in the pictures?",
    why="Who was trained against has been asked, and says yes. Every result of the "
    "chapters to come has the judge beside it for that reason.",
    mistakes=[
        (
            "a",
            "That reader was asked: the pictures were moved until it was content. What "
            "it reads says little of what is there.",
        ),
        (
            "c",
            "A mean with the reader that was asked in it is half an answer of the one "
            "who sat the exam.",
        ),
        (
            "d",
            "TRBA was not asked here, and is a fair witness. But in this book others are "
            "trained against it, too; one reader is kept that never is.",
        ),
    ],
    letters="abcd",
)
def who_marks():
    """The judge's: no gradient of its own has touched any picture in this book."""
    return "b"


@exercise(
    "Is the spline worth it?",
    minutes=6,
    hint="Each combination without a spline (`None-…`) has a twin with it (`TPS-…`), and "
    "each of them three seeds. On which side of zero are the differences?",
    why="«We cannot tell» is a result, and the honest one where differences of both "
    "signs are found. It is a statement about this budget and these words, which are "
    "never bent.",
    mistakes=[
        ("a", "Some of the differences are below zero. Print them all, not their mean."),
        ("b", "Some of the differences are above zero. Print them all, not their mean."),
    ],
    letters="abc",
)
def spline_worth():
    """Differences of both signs: it cannot be told."""
    table = ablation["stages"]
    worth = np.concatenate(
        [
            np.subtract(
                table[name.replace("None", "TPS")]["picture"]["accuracy"]["seeds"],
                table[name]["picture"]["accuracy"]["seeds"],
            )
            for name in table
            if name.startswith("None")
        ]
    )
    return "a" if worth.min() > 0 else "b" if worth.max() < 0 else "c"
