"""Chapter 9's ablation: where the second network's gain comes from."""

import time
from pathlib import Path

from torch import nn

from .. import zoo
from ..data import PagePatches
from ..ocr import PageReader
from ..restore import OCRGuided
from ..training import GuidedRecipe, preset, train
from .restore import compared, gains, score, summary
from .results import provenance

# how each variant's settings differ from the preset's
VARIANTS = {"guided": {},
            "image": {"reader": "none", "image": 1.0},  # D2 with DnCNN's loss
            "page": {"place": "page"},  # all pixels, not words' alone
            "sooner": {"start": "dncnn"},  # D2 learns nothing from pixels before
            # one network, the reader's loss from the start; or D1 itself goes on with it
            "alone": {"first": "", "start": "", "place": "page"},
            "tuned": {"first": "", "start": "dncnn", "place": "page"},
            "reader": {"image": 0.0},  # no image's loss beside the reader's
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
        ``variants``: for each, and for ``first``, D1's own result, and ``start``,
        what training went on from, if anything: PSNR, SSIM, PSNR-B, and by each
        reader accuracy, exact and false words, means and 95 % intervals; and
        ``changes`` against D1's result, by each reader; and ``gains`` over ``start``,
        patch by patch; over D1's result for ``start`` itself, or where there is none.
    """
    started = time.monotonic()
    patches = PagePatches("test", subset).firsts()
    settings = {**preset("guided", name), "steps": steps}
    texts = [[patch.text] for patch in patches]
    first = [[row] for row in score(patches, zoo.load_restorer(settings["first"])[0])]
    rows = {"first": summary(first)}
    begun = first

    def measure(variant: str, repair: nn.Module) -> list[list[dict]]:
        scores = [[row] for row in score(patches, repair)]
        rows[variant] = {**summary(scores), "changes": compared(texts, first, scores),
                         "gains": gains(begun, scores)}
        return scores

    if settings["start"]:
        begun = measure("start", zoo.load_restorer(settings["start"])[0])
    for variant, different in VARIANTS.items():
        recipe = GuidedRecipe({**settings, **different})
        second = train(recipe, folder / variant, resume=True).network.eval()
        measure(variant, restorer(recipe.settings, second))
    return {"patches": subset, "steps": steps, "batch": settings["batch"],
            "variants": rows, **provenance(
                f"semlib evaluate ablation --steps {steps} --subset {subset}",
                started, [patch.image for patch in patches])}


def restorer(settings: dict, second: nn.Module) -> nn.Module:
    """What a `GuidedRecipe`'s settings make of D2: with D1 and the detector, or less."""
    first = zoo.load_restorer(settings["first"])[0] if settings["first"] else None
    if settings.get("place", "words") == "words":  # the recipe dncnn does not say
        return OCRGuided(first, second, PageReader())
    return nn.Sequential(first, nn.Hardtanh(0, 1), second) if first else second
