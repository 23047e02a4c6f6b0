"""Chapter 9: how cautious a second network should be, and what it costs."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from .. import metrics, ocr, restore, zoo
from ..data import BookPatches, Patch, degrade
from ..images import InputError, to_tensor
from ..metrics import accuracy, changes, mean_interval
from ..ocr import SureReader, reading_order
from ..restore import OCRGuided, crops, accepts
from .end_to_end import READERS
from .results import Store, computed_by, key_of, test_set

LEVELS = (0, 1, 2, 5, 10, 20, 50, 100, 1000)
GOAL = 5.0  # broken letters in 1,000


def run(
    name: str = "guided-book",
    subset: int = 120,
    folder: Path = Path("runs/acceptance"),
) -> dict:
    """Read patches' words after D1, and after D2 where it was allowed to change them.

    The words are those that the detector finds after D1, so one reading of each,
    before and after, serves all levels of caution (see `OCRGuided`).

    Args:
        name: a second network's weights.
        subset: pages of either split, one patch of each. The validation pages choose
            the level; the test pages say what it gives.
        folder: keeps every patch's readings; an interrupted run goes on from there.

    Returns:
        ``levels``: for each of `LEVELS` its ``caution``, and for either split by each
        reader accuracy, mean and 95 % interval over pages, and `changes`. ``chosen``:
        the least of them that breaks fewer than `GOAL` of 1,000 letters of the
        validation pages by the reader that decides, or None.

    Raises:
        InputError: the weights are no second network's.
    """
    guided, weights = zoo.load_restorer(name)
    if not isinstance(guided, OCRGuided):
        raise InputError(f"{name} has no second network")
    patches = {
        split: BookPatches(split, subset).firsts() for split in ("validation", "test")
    }
    readings = {
        split: _kept(folder / f"{split}.jsonl", guided, weights, chosen)
        for split, chosen in patches.items()
    }
    levels: list[dict] = [
        {
            "caution": level,
            **{
                split: _level(readings[split], patches[split], level) for split in patches
            },
        }
        for level in LEVELS
    ]
    chosen = [
        row["caution"]
        for row in levels
        if row["validation"][READERS[0]]["broken_per_1000"][0] < GOAL
    ]
    return {
        "name": name,
        "weights": weights,
        "patches": subset,
        "levels": levels,
        "chosen": min(chosen, default=None),
        **test_set([patch.image for patch in patches["test"]]),
    }


def _kept(
    file: Path, guided: OCRGuided, weights: str, patches: Sequence[Patch]
) -> list[dict]:
    """`_readings` of each patch, those that the file has not measured anew."""
    judge = zoo.reader(READERS[1])
    code = computed_by(__file__, (metrics, ocr, restore))
    with Store(file) as store:
        return [
            store.get(
                key_of(code, weights, patch.image.tobytes()),
                partial(_readings, guided, judge, patch),
            )
            for patch in tqdm(patches, desc=file.stem, unit="patch")
        ]


@torch.no_grad()
def _readings(guided: OCRGuided, judge, patch: Patch) -> dict:
    """A patch's words in reading order: how sure the deciding reader is of each,
    and each reader's text, before and after D2."""
    first = guided.first(to_tensor(degrade(patch.image, quality=1)[0])[None]).clamp(0, 1)
    second = guided.second(first).clamp(0, 1)
    size = first.shape[-2:]
    deciding = guided.pages.reader
    assert isinstance(deciding, SureReader)
    windows = guided.pages.windows(guided.pages.detector.boxes(first)[0], *size)
    windows = [windows[i] for line in reading_order(np.array(windows)) for i in line]
    sure = []
    texts: dict[str, list] = {reader: [] for reader in READERS}
    for picture in (first[0], second[0]):
        words = crops(picture, windows)
        read = deciding.read_with_confidence(words)
        sure.append([float(confidence) for _, confidence in read])
        texts[READERS[0]].append([text for text, _ in read])
        texts[READERS[1]].append(judge.read(words))
    return {"sure": sure, **texts}


def _level(readings: list[dict], patches: list[Patch], caution: float) -> dict:
    """By each reader, what is read if D2 is as cautious as that."""
    truths, row = [[patch.text] for patch in patches], {}
    for reader in READERS:
        before = [[" ".join(reading[reader][0])] for reading in readings]
        after = [
            [
                " ".join(
                    two if accepts(once, later, caution) else one
                    for one, two, once, later in zip(*reading[reader], *reading["sure"])
                )
            ]
            for reading in readings
        ]
        scores = [accuracy(truth, read) for (truth,), (read,) in zip(truths, after)]
        row[reader] = {
            "accuracy": [round(end, 4) for end in mean_interval(scores)],
            **changes(truths, before, after),
        }
    return row
