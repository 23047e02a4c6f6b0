"""One bit a pixel: a threshold, and an adaptive arithmetic coder, as a fax has them.

In the manner of JBIG (ITU-T T.82): every pixel is coded with the chances that those
before it in the same context had, twelve neighbours that the decoder knows already.
"""

import struct

import numpy as np

from ..images import InputError

# (rows up, columns to the right): T.82's template and two pixels more
TEMPLATE = (
    (2, -1),
    (2, 0),
    (2, 1),
    (1, -2),
    (1, -1),
    (1, 0),
    (1, 1),
    (1, 2),
    (0, -4),
    (0, -3),
    (0, -2),
    (0, -1),
)
WHOLE = 1 << 32  # of the coder's interval
SMALL = 1 << 24  # it never becomes smaller
STEPS = 1 << 16  # of a probability
FAST = 5  # a chance moves by 1/32 of the way at last; sooner at first
HEADER = struct.Struct(">HH")


def compress(image: np.ndarray, threshold: int) -> bytes:
    """A file of one bit a pixel, and four bytes for the sides.

    Args:
        image: H×W uint8, sides below 65,536; black where it is below the threshold.
    """
    black = image < threshold
    coder = _Encoder()
    for context, bit in zip(_contexts(black).ravel().tolist(), black.ravel().tolist()):
        coder.encode(context, bit)
    return HEADER.pack(*black.shape) + coder.finish()


def decompress(data: bytes) -> np.ndarray:
    """The picture, H×W uint8, 0 and 255.

    Raises:
        InputError: the file ends before its header does.
    """
    if len(data) < HEADER.size:
        raise InputError("not a file of one bit a pixel")
    height, width = HEADER.unpack(data[: HEADER.size])
    padded = [[0] * (width + 6) for _ in range(height + 2)]
    coder = _Decoder(data[HEADER.size :])
    for y in range(height):
        two, one, row = padded[y : y + 3]
        for x in range(width):
            context = 0
            for up, right in TEMPLATE:
                context = 2 * context + (row, one, two)[up][x + 4 + right]
            row[x + 4] = coder.decode(context)
    black = np.array(padded, bool)[2:, 4 : width + 4]
    return np.where(black, 0, 255).astype(np.uint8)


def _contexts(black: np.ndarray) -> np.ndarray:
    """Each pixel's neighbours as a number of twelve bits."""
    height, width = black.shape
    padded = np.pad(black, ((2, 0), (4, 2))).astype(np.int64)
    context = np.zeros(black.shape, np.int64)
    for up, right in TEMPLATE:
        context = (
            2 * context + padded[2 - up : 2 - up + height, 4 + right : 4 + right + width]
        )
    return context


class _Chances:
    """How likely black is in each context, learned on the way."""

    def __init__(self):
        self.chance = [STEPS // 2] * (1 << len(TEMPLATE))
        self.seen = [1] * len(self.chance)

    def split(self, size: int, context: int) -> int:
        """The part of an interval that stands for black."""
        return (size >> 16) * self.chance[context]

    def learn(self, context: int, black: bool) -> None:
        seen = self.seen[context]
        rate = min(seen + 1, 1 << FAST)
        target = STEPS if black else 0
        moved = self.chance[context] + (target - self.chance[context]) // rate
        self.chance[context] = min(max(moved, 32), STEPS - 32)
        self.seen[context] = seen + 1


class _Encoder(_Chances):
    """A range coder with carries, after Schindler and LZMA."""

    def __init__(self):
        super().__init__()
        self.low, self.size, self.out = 0, WHOLE - 1, bytearray()

    def encode(self, context: int, black: bool) -> None:
        part = self.split(self.size, context)
        if black:
            self.size = part
        else:
            self.low += part
            self.size -= part
        self.learn(context, black)
        while self.size < SMALL:
            self._shift()
            self.size <<= 8

    def _shift(self) -> None:
        """Move the top byte out; a carry goes back into those before it."""
        if self.low >= WHOLE:
            self.low -= WHOLE
            at = len(self.out) - 1
            while self.out[at] == 255:
                self.out[at] = 0
                at -= 1
            self.out[at] += 1
        self.out.append(self.low >> 24)
        self.low = (self.low << 8) % WHOLE

    def finish(self) -> bytes:
        """The bytes; zeros at the end, which the decoder makes up, are left out."""
        self.low += self.size >> 1
        for _ in range(4):
            self._shift()
        return bytes(self.out).rstrip(b"\0")


class _Decoder(_Chances):
    """The other way round."""

    def __init__(self, data: bytes):
        super().__init__()
        self.data, self.at, self.size = data, 4, WHOLE - 1
        self.code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")

    def decode(self, context: int) -> bool:
        part = self.split(self.size, context)
        black = self.code < part
        if black:
            self.size = part
        else:
            self.code -= part
            self.size -= part
        self.learn(context, black)
        while self.size < SMALL:
            byte = self.data[self.at] if self.at < len(self.data) else 0
            self.at += 1
            self.code = (self.code << 8) | byte
            self.size <<= 8
        return black
