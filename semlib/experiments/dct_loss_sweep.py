"""Chapter 8's sweep: how much MSE, how much DCT loss, which threshold."""

from copy import copy
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from ..data import BookPatches
from ..metrics import numbers, spread
from ..training import DnCNNRecipe, train
from ..training import preset as settings_of
from .end_to_end import repaired, score
from .results import test_set

LEVEL = 1 / 255  # of a pixel's values, where the paper's 0.5 might be meant so
SUMMED = 0.06  # 0.8, where the paper's DCT loss is meant as the sum over a block
LOSSES = (
    *product((0.0, SUMMED, 0.2, 0.4, 0.6, 0.8, 1.0), (0.5,)),
    (0.8, 0.5 * LEVEL),
)


def run(
    folder: Path = Path("runs/dct-loss-sweep"),
    steps: int = 300,
    seeds: int = 2,
    subset: int = 60,
    preset: str = "cpu",
) -> dict:
    """Train DnCNN with every loss for as many steps, and read what it repairs.

    Interrupted, it goes on where it stopped: each run has a folder of its own.

    Args:
        folder: where the runs are kept.
        steps: of training, each of the preset's batch.
        seeds: runs with each; weights and data differ.
        subset: validation pages, one patch of each.
        preset: the preset of `DnCNNRecipe` that the rest of the settings is from.

    Returns:
        ``losses``: for each λ and threshold (in units of the whole range of
        values) PSNR, SSIM, PSNR-B, and by each reader accuracy and exact words:
        the mean over seeds and every seed's own.
    """
    patches = BookPatches("validation", subset).firsts()
    base = DnCNNRecipe({**settings_of("dncnn", preset), "steps": steps})

    def measured(place: str, different: dict) -> dict:
        runs = []
        for seed in range(seeds):
            recipe = copy(base)  # the pages are read from disk once
            recipe.settings = {**base.settings, **different, "seed": seed}
            network = train(recipe, folder / f"{place}-{seed}", resume=True).network
            runs.append(
                [score(patch, partial(repaired, network.eval())) for patch in patches]
            )
        return {
            **different,
            **{
                key: spread([np.mean([row[key] for row in rows]) for rows in runs])
                for key in numbers(runs[0][0])
            },
        }

    losses = [
        measured(
            f"{weight:g}-{threshold:.3g}",
            {"lambda": weight, "threshold": round(threshold, 5)},
        )
        for weight, threshold in LOSSES
    ]
    return {
        "patches": subset,
        "steps": steps,
        "batch": base.settings["batch"],
        "seeds": seeds,
        "losses": losses,
        **test_set(patch.image for patch in patches),
    }
