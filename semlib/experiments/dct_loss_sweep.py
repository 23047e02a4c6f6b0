"""Chapter 8's sweep: how much MSE, how much DCT loss, which threshold; which network."""

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
LOSSES = (*product((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.5,)), (0.8, 0.5 * LEVEL))
FACTORS = 2, 4  # of pixels unshuffled; as many times the filters: equal arithmetic


def run(
    folder: Path = Path("runs/dct-loss-sweep"),
    steps: int = 400,
    seeds: int = 2,
    subset: int = 100,
    preset: str = "cpu",
) -> dict:
    """Train DnCNN with every loss, and other networks with the paper's, for as many
    steps, and read what they repair.

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
        the mean over seeds and every seed's own. ``networks``: the same for
        networks that unshuffle pixels first and have as many times the filters,
        which is the same arithmetic for a pixel.
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

    width = base.settings["width"]
    losses = [
        measured(
            f"{weight:g}-{threshold:.3g}",
            {"lambda": weight, "threshold": round(threshold, 5)},
        )
        for weight, threshold in LOSSES
    ]
    networks = [
        measured(f"factor-{factor}", {"factor": factor, "width": factor * width})
        for factor in FACTORS
    ]
    return {
        "patches": subset,
        "steps": steps,
        "batch": base.settings["batch"],
        "seeds": seeds,
        "losses": losses,
        "networks": networks,
        **test_set(patch.image for patch in patches),
    }
