"""Drawn pictures are what they were: kept small beside the tests, and compared.

A difference means that code, a font or a package draws otherwise now: then the version of
what is drawn goes up, and `python -m tests.test_golden` keeps the new ones.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semlib import data
from semlib.data.text_images import BACKGROUNDS

FOLDER = Path(__file__).parent / "golden"
SIDES = 64, 32
LEVELS = 2  # of 255, by which processors may differ after the reduction


def _backgrounds() -> dict[str, np.ndarray]:
    """The first test picture of each background."""
    found: dict[str, np.ndarray] = {}
    index = 0
    while len(found) < len(BACKGROUNDS):
        image = data.make_text_image(index, "test")
        found.setdefault(f"word-{image.background}", image.image)
        index += 1
    return found


def drawn() -> dict[str, np.ndarray]:
    """Pictures by the names they are kept under, uint8, H×W×3 or, of pages, H×W."""
    scenes = {f"scene-{split}": data.make_scene(0, split).image for split in data.SCENES}
    strange = data.make_text_image(0, "test", "digits").image
    pages = {
        f"page-{split}": data.make_page(0, split).patches()[0].image
        for split in ("train", "test")
    }
    return {**_backgrounds(), "word-digits": strange, **pages, **scenes}


def reduced(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image).resize(SIDES, Image.Resampling.BOX)


def test_drawn_pictures_are_what_they_were():
    found = drawn()
    assert {path.stem for path in FOLDER.glob("*.png")} == found.keys()
    for name, image in found.items():
        kept = np.asarray(Image.open(FOLDER / f"{name}.png"), int)
        assert np.abs(np.asarray(reduced(image), int) - kept).max() <= LEVELS, name


@pytest.mark.parametrize("shift", [1, 2])
def test_a_pixel_aside_would_be_seen(shift):
    image = data.make_text_image(0, "test").image
    moved = np.roll(image, shift, axis=1)
    away = np.abs(np.asarray(reduced(moved), int) - np.asarray(reduced(image), int))
    assert away.max() > LEVELS


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, image in drawn().items():
        reduced(image).save(FOLDER / f"{name}.png", optimize=True)
