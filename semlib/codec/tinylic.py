"""TinyLIC, the paper's codec (Lu et al., arXiv 2204.11448), with one set of weights
for all rates.

Analysis, synthesis and the two hyper transforms are convolutions, each followed
by residual neighbourhood attention. The latents are coded in four stages on a
2×2 pattern: each stage knows the hyperprior and all the stages before it (the
multistage context model). The rate is set by a gain for each channel, as in
Cui et al., arXiv 2003.02012: gains are learned at whole rate points and are
interpolated between them.

Departures from TinyLIC: pixel shuffle instead of transposed convolutions, and
fewer neighbours at the picture's edge instead of shifted ones.
"""

import math
from dataclasses import dataclass

import torch
from compressai.ans import RansDecoder, RansEncoder
from compressai.entropy_models import EntropyBottleneck
from compressai.ops.bound_ops import LowerBoundFunction
from torch import Tensor, nn

from .attention import ResidualAttention
from .entropy import LEVELS, MEAN_STEPS, StrayGaussian, level_scale, padded
from .rates import VariableRate

STAGES = ((0, 0), (1, 1), (0, 1), (1, 0))  # row and column in each 2×2 block


@dataclass(frozen=True)
class Size:
    """How large the networks are; the last stage's channels are the latents'."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    hyper: int
    hyper_depth: int
    kernel: int


SIZES = {
    "paper": Size(
        (128, 192, 256, 320), (2, 2, 2, 2), (2, 2, 6, 2), (8, 12, 16, 20), 192, 2, 7
    ),
    "compact": Size((32, 64, 96), (4, 2, 2), (1, 2, 2), (2, 4, 6), 64, 1, 5),
    "smoke": Size((8, 8, 8), (4, 2, 2), (1, 1, 1), (1, 1, 1), 8, 1, 3),
}


class TinyLIC(VariableRate):
    """The codec at one of `SIZES`. What its methods do, `codec.rates` says."""

    name = "tinylic"
    lambdas = (0.00001, 0.1)

    def __init__(self, size: str = "compact"):
        s = SIZES[size]
        latents = s.channels[-1]
        super().__init__(latents)
        self.size = size
        self.g_a = _analysis(3, s)
        self.g_s = _synthesis(3, s)
        next(self.g_s[-2].parameters()).data *= 0.1  # the weight: a grey picture at first
        hyper = Size(
            (s.hyper, s.hyper),
            (2, 2),
            (s.hyper_depth,) * 2,
            (s.heads[1],) * 2,
            0,
            0,
            min(s.kernel, 5),
        )
        self.h_a = _analysis(latents, hyper)
        self.prior = Prior(latents, hyper)
        self.entropy_bottleneck = EntropyBottleneck(s.hyper)
        self.gaussian = StrayGaussian()

    def analyse(self, x: Tensor, rate: Tensor) -> Tensor:
        return self.g_a(x - 0.5) * self.gain(rate)

    def synthesise(self, y_hat: Tensor, rate: Tensor) -> Tensor:
        return self.g_s(y_hat * self.inverse_gain(rate)) + 0.5

    def encode(self, y: Tensor) -> tuple[bytes, bytes, Tensor]:
        z = self.h_a(y)
        z_string = self.entropy_bottleneck.compress(z)[0]
        z_hat = self.entropy_bottleneck.decompress([z_string], z.shape[-2:])
        stages: list[Tensor] = []
        indexes: list[Tensor] = []

        def code(means, levels, mask):
            chosen = (y.double() - means).round()[mask].int()
            stages.append(chosen)
            indexes.append(levels[mask].int())
            return chosen

        self._code_stages(z_hat, y.shape, code)
        symbols = torch.cat(stages)
        y_string = RansEncoder().encode_with_indexes(
            symbols.tolist(), torch.cat(indexes).tolist(), *self.tables
        )
        return z_string, y_string, symbols

    def decode(
        self, z_string: bytes, y_string: bytes, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        shape = (1, self.log_gain.shape[1], height // self.stride, width // self.stride)
        z_size = (shape[2] // 4, shape[3] // 4)
        z_string = padded(z_string, self.entropy_bottleneck.channels * math.prod(z_size))
        z_hat = self.entropy_bottleneck.decompress([z_string], z_size)
        decoder, symbols = RansDecoder(), []
        decoder.set_stream(padded(y_string, math.prod(shape)))

        def code(means, levels, mask):
            chosen = decoder.decode_stream(levels[mask].int().tolist(), *self.tables)
            symbols.append(torch.tensor(chosen, dtype=torch.int32))
            return symbols[-1]

        y_hat = self._code_stages(z_hat, shape, code)
        return y_hat, torch.cat(symbols)

    def estimate(self, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        z_hat, z_likelihoods = self.entropy_bottleneck(self.h_a(y))
        y_hat, y_likelihoods = self.estimate_stages(y, self.prior.features(z_hat))
        return y_hat, {"y": y_likelihoods, "z": z_likelihoods}

    def estimate_stages(self, y: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """What the decoder will know of y, and the likelihood of every latent.

        Args:
            features: what the prior makes of z, `Prior.features`.
        """
        y_hat, likelihoods = torch.zeros_like(y), torch.zeros_like(y)
        for stage in range(len(STAGES)):
            means, levels = self.prior.predict(features, y_hat, stage)
            if not self.training:
                means, levels = _on_grid(means, levels)
            mask = stage_mask(y, stage)
            _, likely = self.gaussian(y, level_scale(levels), means)
            likelihoods = likelihoods + mask * likely
            y_hat = y_hat + mask * (means + _round(y - means))
        return y_hat, likelihoods

    def _code_stages(self, z_hat: Tensor, shape, code) -> Tensor:
        """Run the four stages in double precision; `code` gives the symbols.

        What the coder depends on is rounded to a coarse grid, so that the last
        bits of the arithmetic, which threads and machines change, do not count.
        """
        prior = self.exact.get_submodule("prior")
        assert isinstance(prior, Prior)
        features = prior.features(z_hat.double())
        y_hat = torch.zeros(shape, dtype=torch.float64)
        for stage in range(len(STAGES)):
            means, levels = _on_grid(*prior.predict(features, y_hat, stage))
            mask = stage_mask(y_hat, stage).bool().expand(shape)
            chosen = code(means, levels, mask)
            y_hat[mask] = means[mask] + chosen.double()
        return y_hat


class Prior(nn.Module):
    """The hyper synthesis and, for each stage, the network that predicts latents.

    Args:
        latents: channels of y.
        hyper: the hyper transforms' stages.
    """

    def __init__(self, latents: int, hyper: Size):
        super().__init__()
        self.h_s = _synthesis(latents, hyper)
        self.context = nn.ModuleList(
            nn.Conv2d(latents, latents, 3, padding=1) for _ in STAGES[1:]
        )
        self.networks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(latents * (1 + (stage > 0)), 2 * latents, 1),
                nn.GELU(),
                nn.Conv2d(2 * latents, 2 * latents, 1),
            )
            for stage in range(len(STAGES))
        )

    def features(self, z_hat: Tensor) -> Tensor:
        return self.h_s(z_hat)

    def predict(
        self, features: Tensor, y_hat: Tensor, stage: int
    ) -> tuple[Tensor, Tensor]:
        """Means and scale levels (0 to 63) of all latents, from earlier stages.

        Args:
            y_hat: the latents decoded so far, zero elsewhere.
        """
        known = [features]
        if stage:
            known.append(self.context[stage - 1](y_hat))
        means, levels = self.networks[stage](torch.cat(known, 1)).chunk(2, 1)
        levels = levels * 8 + 16
        # a bound that lets the gradient back in: a clamp would keep it out
        levels = LowerBoundFunction.apply(levels, levels.new_zeros(1))
        return means, levels.clamp(max=LEVELS - 1)


def _analysis(channels: int, size: Size) -> nn.Sequential:
    """Strided convolutions, each with its attention; N×channels×H×W to latents."""
    layers = []
    for width, stride, depth, heads in zip(
        size.channels, size.strides, size.depths, size.heads
    ):
        layers += [
            nn.Conv2d(channels, width, 2 * stride + 1, stride, stride),
            ResidualAttention(width, depth, heads, size.kernel),
        ]
        channels = width
    return nn.Sequential(*layers)


def _synthesis(channels: int, size: Size) -> nn.Sequential:
    """`_analysis` turned round: attention, then a convolution and pixel shuffle."""
    layers = []
    for width, stride, depth, heads, out in zip(
        size.channels[::-1],
        size.strides[::-1],
        size.depths[::-1],
        size.heads[::-1],
        (*size.channels[-2::-1], channels),
    ):
        layers += [
            ResidualAttention(width, depth, heads, size.kernel),
            nn.Conv2d(width, out * stride**2, 3, padding=1),
            nn.PixelShuffle(stride),
        ]
    return nn.Sequential(*layers)


def stage_mask(y: Tensor, stage: int) -> Tensor:
    """1 where a stage's latents are, 0 elsewhere; 1×1×H×W."""
    row, column = STAGES[stage]
    mask = y.new_zeros(1, 1, *y.shape[-2:])
    mask[..., row::2, column::2] = 1
    return mask


def _round(x: Tensor) -> Tensor:
    """Round, with the gradient of not rounding."""
    return x + (x.round() - x).detach()


def _on_grid(means: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    # whatever a hostile file has led to, a level is the number of a table
    return (
        (means * MEAN_STEPS).round() / MEAN_STEPS,
        levels.round().nan_to_num().clamp(0, LEVELS - 1),
    )
