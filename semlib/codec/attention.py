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

FAR = -1e4  # added to the score of a key that must not be seen


class NeighbourhoodAttention(nn.Module):
    """Multi-head attention of each position to its k×k neighbourhood.

    Args:
        width: channels in and out, a multiple of `heads`.
        kernel: k, odd, at least 3.
    """

    pair: Tensor
    far: Tensor

    def __init__(self, width: int, heads: int, kernel: int):
        super().__init__()
        self.heads, self.kernel = heads, kernel
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, kernel, kernel))
        nn.init.trunc_normal_(self.bias, std=0.02)
        self.tile = tile = kernel - 1
        # of a tile's query and its window's key: how far apart, and are they near
        away = torch.arange(2 * tile)[None] - torch.arange(tile)[:, None]
        far = ((away < 0) | (away >= kernel)) * FAR  # by row, or by column
        away = away.clamp(0, kernel - 1)
        pair = away[:, None, :, None] * kernel + away[None, :, None, :]
        far = (far[:, None, :, None] + far[None, :, None, :]).clamp(min=FAR)
        self.register_buffer("pair", self._by_quarter(pair), persistent=False)
        self.register_buffer("far", self._by_quarter(far), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×H×W×C to N×H×W×C."""
        n, height, width, channels = x.shape
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(3)
        q = self._tiles(q * q.shape[-1] ** -0.5)
        beyond = self._windows(x.new_zeros(1, height, width, 1, 1), FAR)
        scores = q @ self._windows(k).transpose(-1, -2)
        scores = scores + (self.bias.flatten(1)[:, self.pair] + self.far)
        scores = scores + beyond.transpose(-1, -2)
        y = scores.softmax(-1) @ self._windows(v)
        rows, columns = y.shape[1:3]
        y = y.unflatten(-2, (self.tile, self.tile)).permute(0, 1, 4, 2, 5, 3, 6)
        y = y.reshape(n, rows * self.tile, columns * self.tile, channels)
        return self.out(y[:, :height, :width])

    def _tiles(self, x: Tensor) -> Tensor:
        """N×H×W×heads×c as disjoint tiles: N × rows × columns × heads × tile² × c."""
        tile = self.tile
        x = F.pad(x, (0, 0, 0, 0, 0, -x.shape[2] % tile, 0, -x.shape[1] % tile))
        return self._cut(x).flatten(4, 5)

    def _windows(self, x: Tensor, beyond: float = 0.0) -> Tensor:
        """Each tile's neighbourhood, a quarter after the other: N × rows × columns
        × heads × 4 tile² × c."""
        tile = self.tile
        before, below, right = tile // 2, -x.shape[1] % tile, -x.shape[2] % tile
        x = F.pad(
            x, (0, 0, 0, 0, before, before + right, before, before + below), value=beyond
        )
        x = self._cut(x)
        quarters = [x[:, :-1, :-1], x[:, :-1, 1:], x[:, 1:, :-1], x[:, 1:, 1:]]
        return torch.stack(quarters, 4).flatten(4, 6)

    def _cut(self, x: Tensor) -> Tensor:
        """N×H×W×heads×c to N × rows × columns × heads × tile × tile × c."""
        x = x.unflatten(2, (-1, self.tile)).unflatten(1, (-1, self.tile))
        return x.permute(0, 1, 3, 5, 2, 4, 6)

    def _by_quarter(self, table: Tensor) -> Tensor:
        """tile×tile×2tile×2tile to tile² × 4 tile², keys in `_windows`' order."""
        tile = self.tile
        table = table.unflatten(3, (2, tile)).unflatten(2, (2, tile))
        return table.transpose(3, 4).reshape(tile**2, -1)


class AttentionBlock(nn.Module):
    """A transformer block: attention, then two linear layers, each added."""

    def __init__(self, width: int, heads: int, kernel: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = NeighbourhoodAttention(width, heads, kernel)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ResidualAttention(nn.Module):
    """A few attention blocks and a path round them all; N×C×H×W."""

    def __init__(self, width: int, depth: int, heads: int, kernel: int):
        super().__init__()
        self.blocks = nn.Sequential(
            *(AttentionBlock(width, heads, kernel) for _ in range(depth))
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
