"""Chapter 7's experiment: what is read after JPEG, at every size and quality."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ..data import Patch, jpeg_bytes, jpeg_scan, spread_book_patches
from ..metrics import bits_per_pixel, summary
from .end_to_end import stored, untouched
from .results import test_set

QUALITIES = (None, 50, 20, 10, 5, 1)  # None: not compressed
X_HEIGHTS = (4, 5, 6, 7, 8, 10)


def run(
    folder: Path = Path("runs/jpeg-quality"), patches: int = 120, choosing: int = 32
) -> dict:
    """Ruin patches of book pages, and read them from end to end.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        patches: test patches for the table over qualities, each of another page.
        choosing: validation patches for each x-height, to choose the resolution.

    Returns:
        ``quality`` and ``x_height``: a row for each, the latter with ``clean`` and
        ``quality 1``; in it what `end_to_end.score` measures, and where compressed
        ``bpp`` of the whole file, and ``bpp_scan`` without its header and end, in bits
        per pixel: means and 95 % intervals.
    """
    test = spread_book_patches("test", patches)
    by_quality = [
        {"quality": quality, **_measured(folder, test, quality)} for quality in QUALITIES
    ]
    by_size = []
    for x_height in X_HEIGHTS:
        known = spread_book_patches("validation", choosing, x_height=x_height)
        by_size.append(
            {
                "x_height": x_height,
                "clean": _measured(folder, known, None),
                "quality 1": _measured(folder, known, 1),
            }
        )
    return {
        "patches": patches,
        "choosing": choosing,
        "x_height": by_size,
        "quality": by_quality,
        **test_set(patch.image for patch in test),
    }


def _measured(folder: Path, patches: Sequence[Patch], quality: int | None) -> dict:
    if quality is None:
        rows = stored(folder / "clean.jsonl", None, patches, None)
    else:
        ruin = partial(jpeg_bytes, quality=quality)
        rows = [
            {**row, **_bits(ruin(patch.image), patch.image)}
            for row, patch in zip(
                stored(
                    folder / f"quality {quality}.jsonl", None, patches, untouched, ruin
                ),
                patches,
            )
        ]
    return summary([[row] for row in rows])


def _bits(file: bytes, image: np.ndarray) -> dict[str, float]:
    return {
        "bpp": bits_per_pixel(file, image.size),
        "bpp_scan": bits_per_pixel(jpeg_scan(file), image.size),
    }
