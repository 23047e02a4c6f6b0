"""The ``.sem`` file: a picture's bitstream with what is needed to decode it.

| bytes | what |
|---|---|
| 4 | ``SEM`` and the version, 1 |
| 1 | the codec: its place in `CODECS` |
| 4 | the beginning of the weights' SHA-256 |
| 2 | the rate, in 1/4096 |
| 2 + 2 | height and width in pixels |
| 4 | CRC-32 of rate, height, width and the latents |
| 2 | length of z's string, which follows |
| rest | y's string, and at the end 4 bytes: CRC-32 of all before |

Numbers are little-endian. The last checksum finds a damaged file before anything
is decoded. The latents' finds a decoder whose arithmetic differs from the
encoder's: an error, never a wrong picture.
"""

import struct
import zlib
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..images import InputError
from .tinylic import RATES, TinyLIC

MAGIC = b"SEM\x01"
CODECS = ("tinylic",)
HEADER = struct.Struct("<4sB4sHHHIH")
RATE_STEPS = 4096
MAX_PIXELS = 4_000_000  # decoded in one piece: about 1 GB


@dataclass(frozen=True)
class Header:
    """What a ``.sem`` file says before its bitstream."""

    codec: str
    weights: str  # the first 8 hexadecimal digits of their SHA-256
    rate: float
    height: int
    width: int
    latents_crc: int
    z_bytes: int


def compress(model: TinyLIC, weights: str, x: Tensor, rate: float) -> bytes:
    """A picture of any size as the bytes of a ``.sem`` file.

    Args:
        weights: SHA-256 of the model's weights, hexadecimal.
        x: 1×3×H×W in [0, 1].
        rate: 0 to 7.

    Raises:
        InputError: the rate is outside, or the picture too large.
    """
    if not 0 <= rate <= RATES - 1:
        raise InputError(f"rate must be between 0 and {RATES - 1}, not {rate}")
    height, width = x.shape[-2:]
    _check_size(height, width)
    rate = round(rate * RATE_STEPS) / RATE_STEPS
    below, right = -height % model.multiple, -width % model.multiple
    if below or right:  # by repeating the last row and column
        x = F.pad(x, (0, right, 0, below), mode="replicate")
    z, y, symbols = model.encode(x, rate)
    head = HEADER.pack(MAGIC, CODECS.index("tinylic"), bytes.fromhex(weights[:8]),
                       round(rate * RATE_STEPS), height, width,
                       _crc(symbols, rate, height, width), len(z))
    data = head + z + y
    return data + zlib.crc32(data).to_bytes(4, "little")


def decompress(model: TinyLIC, weights: str, data: bytes) -> Tensor:
    """The picture, 1×3×H×W in whole levels of 1/255.

    Raises:
        InputError: the file is damaged or hostile, was made with other weights,
            or decodes to other latents on this machine.
    """
    header = read_header(data)
    if header.weights != weights[:8]:
        raise InputError(f"made with weights {header.weights}, these are "
                         f"{weights[:8]}")
    height = -(-header.height // model.multiple) * model.multiple
    width = -(-header.width // model.multiple) * model.multiple
    strings = data[HEADER.size:-4]
    z, y = strings[:header.z_bytes], strings[header.z_bytes:]
    x, symbols = model.decode(z, y, height, width, header.rate)
    crc = _crc(symbols, header.rate, header.height, header.width)
    if crc != header.latents_crc:
        raise InputError("the latents decode otherwise here than where they were "
                         "encoded: no picture")
    return x[..., :header.height, :header.width]


def read_header(data: bytes) -> Header:
    """Check a file's checksum and header.

    Raises:
        InputError: it is no ``.sem`` file, or damaged, or claims what cannot be.
    """
    if data[:3] != MAGIC[:3]:
        raise InputError("not a .sem file")
    if data[:4] != MAGIC:
        raise InputError(f"a .sem file of version {data[3] if data[3:] else '?'}; "
                         f"this program reads version {MAGIC[3]}")
    if len(data) < HEADER.size + 4:
        raise InputError("the .sem file is cut short")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise InputError("the .sem file is damaged: its checksum differs")
    _, codec, weights, rate, height, width, crc, z_bytes = HEADER.unpack_from(data)
    if codec >= len(CODECS):
        raise InputError(f"the .sem file names an unknown codec, {codec}")
    if rate > (RATES - 1) * RATE_STEPS or z_bytes > len(data) - HEADER.size - 4:
        raise InputError("the .sem file's header contradicts itself")
    _check_size(height, width)
    return Header(CODECS[codec], weights.hex(), rate / RATE_STEPS, height, width,
                  crc, z_bytes)


def _check_size(height: int, width: int) -> None:
    if not (0 < height < 2**16 and 0 < width < 2**16) or height * width > MAX_PIXELS:
        raise InputError(f"{width} × {height} pixels: the codec takes 1 to "
                         f"{MAX_PIXELS // 10**6} million")


def _crc(symbols: Tensor, rate: float, height: int, width: int) -> int:
    known = struct.pack("<3I", round(rate * RATE_STEPS), height, width)
    return zlib.crc32(known + symbols.to(torch.int32).numpy().astype("<i4").tobytes())
