"""The four-stage recognizer of Baek et al., ICCV 2019 (arXiv 1904.01906).

Transformation (thin-plate spline), features (VGG or ResNet), sequence (two
bidirectional LSTMs) and prediction (CTC or attention); TPS, ResNet, BiLSTM and
attention together are TRBA. Pictures are 32×100 grey in [-1, 1].
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .easyocr import GREY, at_least_single, cannot_say

HEIGHT, WIDTH = 32, 100
ALPHABET = (
    "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)  # english_g2's
LETTERS = 26  # the longest word
END = 0  # the blank of CTC; the start and the end of a word for attention


@dataclass(frozen=True)
class Sizes:
    """Widths of all stages.

    Attributes:
        channels: after the convolutions at 1/1, 1/2, 1/4 and 1/8 of the height;
            the last is what the sequence stage sees.
        blocks: residual blocks of ResNet's four layers.
        localization: channels of the network that finds the fiducial points.
        fiducials: points of the spline, half above and half below the word.
        hidden: of each LSTM's direction, and of the decoder.
    """

    channels: tuple[int, int, int, int]
    blocks: tuple[int, int, int, int]
    localization: tuple[int, int, int, int]
    fiducials: int
    hidden: int


SIZES = {
    "paper": Sizes((64, 128, 256, 512), (1, 2, 5, 3), (64, 128, 256, 512), 20, 256),
    "compact": Sizes((16, 32, 64, 96), (1, 1, 1, 1), (16, 32, 32, 64), 20, 96),
    "smoke": Sizes((4, 4, 8, 8), (1, 1, 1, 1), (4, 4, 4, 4), 6, 8),
}


def prepare(image: Tensor) -> Tensor:
    """One picture, C×H×W in [0, 1], as the network's input, 1×32×100 in [-1, 1]."""
    grey = (image * GREY.to(image)).sum(0, True) if len(image) == 3 else image
    grey = F.interpolate(grey[None], (HEIGHT, WIDTH), mode="bilinear", antialias=True)
    return grey[0] * 2 - 1


def labels(texts: Sequence[str]) -> Tensor:
    """The texts as class numbers, N×L with L the longest and END after it.

    Letters outside the alphabet, and those after the 26th, are left out.
    """
    rows = [
        [ALPHABET.index(c) + 1 for c in text if c in ALPHABET][:LETTERS] for text in texts
    ]
    length = max(len(row) for row in rows) + 1
    return torch.tensor([row + [END] * (length - len(row)) for row in rows])


class TPS(nn.Module):
    """Finds the fiducial points round a word, and unbends it with a spline."""

    spline: Tensor

    def __init__(self, sizes: Sizes):
        super().__init__()
        steps: list[nn.Module] = []
        before = 1
        for channels in sizes.localization:
            steps += [_conv(before, channels), nn.MaxPool2d(2)]
            before = channels
        steps[-1] = nn.AdaptiveAvgPool2d(1)
        self.localization = nn.Sequential(
            *steps, nn.Flatten(), nn.Linear(before, before), nn.ReLU()
        )
        self.points = nn.Linear(before, 2 * sizes.fiducials)
        at = base_fiducials(sizes.fiducials)
        nn.init.zeros_(self.points.weight)  # begins as the identity
        self.points.bias.data = at.float().flatten()
        self.register_buffer("spline", spline_matrix(at).float(), persistent=False)

    def fiducials(self, x: Tensor) -> Tensor:
        """Where the points lie in the pictures, N×F×2 (x, y), corners at ±1."""
        return self.points(self.localization(x)).unflatten(1, (-1, 2))

    def rectify(self, x: Tensor, fiducials: Tensor) -> Tensor:
        """The pictures with their fiducials moved to the upper and lower edges."""
        grid = (self.spline @ fiducials).unflatten(1, (HEIGHT, WIDTH))
        return F.grid_sample(x, grid, padding_mode="border", align_corners=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rectify(x, self.fiducials(x))


def base_fiducials(count: int) -> Tensor:
    """Points on the upper edge from left to right, then on the lower, count×2."""
    x = torch.linspace(-1, 1, count // 2, dtype=torch.float64)
    return torch.cat([torch.stack([x, torch.full_like(x, y)], 1) for y in (-1, 1)])


def spline_matrix(points: Tensor) -> Tensor:
    """HW×F: maps where F points go to where every pixel's centre goes.

    The thin-plate spline f(p) = a + Bp + Σ wᵢ r² log r, r = |p - pᵢ|, with
    Σ wᵢ = 0 and Σ wᵢpᵢ = 0, is linear in the values it takes at its points.
    """
    count = len(points)
    affine = torch.cat([torch.ones(count, 1), points], 1)
    system = torch.cat(
        [
            torch.cat([_radial(points, points), affine], 1),
            torch.cat([affine.T, torch.zeros(3, 3)], 1),
        ]
    )
    y, x = (
        2 * (torch.arange(n, dtype=torch.float64) + 0.5) / n - 1 for n in (HEIGHT, WIDTH)
    )
    pixels = torch.cartesian_prod(y, x).flip(1)
    basis = torch.cat([_radial(pixels, points), torch.ones(len(pixels), 1), pixels], 1)
    return torch.linalg.solve(system, basis, left=False)[:, :count]


def _radial(p: Tensor, q: Tensor) -> Tensor:
    square = (p[:, None] - q).square().sum(-1)
    return torch.xlogy(square, square) / 2  # r² log r


def _conv(before: int, after: int, kernel=3, stride=1, padding=1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class ResNet(nn.Sequential):
    """N×1×32×100 to N×channels×1×26, after Baek's ResNet."""

    def __init__(self, sizes: Sizes):
        a, b, c, d = sizes.channels
        one, two, three, four = sizes.blocks
        super().__init__(
            _conv(1, a // 2),
            _conv(a // 2, a),
            nn.MaxPool2d(2),
            *_layer(a, b, one),
            _conv(b, b),
            nn.MaxPool2d(2),
            *_layer(b, c, two),
            _conv(c, c),
            nn.MaxPool2d(2, (2, 1), (0, 1)),
            *_layer(c, d, three),
            _conv(d, d),
            *_layer(d, d, four),
            _conv(d, d, 2, (2, 1), (0, 1)),
            _conv(d, d, 2, 1, 0),
        )


class Block(nn.Module):
    """Two convolutions and a way round them."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.inner = nn.Sequential(
            _conv(before, after),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.outer = (
            nn.Identity()
            if before == after
            else nn.Sequential(
                nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.inner(x) + self.outer(x))


def _layer(before: int, after: int, blocks: int) -> list[Block]:
    return [Block(before if i == 0 else after, after) for i in range(blocks)]


class VGG(nn.Sequential):
    """N×1×32×100 to N×channels×1×24, after CRNN's VGG."""

    def __init__(self, sizes: Sizes):
        a, b, c, d = sizes.channels
        super().__init__(
            _conv(1, a),
            nn.MaxPool2d(2),
            _conv(a, b),
            nn.MaxPool2d(2),
            _conv(b, c),
            _conv(c, c),
            nn.MaxPool2d((2, 1)),
            _conv(c, d),
            _conv(d, d),
            nn.MaxPool2d((2, 1)),
            _conv(d, d, 2, 1, 0),
        )


class BiLSTM(nn.Module):
    """Two bidirectional LSTMs, each followed by a projection, N×T×D to N×T×hidden."""

    def __init__(self, before: int, hidden: int):
        super().__init__()
        self.lstms = nn.ModuleList(
            nn.LSTM(size, hidden, bidirectional=True, batch_first=True)
            for size in (before, hidden)
        )
        self.linears = nn.ModuleList(nn.Linear(2 * hidden, hidden) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        for lstm, linear in zip(self.lstms, self.linears):
            x = linear(lstm(x)[0])
        return x


class CTC(nn.Module):
    """A class for every column."""

    def __init__(self, before: int, hidden: int):
        super().__init__()
        self.head = nn.Linear(before, len(ALPHABET) + 1)

    def loss(self, x: Tensor, target: Tensor) -> Tensor:
        """Nats a character, for N×T×D features and N×L labels."""
        return self.losses(x, target).mean()

    def losses(self, x: Tensor, target: Tensor) -> Tensor:
        """The same for each picture, N; infinite for a text that is too long for it."""
        scores = at_least_single(self.head(x)).log_softmax(-1).transpose(0, 1)
        steps = torch.full((len(target),), len(scores))
        lengths = (target != END).sum(1)
        nats = F.ctc_loss(
            scores, target, steps, lengths, reduction="none", zero_infinity=True
        )
        labels = [row[row != END].tolist() for row in target]
        return cannot_say(nats, labels, len(scores)) / lengths.clamp(min=1)

    def decode(self, x: Tensor) -> list[str]:
        """The likeliest class of each column; repetitions and blanks left out."""
        rows = self.head(x).argmax(-1)
        return [_text(torch.unique_consecutive(row)) for row in rows]


class Attention(nn.Module):
    """An LSTM that looks at the columns, letter by letter (additive attention)."""

    def __init__(self, before: int, hidden: int):
        super().__init__()
        self.classes = len(ALPHABET) + 1
        self.columns, self.hidden = before, hidden
        self.key = nn.Linear(before, hidden, bias=False)
        self.query = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.LSTMCell(before + self.classes, hidden)
        self.head = nn.Linear(hidden, self.classes)

    def run(
        self, x: Tensor, steps: int, target: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Scores N×steps×classes and attention maps N×steps×T.

        Every letter is told the one before: the target's, or else its own.
        """
        keys = self.key(x)
        state = (x.new_zeros(len(x), self.hidden),) * 2
        letter = torch.full((len(x),), END, device=x.device)
        scores, maps = [], []
        for step in range(steps):
            energy = self.score(torch.tanh(keys + self.query(state[0])[:, None]))
            weight = energy.softmax(1)
            told = F.one_hot(letter, self.classes).to(x)
            state = self.cell(torch.cat([(weight * x).sum(1), told], 1), state)
            scores.append(self.head(state[0]))
            maps.append(weight[:, :, 0])
            letter = scores[-1].argmax(-1) if target is None else target[:, step]
        return torch.stack(scores, 1), torch.stack(maps, 1)

    def loss(self, x: Tensor, target: Tensor) -> Tensor:
        """Nats a character, the end counted, for N×T×D features and N×L labels."""
        return self.losses(x, target).mean()

    def losses(self, x: Tensor, target: Tensor) -> Tensor:
        """The same for each picture, N."""
        scores, _ = self.run(x, target.shape[1], target)
        nats = F.cross_entropy(
            at_least_single(scores).transpose(1, 2), target, reduction="none"
        )
        lengths = (target != END).sum(1, keepdim=True) + 1
        counted = torch.arange(target.shape[1], device=x.device) < lengths
        return (nats * counted).sum(1) / lengths[:, 0]

    def decode(self, x: Tensor) -> list[str]:
        """The likeliest letter at each step, up to the end."""
        rows = self.run(x, LETTERS + 1)[0].argmax(-1)
        ended = (rows == END).int().cumsum(1) > 0
        return [_text(row) for row in rows.masked_fill(ended, END)]


def _text(row: Tensor) -> str:
    return "".join(ALPHABET[i - 1] for i in row.tolist() if i != END)


TRANSFORMATIONS = {"None": lambda sizes: nn.Identity(), "TPS": TPS}
FEATURES = {"VGG": VGG, "ResNet": ResNet}
SEQUENCES: dict[str, Callable[[int, int], nn.Module]] = {
    "None": lambda width, hidden: nn.Identity(),
    "BiLSTM": BiLSTM,
}
PREDICTIONS: dict[str, type[CTC | Attention]] = {"CTC": CTC, "Attn": Attention}


class FourStages(nn.Module):
    """The network. Stages by Baek's names, as in ``"TPS-ResNet-BiLSTM-Attn"``."""

    def __init__(self, size: str = "compact", stages: str = "TPS-ResNet-BiLSTM-Attn"):
        super().__init__()
        sizes = SIZES[size]
        transformation, features, sequence, prediction = stages.split("-")
        self.transformation = TRANSFORMATIONS[transformation](sizes)
        self.features = FEATURES[features](sizes)
        width = sizes.channels[-1]
        self.sequence = SEQUENCES[sequence](width, sizes.hidden)
        width = width if sequence == "None" else sizes.hidden
        self.prediction = PREDICTIONS[prediction](width, sizes.hidden)
        self.to(memory_format=torch.channels_last)  # a quarter faster on a CPU

    def columns(self, x: Tensor) -> Tensor:
        """Pictures, N×1×32×100 in [-1, 1], as a sequence of columns, N×T×D."""
        visual = self.features(self.transformation(x))
        return self.sequence(visual.squeeze(2).transpose(1, 2))

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        """The loss of each picture, N, in nats a character; `target` is `labels`'."""
        return self.prediction.losses(self.columns(x), target)

    def read(self, x: Tensor) -> list[str]:
        return self.prediction.decode(self.columns(x))


class TRBAReader(nn.Module):
    """Reads pictures of one word with a trained network. Implements `Reader`.

    Args:
        network: is frozen here; gradients still reach the pictures.
    """

    alphabet = ALPHABET

    def __init__(self, network: FourStages):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> "TRBAReader":
        super().train(False)  # frozen, its normalization too
        for part in self.network.modules():
            if isinstance(part, nn.LSTM):  # on a GPU only so can gradients pass one
                part.train()
        return self

    def prepare(self, images: Iterable[Tensor]) -> Tensor:
        """Pictures C×H×W in [0, 1], any sizes, as N×1×32×100 in [-1, 1]."""
        return torch.stack([prepare(image) for image in images])

    @torch.no_grad()
    def read(self, images: Sequence[Tensor], batch: int = 64) -> list[str]:
        """The text in each picture (C×H×W in [0, 1], any sizes)."""
        return [
            text
            for at in range(0, len(images), batch)
            for text in self.network.read(self.prepare(images[at : at + batch]))
        ]

    def loss(self, images: Tensor | Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """Nats a character, averaged over the pictures."""
        return self.losses(images, texts).mean()

    def losses(self, images: Tensor | Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """Nats a character of each picture, N; with attention the end is counted,
        and every letter is told the one before.

        Args:
            images: pictures C×H×W in [0, 1]; gradients reach them.
            texts: what they should read; letters outside the alphabet are left out.
        """
        x = self.prepare(images)
        # half precision saves no time in so small a network, and bends gradients
        with torch.autocast(x.device.type, enabled=False):
            return self.network(x, labels(texts).to(x.device))

    def fiducials(self, images: Sequence[Tensor]) -> Tensor:
        """The spline's points, N×F×2 (x, y), the picture's corners at ±1."""
        spline = self.network.transformation
        assert isinstance(spline, TPS), "this reader does not rectify"
        return spline.fiducials(self.prepare(images))

    def rectified(self, images: Sequence[Tensor]) -> Tensor:
        """The pictures as the features see them, N×1×32×100 in [-1, 1]."""
        return self.network.transformation(self.prepare(images))

    def attention(self, images: Sequence[Tensor]) -> Tensor:
        """Where the decoder looks for each letter, N×27×T, rows that sum to 1."""
        decoder = self.network.prediction
        assert isinstance(decoder, Attention), "this reader has no attention"
        return decoder.run(self.network.columns(self.prepare(images)), LETTERS + 1)[1]
