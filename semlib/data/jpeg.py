"""The real JPEG codec (libjpeg-turbo, through Pillow) as a source of damage."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from scipy.fft import idctn

from ..images import InputError, quiet, reduce_image
from ..samples import orientation


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


def degrade(
    image: np.ndarray | Image.Image, *, quality: int, scale: float = 1.0
) -> tuple[np.ndarray, bytes]:
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
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        at += 2 + length
        if marker == 0xDA:
            return data[at:-2]
    raise ValueError("not a JPEG file with a scan")


def quantization_table(quality: int) -> np.ndarray:
    """The 8×8 luminance table that libjpeg uses at a quality, in natural order."""
    data = jpeg_bytes(np.zeros((8, 8), np.uint8), quality)
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImageFile)
    return np.array(image.quantization[0]).reshape(8, 8)


@dataclass(frozen=True)
class Luminance:
    """What a JPEG file says of a picture's luminance, upright.

    Args:
        pixels: H×W float32, 0 black and 1 white, whole 8×8 blocks, and not cut off at
            black and white as what a viewer shows is.
        table: 8×8 quantization steps in levels of 255.
        inside: where in ``pixels`` the picture is; the rest fills up its last blocks,
            which are the first ones of a picture turned by EXIF.
    """

    pixels: np.ndarray
    table: np.ndarray
    inside: tuple[slice, slice]


# what EXIF's orientation asks for: turn by so many quarters, then mirror
UPRIGHT = {
    1: (0, False),
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}


def read_luminance(path: Path) -> Luminance | None:
    """A JPEG file's luminance, as its coefficients say it; None of another file, or of
    a JPEG that has no luminance at full size."""
    import jpeglib  # which training does without

    try:
        with quiet(), Image.open(path) as image:
            if image.format not in ("JPEG", "MPO"):  # with more pictures inside
                return None
            turn = UPRIGHT[orientation(image)]
        with quiet():
            file = jpeglib.read_dct(str(path))
            file.load()  # or else when its coefficients are first asked for
    except Exception:  # whatever is wrong with it, it is no JPEG to go by
        return None
    if (
        file.jpeg_color_space.name not in ("JCS_GRAYSCALE", "JCS_YCbCr")
        or (file.samp_factor[0] != file.samp_factor.max(0)).any()
    ):
        return None
    table = file.qt[file.quant_tbl_no[0]].astype(np.float32)
    pixels = np.empty((8 * file.Y.shape[0], 8 * file.Y.shape[1]), np.float32)
    for row, blocks in enumerate(file.Y):
        strip = (idctn(blocks * table, axes=(1, 2), norm="ortho") + 128) / 255
        pixels[8 * row : 8 * row + 8] = strip.swapaxes(0, 1).reshape(8, -1)
    pixels = _upright(pixels, turn)
    inside = (
        np.zeros(pixels.shape, bool)
        if not turn[0] % 2
        else np.zeros(pixels.shape[::-1], bool)
    )
    inside[: file.height, : file.width] = True
    inside = _upright(inside, turn)
    rows, columns = (
        slice(int(found[0]), int(found[-1]) + 1)
        for found in (np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0)))
    )
    return Luminance(pixels, table.T if turn[0] % 2 else table, (rows, columns))


def _upright(array: np.ndarray, turn: tuple[int, bool]) -> np.ndarray:
    quarters, mirrored = turn
    array = np.rot90(array, quarters)
    return np.ascontiguousarray(array[:, ::-1] if mirrored else array)
