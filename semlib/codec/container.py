"""The ``.sem`` file: a picture's bitstream with what is needed to decode it.

| bytes | what |
|---|---|
| 4 | ``SEM`` and the version, 1 |
| 1 | the codec: its place in `bitstream.CODECS` |
| 4 | the beginning of the weights' SHA-256 |
| 2 | the rate, in 1/4096 |
| 2 + 2 | height and width in pixels |
| 4 + 1 to 3 + 1 to 3 | of each tile: CRC-32 of the header and its latents, the lengths
  of the strings of z and y, which follow; the last tile lacks the second length |
| 4 | CRC-32 of all before |

Numbers are little-endian. Lengths count the range coder's words of 4 bytes, seven
bits in a byte, whose eighth says that another byte follows. Large pictures are
coded in tiles of 1024×1024 pixels; the networks see a margin beyond each, so that
no seam shows.

The last checksum finds a damaged file before anything is decoded. The latents'
finds a decoder whose arithmetic differs from the encoder's: an error, never a
wrong picture.
"""

import struct
import zlib
from collections.abc import Iterator

import torch
from torch import Tensor
from tqdm import tqdm

from ..bitstream import (
    CHECKSUM,
    HEADER,
    RATE_STEPS,
    RATES,
    Header,
    check_size,
    read_header,
)
from ..images import InputError
from ..tiles import Tile, tiles
from .rates import VariableRate

WORD = 4  # bytes
LONGEST = 3  # bytes of a length
TILE = 1024  # pixels; like the margin, a multiple of 64
MARGIN = 128  # how far a tile's networks see beyond it


@torch.no_grad()
def compress(model: VariableRate, weights: str, x: Tensor, rate: float) -> bytes:
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
    check_size(height, width)
    header = Header(
        model.name, weights[:8], round(rate * RATE_STEPS) / RATE_STEPS, height, width
    )
    data = header.pack()
    parts = _tiles(header)
    for tile in _progress(parts):
        y = model.analyse(tile.cut(x), torch.tensor([header.rate]))
        z_string, y_string, symbols = model.encode(tile.inner(y, model.stride))
        strings = [z_string] if tile is parts[-1] else [z_string, y_string]
        data += _crc(header, tile, symbols).to_bytes(CHECKSUM, "little")
        data += b"".join(map(_length, strings))
        data += z_string + y_string
    return data + zlib.crc32(data).to_bytes(CHECKSUM, "little")


@torch.no_grad()
def decompress(model: VariableRate, weights: str, data: bytes) -> Tensor:
    """The picture, 1×3×H×W in whole levels of 1/255.

    Computed in double precision: the same on any number of threads.

    Raises:
        InputError: the file is damaged or hostile, was made with other weights,
            or decodes to other latents on this machine.
    """
    header = read_header(data)
    if (header.codec, header.weights) != (model.name, weights[:8]):
        raise InputError(
            f"made with {header.codec}'s weights {header.weights}, these "
            f"are {model.name}'s {weights[:8]}"
        )
    parts = _tiles(header)
    sides = (side.stop // model.stride for side in parts[-1].core)
    latents = torch.empty(1, model.log_gain.shape[1], *sides)
    for tile, (crc, z_string, y_string) in zip(_progress(parts), _split(data, parts)):
        y_hat, symbols = model.decode(
            z_string, y_string, *(side.stop - side.start for side in tile.core)
        )
        if crc != _crc(header, tile, symbols):
            raise InputError(
                "the latents decode otherwise here than where they were "
                "encoded: no picture"
            )
        tile.place(y_hat, latents, model.stride)
    x = torch.empty(1, 3, header.height, header.width)
    rate = torch.tensor([header.rate])
    for tile in _progress(parts):
        y_hat = tile.cut(latents, model.stride).double()
        x_hat = tile.inner(model.exact.synthesise(y_hat, rate))
        tile.place((x_hat.clamp(0, 1) * 255).round() / 255, x)
    return x


def _tiles(header: Header) -> list[Tile]:
    """The tiles of a picture as large as the networks need it, row by row."""
    multiple = VariableRate.multiple
    height, width = (
        -(-side // multiple) * multiple for side in (header.height, header.width)
    )
    return list(tiles(height, width, TILE, MARGIN))


def _length(string: bytes) -> bytes:
    """A string's length as `_split` reads it."""
    words, packed = len(string) // WORD, []
    while words > 127:
        packed.append(words & 127 | 128)
        words >>= 7
    return bytes([*packed, words])


def _split(data: bytes, parts: list[Tile]) -> Iterator[tuple[int, bytes, bytes]]:
    """Each tile's checksum and strings of z and y."""
    at, end = HEADER.size, len(data) - CHECKSUM

    def take(count: int) -> bytes:
        nonlocal at
        if at + count > end:
            raise InputError("the .sem file's lengths contradict its size")
        at += count
        return data[at - count : at]

    def number(count: int) -> int:
        return int.from_bytes(take(count), "little")

    def length() -> int:
        words = 0
        for place in range(LONGEST):
            byte = number(1)
            words |= (byte & 127) << 7 * place
            if byte < 128:
                break
        return WORD * words

    for tile in parts:
        crc, z_length = number(CHECKSUM), length()
        y_length = None if tile is parts[-1] else length()
        z_string = take(z_length)
        yield crc, z_string, take(end - at if y_length is None else y_length)


def _progress(parts: list[Tile]):
    return tqdm(parts, unit="tile", disable=len(parts) == 1 or None)  # only in a terminal


def _crc(header: Header, tile: Tile, symbols: Tensor) -> int:
    known = header.pack() + struct.pack("<2I", *(side.start for side in tile.core))
    return zlib.crc32(known + symbols.to(torch.int32).numpy().astype("<i4").tobytes())
