"""Chapters 8 and 9: what a restorer makes of pages as its training goes on."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..data import PagePatches, degrade
from ..images import InputError, to_tensor
from ..restore import DnCNN
from ..training import load_checkpoint
from .ablation import restorer
from .progress import webp
from .restore import READERS, read_end_to_end, score, summary
from .results import provenance

SAMPLES = 3  # patches whose pictures are kept


def run(folders: Sequence[Path], subset: int = 50) -> dict:
    """Repair test patches with every model that training has kept.

    Args:
        folders: of the run, with ``step-N.pt`` and ``checkpoint.pt``; and of the
            runs that went on from it, in their order, whose steps count on.
        subset: test pages, one patch of each.

    Returns:
        ``steps``: for each model its step; PSNR, SSIM, PSNR-B, and by each reader
        accuracy and exact words, means and 95 % intervals; and ``samples``, for
        the first patches: a WebP file in base 64, and what each reader reads.

    Raises:
        InputError: there is no checkpoint in a folder.
    """
    started = time.monotonic()
    states: dict[int, dict] = {}
    for folder in folders:
        states |= _kept(folder, after=max(states, default=0))
    patches = PagePatches("test", subset).firsts()
    names = " ".join(folder.name for folder in folders)
    return {"patches": subset, "settings": states[max(states)]["settings"],
            "steps": [{"step": step, **_step(states[step], patches)}
                      for step in tqdm(sorted(states), unit="model")],
            **provenance(f"semlib evaluate repairing {names} --subset {subset}",
                         started, [patch.image for patch in patches])}


def _kept(folder: Path, after: int) -> dict[int, dict]:
    """The checkpoints of a run by their steps, which count on from `after`."""
    files = [*folder.glob("step-*.pt"), *folder.glob("checkpoint.pt")]
    if not files:
        raise InputError(f"{folder}: no checkpoint of a training run")
    return {after + state["step"]: state for state in map(load_checkpoint, files)}


@torch.no_grad()
def _step(state: dict, patches) -> dict:
    settings = state["settings"]
    network = DnCNN(settings["depth"], settings["width"], settings["factor"])
    network.load_state_dict({key.removeprefix("network."): value for key, value
                             in state["model"].items() if key.startswith("network.")})
    network.eval()
    if "first" in settings:
        network = restorer(settings, network)
    ruined = torch.stack([to_tensor(degrade(patch.image, quality=1)[0])
                          for patch in patches[:SAMPLES]])
    better = network(ruined).clamp(0, 1)
    read = read_end_to_end(better)
    pictures = np.uint8((better[:, 0] * 255).round().numpy())
    return {**summary([[row] for row in score(patches, network)]),
            "samples": [{"webp": webp(picture), **{name: read[name][at]
                                                   for name in READERS}}
                        for at, picture in enumerate(pictures)]}
