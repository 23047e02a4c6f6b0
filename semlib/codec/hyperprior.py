"""The scale hyperprior (Ballé et al., arXiv 1802.01436), CompressAI's own network."""

import struct

import torch
from compressai.models import ScaleHyperprior as Network
from torch import Tensor, nn

SIZE = struct.Struct("<HHH")  # height, width, and the length of z's string


class ScaleHyperprior(nn.Module):
    """CompressAI's network behind the two calls that every codec here has.

    Args:
        width: channels of the transforms, CompressAI's N.
        latents: channels of y, CompressAI's M.
    """

    multiple = 64

    def __init__(self, width: int = 128, latents: int = 192):
        super().__init__()
        self.network = Network(width, latents)

    def forward(self, x: Tensor) -> dict:
        """``x_hat`` and the ``likelihoods`` of y and z; N×3×H×W in [0, 1]."""
        return self.network(x)

    def update(self) -> None:
        """Make the entropy coder's tables from the weights; before compressing."""
        self.network.update(force=True)

    @torch.no_grad()
    def compress(self, x: Tensor) -> bytes:
        """One picture, 1×3×H×W, both sides a multiple of 64."""
        out = self.network.compress(x)
        (y,), (z,) = out["strings"]
        return SIZE.pack(*x.shape[-2:], len(z)) + z + y

    @torch.no_grad()
    def decompress(self, data: bytes) -> Tensor:
        """The picture of bytes that `compress` made; it trusts them."""
        height, width, length = SIZE.unpack_from(data)
        strings = data[SIZE.size:]
        shape = (height // self.multiple, width // self.multiple)
        return self.network.decompress([[strings[length:]], [strings[:length]]],
                                       shape)["x_hat"]
