"""Small picture files of every kind, made by hand where Pillow writes none."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOUR = np.stack([RAMP, RAMP[::-1], RAMP.T], -1)


def chunk(kind: bytes, data: bytes, *, damaged: bool = False) -> bytes:
    check = zlib.crc32(kind + data) ^ damaged
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(samples: np.ndarray, depth: int, colour: int, *more: bytes) -> bytes:
    """A PNG file; samples are H×W×C whole numbers below 2**depth, `more` its chunks
    before the pixels."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    if depth == 16:
        packed = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = (rows[..., None] >> np.arange(depth)[::-1]) & 1
        packed = [np.packbits(row).tobytes() for row in bits.reshape(height, -1)]
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(
                b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
            ),
            *more,
            chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in packed))),
            chunk(b"IEND", b""),
        ]
    )


def saved(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(out, kind, **options)
    return out.getvalue()


def pages(kind: str, *levels: int) -> bytes:
    images = [Image.new("L", (16, 16), level) for level in levels]
    return saved(images[0], kind, save_all=True, append_images=images[1:])


def oriented(orientation: int) -> bytes:
    """An EXIF block."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def swapping_profile() -> bytes:
    """An ICC profile by which red is sRGB's blue, and blue its red."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in (
        (b"rXYZ", b"????"),
        (b"bXYZ", b"rXYZ"),
        (b"????", b"bXYZ"),
        ("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be")),
    ):
        data = data.replace(old, new)
    return data


def white_is_zero(samples: np.ndarray, following: int = 0) -> bytes:
    """A TIFF file, uncompressed, whose least value is white; the next page is said to
    lie at byte `following`."""
    depth, data = 8 * samples.itemsize, samples.astype(samples.dtype.newbyteorder("<"))
    height, width = samples.shape
    tags = [
        (256, 3, width),
        (257, 3, height),
        (258, 3, depth),
        (259, 3, 1),
        (262, 3, 0),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, height),
        (279, 4, data.nbytes),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in tags)
    return (
        struct.pack("<2sHI", b"II", 42, 8 + data.nbytes)
        + data.tobytes()
        + struct.pack("<H", len(tags))
        + entries
        + struct.pack("<I", following)
    )


def ycck(ink: int) -> bytes:
    """A JPEG file of Adobe's YCCK, of so much of three inks and without black."""
    data = saved(Image.new("CMYK", (16, 16), (255 - ink, 127, 127, 0)), "JPEG")
    at = data.index(b"Adobe")
    return data[: at + 11] + b"\2" + data[at + 12 :]
