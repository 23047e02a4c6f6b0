"""Chapter 4's ablation: what each stage of a reader is worth at an equal budget."""

from copy import copy
from itertools import product
from pathlib import Path

from ..data import TextImages
from ..metrics import spread
from ..ocr import TRBAReader
from ..training import ReaderRecipe, train
from ..training import preset as settings_of
from .recognition import score_sets
from .results import test_set

STAGES = tuple(
    "-".join([transformation, features, "BiLSTM", prediction])
    for transformation, features, prediction in product(
        ("None", "TPS"), ("VGG", "ResNet"), ("CTC", "Attn")
    )
)


def run(
    folder: Path = Path("runs/recognizer-ablation"),
    steps: int = 1000,
    seeds: int = 2,
    subset: int = 600,
    preset: str = "cpu",
) -> dict:
    """Train every combination of stages for as many steps, and read with it.

    Interrupted, it goes on where it stopped: each run has a folder of its own.

    Args:
        folder: where the runs are kept.
        steps: of training, each of the preset's batch.
        seeds: runs of each combination; weights and data differ.
        subset: images of each test set.
        preset: the preset of `ReaderRecipe` that the rest of the settings is from.

    Returns:
        ``stages``: for each combination its parameters and, for each background
        of the test set and the harder set, accuracy and exact words: the mean
        over seeds and every seed's own.
    """
    test, hard = (list(TextImages(split, subset)) for split in ("test", "hard"))
    base = ReaderRecipe({**settings_of("reader", preset), "steps": steps})
    table = {}
    for stages in STAGES:
        runs = []
        for seed in range(seeds):
            recipe = copy(base)  # the words are read from disk once
            recipe.settings = {**base.settings, "stages": stages, "seed": seed}
            place = folder / f"{stages}-{seed}"
            network = train(recipe, place, resume=True).network
            runs.append(score_sets(place.name, TRBAReader(network), test, hard))
        table[stages] = {
            "parameters": sum(p.numel() for p in network.parameters()),
            **{
                kind: {
                    name: spread([one[kind][name][0] for one in runs])
                    for name in ("accuracy", "exact")
                }
                for kind in runs[0]
            },
        }
    return {
        "images": subset,
        "steps": steps,
        "batch": base.settings["batch"],
        "seeds": seeds,
        "stages": table,
        **test_set(image.image for image in [*test, *hard]),
    }
