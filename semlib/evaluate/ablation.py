"""Chapter 9's ablation: where the second network's gain comes from."""

import time
from pathlib import Path

from torch import nn

from .. import zoo
from ..data import PATCHES_PER_PAGE, PagePatches
from ..ocr import PageReader
from ..restore import OCRGuided
from ..training import GuidedRecipe, preset, train
from .changes import changes
from .restore import READERS, score, summary
from .results import provenance

# how each variant's settings differ from the preset's
VARIANTS = {"guided": {},
            "image": {"reader": "none", "image": 1.0},  # D2 with DnCNN's loss
            "page": {"place": "page"},  # all pixels, not words' alone
            "alone": {"first": "", "start": "", "place": "page"},  # the reader's loss
            "tuned": {"first": "", "place": "page"},  # from the start, or on D1 itself
            "from nothing": {"start": ""},  # D2 without D1's features
            "reader": {"image": 0.0},  # no image's loss beside the reader's: the paper's
            "sure": {"temperature": 1.0},  # a reader as sure of itself as it is
            "both": {"reader": "both"}}


def run(folder: Path, steps: int = 400, subset: int = 100, name: str = "cpu") -> dict:
    """Train every variant of D2 for as many steps, and read what it repairs.

    Interrupted, it goes on where it stopped: each variant has a folder of its own.

    Args:
        folder: where the runs are kept.
        steps: of training, each of the preset's batch.
        subset: test pages, one patch of each.
        name: the preset of `GuidedRecipe` that the rest of the settings is from.

    Returns:
        ``variants``: for each, and for ``first``, D1's own result: PSNR, SSIM,
        PSNR-B, and by each reader accuracy, exact and false words, means and 95 %
        intervals; and ``changes`` against D1's result, by each reader.
    """
    started = time.monotonic()
    kept = PagePatches("test", subset)
    patches = [kept[page * PATCHES_PER_PAGE] for page in range(subset)]
    settings = {**preset("guided", name), "steps": steps}
    first = score(patches, zoo.load_restorer(settings["first"])[0])
    rows = {"first": summary([[row] for row in first])}
    for variant, different in VARIANTS.items():
        recipe = GuidedRecipe({**settings, **different})
        second = train(recipe, folder / variant.replace(" ", "-"), resume=True).network
        scores = score(patches, restorer(recipe.settings, second.eval()))
        rows[variant] = {**summary([[row] for row in scores]), "changes": {
            reader: changes([[patch.text] for patch in patches], *(
                [[row["read"][reader]] for row in found] for found in (first, scores)))
            for reader in READERS}}
    return {"patches": subset, "steps": steps, "batch": settings["batch"],
            "variants": rows, **provenance(
                f"semlib evaluate ablation --steps {steps} --subset {subset}",
                started, [patch.image for patch in patches])}


def restorer(settings: dict, second: nn.Module) -> nn.Module:
    """What a `GuidedRecipe`'s settings make of D2: with D1 and the detector, or less."""
    first = zoo.load_restorer(settings["first"])[0] if settings["first"] else None
    if settings["place"] == "words":
        return OCRGuided(first, second, PageReader())
    return nn.Sequential(first, nn.Hardtanh(0, 1), second) if first else second
