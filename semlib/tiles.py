"""Pictures of any size, a part at a time: tiles that see what stands round them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from torch import Tensor
from torch.nn import functional as F

Part = tuple[slice, slice]  # rows and columns, in pixels


@dataclass(frozen=True)
class Tile:
    """A part of a picture, and the larger part that a network sees to compute it.

    ``stride`` says of which pixels a tensor's last two sides are: 1, or for latents as
    many as one of theirs stands for.
    """

    core: Part
    seen: Part

    def cut(self, whole: Tensor, stride: int = 1) -> Tensor:
        """What is seen, cut out of the whole. One that ends before goes on with its
        last row and column."""
        rows, columns = _divided(self.seen, stride)
        part = whole[..., rows, columns]
        below = rows.stop - rows.start - part.shape[-2]
        beside = columns.stop - columns.start - part.shape[-1]
        return (
            F.pad(part, (0, beside, 0, below), mode="replicate")
            if below or beside
            else part
        )

    def inner(self, seen: Tensor, stride: int = 1) -> Tensor:
        """The tile alone, cut out of what was computed from what it sees."""
        rows, columns = (
            slice(core.start - wide.start, core.stop - wide.start)
            for core, wide in zip(self.core, self.seen)
        )
        return seen[..., *_divided((rows, columns), stride)]

    def place(self, part: Tensor, whole: Tensor, stride: int = 1) -> None:
        """Write the tile into the whole, as far as that reaches."""
        there = whole[..., *_divided(self.core, stride)]
        there.copy_(part[..., : there.shape[-2], : there.shape[-1]])


def tiles(height: int, width: int, side: int, margin: int) -> Iterator[Tile]:
    """The tiles of a picture, row by row: squares of `side` pixels but for the last
    ones, each with what lies within `margin` of it."""
    for top, left in product(range(0, height, side), range(0, width, side)):
        core = slice(top, min(top + side, height)), slice(left, min(left + side, width))
        rows, columns = (
            slice(max(0, part.start - margin), min(end, part.stop + margin))
            for part, end in zip(core, (height, width))
        )
        yield Tile(core, (rows, columns))


def _divided(part: Part, stride: int) -> Part:
    rows, columns = (slice(side.start // stride, side.stop // stride) for side in part)
    return rows, columns
