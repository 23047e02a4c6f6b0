"""Chapters 8 and 9: what is read of ruined book pages, repaired in many ways."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import torch
from torch import Tensor

from .. import zoo
from ..data import BOOK_PAGES, BookPatches
from ..images import InputError, to_tensor
from ..metrics import gains, summary
from ..restore import OCRGuided, Restorer
from .end_to_end import Repair, compared, held, levels, repaired, stored, untouched
from .results import load, test_set

# trained on the pages of `data.pages`, whose lines lie at one height of JPEG's grid
OLD = ("dncnn", "guided")
D1, *SECOND, GUIDED = zoo.PAIR
BOOK = (*zoo.PAIR, *zoo.DEFAULTS)
CAREFUL = f"{GUIDED}, cautious"
GRAIN = f"{D1}, with grain"  # mends nothing: how much a reading changes by itself
AFTER_D1 = (*SECOND, GUIDED, CAREFUL, GRAIN)  # what goes on from D1's result


def run(
    folder: Path = Path("runs/restoration"),
    subset: int = BOOK_PAGES["test"],
    only: Sequence[str] = (),
) -> dict:
    """Ruin a patch of each test page, repair it in every way, and read it end to end.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        subset: test pages.
        only: these ways of repair; all of them when empty.

    Returns:
        ``rows``: for every way of repair PSNR, SSIM and PSNR-B against the clean patch;
        the share of blocks that contradict their file; and for each reader accuracy,
        exact words and false words: means and 95 % intervals over pages. ``gains``:
        the same of what each way has over JPEG alone, page by page. ``stages``: of what
        each stage of the pair's training has over the one before. ``changes``: what each
        of `AFTER_D1` changes in D1's, by each reader, with ``false_friends``.
        ``over_d1``: what each has over D1, page by page.

    Raises:
        InputError: there is no such way of repair.
    """
    ways = methods()
    for name in only:
        if name not in ways:
            raise InputError(f"--only must be one of {', '.join(ways)}, not {name}")
    patches = BookPatches("test", subset).firsts()
    scores = {  # page by page, and a page has one patch
        name: [
            [row]
            for row in stored(
                folder / f"{name}.jsonl", _weights(name), patches, ways[name]
            )
        ]
        for name in only or ways
    }

    def gained(before: str, after: str) -> dict:
        return gains(scores[before], scores[after])

    mended = [name for name in scores if name not in ("degraded", "clean")]
    stages = [pair for pair in pairwise(zoo.PAIR) if scores.keys() >= set(pair)]
    second = [name for name in AFTER_D1 if scores.keys() >= {D1, name}]
    texts = [[patch.text] for patch in patches]
    return {
        "patches": subset,
        "rows": {
            name: {"patches": subset, **summary(found)} for name, found in scores.items()
        },
        "gains": {
            name: gained("degraded", name) for name in mended if "degraded" in scores
        },
        "stages": {after: gained(before, after) for before, after in stages},
        "changes": {name: compared(texts, scores[D1], scores[name]) for name in second},
        "over_d1": {name: gained(D1, name) for name in second},
        "weights": {name: zoo.card(name)["sha256"] for name in restorers()},
        **test_set([patch.image for patch in patches]),
    }


def methods() -> dict[str, Repair | None]:
    """Every way of repair; None leaves a patch as it was before it was compressed."""
    learned = {name: zoo.load_restorer(name)[0] for name in restorers()}
    return {
        "clean": None,
        "degraded": untouched,
        **{name: partial(held, network) for name, network in learned.items()},
        **{
            f"{name}, not held": partial(repaired, network)
            for name, network in learned.items()
            if name == zoo.DEFAULTS[0]
        },
        CAREFUL: partial(held, _careful()),
        GRAIN: partial(_grainy, learned[D1]),
        **{name: partial(_filtered, process) for name, process in FILTERS.items()},
    }


def restorers() -> list[str]:
    """The names of the shipped ones that this experiment compares."""
    return [*OLD, *BOOK]


FILTERS = {
    "median": lambda image: cv2.medianBlur(image, 3),
    "Gaussian": lambda image: cv2.GaussianBlur(image, (0, 0), 1.0),
    "bilateral": lambda image: cv2.bilateralFilter(image, 5, 75, 2),
    "non-local means": lambda image: cv2.fastNlMeansDenoising(image, h=20),
    "Lanczos, twice as large": lambda image: cv2.resize(
        image, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4
    ),
}


def _careful() -> OCRGuided:
    """As cautious as `acceptance` has chosen on validation pages."""
    network, _ = zoo.load_restorer(GUIDED)
    assert isinstance(network, OCRGuided)
    network.caution = load("acceptance")["chosen"]
    return network


def _grainy(network: Restorer, x: Tensor, table: Tensor) -> Tensor:
    """What `held` gives, each pixel moved by up to one level of 255."""
    better = held(network, x, table)
    grain = torch.rand(better.shape, generator=torch.Generator().manual_seed(0))
    return (better + (2 * grain - 1) / 255).clamp(0, 1)


def _filtered(process: Callable, x: Tensor, table: Tensor) -> Tensor:
    return torch.stack([to_tensor(process(levels(image))) for image in x])


def _weights(name: str) -> str | None:
    model = name.split(",")[0]
    return zoo.card(model)["sha256"] if model in restorers() else None
