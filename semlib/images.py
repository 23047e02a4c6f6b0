"""Pictures from files and to files: one strict way in, one safe way out."""

import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # a 600 dpi A4 page is 35 million


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one clear line."""


def open_image(path: str | os.PathLike) -> Image.Image:
    """Read a picture file, upright, as mode ``L`` or ``RGB`` (8 bits a channel).

    EXIF rotation is applied; transparency is laid on white; palette, CMYK and
    16-bit pictures are converted.

    Raises:
        InputError: the file is missing, no picture, cut short, or claims more
            than `MAX_PIXELS` pixels.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if not path.is_file():
        raise InputError(f"{path}: not a file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise InputError(
                f"{path}: {width} × {height} pixels is more than "
                f"{MAX_PIXELS // 10**6} million"
            )
        image.load()
        return to_grey_or_rgb(ImageOps.exif_transpose(image))
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: too many pixels to be read safely") from error
    except PermissionError as error:
        raise InputError(f"{path}: permission denied") from error
    except Exception as error:  # Pillow's decoders raise some ten different types
        raise InputError(
            f"{path}: not a readable picture (empty, cut short, or another kind of file)"
        ) from error


def reduce_image(image: Image.Image, scale: float) -> np.ndarray:
    """Resize by `scale` with Pillow's bicubic filter; at least 1×1 pixel."""
    size = [max(1, round(side * scale)) for side in image.size]
    if size == list(image.size):
        return np.asarray(image)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def to_grey_or_rgb(image: Image.Image) -> Image.Image:
    """Convert any Pillow picture to mode ``L`` or ``RGB``, transparency on white."""
    if image.mode.startswith("I"):  # 16-bit grey, whichever byte order
        values = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray(np.rint(values / 257).astype(np.uint8))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba).convert("RGB")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode in ("1", "LA") else "RGB")


@contextmanager
def replace_file(path: str | os.PathLike):
    """Write a file beside `path` and rename it into place when all went well.

    Yields an open binary file. If the block raises, what stood at `path`
    before still stands there.

    Raises:
        InputError: the folder does not exist or cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise InputError(f"{path}: its folder {path.parent} does not exist")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_tensor(image: Image.Image | np.ndarray) -> torch.Tensor:
    """A picture as a float tensor, C×H×W, in [0, 1]."""
    array = np.array(image)
    if array.dtype != np.uint8:
        raise TypeError(f"expected 8-bit pixels, got {array.dtype}")
    array = array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
    return torch.from_numpy(np.ascontiguousarray(array)).float() / 255


def to_image(tensor: torch.Tensor) -> Image.Image:
    """A C×H×W tensor in [0, 1] as a Pillow picture, clipped and rounded."""
    array = (tensor.detach().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return Image.fromarray(array[0] if len(array) == 1 else np.moveaxis(array, 0, -1))
