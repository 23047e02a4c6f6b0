"""What a ``.sem`` file says before its bitstream, read without any network."""

import struct
import zlib
from dataclasses import dataclass

from .images import MAX_PIXELS, InputError

MAGIC = b"SEM\x01"
CODECS = ("tinylic", "hyperprior")
RATES = 8  # rate points, 0 to 7
HEADER = struct.Struct("<4sB4sHHH")
CHECKSUM = 4  # bytes
RATE_STEPS = 4096


@dataclass(frozen=True)
class Header:
    """What a ``.sem`` file says before its bitstream."""

    codec: str
    weights: str  # the first 8 hexadecimal digits of their SHA-256
    rate: float
    height: int
    width: int

    def pack(self) -> bytes:
        return HEADER.pack(
            MAGIC,
            CODECS.index(self.codec),
            bytes.fromhex(self.weights),
            round(self.rate * RATE_STEPS),
            self.height,
            self.width,
        )


def read_header(data: bytes) -> Header:
    """Check a file's checksum and header.

    Raises:
        InputError: it is no ``.sem`` file, or damaged, or claims what cannot be.
    """
    if data[:3] != MAGIC[:3]:
        raise InputError("not a .sem file")
    if data[:4] != MAGIC:
        raise InputError(
            f"a .sem file of version {data[3] if data[3:] else '?'}; "
            f"this program reads version {MAGIC[3]}"
        )
    if len(data) < HEADER.size + CHECKSUM:
        raise InputError("the .sem file is cut short")
    if zlib.crc32(data[:-CHECKSUM]) != int.from_bytes(data[-CHECKSUM:], "little"):
        raise InputError("the .sem file is damaged: its checksum differs")
    _, codec, weights, rate, height, width = HEADER.unpack_from(data)
    if codec >= len(CODECS):
        raise InputError(f"the .sem file names an unknown codec, {codec}")
    if rate > (RATES - 1) * RATE_STEPS:
        raise InputError("the .sem file's header contradicts itself")
    check_size(height, width)
    return Header(CODECS[codec], weights.hex(), rate / RATE_STEPS, height, width)


def check_size(height: int, width: int) -> None:
    """Raises `InputError` where no ``.sem`` file holds a picture of that size."""
    if not (0 < height < 2**16 and 0 < width < 2**16) or height * width > MAX_PIXELS:
        raise InputError(
            f"{width} × {height} pixels: the codec takes 1 to "
            f"{MAX_PIXELS // 10**6} million"
        )
