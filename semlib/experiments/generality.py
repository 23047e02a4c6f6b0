"""The tables of chapters 8 and 9: what restorers do with pages they were not trained
on."""

import io
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
from PIL import Image
from tqdm import tqdm

from .. import zoo
from ..data import UNSEEN_TYPEFACES, Patch, degrade, spread_patches
from ..metrics import gains, summary
from .restore import LADDER, restorers, score
from .results import test_set

Ruin = Callable[[np.ndarray], np.ndarray]

# what is drawn otherwise, and what ruins it otherwise
DRAWN = {
    "as trained": {},
    "unseen typefaces": {"typefaces": UNSEEN_TYPEFACES},
    **{f"x-height {size:g}": {"x_height": size} for size in (5, 7, 8)},
    "random letters": {"strange": "letters"},
    "digits": {"strange": "digits"},
}
QUALITIES = (2, 3, 5, 10, 20)
FLAT_STEP = 160  # of a table that rounds all waves alike, unlike the standard's
STEPS = {
    "flat table": [FLAT_STEP] * 64,
    "finer low waves": [min(255, 40 + 16 * (u + v)) for v in range(8) for u in range(8)],
}


def run(subset: int = 60) -> dict:
    """Ruin test patches in ways that training has not seen, repair and read them.

    Args:
        subset: test pages, one patch of each.

    Returns:
        ``rows``: for every condition and each of ``degraded`` and the shipped
        restorers: PSNR, SSIM, PSNR-B, and by each reader accuracy and exact words,
        means and 95 % intervals. ``gains``: for every condition, what each restorer
        in `LADDER` has over the one before it, patch by patch.
    """
    ways = {
        "degraded": lambda x: x,
        **{name: zoo.load_restorer(name)[0] for name in restorers()},
    }
    rows, gained = {}, {}
    for name, (patches, ruin) in tqdm(conditions(subset).items(), unit="condition"):
        scores = {
            way: [score([patch], repair, ruin) for patch in patches]
            for way, repair in ways.items()
        }
        rows[name] = {way: summary(pages) for way, pages in scores.items()}
        gained[name] = {
            after: gains(scores[before], scores[after])
            for before, after in pairwise(LADDER)
        }
    return {
        "patches": subset,
        "rows": rows,
        "gains": gained,
        "weights": {name: zoo.card(name)["sha256"] for name in restorers()},
        **test_set([patch.image for patch in conditions(subset)["as trained"][0]]),
    }


def conditions(subset: int) -> dict[str, tuple[list[Patch], Ruin]]:
    """For every condition its patches, and what ruins them."""
    usual = spread_patches("test", subset)
    return {
        **{
            name: (spread_patches("test", subset, **options), jpeg(1))
            for name, options in DRAWN.items()
        },
        **{f"quality {quality}": (usual, jpeg(quality)) for quality in QUALITIES},
        **{name: (usual, partial(tabled, table=table)) for name, table in STEPS.items()},
        "colour, 4:2:0": (usual, coloured),
    }


def jpeg(quality: int) -> Ruin:
    """Pillow's JPEG at a quality."""
    return lambda image: degrade(image, quality=quality)[0]


def tabled(image: np.ndarray, table: list[int]) -> np.ndarray:
    """JPEG with a quantization table of one's own, 64 steps."""
    return np.asarray(_through(Image.fromarray(image), qtables=[table]))


def coloured(image: np.ndarray) -> np.ndarray:
    """A black page on cream paper, as a colour JPEG with chroma at half the
    resolution; what is left of it, in grey."""
    paper = np.array([255, 248, 230]) / 255
    colour = Image.fromarray(np.uint8(np.round(image[..., None] * paper)))
    return np.asarray(_through(colour, quality=1, subsampling="4:2:0").convert("L"))


def _through(image: Image.Image, **options) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return Image.open(io.BytesIO(file.getvalue()))
