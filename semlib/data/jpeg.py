"""The real JPEG codec (libjpeg-turbo, through Pillow) as a source of damage."""

import io

import numpy as np
from PIL import Image

from ..images import InputError
from .pages import reduce_image


def jpeg_bytes(image: np.ndarray | Image.Image, quality: int) -> bytes:
    """Encode as baseline JPEG with optimal Huffman tables.

    Args:
        image: H×W (grey) or H×W×3 (RGB, chroma subsampled 4:2:0), uint8.
        quality: libjpeg's 1 (worst) to 100.

    Raises:
        InputError: the quality is outside 1 to 100.
    """
    if not 1 <= quality <= 100:
        raise InputError(f"quality must be between 1 and 100, not {quality}")
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def degrade(image: np.ndarray | Image.Image, *, quality: int,
            scale: float = 1.0) -> tuple[np.ndarray, bytes]:
    """Reduce a picture by `scale`, compress it, and decode it again.

    Returns:
        The degraded picture (uint8, as many channels as `image`) and the JPEG
        file that it was decoded from.

    Raises:
        InputError: the quality is outside 1 to 100, or the scale outside (0, 1].
    """
    if not 0 < scale <= 1:
        raise InputError(f"scale must be above 0 and at most 1, not {scale}")
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    data = jpeg_bytes(reduce_image(image, scale), quality)
    return np.asarray(Image.open(io.BytesIO(data))), data


def jpeg_scan(data: bytes) -> bytes:
    """The compressed picture in a JPEG file, without all that comes before it.

    That is: what follows the first scan's header (tables and sizes are before),
    up to the end marker.

    Raises:
        ValueError: `data` is not a JPEG file with one scan.
    """
    at = 2
    while data[:2] == b"\xff\xd8" and at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        at += 2 + length
        if marker == 0xDA:
            return data[at:-2]
    raise ValueError("not a JPEG file with a scan")


def quantization_table(quality: int) -> np.ndarray:
    """The 8×8 luminance table that libjpeg uses at a quality, in natural order."""
    data = jpeg_bytes(np.zeros((8, 8), np.uint8), quality)
    table = Image.open(io.BytesIO(data)).quantization[0]
    return np.array(table).reshape(8, 8)
