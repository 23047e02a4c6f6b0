"""The scale hyperprior (Ballé et al., arXiv 1802.01436): CompressAI's networks,
with one set of weights for all rates."""

import torch
from compressai.ans import RansDecoder, RansEncoder
from compressai.models import ScaleHyperprior as Networks
from torch import Tensor

from .entropy import StrayGaussian, level_scale, padded, scale_level
from .rates import VariableRate

SIZES = {"paper": (128, 192), "compact": (48, 64), "smoke": (8, 12)}


class ScaleHyperprior(VariableRate):
    """The codec at one of `SIZES` (channels of the transforms, of the latents).

    What its methods do, `codec.rates` says.
    """

    name = "hyperprior"
    lambdas = (0.00002, 0.0125)

    def __init__(self, size: str = "compact"):
        width, latents = SIZES[size]
        super().__init__(latents)
        networks = Networks(width, latents)
        self.g_a, self.g_s = networks.g_a, networks.g_s
        self.h_a, self.h_s = networks.h_a, networks.h_s
        self.entropy_bottleneck = networks.entropy_bottleneck
        self.gaussian = StrayGaussian()

    def analyse(self, x: Tensor, rate: Tensor) -> Tensor:
        return self.g_a(x) * self.gain(rate)

    def synthesise(self, y_hat: Tensor, rate: Tensor) -> Tensor:
        return self.g_s(y_hat * self.inverse_gain(rate))

    def estimate(self, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        z_hat, z_likelihoods = self.entropy_bottleneck(self.h_a(y.abs()))
        scales = self.h_s(z_hat)
        if not self.training:
            scales = level_scale(scale_level(scales).round())
        y_hat, y_likelihoods = self.gaussian(y, scales)
        return y_hat, {"y": y_likelihoods, "z": z_likelihoods}

    def encode(self, y: Tensor) -> tuple[bytes, bytes, Tensor]:
        z = self.h_a(y.abs())
        z_string = self.entropy_bottleneck.compress(z)[0]
        z_hat = self.entropy_bottleneck.decompress([z_string], z.shape[-2:])
        symbols = y.round().int().flatten()
        y_string = RansEncoder().encode_with_indexes(
            symbols.tolist(), self._levels(z_hat), *self.tables
        )
        return z_string, y_string, symbols

    def decode(
        self, z_string: bytes, y_string: bytes, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        z_size = height // self.multiple, width // self.multiple
        z_string = padded(
            z_string, self.entropy_bottleneck.channels * z_size[0] * z_size[1]
        )
        z_hat = self.entropy_bottleneck.decompress([z_string], z_size)
        levels = self._levels(z_hat)
        symbols = RansDecoder().decode_with_indexes(
            padded(y_string, len(levels)), levels, *self.tables
        )
        symbols = torch.tensor(symbols, dtype=torch.int32)
        y_hat = symbols.view(1, -1, height // self.stride, width // self.stride)
        return y_hat.double(), symbols

    def _levels(self, z_hat: Tensor) -> list[int]:
        """Each latent's level, for the coder."""
        scales = self.exact.get_submodule("h_s")(z_hat.double())
        return scale_level(scales).round().int().flatten().tolist()
