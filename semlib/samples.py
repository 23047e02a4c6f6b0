"""What the samples of a picture file mean: eight bits a channel, upright, opaque."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms, ImageStat
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

# what EXIF's orientation asks for
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION = 0x0112  # EXIF's tag
PHOTOMETRIC = 262  # TIFF's tag; 0 where white is the least value
SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}
CONTRAST = 2  # black takes white's place as the ground where it gives so many times more
MISFIT = "its colour profile is none for its colours and not gone by"

Note = Callable[[str], None]  # is told what of a picture is lost


class SampleError(ValueError):
    """Samples of which it is not known what is black and what white."""


def orientation(image: Image.Image, note: Note = lambda _: None) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none that can be read."""
    try:
        found = image.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow raises what it meets: SyntaxError, struct.error, …
        note("its EXIF block is broken and not gone by")
        return 1
    return found if found in UPRIGHT else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as EXIF's orientation says that it was held."""
    turn = UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)


def mend_header(image: Image.Image) -> None:
    """What Pillow takes wrongly from a file's header; to be asked before it decodes."""
    if isinstance(image, PngImageFile):
        _scale_transparency(image)
    if isinstance(image, TiffImageFile):
        _lay_down(image)


def _lay_down(image: TiffImageFile) -> None:
    """Give an uncompressed TIFF file that lies on its side its size as it lies there:
    by the upright one, Pillow 11 to 13 cut the rows in wrong places."""
    raw = image.tile and image.tile[0].codec_name == "raw"
    if raw and image.tag_v2.get(ORIENTATION) in (5, 6, 7, 8):
        lying = image.tile[0].extents
        if lying is not None and image.size[0] != lying[2]:
            image._size = image.size[::-1]


def _scale_transparency(image: PngImageFile) -> None:
    """Give the transparent colour of a PNG file (tRNS) the depth that its pixels are
    decoded to; Pillow leaves it at the file's."""
    colour = image.info.get("transparency")
    if not image.tile:
        return
    raw = str(image.tile[0].args)  # how a row's samples lie in the file
    if image.mode == "L" and raw in ("L;2", "L;4") and isinstance(colour, int):
        image.info["transparency"] = colour * (85 if raw == "L;2" else 17)
    if image.mode == "RGB" and raw.startswith("RGB;16") and isinstance(colour, tuple):
        image.info["transparency"] = tuple(part >> 8 for part in colour)


def to_grey_or_rgb(image: Image.Image, note: Note) -> Image.Image:
    """Convert any Pillow picture to mode ``L`` or ``RGB``.

    Transparency is laid on white, or on black where nearly nothing would be seen on
    white. A colour profile stays in ``info`` for ``L`` and ``RGB``, and is gone by
    where the picture has other inks.

    Raises:
        SampleError: floating-point or 32-bit samples of no known range.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bits(image, note)
    if image.has_transparency_data:
        image = _opaque(image, note)
    elif image.mode in ("CMYK", "LAB"):
        image = _printed(image, profile, note)
        profile = None
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    image = image.copy()
    image.info = {}  # what of the file has been gone by
    if profile:
        found = _profile(profile, image.mode)
        if found is None:
            note(MISFIT)
        elif "srgb" not in ImageCms.getProfileDescription(found).lower():
            image.info["icc_profile"] = profile
    return image


def to_srgb(image: Image.Image) -> Image.Image:
    """A picture of mode ``L`` or ``RGB`` in sRGB's colours, and without a profile."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    found = _profile(profile, image.mode)
    converted = _through(image, found).convert(image.mode)
    converted.info = {}
    return converted


def _eight_bits(image: Image.Image, note: Note) -> Image.Image:
    """Samples of 16 and 32 bits, whole numbers or not, as 8 bits, 0 black."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if image.mode.startswith("I;16") or image.format == "PPM":
        top = 65535
    else:
        top = _top(values)
        note(f"its samples are taken as 0 to {top}")
    grey = np.rint(values * (255 / top)).astype(np.uint8)
    if image.format == "TIFF" and _white_is_zero(image):
        grey = 255 - grey
    colour = image.info.get("transparency")
    eight = Image.fromarray(grey)
    if isinstance(colour, int):  # the alpha channel that a colour of 16 bits stands for
        alpha = Image.fromarray(np.where(values == colour, 0, 255).astype(np.uint8))
        eight = Image.merge("LA", [eight, alpha])
    return eight


def _top(values: np.ndarray) -> int:
    """What white is, where the file does not say: the usual range that the values
    fill, or a sixteenth of it at least."""
    low, high = values.min(), values.max()
    for top in (1, 255, 65535):
        if low >= 0 and (high == 0 or top / 16 <= high <= top):
            return top
    raise SampleError(
        f"samples from {low:g} to {high:g}; what is black and what white is known for "
        "0 to 1, 255 or 65535"
    )


def _white_is_zero(image: Image.Image) -> bool:
    return getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0


def _opaque(image: Image.Image, note: Note) -> Image.Image:
    """A transparent picture on the ground on which something is seen."""
    grey = image.mode in ("L", "LA", "La", "1")
    rgba = image.convert("RGBA")
    laid = rgba.convert("RGB")
    if rgba.getchannel("A").getextrema() != (255, 255):
        white, black = (
            Image.alpha_composite(Image.new("RGBA", rgba.size, ground), rgba)
            for ground in ("white", "black")
        )
        dark = _contrast(black) > CONTRAST * _contrast(white)
        note(f"transparency is laid on {'black' if dark else 'white'}")
        laid = (black if dark else white).convert("RGB")
    return laid.convert("L") if grey else laid


def _contrast(image: Image.Image) -> float:
    """The standard deviation of the luminance."""
    return ImageStat.Stat(image.convert("L")).stddev[0]


def _printed(image: Image.Image, profile: bytes | None, note: Note) -> Image.Image:
    """Inks as RGB: by the file's profile, or else by Pillow's plain formula."""
    found = _profile(profile, image.mode) if profile else None
    if profile and found is None:
        note(MISFIT)
    return _through(image, found) if found else image.convert("RGB")


def _profile(data: bytes, mode: str) -> ImageCms.ImageCmsProfile | None:
    """A colour profile, if it is one for pictures of that mode."""
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(data))
        fits = found.profile.xcolor_space == SPACES.get(mode)
        ImageCms.buildTransform(found, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None
    return found if fits else None


def _through(image: Image.Image, profile) -> Image.Image:
    """A picture converted from its profile to sRGB, mode ``RGB``."""
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB")
    assert converted is not None
    return converted
