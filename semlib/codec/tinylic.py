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

import copy
import math
from dataclasses import dataclass

import torch
from compressai.ans import BufferedRansEncoder, RansDecoder
from compressai.entropy_models import EntropyBottleneck, GaussianConditional
from torch import Tensor, nn

from .attention import ResidualAttention

STAGES = ((0, 0), (1, 1), (0, 1), (1, 0))  # row and column in each 2×2 block
LEVELS = 64  # of the scale's logarithm, as in CompressAI
SMALLEST, LARGEST = 0.11, 256.0
STEP = math.log(LARGEST / SMALLEST) / (LEVELS - 1)
MEAN_STEPS = 64  # the predicted mean is rounded to 1/64

RATES = 8  # rate points, 0 to 7
LAMBDAS = (0.00005, 0.0125)  # of the lowest and the highest


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
    "paper": Size((128, 192, 256, 320), (2, 2, 2, 2), (2, 2, 6, 2),
                  (8, 12, 16, 20), 192, 2, 7),
    "compact": Size((32, 64, 96), (4, 2, 2), (1, 2, 2), (2, 4, 6), 64, 1, 5),
    "smoke": Size((8, 8, 8), (4, 2, 2), (1, 1, 1), (1, 1, 1), 8, 1, 3),
}


def rate_lambda(rate: Tensor) -> Tensor:
    """The λ that a rate in [0, 7] is trained with: geometric between the ends."""
    low, high = LAMBDAS
    return low * (high / low) ** (rate / (RATES - 1))


class TinyLIC(nn.Module):
    """The codec at one of `SIZES`; every method takes a rate in [0, 7].

    Pictures are N×3×H×W in [0, 1]; both sides a multiple of `multiple`.
    """

    multiple = 64

    def __init__(self, size: str = "compact"):
        super().__init__()
        self.size = size
        s = SIZES[size]
        latents = s.channels[-1]
        self.g_a = _analysis(3, s)
        self.g_s = _synthesis(3, s)
        self.g_s[-2].weight.data *= 0.1  # begin with a grey picture
        hyper = Size((s.hyper, s.hyper), (2, 2), (s.hyper_depth,) * 2,
                     (s.heads[1],) * 2, 0, 0, min(s.kernel, 5))
        self.h_a = _analysis(latents, hyper)
        self.prior = Prior(latents, hyper)
        self.entropy_bottleneck = EntropyBottleneck(s.hyper)
        table = [SMALLEST * math.exp(STEP * level) for level in range(LEVELS)]
        self.gaussian = GaussianConditional(table, scale_bound=SMALLEST)
        points = torch.linspace(0, RATES - 1, RATES)
        start = (rate_lambda(points) / LAMBDAS[0]).log()[:, None] / 2
        self.log_gain = nn.Parameter(start.repeat(1, latents))
        self.log_inverse_gain = nn.Parameter(-start.repeat(1, latents))

    def forward(self, x: Tensor, rate: Tensor) -> dict:
        """Picture and likelihoods, with noise in training and rounding else.

        Args:
            rate: one for each picture.

        Returns:
            ``x_hat``, and ``likelihoods`` of ``y`` and ``z``.
        """
        y = self.g_a(x - 0.5) * self._gain(self.log_gain, rate)
        z_hat, z_likelihoods = self.entropy_bottleneck(self.h_a(y))
        y_hat, y_likelihoods = self._estimate(y, self.prior.features(z_hat))
        x_hat = self.g_s(y_hat * self._gain(self.log_inverse_gain, rate)) + 0.5
        return {"x_hat": x_hat,
                "likelihoods": {"y": y_likelihoods, "z": z_likelihoods}}

    @torch.no_grad()
    def encode(self, x: Tensor, rate: float) -> tuple[bytes, bytes, Tensor]:
        """One picture, 1×3×H×W, as the strings of z and y, and the symbols of y.

        `update` must have been called since the weights last changed.
        """
        rate = torch.full((1,), float(rate))
        y = self.g_a(x - 0.5) * self._gain(self.log_gain, rate)
        z = self.h_a(y)
        z_string = self.entropy_bottleneck.compress(z)[0]
        z_hat = self.entropy_bottleneck.decompress([z_string], z.shape[-2:])
        symbols, indexes = [], []

        def code(means, levels, mask):
            chosen = (y.double() - means).round()[mask].int()
            symbols.append(chosen)
            indexes.append(levels[mask].int())
            return chosen

        self._decode_stages(z_hat, y.shape, code)
        encoder = BufferedRansEncoder()
        tables = self._tables()
        for chosen, index in zip(symbols, indexes):
            encoder.encode_with_indexes(chosen.tolist(), index.tolist(), *tables)
        return z_string, encoder.flush(), torch.cat(symbols)

    @torch.no_grad()
    def decode(self, z_string: bytes, y_string: bytes, height: int, width: int,
               rate: float) -> tuple[Tensor, Tensor]:
        """The picture, 1×3×H×W in whole levels of 1/255, and the symbols of y.

        Computed in double precision: the same on any number of threads.
        """
        stride = math.prod(SIZES[self.size].strides)
        shape = (1, self.log_gain.shape[1], height // stride, width // stride)
        z_size = (shape[2] // 4, shape[3] // 4)
        z_string = _padded(z_string,
                           self.entropy_bottleneck.channels * math.prod(z_size))
        z_hat = self.entropy_bottleneck.decompress([z_string], z_size)
        decoder, symbols, tables = RansDecoder(), [], self._tables()
        decoder.set_stream(_padded(y_string, math.prod(shape)))

        def code(means, levels, mask):
            chosen = decoder.decode_stream(levels[mask].int().tolist(), *tables)
            symbols.append(torch.tensor(chosen, dtype=torch.int32))
            return symbols[-1]

        y_hat = self._decode_stages(z_hat, shape, code)
        rate = torch.full((1,), float(rate))
        y_hat = y_hat * self._gain(self.log_inverse_gain, rate).double()
        x_hat = self._exact("g_s")(y_hat) + 0.5
        return (x_hat.clamp(0, 1) * 255).round().float() / 255, torch.cat(symbols)

    def update(self) -> None:
        """Make the tables of the entropy coder from the weights; do it once."""
        self.entropy_bottleneck.update(force=True)
        self.gaussian.update()

    def _gain(self, points: Tensor, rate: Tensor) -> Tensor:
        """exp of the rate points' rows, interpolated; N×C×1×1."""
        below = rate.floor().clamp(0, RATES - 2)
        part = (rate - below)[:, None]
        below = below.long()
        row = (1 - part) * points[below] + part * points[below + 1]
        return row.exp()[:, :, None, None]

    def _estimate(self, y: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """What the decoder will know of y, and the likelihood of every latent."""
        y_hat, likelihoods = torch.zeros_like(y), torch.zeros_like(y)
        for stage in range(len(STAGES)):
            means, levels = self.prior.predict(features, y_hat, stage)
            if not self.training:
                means, levels = _on_grid(means, levels)
            scales = SMALLEST * (STEP * levels).exp()
            mask = _mask(y, stage)
            _, likely = self.gaussian(y, scales, means, training=self.training)
            likelihoods = likelihoods + mask * likely
            y_hat = y_hat + mask * (means + _round(y - means))
        return y_hat, likelihoods

    def _decode_stages(self, z_hat: Tensor, shape, code) -> Tensor:
        """Run the four stages in double precision; `code` gives the symbols.

        What the coder depends on is rounded to a coarse grid, so that the last
        bits of the arithmetic, which threads and machines change, do not count.
        """
        prior = self._exact("prior")
        features = prior.features(z_hat.double())
        y_hat = torch.zeros(shape, dtype=torch.float64)
        for stage in range(len(STAGES)):
            means, levels = _on_grid(*prior.predict(features, y_hat, stage))
            mask = _mask(y_hat, stage).bool().expand(shape)
            chosen = code(means, levels, mask)
            y_hat[mask] = means[mask] + chosen.double()
        return y_hat

    def _exact(self, name: str) -> nn.Module:
        return copy.deepcopy(getattr(self, name)).double()

    def _tables(self):
        g = self.gaussian
        return (g.quantized_cdf.tolist(), g.cdf_length.tolist(), g.offset.tolist())


class Prior(nn.Module):
    """The hyper synthesis and, for each stage, the network that predicts latents.

    Args:
        latents: channels of y.
        hyper: the hyper transforms' stages.
    """

    def __init__(self, latents: int, hyper: Size):
        super().__init__()
        self.h_s = _synthesis(latents, hyper)
        self.context = nn.ModuleList(nn.Conv2d(latents, latents, 3, padding=1)
                                     for _ in STAGES[1:])
        self.networks = nn.ModuleList(nn.Sequential(
            nn.Conv2d(latents * (1 + (stage > 0)), 2 * latents, 1), nn.GELU(),
            nn.Conv2d(2 * latents, 2 * latents, 1)) for stage in range(len(STAGES)))

    def features(self, z_hat: Tensor) -> Tensor:
        return self.h_s(z_hat)

    def predict(self, features: Tensor, y_hat: Tensor,
                stage: int) -> tuple[Tensor, Tensor]:
        """Means and scale levels (0 to 63) of all latents, from earlier stages.

        Args:
            y_hat: the latents decoded so far, zero elsewhere.
        """
        known = [features]
        if stage:
            known.append(self.context[stage - 1](y_hat))
        means, levels = self.networks[stage](torch.cat(known, 1)).chunk(2, 1)
        return means, (levels * 8 + 16).clamp(0, LEVELS - 1)


def _analysis(channels: int, size: Size) -> nn.Sequential:
    """Strided convolutions, each with its attention; N×channels×H×W to latents."""
    layers = []
    for width, stride, depth, heads in zip(size.channels, size.strides, size.depths,
                                           size.heads):
        layers += [nn.Conv2d(channels, width, 2 * stride + 1, stride, stride),
                   ResidualAttention(width, depth, heads, size.kernel)]
        channels = width
    return nn.Sequential(*layers)


def _synthesis(channels: int, size: Size) -> nn.Sequential:
    """`_analysis` turned round: attention, then a convolution and pixel shuffle."""
    layers = []
    for width, stride, depth, heads, out in zip(
            size.channels[::-1], size.strides[::-1], size.depths[::-1],
            size.heads[::-1], (*size.channels[-2::-1], channels)):
        layers += [ResidualAttention(width, depth, heads, size.kernel),
                   nn.Conv2d(width, out * stride**2, 3, padding=1),
                   nn.PixelShuffle(stride)]
    return nn.Sequential(*layers)


def _mask(y: Tensor, stage: int) -> Tensor:
    """1 where a stage's latents are, 0 elsewhere; 1×1×H×W."""
    row, column = STAGES[stage]
    mask = y.new_zeros(1, 1, *y.shape[-2:])
    mask[..., row::2, column::2] = 1
    return mask


def _round(x: Tensor) -> Tensor:
    """Round, with the gradient of not rounding."""
    return x + (x.round() - x).detach()


def _on_grid(means: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    return (means * MEAN_STEPS).round() / MEAN_STEPS, levels.round()


def _padded(string: bytes, symbols: int) -> bytes:
    """Zeros behind a string: CompressAI's decoder does not look where it ends."""
    return string + bytes(16 * symbols + 64)
