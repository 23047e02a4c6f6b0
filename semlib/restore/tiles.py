"""Pictures of any size through a network that wants few pixels at a time."""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor, nn
from tqdm import tqdm

TILE = 512  # pixels a side, without what it sees of its neighbours


@torch.no_grad()
def restore(network: nn.Module, x: Tensor, tile: int = TILE,
            progress: bool = False) -> Tensor:
    """A picture restored in tiles, 1×H×W, cut at black and white.

    Every tile sees as far round itself as the network's `reach`, so no seam is
    there to be seen: the result is the whole picture's.

    Args:
        network: a restorer with a `reach`, in evaluation mode.
        x: 1×H×W, 0 black and 1 white, or what else the network is shown, C×H×W; the
            JPEG grid begins at its corner.
        tile: its side, a multiple of 8.
    """
    out = torch.empty_like(x[:1])
    step = max(8, network.factor)
    halo = -(-network.reach // step) * step  # whole blocks, so tiles keep the grid
    tiles = list(cores(*x.shape[-2:], tile, halo))
    for core, seen in tqdm(tiles, unit="tile", disable=not progress):
        inside = [slice(part.start - wide.start, part.stop - wide.start)
                  for part, wide in zip(core, seen)]
        out[:, *core] = network(x[None, :, *seen])[0, :, *inside].clamp(0, 1)
    return out


def cores(height: int, width: int, tile: int,
          halo: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """The tiles of a picture, and what each sees: itself and `halo` pixels round it."""
    for top, left in product(range(0, height, tile), range(0, width, tile)):
        core = slice(top, min(top + tile, height)), slice(left, min(left + tile, width))
        yield core, tuple(slice(max(0, part.start - halo), part.stop + halo)
                          for part in core)
