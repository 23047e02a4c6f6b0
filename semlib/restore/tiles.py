"""Pictures of any size through a network that wants few pixels at a time."""

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..tiles import tiles


class Restorer(nn.Module):
    """A network that repairs pictures N×1×H×W, 0 black and 1 white.

    A result's pixel depends on those within ``reach`` of it; ``factor`` is what the
    resolution is divided by inside, a divisor of 8. ``unclipped`` says that it learned
    from what the file says, and not from what a viewer shows; ``told``, that it is shown
    the file's table besides (see `picture.seen`).
    """

    reach: int
    factor: int
    unclipped = False
    told = False


TILE = 1024  # pixels a side, without what it sees of its neighbours


@torch.no_grad()
def restore(
    network: Restorer, x: Tensor, tile: int = TILE, progress: bool = False
) -> Tensor:
    """A picture restored in tiles, 1×H×W, cut at black and white.

    Every tile sees as far round itself as the network's `reach`, so no seam is
    there to be seen: the result is the whole picture's.

    Args:
        network: in evaluation mode.
        x: 1×H×W, 0 black and 1 white, or what else the network is shown, C×H×W; the
            JPEG grid begins at its corner.
        tile: its side, a multiple of 8.
    """
    out = torch.empty_like(x[:1])
    height, width = x.shape[-2:]
    step = max(8, network.factor)
    margin = -(-network.reach // step) * step  # whole blocks, so tiles keep the grid
    for part in tqdm(
        list(tiles(height, width, tile, margin)), unit="tile", disable=not progress
    ):
        restored = network(part.cut(x)[None])[0]
        part.place(part.inner(restored).clamp(0, 1), out)
    return out
