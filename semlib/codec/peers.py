"""The codecs that the learned ones must beat: the classical, and one bit a pixel."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from ..images import reduce_image
from . import bilevel

# Pillow's name and its quality settings, lowest rate first. JPEG 2000 is asked
# for a compression ratio instead of a quality.
SETTINGS = {
    "JPEG": (1, 5, 10, 20, 35, 50, 70),
    "JPEG2000": (800, 400, 200, 100, 50, 25),
    "WEBP": (0, 10, 25, 45, 65, 80),
    "AVIF": (0, 10, 20, 30, 45, 60, 75),
}
SCALES = (1, 2, 4)  # reduced before, enlarged after
GREY = ", grey"  # after a name: without colour
BLACK = 180  # of 255: a fax's pixel is black if its part of the picture is darker
SMOOTH = 0.4  # of the scale: the blur that takes a fax's steps away
Place = tuple[int, int, int, int]


def peer(
    image: np.ndarray, name: str, setting: int, scale: int = 1
) -> tuple[np.ndarray, bytes]:
    """Compress and decode with a classical codec.

    Args:
        image: H×W×3 uint8.
        name: one of `SETTINGS`, or one with `GREY` after it.
        setting: one of `SETTINGS`.
        scale: the picture is reduced by it first (bicubic), and enlarged after.

    Returns:
        The decoded picture, H×W×3 uint8, and the whole file.
    """
    known = name.removesuffix(GREY)
    small = Image.fromarray(reduce_image(Image.fromarray(image), 1 / scale))
    if known != name:
        small = small.convert("L")
    options: dict[str, dict] = {
        "JPEG": {"quality": setting, "optimize": True},
        "JPEG2000": {
            "quality_mode": "rates",
            "quality_layers": [setting],
            "irreversible": True,
        },
        "WEBP": {"quality": setting, "method": 6},
        "AVIF": {"quality": setting, "speed": 6},
    }
    out = io.BytesIO()
    small.save(out, known, **options[known])
    back = Image.open(io.BytesIO(out.getvalue())).convert("RGB")
    if scale > 1:
        back = back.resize(image.shape[1::-1], Image.Resampling.BICUBIC)
    return np.asarray(back), out.getvalue()


def fax(ink: np.ndarray, scale: int) -> tuple[np.ndarray, bytes]:
    """Compress and decode what is ink, one bit a pixel of the reduced picture.

    Args:
        ink: H×W bool, see `ink_of_page` and `ink_of_words`.
        scale: reduced by it first, enlarged smoothly after.

    Returns:
        The decoded picture, black on white, H×W×3 uint8, and the whole file.
    """
    height, width = ink.shape
    sides = max(1, round(width / scale)), max(1, round(height / scale))
    grey = np.where(ink, 0, 255).astype(np.uint8)
    data = bilevel.compress(cv2.resize(grey, sides, interpolation=cv2.INTER_AREA), BLACK)
    back = cv2.resize(
        bilevel.decompress(data), (width, height), interpolation=cv2.INTER_CUBIC
    )
    if scale > 1:
        back = cv2.GaussianBlur(back, (0, 0), SMOOTH * scale)
    return np.repeat(back[..., None], 3, 2), data


def ink_of_page(image: np.ndarray, window: int) -> np.ndarray:
    """What is ink, H×W bool, by Sauvola's threshold (2000): darker than its
    surroundings, or lighter, whichever marks less of the picture.

    Args:
        image: H×W×3 uint8.
        window: side of the surroundings in pixels, odd.
    """
    return min(_dark_and_light(image, window), key=np.mean)


def ink_of_words(
    image: np.ndarray, places: Sequence[Place], window: int | None = None
) -> np.ndarray:
    """The same for a sender who knows where the words are: in each place what the edge
    has less of. No ink elsewhere.

    Args:
        places: left, top, right, bottom of each word.
        window: as `ink_of_page`'s; if None, the colours of each place are parted in two
            (k-means).
    """
    marked = None if window is None else _dark_and_light(image, window)
    ink = np.zeros(image.shape[:2], bool)
    for left, top, right, bottom in places:
        here = slice(top, bottom), slice(left, right)
        parts = _two_colours(image[here]) if marked is None else [m[here] for m in marked]
        ink[here] |= min(parts, key=_on_edge)
    return ink


def _dark_and_light(image: np.ndarray, window: int) -> list[np.ndarray]:
    """What is darker than its surroundings, and what is lighter."""
    from skimage.filters import threshold_sauvola  # which training does without

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(grey, (1, 99))
    grey = np.clip((grey - low) * 255 / max(high - low, 1), 0, 255)
    return [tone < threshold_sauvola(tone, window, r=128) for tone in (grey, 255 - grey)]


def _two_colours(part: np.ndarray) -> list[np.ndarray]:
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0)
    colours = part.reshape(-1, 3).astype(np.float32)
    begun = np.zeros((len(colours), 1), np.int32)
    _, labels, _ = cv2.kmeans(colours, 2, begun, stop, 3, cv2.KMEANS_PP_CENTERS)
    one = labels.reshape(part.shape[:2]).astype(bool)
    return [one, ~one]


def _on_edge(mask: np.ndarray) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())
