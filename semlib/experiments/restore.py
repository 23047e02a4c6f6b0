"""Chapters 8 and 9: pages whose lines all lie at one height, ruined and repaired; until
the networks of both chapters have learned from book pages (see `restoration`)."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .. import zoo
from ..data import (
    PAGES,
    PATCHES_PER_PAGE,
    PagePatches,
    Patch,
    degrade,
    quantization_table,
)
from ..images import InputError, replace_file, to_tensor
from ..metrics import fidelity, gains, numbers, summary
from ..restore import CAUTIOUS, DnCNN, project
from .end_to_end import READERS, compared, legibility, read_end_to_end
from .results import test_set

# read on all patches; the others on one a page
WHOLE = ("degraded", "dncnn", "guided")
LADDER = ("dncnn", "dncnn-second", "guided-none", "guided")  # each learns a bit more


def run(
    folder: Path = Path("runs/restore"),
    subset: int = PAGES["test"],
    each: int = PATCHES_PER_PAGE,
    only: Sequence[str] = (),
) -> dict:
    """Ruin test patches, repair them in every way, and read them from end to end.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there,
            and one with more pages or patches needs only those that are new.
        subset: pages of the test set.
        each: patches of every page that the main rows are measured on (see `WHOLE`).
        only: these ways of repair; all of them when empty.

    Returns:
        ``rows``: for every way of repair, over ``patches`` patches: PSNR, SSIM and
        PSNR-B against the clean patch; and for each reader accuracy, exact words
        and false words; the main rows also on the others' patches. Means and 95 %
        intervals over pages, whose patches are no independent draws. ``changes``:
        what is changed in another way's result (see `_begun`), by each reader, on
        the first patch of each page, with ``false_friends``. ``gains``: what each way
        in `LADDER` has over the one before it, on the same pages.

    Raises:
        InputError: there is no such way of repair.
    """
    ways = methods()
    for name in only:
        if name not in ways:
            raise InputError(f"--only must be one of {', '.join(ways)}, not {name}")
    folder.mkdir(parents=True, exist_ok=True)
    patches = PagePatches("test", subset)
    rows, firsts = {}, {}

    def pages(name: str, count: int) -> list[list[dict]]:
        return _pages(folder / f"{name}.jsonl", name, ways[name], patches, count)

    for name in only or ways:
        count = each if name in WHOLE else 1
        scores = pages(name, count)
        firsts[name] = [page[:1] for page in scores]
        rows[name] = {"patches": subset * count, **summary(scores)}
        if count > 1:  # on the others' patches, to compare
            rows[f"{name}, one a page"] = {"patches": subset, **summary(firsts[name])}
    texts = [[patch.text] for patch in patches.firsts()]

    def first(name: str) -> list[list[dict]]:
        return firsts.get(name) or pages(name, 1)

    changed = {
        name: compared(texts, first(begun), firsts[name])
        for name, begun in _begun().items()
        if name in firsts
    }
    gained = {
        name: gains(first(before), firsts[name])
        for before, name in pairwise(LADDER)
        if name in firsts
    }
    return {
        "rows": rows,
        "changes": changed,
        "gains": gained,
        "weights": {name: zoo.card(name)["sha256"] for name in restorers()},
        **test_set([patch.image for patch in patches]),
    }


def methods() -> dict[str, Callable[[Tensor], Tensor]]:
    """Every way of repair: from ruined patches, N×1×H×W, to better ones."""
    learned = {name: zoo.load_restorer(name)[0] for name in restorers()}
    cautious, _ = zoo.load_restorer("guided")
    cautious.caution = CAUTIOUS
    plain = {
        name: network for name, network in learned.items() if isinstance(network, DnCNN)
    }
    table = torch.tensor(quantization_table(1))
    return {
        "clean": None,
        "degraded": lambda x: x,
        **learned,
        "guided, cautious": cautious,
        **{
            f"{name}, projected": partial(_projected, network, table)
            for name, network in plain.items()
        },
        **{
            f"{name}, with grain": partial(_grainy, network)
            for name, network in plain.items()
        },
        "Lanczos, twice as large": partial(_filtered, _lanczos),
        "median": partial(_filtered, lambda image: cv2.medianBlur(image, 3)),
        "bilateral": partial(
            _filtered, lambda image: cv2.bilateralFilter(image, 5, 75, 2)
        ),
    }


def restorers() -> list[str]:
    """The names of the shipped ones that were trained on the pages of this experiment."""
    return [
        path.stem
        for kind in ("dncnn", "guided")
        for path in sorted(zoo.FOLDER.glob(f"{kind}*.json"))
    ]


def _begun() -> dict[str, str]:
    """The ways that go on from another one's result: second networks, and grain, which
    mends nothing: a measure of how much a reading changes by itself."""
    first = {name: zoo.card(name)["settings"].get("first") for name in restorers()}
    return {
        **{name: begun for name, begun in first.items() if begun},
        "guided, cautious": first["guided"],
        **{f"{name}, with grain": name for name, begun in first.items() if not begun},
    }


def _projected(network, table, x: Tensor) -> Tensor:
    return project(network(x), x, table).clamp(0, 1)


def _grainy(network, x: Tensor) -> Tensor:
    """The network's result, each pixel moved by up to one level of 255."""
    better = network(x).clamp(0, 1)
    grain = torch.rand(better.shape, generator=torch.Generator().manual_seed(0))
    return (better + (2 * grain - 1) / 255).clamp(0, 1)


def _filtered(process: Callable[[np.ndarray], np.ndarray], x: Tensor) -> Tensor:
    return torch.stack(
        [to_tensor(process(np.uint8((image[0] * 255).round().numpy()))) for image in x]
    )


def _lanczos(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)


def _pages(
    file: Path, name: str, repair: Callable, patches: PagePatches, count: int
) -> list[list[dict]]:
    """Each page's scores, of its first patches: from the file as far as it goes."""
    model = name.split(",")[0]
    key = zoo.card(model)["sha256"] if model in restorers() else None
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    done = [
        line for line in lines if line.endswith("\n") and json.loads(line)["key"] == key
    ]
    with replace_file(file) as out:
        out.write("".join(done).encode())
    pages = [[] for _ in range(len(patches) // PATCHES_PER_PAGE)]
    for row in map(json.loads, done):
        if row["page"] < len(pages):
            pages[row["page"]] += row["scores"]
    with open(file, "a") as out:
        for page, kept in enumerate(tqdm(pages, desc=name, unit="page")):
            first = page * PATCHES_PER_PAGE
            rest = [patches[first + at] for at in range(len(kept), count)]
            if rest:
                kept += score(rest, repair)
                out.write(
                    json.dumps({"key": key, "page": page, "scores": kept[-len(rest) :]})
                    + "\n"
                )
                out.flush()
    return [kept[:count] for kept in pages]


@torch.no_grad()
def score(
    patches: Sequence[Patch],
    repair: Callable[[Tensor], Tensor] | None,
    ruin: Callable[[np.ndarray], np.ndarray] | None = None,
) -> list[dict]:
    """Ruin patches, repair them, and read them: for each a dict of numbers, and
    under ``read`` each reader's text.

    Args:
        repair: None leaves the patches clean.
        ruin: from one clean image to the ruined one; JPEG at quality 1 if None.
    """
    ruin = ruin or (lambda image: degrade(image, quality=1)[0])
    clean = torch.stack([to_tensor(patch.image) for patch in patches])
    x = clean
    if repair:
        x = torch.stack([to_tensor(ruin(patch.image)) for patch in patches])
        x = repair(x).clamp(0, 1)
    texts = read_end_to_end(x)
    rows = []
    for at, (patch, image) in enumerate(zip(patches, x)):
        row = {"read": {name: texts[name][at] for name in READERS}}
        if image.shape == clean[at].shape:
            row |= fidelity(patch.image, np.uint8((image[0] * 255).round().numpy()))
        row |= legibility(patch.text, row["read"])
        rows.append(
            {key: round(row[key], 4) for key in numbers(row)} | {"read": row["read"]}
        )
    return rows
