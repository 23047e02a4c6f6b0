"""Chapter 8: what restorers do with pages that they were not trained on."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .. import zoo
from ..data import Patch, jpeg_bytes, make_page
from ..metrics import gains, summary
from ..restore import Restorer, choose
from .conditions import conditions, with_image
from .end_to_end import Ruin, held, luminance, ruined, stored, untouched
from .results import test_set

OLD = ("dncnn", "guided")  # learned from pages whose lines all lie at one height
BOOK = zoo.DEFAULTS
CHOSEN = "chosen"  # of these, by `choose`, which may also leave a patch as it is
MOVES = range(8)  # pixels, down
OLD_HEIGHT = 72  # of an old patch with room for that


def run(folder: Path = Path("runs/robustness"), subset: int = 60) -> dict:
    """Ruin test patches in ways that training has not seen, repair and read them.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        subset: test pages, one patch of each.

    Returns:
        ``rows``: for every condition and each of ``degraded``, ``clean`` and the shipped
        restorers that learned from book pages, held to the file: what
        `end_to_end.score` measures, means and 95 % intervals; the same for ``chosen``,
        what `semlib restore` does. ``gains``: the same of what each has over JPEG alone.
        ``chosen``: for how many patches which was chosen. ``moved``: the same as
        ``rows`` for patches of the old pages, all lines of which lie at one height of
        JPEG's grid, moved down by 0 to 7 pixels; and for the restorers that learned from
        those.
    """
    networks = {name: zoo.load_restorer(name)[0] for name in restorers()}
    ways = {
        "clean": None,
        "degraded": untouched,
        **{name: partial(held, network) for name, network in networks.items()},
    }
    keys = {name: zoo.card(name)["sha256"] for name in restorers()}

    def measured(
        name: str, patches: list[Patch], ruin: Ruin, without: Sequence[str] = ()
    ) -> dict:
        return {
            way: [
                [row]
                for row in stored(
                    folder / f"{name}, {way}.jsonl", keys.get(way), patches, repair, ruin
                )
            ]
            for way, repair in ways.items()
            if way not in without
        }

    rows, gained, chosen, moved, drawn = {}, {}, {}, {}, conditions(subset)
    for name, (patches, ruin) in tqdm(drawn.items(), unit="condition"):
        scores = measured(name, patches, ruin, without=OLD)
        picked = _chosen({name: networks[name] for name in BOOK}, patches, ruin)
        chosen[name] = {way: picked.count(way) for way in ("degraded", *BOOK)}
        scores[CHOSEN] = [scores[way][at] for at, way in enumerate(picked)]
        rows[name] = {way: summary(pages) for way, pages in scores.items()}
        gained[name] = {
            way: gains(scores["degraded"], scores[way]) for way in (*BOOK, CHOSEN)
        }
    for pixels in tqdm(MOVES, unit="move"):
        patches = [
            _moved(make_page(index, "test").patches()[0], pixels)
            for index in range(subset)
        ]
        scores = measured(f"moved by {pixels}", patches, partial(jpeg_bytes, quality=1))
        moved[str(pixels)] = {way: summary(pages) for way, pages in scores.items()}
    return {
        "patches": subset,
        "rows": rows,
        "gains": gained,
        "chosen": chosen,
        "moved": moved,
        "weights": keys,
        **test_set([patch.image for patches, _ in drawn.values() for patch in patches]),
    }


def restorers() -> list[str]:
    """The names of the shipped ones that this experiment compares."""
    return [*OLD, *BOOK]


def _chosen(
    networks: dict[str, Restorer], patches: Sequence[Patch], ruin: Ruin
) -> list[str]:
    """For each patch the network that `choose` takes, or «degraded»."""
    names = {id(network): name for name, network in networks.items()}
    found = (
        choose(list(networks.values()), luminance(ruined(patch, ruin)))
        for patch in patches
    )
    return [names[id(one)] if one else "degraded" for one in found]


def _moved(patch: Patch, pixels: int) -> Patch:
    """The patch with so many white rows above, of one height whatever they are."""
    image = np.full((OLD_HEIGHT, patch.image.shape[1]), 255, np.uint8)
    image[pixels : pixels + len(patch.image)] = patch.image
    return with_image(patch, image)
