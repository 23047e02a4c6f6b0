"""A residual network in the shape of a U, whose lowest floor is a place a JPEG block."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dct import BLOCK
from .tiles import Restorer

FACTOR = 2  # what the resolution is divided by on the first floor


class Block(nn.Module):
    """x + f(x), f two convolutions, each normalized, with a ReLU between them (Ledig
    et al., arXiv 1609.04802, figure 4). At first f is 0."""

    def __init__(self, width: int):
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)
        self.residual = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            last,
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x)


class ResidualUNet(Restorer):
    """x̂ = x - r̂(x), r̂ residual blocks at a half, a quarter and an eighth of the
    resolution, down and up again (DRUNet; Zhang et al., arXiv 2008.13751, figure 2).

    It sees what the file says: pixels before they were cut off at black and white, and
    for every place of the 8×8 block a channel of its own, 1 there and 0 elsewhere.

    Args:
        blocks: on each floor on the way down, and as many again on the way up; on the
            last one, once.
        width: filters on each floor.
        told: whether there is a second channel of input, `table_picture`.
    """

    unclipped = True
    factor = FACTOR

    def __init__(self, blocks: Sequence[int], width: Sequence[int], told: bool = False):
        super().__init__()
        self.told = told
        *upper, last = blocks
        scales = [FACTOR << floor for floor in range(len(blocks))]
        if scales[-1] > BLOCK or len(width) != len(blocks):
            raise ValueError(f"floors {blocks} of widths {width} do not fit a block")
        # pixels that a result depends on, on each side of its own
        convolutions = [4 * count for count in upper] + [2 * last]
        self.reach = sum(n * scale for n, scale in zip(convolutions, scales))
        self.reach += 2 * FACTOR + scales[-1] - 1
        channels = (1 + told) * FACTOR**2 + (BLOCK // FACTOR) ** 2
        self.head = nn.Conv2d(channels, width[0], 3, padding=1)
        self.down, self.up = _floors(upper, width), _floors(upper, width)
        self.bottom = _chain(last, width[-1])
        self.shrink = nn.ModuleList(
            nn.Conv2d(4 * one, two, 1) for one, two in pairwise(width)
        )
        self.grow = nn.ModuleList(
            nn.Conv2d(two, 4 * one, 1) for one, two in pairwise(width)
        )
        self.tail = nn.Conv2d(width[0], FACTOR**2, 3, padding=1)
        self.zero_last_layer()
        self.to(memory_format=torch.channels_last)

    def zero_last_layer(self) -> None:
        """Set the last layer to zero: the network is the identity, as it begins."""
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Restored pictures, N×1×H×W, of damaged ones, 0 black and 1 white, on JPEG's
        grid and not clipped; nor is the result. N×2×H×W if it is `told`."""
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
        known = torch.cat([F.pixel_unshuffle(padded, FACTOR), grid(padded, FACTOR)], 1)
        found, floors = self.head(known), []
        for blocks, shrink in zip(self.down, self.shrink):
            floors.append(blocks(found))
            found = shrink(F.pixel_unshuffle(floors[-1], 2))
        found = self.bottom(found)
        for blocks, grow in zip(reversed(self.up), reversed(self.grow)):
            found = blocks(floors.pop() + F.pixel_shuffle(grow(found), 2))
        damage = F.pixel_shuffle(self.tail(found), FACTOR)
        return x[:, :1] - damage[..., :height, :width].to(x)


def _chain(blocks: int, width: int) -> nn.Sequential:
    return nn.Sequential(*[Block(width) for _ in range(blocks)])


def _floors(blocks: Sequence[int], width: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(_chain(count, filters) for count, filters in zip(blocks, width))


def grid(x: Tensor, factor: int) -> Tensor:
    """Where in its block each place of pictures unshuffled by `factor` lies: a channel
    for each of the (8 / factor)² places, 1 there."""
    places = BLOCK // factor
    rows, columns = (
        torch.arange(side // factor, device=x.device) % places for side in x.shape[-2:]
    )
    place = rows[:, None] * places + columns
    found = F.one_hot(place, places**2).permute(2, 0, 1).to(x)
    return found.expand(len(x), -1, -1, -1)
