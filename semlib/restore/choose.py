"""Which restorer a picture is for: the file itself tells."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..data.jpeg import Luminance
from .dct import hold
from .picture import seen
from .tiles import Restorer

# Of what a network changes in print that it knows, the file denies less than a
# fiftieth; in photographs, in light ink on dark and in files that need no repair, more.
# Chosen on validation pages and three photographs.
DENIED = 0.02
WINDOW, WINDOWS = 256, 4  # pixels a side; so many a side of a large picture, at most


def choose(networks: Sequence[Restorer], known: Luminance) -> Restorer | None:
    """The one of some restorers whose repair the file denies least.

    Args:
        networks: the last one is the one that knows most kinds of pictures.

    Returns:
        None if the last one's repair too is one that the file denies: then no repair is
        better than any.
    """
    file = torch.stack(_windows(known))
    table = torch.tensor(known.table)
    shares = [denied(network, file, table) for network in networks]
    return networks[shares.index(min(shares))] if shares[-1] < DENIED else None


@torch.no_grad()
def denied(network: Restorer, file: Tensor, table: Tensor) -> float:
    """The share of a restorer's changes that contradicts the file, in [0, 1]: the
    squared distance from its result to where `hold` moves that, over the squared
    distance from the result to what a viewer shows.

    Args:
        file: N×1×H×W, not clipped, see `Luminance`; a network gets them one by one.
        table: 8×8 quantization steps in levels of 255.
    """
    moved = changed = 0.0
    for one in file[:, None]:
        result = network(seen(network, one, table)).clamp(0, 1)
        moved += (hold(result, one, table) - result).square().sum().item()
        changed += (result - one.clamp(0, 1)).square().sum().item()
    return moved / changed if changed else 0.0


def _windows(known: Luminance) -> list[Tensor]:
    """A picture, 1×H×W, or of a large one some parts of one size, all over it."""
    pixels = torch.from_numpy(known.pixels)[None]
    starts = [
        sorted({at * (side - WINDOW) // (WINDOWS - 1) // 8 * 8 for at in range(WINDOWS)})
        if side > WINDOW * WINDOWS
        else None
        for side in pixels.shape[-2:]
    ]
    rows, columns = (
        [slice(at, at + WINDOW) for at in found] if found else [slice(None)]
        for found in starts
    )
    return [pixels[:, row, column] for row in rows for column in columns]
