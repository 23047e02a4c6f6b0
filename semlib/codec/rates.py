"""One set of weights for all rates: a gain for each channel and rate point.

Before rounding, every channel of the latents is multiplied by its gain, and
divided again after decoding: a large gain is a fine quantizer. Gains are learned
at whole rate points and interpolated between them (Cui et al., arXiv 2003.02012).
"""

import copy

import torch
from compressai.entropy_models import EntropyBottleneck
from torch import Tensor, nn

from ..bitstream import RATES
from .entropy import StrayGaussian, tables


class VariableRate(nn.Module):
    """What the learned codecs have in common.

    Pictures x are N×3×H×W in [0, 1], both sides a multiple of 64; rates N, in
    [0, 7]. Latents y are N×C×H/16×W/16, hyperlatents z N×c×H/64×W/64. A codec has
    ``entropy_bottleneck`` (for z), ``gaussian`` (for y) and these methods:

    - ``analyse(x, rate)``: y before rounding;
    - ``estimate(y)``: y_hat, what the decoder will have, and the likelihoods of
      ``y`` and ``z``; with noise in training and rounding else;
    - ``synthesise(y_hat, rate)``: the picture, before it is cut to [0, 1];
    - ``encode(y)``: one picture's strings of z and y, and y's symbols;
    - ``decode(z_string, y_string, height, width)``: y_hat, and y's symbols.

    Before the last two are called, `update` must have been, since the weights
    last changed.

    Args:
        latents: C.
    """

    name: str
    stride, multiple = 16, 64
    entropy_bottleneck: EntropyBottleneck
    gaussian: StrayGaussian
    lambdas: tuple[float, float]  # of the lowest and the highest rate

    def __init__(self, latents: int):
        super().__init__()
        points = torch.linspace(0, RATES - 1, RATES)
        start = (self.rate_lambda(points) / self.lambdas[0]).log()[:, None] / 2
        self.log_gain = nn.Parameter(start.repeat(1, latents))
        self.log_inverse_gain = nn.Parameter(-start.repeat(1, latents))

    @classmethod
    def rate_lambda(cls, rate: Tensor) -> Tensor:
        """The λ that a rate in [0, 7] is trained with: geometric between the ends."""
        low, high = cls.lambdas
        return low * (high / low) ** (rate / (RATES - 1))

    def analyse(self, x: Tensor, rate: Tensor) -> Tensor:
        raise NotImplementedError

    def estimate(self, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        raise NotImplementedError

    def synthesise(self, y_hat: Tensor, rate: Tensor) -> Tensor:
        raise NotImplementedError

    def encode(self, y: Tensor) -> tuple[bytes, bytes, Tensor]:
        raise NotImplementedError

    def decode(
        self, z_string: bytes, y_string: bytes, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor, rate: Tensor) -> dict:
        """``x_hat`` and the ``likelihoods`` of ``y`` and ``z``, for training."""
        y_hat, likelihoods = self.estimate(self.analyse(x, rate))
        return {"x_hat": self.synthesise(y_hat, rate), "likelihoods": likelihoods}

    def update(self) -> None:
        """Make the entropy coder's tables from the weights."""
        self.entropy_bottleneck.update(force=True)
        self.gaussian.update()
        self.prepare()

    def prepare(self) -> None:
        """Keep what coding needs, made once: the tables that there are as lists,
        and a copy of the networks in double precision (see `codec.entropy`)."""
        self.tables = tables(self.gaussian)
        self._exact: tuple[VariableRate, ...] = ()  # not copied with the rest
        self._exact = (copy.deepcopy(self).double(),)  # a tuple: not a submodule

    @property
    def exact(self) -> "VariableRate":
        """The same codec in double precision: what the decoder computes with."""
        return self._exact[0]

    def gain(self, rate: Tensor) -> Tensor:
        """What the latents are multiplied by before rounding: N×C×1×1."""
        return _between(self.log_gain, rate)

    def inverse_gain(self, rate: Tensor) -> Tensor:
        """What the decoded latents are multiplied by: N×C×1×1."""
        return _between(self.log_inverse_gain, rate)


def _between(points: Tensor, rate: Tensor) -> Tensor:
    """exp of the rate points' rows, interpolated."""
    below = rate.floor().clamp(0, RATES - 2).long()
    part = (rate - below)[:, None]
    row = (1 - part) * points[below] + part * points[below + 1]
    return row.exp()[:, :, None, None]
