"""Chapter 8's sweep: how much MSE, how much DCT loss, which threshold; which network."""

import time
from copy import copy
from itertools import product
from pathlib import Path

import numpy as np

from ..data import PagePatches
from ..training import DnCNNRecipe, preset, train
from .restore import numbers, score
from .results import provenance

LEVEL = 1 / 255  # of a pixel's values, where the paper's 0.5 might be meant so
LOSSES = (*product((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.5,)), (0.8, 0.5 * LEVEL))
FACTORS = 2, 4  # of pixels unshuffled; as many times the filters: equal arithmetic


def run(folder: Path, steps: int = 400, seeds: int = 2, subset: int = 100,
        name: str = "cpu") -> dict:
    """Train DnCNN with every loss, and other networks with the paper's, for as many
    steps, and read what they repair.

    Interrupted, it goes on where it stopped: each run has a folder of its own.

    Args:
        folder: where the runs are kept.
        steps: of training, each of the preset's batch.
        seeds: runs with each; weights and data differ.
        subset: test pages, one patch of each.
        name: the preset of `DnCNNRecipe` that the rest of the settings is from.

    Returns:
        ``losses``: for each λ and threshold (in units of the whole range of
        values) PSNR, SSIM, PSNR-B, and by each reader accuracy and exact words:
        the mean over seeds and every seed's own. ``networks``: the same for
        networks that unshuffle pixels first and have as many times the filters,
        which is the same arithmetic for a pixel.
    """
    started = time.monotonic()
    patches = PagePatches("test", subset).firsts()
    base = DnCNNRecipe({**preset("dncnn", name), "steps": steps})

    def measured(place: str, different: dict) -> dict:
        runs = []
        for seed in range(seeds):
            recipe = copy(base)  # the pages are read from disk once
            recipe.settings = {**base.settings, **different, "seed": seed}
            network = train(recipe, folder / f"{place}-{seed}", resume=True).network
            runs.append(score(patches, network.eval()))
        return {**different, **{key: _spread(runs, key) for key in numbers(runs[0][0])}}

    width = base.settings["width"]
    losses = [measured(f"{weight:g}-{threshold:.3g}",
                       {"lambda": weight, "threshold": round(threshold, 5)})
              for weight, threshold in LOSSES]
    networks = [measured(f"factor-{factor}", {"factor": factor, "width": factor * width})
                for factor in FACTORS]
    return {"patches": subset, "steps": steps, "batch": base.settings["batch"],
            "seeds": seeds, "losses": losses, "networks": networks, **provenance(
                f"semlib evaluate sweep --steps {steps} --seeds {seeds} --subset "
                f"{subset}", started, [patch.image for patch in patches])}


def _spread(runs: list[list[dict]], key: str) -> dict:
    """Mean over seeds, and each seed's own."""
    own = [round(float(np.mean([row[key] for row in rows])), 4) for rows in runs]
    return {"mean": round(float(np.mean(own)), 4), "seeds": own}
