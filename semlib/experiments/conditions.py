"""Pages drawn, or ruined, otherwise than those that restorers were trained on."""

import io
from functools import partial

import cv2
import numpy as np
from PIL import Image

from ..data import NEVER_SEEN, Patch, jpeg_bytes, spread_book_patches
from ..data.words import prose_words, sentences, strange_words
from .end_to_end import Ruin


def capitals(rng: np.random.Generator, count: int, *, split: str) -> list[str]:
    """`prose_words` in capitals."""
    return [word.upper() for word in prose_words(rng, count, split)]


DRAWN: dict[str, dict] = {
    "as trained": {},
    "never-seen typefaces": {"typefaces": NEVER_SEEN},
    "sentences": {"text": sentences},
    "sentences, never-seen typefaces": {"text": sentences, "typefaces": NEVER_SEEN},
    "random letters": {"text": partial(strange_words, kind="letters")},
    "digits": {"text": partial(strange_words, kind="digits")},
    "Italian": {"text": partial(strange_words, kind="Italian")},
    "capitals": {"text": capitals},
    **{f"x-height {size}": {"x_height": size} for size in (5, 7, 8, 9, 10)},
}
QUALITIES = (2, 3, 5, 10, 20)
FLAT_STEP = 160  # of a table that rounds all waves alike, unlike the standard's
TABLES = {
    "flat table": [FLAT_STEP] * 64,
    "finer low waves": [min(255, 40 + 16 * (u + v)) for v in range(8) for u in range(8)],
}
INK, PAPER = 50, 225  # levels of grey
CREAM = np.array([255, 248, 230]) / 255
TURN = 1.0  # degree
EXIF_TURNED = 6  # a quarter, as a phone held upright writes it


def conditions(subset: int) -> dict[str, tuple[list[Patch], Ruin]]:
    """For every condition so many test patches, each of another page, and what ruins
    them."""
    usual = spread_book_patches("test", subset)
    worst = partial(jpeg_bytes, quality=1)
    return {
        **{
            name: (spread_book_patches("test", subset, **options), worst)
            for name, options in DRAWN.items()
        },
        **{
            f"quality {quality}": (usual, partial(jpeg_bytes, quality=quality))
            for quality in QUALITIES
        },
        **{
            name: (usual, partial(_saved, qtables=[table]))
            for name, table in TABLES.items()
        },
        "grey ink on grey paper": (
            [with_image(patch, _grey(patch.image)) for patch in usual],
            worst,
        ),
        "turned by a degree": (
            [with_image(patch, _turned(patch.image)) for patch in usual],
            worst,
        ),
        "progressive": (usual, partial(_saved, quality=1, progressive=True)),
        "OpenCV's encoder": (usual, _by_opencv),
        "colour, 4:2:0": (
            [with_image(patch, _cream(patch.image).convert("L")) for patch in usual],
            _coloured,
        ),
        "turned by EXIF": (
            [
                with_image(
                    patch, np.pad(patch.image, ((0, 5), (0, 5)), constant_values=255)
                )
                for patch in usual
            ],
            _turned_by_exif,
        ),
    }


def with_image(patch: Patch, image: np.ndarray | Image.Image) -> Patch:
    return Patch(np.ascontiguousarray(image), patch.words, patch.page, patch.cell)


def _grey(image: np.ndarray) -> np.ndarray:
    return np.round(INK + image / 255 * (PAPER - INK)).astype(np.uint8)


def _turned(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), TURN, 1)
    return cv2.warpAffine(
        image, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=255
    )


def _saved(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **options)
    return file.getvalue()


def _by_opencv(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 1])[1].tobytes()


def _cream(image: np.ndarray) -> Image.Image:
    """A black page on cream paper."""
    return Image.fromarray(np.uint8(np.round(image[..., None] * CREAM)))


def _coloured(image: np.ndarray) -> bytes:
    """A colour JPEG with chroma at half the resolution, of the page on cream paper that
    has this luminance."""
    white = np.asarray(_cream(np.full((1, 1), 255)).convert("L")).item()
    return _saved(
        np.asarray(_cream(image.clip(max=white) / white * 255)),
        quality=1,
        subsampling="4:2:0",
    )


def _turned_by_exif(image: np.ndarray) -> bytes:
    """Compressed lying on its side, with a note how to turn it: the grid begins at
    another corner of what is shown, and not at a whole block."""
    exif = Image.Exif()
    exif[0x0112] = EXIF_TURNED
    return _saved(np.rot90(image), quality=1, exif=exif)
