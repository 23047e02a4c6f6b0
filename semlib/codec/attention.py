"""Neighbourhood attention in plain PyTorch (Hassani et al., arXiv 2204.07143).

Every position attends to the k×k positions round it. Queries are taken in tiles
of (k - 1)²: a tile's keys lie in one window of 2×2 tiles, half a tile further up
and left, so that the products are ordinary matrix products and the memory grows
linearly with the picture.

At the picture's edge a position simply has fewer neighbours; the original
shifts its window inside instead.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NeighbourhoodAttention(nn.Module):
    """Multi-head attention of each position to its k×k neighbourhood.

    Args:
        width: channels in and out, a multiple of `heads`.
        kernel: k, odd, at least 3.
    """

    def __init__(self, width: int, heads: int, kernel: int):
        super().__init__()
        self.heads, self.kernel = heads, kernel
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, kernel, kernel))
        nn.init.trunc_normal_(self.bias, std=0.02)
        self.tile = tile = kernel - 1
        away = torch.arange(2 * tile)[None] - torch.arange(tile)[:, None]
        near = (away >= 0) & (away < kernel)  # by row, or by column
        away = away.clamp(0, kernel - 1)
        pair = away[:, None, :, None] * kernel + away[None, :, None, :]
        both = near[:, None, :, None] & near[None, :, None, :]
        self.register_buffer("pair", pair.reshape(tile**2, -1), persistent=False)
        self.register_buffer("both", both.reshape(tile**2, -1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×H×W×C to N×H×W×C."""
        n, height, width, channels = x.shape
        q, k, v = self.qkv(x).chunk(3, -1)
        q, k, v = self._tiles(q), self._windows(k), self._windows(v)
        inside = self._windows(x.new_ones(1, height, width, self.heads))
        inside = inside.squeeze(-1).unsqueeze(-2) > 0
        allowed = inside & self.both
        # queries beyond the edge are cut off below; they may see anything
        allowed = allowed | ~allowed.any(-1, keepdim=True)
        bias = self.bias.flatten(1)[:, self.pair]
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + bias
        weights = scores.masked_fill(~allowed, float("-inf")).softmax(-1)
        y = weights @ v  # N × rows × columns × heads × tile² × C / heads
        rows, columns = y.shape[1:3]
        y = y.unflatten(-2, (self.tile, self.tile)).permute(0, 1, 4, 2, 5, 3, 6)
        y = y.reshape(n, rows * self.tile, columns * self.tile, channels)
        return self.out(y[:, :height, :width])

    def _tiles(self, x: Tensor) -> Tensor:
        """Disjoint tiles: N × rows × columns × heads × tile² × C / heads."""
        tile = self.tile
        x = F.pad(x, (0, 0, 0, -x.shape[2] % tile, 0, -x.shape[1] % tile))
        x = x.unflatten(2, (-1, tile)).unflatten(1, (-1, tile))
        return self._gather(x.transpose(2, 3))

    def _windows(self, x: Tensor) -> Tensor:
        """Each tile's neighbourhood: N × rows × columns × heads × 4 tile² × C / heads.
        """
        tile = self.tile
        before, below, right = tile // 2, -x.shape[1] % tile, -x.shape[2] % tile
        x = F.pad(x, (0, 0, before, before + right, before, before + below))
        x = x.unflatten(1, (-1, tile))
        x = torch.cat([x[:, :-1], x[:, 1:]], 2).unflatten(3, (-1, tile))
        x = torch.cat([x[:, :, :, :-1], x[:, :, :, 1:]], 4)
        return self._gather(x.transpose(2, 3))

    def _gather(self, x: Tensor) -> Tensor:
        """N × rows × columns × height × width × C, its positions in one dimension."""
        return x.flatten(3, 4).unflatten(-1, (self.heads, -1)).transpose(3, 4)


class AttentionBlock(nn.Module):
    """A transformer block: attention, then two linear layers, each added."""

    def __init__(self, width: int, heads: int, kernel: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = NeighbourhoodAttention(width, heads, kernel)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(),
                                 nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ResidualAttention(nn.Module):
    """A few attention blocks and a path round them all; N×C×H×W."""

    def __init__(self, width: int, depth: int, heads: int, kernel: int):
        super().__init__()
        self.blocks = nn.Sequential(*(AttentionBlock(width, heads, kernel)
                                      for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
