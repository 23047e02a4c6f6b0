"""Pictures from files and to files: one strict way in, one safe way out."""

import io
import os
import stat
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from .samples import (
    Note,
    SampleError,
    mend_header,
    orientation,
    to_grey_or_rgb,
    to_srgb,
    upright,
)

if TYPE_CHECKING:
    import torch

__all__ = [
    "MAX_PIXELS",
    "InputError",
    "PictureWarning",
    "check_input",
    "check_memory",
    "check_output",
    "check_side",
    "count_pages",
    "flatten_ground",
    "inside",
    "open_image",
    "picture_format",
    "quiet",
    "reduce_image",
    "replace_file",
    "save_image",
    "to_image",
    "to_srgb",
    "to_tensor",
]

MAX_PIXELS = 50_000_000  # a 600 dpi A4 page is 35 million
# besides what does not grow with the picture; measured at 17 million pixels: 24 to lay
# transparency on a ground, 31 as a tensor, 38 to restore; a third more for what was not
BYTES_PER_PIXEL = 50
# what is written: formats that hold 8 bits of grey and of colour, and their longest side
PROFILED = {"JPEG", "PNG", "TIFF", "WEBP"}  # those that hold a colour profile
FORMATS = {
    "BMP": 2**31 - 1,
    "JPEG": 65500,
    "JPEG2000": 2**31 - 1,
    "PNG": 2**31 - 1,
    "PPM": 2**31 - 1,
    "TIFF": 2**31 - 1,
    "WEBP": 16383,
}
OPTIONS: dict[str, dict] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup/memory.max")
PNG = b"\x89PNG\r\n\x1a\n"
DAMAGE = (b"Corrupt JPEG data", b"Premature end")  # what libjpeg prints
KEPT = {b"tRNS", b"eXIf", b"iCCP"}  # of a PNG's chunks, besides those it cannot lack


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one clear line."""


class PictureWarning(UserWarning):
    """Something of a picture is left out; the message is one line that says what."""


def open_image(path: str | os.PathLike, page: int | None = None) -> Image.Image:
    """Read a picture file, upright, as mode ``L`` or ``RGB`` (8 bits a channel).

    EXIF rotation is applied; transparency is laid on white, or on black where nearly
    nothing would be seen on white; palette, CMYK, 16-bit and floating-point pictures
    are converted. A colour profile other than sRGB's stays in ``info``, see `to_srgb`.
    What is left out, pages after the first one too, is a `PictureWarning`; so is damage
    that a JPEG file's decoder tells of.

    Args:
        page: which one of a file that has several, from 0; the others are then not said
            to be left out.

    Raises:
        InputError: the file is missing, no picture, cut short, or claims more than
            `MAX_PIXELS` pixels or than there is memory for.
    """
    path = Path(path)
    check_input(path)
    notes: dict[str, None] = {}
    try:
        with quiet():
            image = _decoded(path, page, notes.setdefault)
    except InputError:
        raise
    except SampleError as error:
        raise InputError(f"{path}: {error}") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: too many pixels to be read safely") from error
    except PermissionError as error:
        raise InputError(f"{path}: permission denied") from error
    except Exception as error:  # Pillow's decoders raise some ten different types
        raise InputError(
            f"{path}: not a readable picture (empty, cut short, or another kind of file)"
        ) from error
    if notes:
        warnings.warn(f"{path}: {'; '.join(notes)}", PictureWarning, stacklevel=2)
    return image


def check_input(path: Path) -> None:
    """Raises `InputError` where there is no file to be read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = "no such file" if missing else error.strerror
        raise InputError(f"{path}: {why}") from error
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: not a file")


@contextmanager
def quiet():
    """What Pillow warns of, and what C libraries print to standard error themselves, is
    not heard: what matters of it is said once, in our own words."""
    with open(os.devnull, "wb") as nothing, _heard_in(nothing):
        yield


@contextmanager
def _heard_in(file: IO[bytes]):
    """What is printed to standard error goes to a file, from C libraries too."""
    try:
        heard = os.dup(2)
    except OSError:  # it is closed
        heard = None
    with warnings.catch_warnings(action="ignore"):
        if heard is None:
            yield
            return
        try:
            os.dup2(file.fileno(), 2)
            yield
        finally:
            os.dup2(heard, 2)
            os.close(heard)


def count_pages(path: str | os.PathLike) -> int:
    """How many pages a file has: of a TIFF file all, of another one the first is it,
    as what follows there is an animation or a preview.

    Raises:
        InputError: the file is missing.
    """
    check_input(Path(path))
    try:
        with quiet(), Image.open(path) as image:
            return getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    except Exception:  # what is wrong with it is said when it is opened
        return 1


def _decoded(path: Path, page: int | None, note: Note) -> Image.Image:
    try:
        return _page(path, path, page, note)
    except (InputError, SampleError, Image.DecompressionBombError):
        raise
    except Exception:
        with path.open("rb") as file:
            if file.read(len(PNG)) != PNG:
                raise
            chunks = b"".join(_sound_chunks(PNG + file.read()))
        image = _page(path, io.BytesIO(PNG + chunks), page, note)
        note("what is broken beside its pixels is left out")
        return image


def _page(
    path: Path, source: Path | io.BytesIO, page: int | None, note: Note
) -> Image.Image:
    with Image.open(source) as image:
        if page:
            image.seek(page)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise InputError(
                f"{path}: {width} × {height} pixels is more than "
                f"{MAX_PIXELS // 10**6} million"
            )
        check_memory(path, width, height)
        mend_header(image)
        image.load()
        turn = orientation(image, note)
        result = upright(to_grey_or_rgb(image, note), turn)
        kind = image.format
    if page is None:
        _note_pages(source, note)
    if kind in ("JPEG", "MPO") and _is_damaged(path):
        note("the file is damaged; what could be decoded is used")
    return result


def _is_damaged(path: Path) -> bool:
    """Whether a JPEG file's bits end too early or too late for its picture. Wrong ones
    that end where they should are not found."""
    try:
        with tempfile.TemporaryFile() as said:
            with _heard_in(said):
                import jpeglib

                jpeglib.read_dct(str(path)).load()
            said.seek(0)
            printed = said.read()
            return any(sign in printed for sign in DAMAGE)
    except Exception:  # of a kind that it does not know
        return False


def _note_pages(source: Path | io.BytesIO, note: Note) -> None:
    """Note how many pages are left out."""
    try:
        with Image.open(source) as image:
            pages = 1 if image.format == "PSD" else getattr(image, "n_frames", 1)
    except Exception:
        note("only its first page is taken, what follows is broken")
    else:
        if pages > 1:
            note(f"only the first of its {pages} pages is taken")


def _sound_chunks(data: bytes) -> Iterator[bytes]:
    """Of a PNG file the chunks that its pixels need, and some others if they are
    undamaged."""
    at = len(PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 4 : end - 4]
        sound = zlib.crc32(body) == int.from_bytes(data[end - 4 : end], "big")
        if kind[:1].isupper() or (kind in KEPT and sound):
            yield data[at:end]
        at = end


def check_memory(path: Path, width: int, height: int) -> None:
    """Whether a picture of that size can be worked on, asked before it is decoded.

    Raises:
        InputError: it needs more memory than is free.
    """
    needed, free = BYTES_PER_PIXEL * width * height, free_memory()
    if needed > free:
        raise InputError(
            f"{path}: {width} × {height} pixels need about {needed / 1e9:.1f} GB of "
            f"memory, and {free / 1e9:.1f} GB are free"
        )


def free_memory() -> int:
    """Bytes that a process can have: what is free, or all where the machine does not
    say, and in a container no more than it may have."""
    return min(_free_of_the_machine(), _limit_of_the_container())


def _free_of_the_machine() -> int:
    try:
        lines = MEMINFO.read_text().splitlines()
        (free,) = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        return 1024 * int(free)
    except (OSError, ValueError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _limit_of_the_container() -> int:
    try:
        return int(CGROUP.read_text())
    except (OSError, ValueError):  # «max»: none
        return sys.maxsize


def picture_format(path: Path) -> str:
    """The picture format that a file's name asks for.

    Raises:
        InputError: none, or one that does not hold 8 bits of grey and of colour.
    """
    kind = Image.registered_extensions().get(path.suffix.lower(), "")
    if kind not in FORMATS or kind not in Image.SAVE:
        raise InputError(
            f"{path}: name it after a picture format, such as .png ({', '.join(FORMATS)})"
        )
    return kind


def check_output(path: Path) -> None:
    """Whether a file can be written there: asked before the work.

    Raises:
        InputError: it cannot.
    """
    _check_place(path)
    handle, name = _beside(path)
    os.close(handle)
    Path(name).unlink()


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{path}: its folder {path.parent} does not exist")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a folder")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: not an ordinary file, which alone is replaced")


def check_side(path: Path, kind: str, *sides: int) -> None:
    """Raises `InputError` where a format holds no picture of these sides."""
    if max(sides) > FORMATS[kind]:
        raise InputError(
            f"{path}: {' × '.join(map(str, sides))} pixels; {kind} holds no more than "
            f"{FORMATS[kind]} a side"
        )


def save_image(image: Image.Image, path: Path, profile: bytes | None = None) -> None:
    """Write a picture in the format of its name, without loss where that has a way.

    Args:
        profile: the ICC profile of its colours, if not sRGB's.

    Raises:
        InputError: it cannot be written.
    """
    kind = picture_format(path)
    check_side(path, kind, *image.size)
    if profile and kind not in PROFILED:
        image.info["icc_profile"] = profile
        image, profile = to_srgb(image), None
    with replace_file(path) as out:
        image.save(out, kind, icc_profile=profile, **OPTIONS.get(kind, {}))
    if kind == "JPEG":
        warnings.warn(
            f"{path}: JPEG does not keep all of what was made; .png does",
            PictureWarning,
            stacklevel=2,
        )


def reduce_image(image: Image.Image, scale: float) -> np.ndarray:
    """Resize by `scale` with Pillow's bicubic filter; at least 1×1 pixel."""
    size = [max(1, round(side * scale)) for side in image.size]
    if size == list(image.size):
        return np.asarray(image)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def inside(image: np.ndarray, regions: Iterable[tuple[int, int, int, int]]) -> np.ndarray:
    """Which pixels are in one of the regions (left, top, right, bottom), H×W bool."""
    mask = np.zeros(image.shape[:2], bool)
    for left, top, right, bottom in regions:
        mask[top:bottom, left:right] = True
    return mask


def flatten_ground(
    image: np.ndarray, regions: Iterable[tuple[int, int, int, int]]
) -> np.ndarray:
    """The picture with one colour beyond its regions of interest, the mean of what is in
    them: nothing is left to code there.

    Args:
        image: H×W×3 uint8.
        regions: left, top, right, bottom of each. If there are none, all is ground.
    """
    kept = inside(image, regions)
    colour = image[kept if kept.any() else ~kept].mean(0)
    return np.where(kept[..., None], image, colour.round().astype(np.uint8))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


UMASK = _umask()  # asked once: asking sets it for a moment, for other threads as well


@contextmanager
def replace_file(path: str | os.PathLike):
    """Write a file beside `path` and rename it into place when all went well.

    Yields an open binary file. If the block raises, what stood at `path`
    before still stands there.

    Raises:
        InputError: the folder does not exist or cannot be written to, or the disk is
            full.
    """
    path = Path(path)
    _check_place(path)
    handle, name = _beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)  # else a power cut may leave the new name and no content
        os.chmod(name, 0o666 & ~UMASK)
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:  # a full disk, say
            raise InputError(f"{path}: {error.strerror}") from error
        raise


def _beside(path: Path) -> tuple[int, str]:
    """A new file in the same folder: an open handle, and its name."""
    try:
        return tempfile.mkstemp(dir=path.parent, prefix=".semlib-")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def to_tensor(image: Image.Image | np.ndarray) -> "torch.Tensor":
    """A picture as a float tensor, C×H×W, in [0, 1]."""
    import torch

    array = np.array(image)
    if array.dtype != np.uint8:
        raise TypeError(f"expected 8-bit pixels, got {array.dtype}")
    array = array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
    return torch.from_numpy(np.ascontiguousarray(array)).float() / 255


def to_image(tensor: "torch.Tensor") -> Image.Image:
    """A C×H×W tensor in [0, 1] as a Pillow picture, clipped and rounded."""
    array = (tensor.detach().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return Image.fromarray(array[0] if len(array) == 1 else np.moveaxis(array, 0, -1))
