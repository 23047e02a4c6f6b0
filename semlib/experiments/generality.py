"""Chapter 9: what a second network does with pages that it was not trained on."""

from functools import partial
from itertools import pairwise
from pathlib import Path

from tqdm import tqdm

from .. import zoo
from ..metrics import gains, summary
from .conditions import conditions
from .end_to_end import Repair, held, stored, untouched
from .results import test_set

CONDITIONS = (
    "as trained",
    "never-seen typefaces",
    "sentences",
    "random letters",
    "digits",
    "capitals",
    "x-height 7",
    "quality 5",
)


def run(folder: Path = Path("runs/generality"), subset: int = 32) -> dict:
    """Ruin test patches in ways that training has not seen, repair them by the paper's
    pair as it was after each stage of its training, and read them.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        subset: test pages, one patch of each.

    Returns:
        ``rows``: for every condition and each of ``degraded`` and the stages in
        `zoo.PAIR`, held to the file, what `end_to_end.score` measures: means and 95 %
        intervals. ``stages``: for every condition, what each stage has over the one
        before, page by page.
    """
    ways: dict[str, Repair] = {
        "degraded": untouched,
        **{name: partial(held, zoo.load_restorer(name)[0]) for name in zoo.PAIR},
    }
    keys = {name: zoo.card(name)["sha256"] for name in zoo.PAIR}
    drawn = conditions(subset)
    rows, stages = {}, {}
    for name in tqdm(CONDITIONS, unit="condition"):
        patches, ruin = drawn[name]
        scores = {}
        for way, repair in ways.items():
            place = folder / f"{name}, {way}.jsonl"
            found = stored(place, keys.get(way), patches, repair, ruin)
            scores[way] = [[row] for row in found]
        rows[name] = {way: summary(pages) for way, pages in scores.items()}
        stages[name] = {
            after: gains(scores[before], scores[after])
            for before, after in pairwise(zoo.PAIR)
        }
    return {
        "patches": subset,
        "rows": rows,
        "stages": stages,
        "weights": keys,
        **test_set([patch.image for name in CONDITIONS for patch in drawn[name][0]]),
    }
