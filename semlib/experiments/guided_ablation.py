"""Chapter 9's ablation: where the second network's gain comes from."""

from functools import partial
from pathlib import Path

from .. import zoo
from ..data import BookPatches
from ..metrics import gains, summary
from ..restore import Restorer
from ..training import GuidedRecipe, train
from ..training import preset as settings_of
from ..training.guided import assembled
from .end_to_end import compared, repaired, score
from .results import test_set

# how each variant's settings differ from the preset's
VARIANTS: dict[str, dict] = {
    "guided": {},
    "image": {"reader": "none", "image": 1.0},  # D2 with DnCNN's loss
    "page": {"place": "page"},  # all pixels, not words' alone
    "sooner": {"start": "dncnn-book"},  # D2 learns nothing from pixels before
    # one network, the reader's loss from the start; or D1 itself goes on with it
    "alone": {"first": "", "start": "", "place": "page"},
    "tuned": {"first": "", "start": "dncnn-book", "place": "page"},
    "reader": {"image": 0.0},  # no image's loss beside the reader's
    "sure": {"temperature": 1.0},  # a reader as sure of itself as it is
    "both": {"reader": "both"},
}


def run(
    folder: Path = Path("runs/guided-ablation"),
    steps: int = 400,
    subset: int = 100,
    preset: str = "cpu",
) -> dict:
    """Train every variant of D2 for as many steps, and read what it repairs.

    Interrupted, it goes on where it stopped: each variant has a folder of its own.

    Args:
        folder: where the runs are kept.
        steps: of training, each of the preset's batch.
        subset: validation pages, one patch of each.
        preset: the preset of `GuidedRecipe` that the rest of the settings is from.

    Returns:
        ``variants``: for each, and for ``first``, D1's own result, and ``start``,
        what training went on from, if anything: PSNR, SSIM, PSNR-B, and by each
        reader accuracy, exact and false words, means and 95 % intervals; and
        ``changes`` against D1's result, by each reader; and ``gains`` over ``start``,
        patch by patch; over D1's result for ``start`` itself, or where there is none.
    """
    patches = BookPatches("validation", subset).firsts()
    settings = {**settings_of("guided", preset), "steps": steps}
    texts = [[patch.text] for patch in patches]

    def read(network: Restorer) -> list[list[dict]]:
        return [[score(patch, partial(repaired, network))] for patch in patches]

    begun = first = read(zoo.load_restorer(settings["first"])[0])
    rows: dict[str, dict] = {"first": summary(first)}

    def measure(variant: str, network: Restorer) -> list[list[dict]]:
        scores = read(network)
        rows[variant] = {
            **summary(scores),
            "changes": compared(texts, first, scores),
            "gains": gains(begun, scores),
        }
        return scores

    if settings["start"]:
        begun = measure("start", zoo.load_restorer(settings["start"])[0])
    for variant, different in VARIANTS.items():
        recipe = GuidedRecipe({**settings, **different})
        second = train(recipe, folder / variant, resume=True).network.eval()
        measure(variant, assembled(recipe.settings, second))
    return {
        "patches": subset,
        "steps": steps,
        "batch": settings["batch"],
        "variants": rows,
        **test_set([patch.image for patch in patches]),
    }
