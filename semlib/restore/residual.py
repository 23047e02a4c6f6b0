"""A residual network on unshuffled pixels, which knows where JPEG's blocks begin."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .dct import BLOCK
from .tiles import Restorer


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


class ResidualNet(Restorer):
    """x̂ = x - r̂(x), r̂ a chain of residual blocks at a part of the resolution.

    It sees what the file says: pixels before they were cut off at black and white, and
    for every place of the 8×8 block a channel of its own, 1 there and 0 elsewhere.

    Args:
        blocks: of two convolutions each.
        width: filters.
        factor: pixels are first unshuffled into factor² channels, and shuffled back at
            the end; a divisor of 8.
        told: whether there is a second channel of input, `table_picture`.
    """

    unclipped = True

    def __init__(
        self, blocks: int = 8, width: int = 64, factor: int = 2, told: bool = False
    ):
        super().__init__()
        self.factor, self.places, self.told = factor, BLOCK // factor, told
        # pixels that a result depends on, on each side of its own
        self.reach = (2 * blocks + 3) * factor - 1
        self.head = nn.Conv2d(
            (1 + told) * factor**2 + self.places**2, width, 3, padding=1
        )
        self.body = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.tail = nn.Conv2d(width, factor**2, 3, padding=1)
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
        seen = torch.cat([F.pixel_unshuffle(padded, self.factor), self._grid(padded)], 1)
        damage = self.tail(self.body(self.head(seen)))
        return x[:, :1] - F.pixel_shuffle(damage, self.factor)[..., :height, :width].to(x)

    def _grid(self, x: Tensor) -> Tensor:
        """Where in its block each place lies: a channel for each."""
        rows, columns = (
            torch.arange(side // self.factor, device=x.device) % self.places
            for side in x.shape[-2:]
        )
        place = rows[:, None] * self.places + columns
        grid = F.one_hot(place, self.places**2).permute(2, 0, 1).to(x)
        return grid.expand(len(x), -1, -1, -1)
