"""Exercises of chapter 2. The names are those of the chapter."""

from functools import cache
from typing import Any

import torch
from compressai.ans import RansEncoder

from .. import codec, data, zoo
from ..codec.entropy import level_scale, scale_level
from ..images import to_tensor
from .answers import exercise

model: Any
model, weights = zoo.load("hyperprior")
x = to_tensor(data.make_text_image(4, "test").image)[None]
rate = torch.tensor([4.0])
several = torch.stack(
    [to_tensor(data.make_text_image(i, "test").image) for i in range(12)]
)
with torch.no_grad():
    y = model.analyse(x, rate)
    z_hat, _ = model.entropy_bottleneck(model.h_a(y.abs()))
    z_string, y_string, symbols = model.encode(y)
    right = scale_level(model.exact.h_s(z_hat.double())).round().int().flatten()


@exercise(
    "What is not latents",
    minutes=2,
    hint="The note is one set of numbers for each 64×64 pixels, and nearly all of them "
    "are expected. Look at the line below the slider's picture.",
    why="Header and note are paid once, whatever the rate. They begin to weigh where a "
    "codec gets the latents themselves down, as the next chapter's does.",
    mistakes=[
        ("b", "The header is a few bytes, and the note a few dozen. The file is more."),
        (
            "c",
            "So it would be if the latents at rate 0 were nearly all zero. Here they "
            "still draw the word.",
        ),
    ],
    letters="abc",
)
def not_latents():
    """About a tenth: the line below the slider's picture has the three parts."""
    file = codec.compress(model, weights, x, 0.0)
    with torch.no_grad():
        _, latents, _ = model.encode(model.analyse(x, torch.tensor([0.0])))
    share = 1 - len(latents) / len(file)
    return "abc"[(torch.tensor([0.1, 0.5, 0.9]) - share).abs().argmin()]


def _area(low, high, sigma):
    bell = torch.distributions.Normal(0.0, sigma)
    return (bell.cdf(torch.tensor(high)) - bell.cdf(torch.tensor(low))).item()


def _log2(value):
    return torch.tensor(value).log2().item()


@exercise(
    "A bell's price",
    minutes=8,
    hint="`torch.distributions.Normal(0.0, sigma).cdf` gives the area to the left of a "
    "point. The whole number stands for all that is rounded to it.",
    why="This is the price that is summed and differentiated in training, but for the "
    "strays: compare it with the page's table where a 4 is a surprise.",
    mistakes=[
        (
            lambda v, s: (
                -torch.distributions.Normal(0.0, s)
                .log_prob(torch.tensor(float(v)))
                .item()
                / _log2(2.718281828)
            ),
            "This is the density at the point. A coder needs a probability, the area "
            "over all that is rounded to the number.",
        ),
        (
            lambda v, s: -_log2(_area(v - 0.5, v + 0.5, s)) / _log2(2.718281828),
            "This is the natural logarithm, in nats, not bits.",
        ),
        (
            lambda v, s: -_log2(_area(float(v), v + 1.0, s)),
            "You take the area from the number to the next. What is rounded to it lies "
            "half a step to either side.",
        ),
        (
            lambda v, s: -_log2(_area(-1e9, v + 0.5, s)),
            "This is all of the area to the left. The part below v − ½ has to go.",
        ),
    ],
    trials=lambda: [(0, 0.5), (1, 0.5), (-1, 0.8), (4, 2.0)],
    tolerance=1e-3,
)
def price(value, sigma):
    """Minus the binary logarithm of the area from $v - ½$ to $v + ½$."""
    bell = torch.distributions.Normal(0.0, sigma)
    ends = torch.tensor([value - 0.5, value + 0.5])
    below, above = bell.cdf(ends)
    return -(above - below).log2().item()


@exercise(
    "What training looks at",
    minutes=4,
    hint="Both numbers are printed above. Compare with the codec that is used.",
    why="What is minimized is not what is paid. The noisy estimate is a worse codec, but "
    "what makes it better makes the real one better, and it has a slope. Results are "
    "reported from files.",
    mistakes=[
        (
            lambda: 100 - 100 / (1 + seen_in_training.right / 100),
            "You compare with the noisy codec: rounding takes so much less. How much "
            "more does noise take?",
        ),
        (
            lambda: seen_in_training.right / 100,
            "This is a fraction. Per cent are asked for.",
        ),
        (
            lambda: 100 + seen_in_training.right,
            "This is the ratio in per cent. How much *more* is it?",
        ),
    ],
    tolerance=0.02,
)
def seen_in_training():
    """With noise the codec takes {right:.0f} per cent more bits than with rounding."""
    found = {}
    for training in (True, False):
        model.train(training)
        torch.manual_seed(0)
        with torch.no_grad():
            out = model(several, rate.expand(len(several)))
        found[training] = -sum(p.log2().sum() for p in out["likelihoods"].values())
    return (100 * (found[True] / found[False] - 1)).item()


@cache
def _costs() -> torch.Tensor:
    """What each latent of our picture costs with each table, in bits: 64×C×h×w."""
    with torch.no_grad():
        return torch.stack(
            [
                -model.gaussian(y.round(), torch.full_like(y, sigma))[1].log2()[0]
                for sigma in level_scale(torch.arange(64.0)).tolist()
            ]
        )


@exercise(
    "One σ for all",
    minutes=10,
    hint="`model.gaussian(y.round(), torch.full_like(y, sigma))[1]` are the likelihoods. "
    "Try the scales of the 64 tables, `level_scale(torch.arange(64.))`.",
    why="Compare it with what the note makes of the same latents. What it saves is what "
    "it is worth, and it has to pay for itself out of that.",
    mistakes=[
        (
            lambda: _costs().sum((1, 2, 3)).min().item(),
            "These are bits. Bytes are asked for.",
        ),
        (
            lambda: _costs().sum((2, 3)).min(0).values.sum().item() / 8,
            "Here each channel has a σ of its own, the next exercise. One for all is "
            "asked for.",
        ),
        (
            lambda: len(y_string),
            "This is the file's string, with a σ for each latent from the note.",
        ),
        (
            lambda: (
                -model.gaussian(y.round(), y.round().square().mean().sqrt().expand_as(y))[
                    1
                ]
                .log2()
                .sum()
                .item()
                / 8
            ),
            "You took the root of the mean square, which is best for a bell alone. Here "
            "strays are expected, and a smaller σ is cheaper.",
        ),
    ],
    tolerance=0.005,
)
def one_sigma():
    """{right:.0f} bytes, with the best of the 64 tables."""
    from semlib.codec.entropy import level_scale

    with torch.no_grad():
        bits = [
            -model.gaussian(y.round(), torch.full_like(y, sigma))[1].log2().sum()
            for sigma in level_scale(torch.arange(64.0)).tolist()
        ]
    return min(bits).item() / 8


@exercise(
    "A σ for each channel",
    minutes=8,
    hint="Sum over the places of a channel only, take the smallest for each channel, and "
    "add these up.",
    why="That is the factorized prior's idea, with bells for shapes. Chosen for this "
    "very picture, so few numbers do about as much as the note does; but the decoder "
    "would have to be told them, or take those that suit all pictures. That is why "
    "what the note saves is modest.",
    mistakes=[
        (
            lambda: _costs().sum((1, 2, 3)).min().item() / 8,
            "This is one σ for all channels.",
        ),
        (
            lambda: _costs().min(0).values.sum().item() / 8,
            "Here each latent has the σ that suits it best. The decoder would have to be "
            "told all of them, which is as much as to send the latents.",
        ),
        (
            lambda: _costs().sum((2, 3)).min(0).values.sum().item(),
            "These are bits. Bytes are asked for.",
        ),
    ],
    tolerance=0.005,
)
def sigma_a_channel():
    """{right:.0f} bytes."""
    from semlib.codec.entropy import level_scale

    with torch.no_grad():
        bits = torch.stack(
            [
                -model.gaussian(y.round(), torch.full_like(y, sigma))[1].log2()
                for sigma in level_scale(torch.arange(64.0)).tolist()
            ]
        )  # tables × 1 × channels × height × width
    return bits.sum((1, 3, 4)).min(0).values.sum().item() / 8


def _string(levels: torch.Tensor) -> int:
    tables = levels.clamp(max=63).tolist()
    return len(RansEncoder().encode_with_indexes(symbols.tolist(), tables, *model.tables))


@exercise(
    "All tables one off",
    minutes=8,
    hint="`RansEncoder().encode_with_indexes(symbols.tolist(), levels, *model.tables)` "
    "writes the string; `right` has the levels, and no level is above 63.",
    why="Encoder and decoder agree, so the picture is unharmed, and nobody notices. What "
    "it costs is chapter 1's divergence, between the tables that fit and those beside "
    "them.",
    mistakes=[
        (
            lambda: 8 * (_string(right + 1) - _string(right)),
            "These are bits. Bytes are asked for.",
        ),
        (lambda: _string(right + 1), "This is the whole string. How much longer is it?"),
    ],
    tolerance=1e-6,
)
def one_level_up():
    """{right:d} bytes more."""
    from compressai.ans import RansEncoder

    shifted = (right + 1).clamp(max=63).tolist()
    string = RansEncoder().encode_with_indexes(symbols.tolist(), shifted, *model.tables)
    return len(string) - len(y_string)


@exercise(
    "Why the sign does not matter",
    minutes=3,
    hint="What does the price of a latent depend on, if its bell has its middle at 0?",
    why="The note says how large, and nothing else, as each bell lies round 0. A codec "
    "whose note also announces a *mean* can say «about +3», and then the sign is worth "
    "knowing: the next chapter's does.",
    mistakes=[
        ("b", "No sign is written separately: a latent is one symbol, −3 or 3."),
        (
            "c",
            "The sign is in the file, and has to be: without it the picture would not "
            "come back. The note does not help to guess it.",
        ),
    ],
    letters="abc",
)
def sign():
    """The price of v and of −v is the same, at every σ; that is tried here."""
    values = torch.arange(-5.0, 6.0).view(1, 1, -1)
    cost = model.gaussian(values, torch.full_like(values, 2.0))[1].log2()
    return "a" if torch.allclose(cost, cost.flip(-1)) else "b"


@exercise(
    "Where it goes wrong",
    minutes=4,
    hint="`y` is 1 × channels × rows × columns, and `flatten` goes through the last "
    "dimension first.",
    why="One wrong table ruins all that is coded after it. What comes after it is a "
    "matter of order, and no part of the picture is safe by its place.",
    mistakes=[
        (
            "a",
            "The latents are not in the order of the picture's rows: a whole channel "
            "comes before the next begins.",
        ),
        (
            "c",
            "What is before the wrong table was decoded with the right ones, and stays.",
        ),
    ],
    letters="abc",
)
def late_error():
    """The order is channel, row, column. At three quarters of the string the last quarter
    of the channels is lost, at all places of the picture."""
    channel, row, _ = y[0].shape
    place = torch.arange(y.numel()).view(y[0].shape)[3 * channel // 4, 0, 0]
    return "b" if place == 3 * y.numel() // 4 and row > 1 else "a"


@exercise(
    "How much finer",
    minutes=3,
    hint="`model.rate_lambda` gives the price at a rate. The gain is one over the step, "
    "and the error goes with the step's square.",
    why="From the price alone one knows how fine a codec has to round. Look at the "
    "figure: from rate 3 on the gains have learned to keep to it.",
    mistakes=[
        (
            lambda: (
                model.rate_lambda(torch.tensor(7.0))
                / model.rate_lambda(torch.tensor(3.0))
            ).item(),
            "This is the ratio of the prices. The error goes with the *square* of the "
            "step.",
        ),
        (
            lambda: (
                (
                    model.rate_lambda(torch.tensor(3.0))
                    / model.rate_lambda(torch.tensor(7.0))
                )
                .sqrt()
                .item()
            ),
            "This is by how much the *step* changes. The gain is one over it.",
        ),
        (lambda: 7 / 3, "Rates are names. What changes is the price: see `rate_lambda`."),
    ],
)
def finer():
    """$\\sqrt{\\lambda_7 / \\lambda_3}$, a factor of {right:.2f}."""
    low, high = model.rate_lambda(torch.tensor([3.0, 7.0]))
    return (high / low).sqrt().item()
