"""Exercises of chapter 3. The names are those of the chapter."""

import zlib
from typing import Any

import torch

from .. import codec, data, zoo
from ..codec.entropy import level_scale
from ..codec.tinylic import stage_mask
from ..experiments import load
from ..images import to_tensor
from .answers import exercise

model: Any
model, weights = zoo.load("tinylic")
measured = load("rate-distortion")
curves, gain = measured["curves"], measured["bd_rate"]["tinylic"]
sample = data.make_text_image(14, "test")
x = to_tensor(sample.image)[None]
file = codec.compress(model, weights, x, 3)
with torch.no_grad():
    layer = model.g_a[3].blocks[0]
    attention = layer.attention
    tokens = layer.norm1(model.g_a[:3](x - 0.5).permute(0, 2, 3, 1))
    y = model.analyse(x, torch.tensor([4.0]))
    z_hat, _ = model.entropy_bottleneck(model.h_a(y))
    features = model.prior.features(z_hat)


@exercise(
    "Ten thousand times the price",
    minutes=2,
    hint="Think of the first chapter: what does twice the step cost in error, and what "
    "does it save in bits?",
    why="The error goes with the square of the step, the bits with its logarithm only. "
    "So prices have to span a wide range for files to span a small one, and in "
    "training the high ones drown the low ones if nothing is done.",
    mistakes=[
        ("b", "Bits grow with the logarithm of how fine one rounds, and so more slowly."),
        (
            "c",
            "Then a picture at rate 7 would be larger than its pixels. Move the slider "
            "to both ends.",
        ),
    ],
    letters="abc",
)
def files_span():
    """Over the test set the files at rate 7 are less than a hundred times as large as
    those at rate 0; both are in the stored result."""
    points = load("rate-distortion")["curves"]["tinylic"]
    times = points[-1]["bpp"] / points[0]["bpp"]
    return "a" if times < 100 else "b" if times < 5000 else "c"


@exercise(
    "What a neighbourhood saves",
    minutes=3,
    hint="How many places are there at an eighth of the resolution, and how many does "
    "each look at?",
    why="For a picture four times as large the one grows by four, the other by sixteen. "
    "That is why attention over pictures is kept local.",
    mistakes=[
        (
            lambda: float(tokens[0, ..., 0].numel()),
            "This is how many places there are. Each looks at 25 of them, not at one.",
        ),
        (
            lambda: float(tokens[0, ..., 0].numel() * attention.kernel**2),
            "This is how many comparisons there are in all. How many times fewer are "
            "they?",
        ),
        (
            lambda: x[0, 0].numel() / attention.kernel**2,
            "These are pixels. The layer sees an eighth of the resolution each way.",
        ),
        (
            lambda: tokens[0, ..., 0].numel() ** 2 / attention.kernel**2,
            "Both look from each place, so the places count once.",
        ),
    ],
)
def times_fewer():
    """Each of the 32×64 places looks at 25 instead of at all: {right:.1f} times fewer."""
    places = tokens.shape[1] * tokens.shape[2]
    return places / attention.kernel**2


@exercise(
    "Who is known already",
    minutes=5,
    hint="Put a finger on a number in the board, and count the smaller numbers in the "
    "eight squares round it.",
    why="In stage 4 everything round a latent is known, and it is only a matter of "
    "filling in. Compare with what a latent costs in each stage.",
    mistakes=[
        (
            [0, 4, 8, 8],
            "In stage 3 the four at the sides are known. Those at the corners are stage "
            "4's.",
        ),
        (
            [0, 1, 2, 3],
            "These are the stages before. How many of eight neighbours is that?",
        ),
        (
            [0, 2, 4, 6],
            "Count in the board: each latent has four neighbours at its corners, and "
            "four at its sides, and they come as fours.",
        ),
        ([8, 4, 4, 0], "These are those that are still unknown."),
    ],
)
def known_neighbours():
    """Stage 1 knows none, stage 2 the corners, stage 3 the sides, stage 4 all."""
    board = sum(
        stage * stage_mask(torch.zeros(1, 1, 6, 6), stage)[0, 0] for stage in range(4)
    )
    known = []
    for stage in range(4):
        row, column = (board[2:4, 2:4] == stage).nonzero()[0].tolist()
        around = board[row + 1 : row + 4, column + 1 : column + 4]
        known.append(int((around < stage).sum()))
    return known


def _stage_costs():
    with torch.no_grad():
        bits = -model.estimate_stages(y, features)[1].log2()
    return [(4 * (bits * stage_mask(bits, stage)).mean()).item() for stage in range(4)]


def _mean():
    return sum(_stage_costs()) / 4


@exercise(
    "Saved is not larger by",
    minutes=5,
    hint="`-model.estimate_stages(y, features)[1].log2()` are the bits of all latents; "
    "`stage_mask` picks those of a stage.",
    why="A saving is counted from the larger file, an excess from the smaller one. "
    "Papers print both, and the one that sounds better. Always ask: per cent of what?",
    mistakes=[
        (
            lambda: 100 * (1 - _mean() / _stage_costs()[0]),
            "This is what the context saves, counted from the larger file. The excess is "
            "counted from the smaller one.",
        ),
        (
            lambda: 100 * (_stage_costs()[0] / _stage_costs()[3] - 1),
            "You compare with stage 4 alone. The file has latents of all four stages.",
        ),
        (lambda: _stage_costs()[0] / _mean() - 1, "A fraction. Per cent are asked for."),
        (
            lambda: 100 * _stage_costs()[0] / _mean(),
            "This is the ratio in per cent. How much *larger* is it?",
        ),
    ],
    tolerance=0.02,
)
def larger_without():
    """All latents at the first stage's price, and all at their own: {right:.0f} per cent
    more."""
    with torch.no_grad():
        bits = -model.estimate_stages(y, features)[1].log2()
    first = 4 * (bits * stage_mask(bits, 0)).mean()
    return (100 * (first / bits.mean() - 1)).item()


def _bits(places, networks=None, *, fill=True):
    """The bits of y when its stages are coded in an order."""
    y_hat, bits = torch.zeros_like(y), 0.0
    with torch.no_grad():
        for place, network in zip(places, networks or places):
            means, levels = model.prior.predict(features, y_hat, network)
            mask = stage_mask(y, place)
            likely = model.gaussian(y, level_scale(levels), means)[1]
            bits -= (mask * likely.log2()).sum().item()
            if fill:
                y_hat = y_hat + mask * (means + (y - means).round())
    return bits


@exercise(
    "Another order",
    minutes=15,
    hint="Copy the loop of `TinyLIC.estimate_stages`, and let it run over `(0, 2, 1, "
    "3)`. `level_scale(levels)` are the scales.",
    why="A context model is trained for one order. In another one a stage is asked "
    "without the neighbours that it has learned to rely on, and shown others that it "
    "has never seen. Nothing breaks: it only costs more.",
    mistakes=[
        (
            lambda: 100 * (_bits((0, 2, 1, 3), (0, 1, 2, 3)) / _bits(range(4)) - 1),
            "You changed the places and kept the order of the networks. Each stage has "
            "to keep its own.",
        ),
        (
            lambda: 100 * (_bits((0, 2, 1, 3), fill=False) / _bits(range(4)) - 1),
            "What has been decoded is never filled in: no stage knows a neighbour.",
        ),
        (
            lambda: _bits((0, 2, 1, 3)) / _bits(range(4)) - 1,
            "A fraction. Per cent are asked for.",
        ),
        (
            lambda: 100 * (1 - _bits(range(4)) / _bits((0, 2, 1, 3))),
            "Counted from the order that costs more. From the trained one is asked for.",
        ),
    ],
    tolerance=0.02,
)
def other_order():
    """{right:.1f} per cent more bits than in the order that was trained."""
    from semlib.codec.entropy import level_scale

    def bits(order):
        y_hat, total = torch.zeros_like(y), 0
        for stage in order:
            means, levels = model.prior.predict(features, y_hat, stage)
            mask = stage_mask(y, stage)
            likely = model.gaussian(y, level_scale(levels), means)[1]
            total -= (mask * likely.log2()).sum()
            y_hat = y_hat + mask * (means + (y - means).round())
        return total

    with torch.no_grad():
        other, trained = bits((0, 2, 1, 3)), bits((0, 1, 2, 3))
    return (100 * (other / trained - 1)).item()


@exercise(
    "Mend a checksum",
    minutes=8,
    hint="`zlib.crc32` of all but the last four bytes, as four bytes, the smallest "
    "first: `.to_bytes(4, 'little')`.",
    why="A checksum is against accidents, not against people: who changes a file can "
    "make it right again.",
    mistakes=[
        (
            lambda data: data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "big"),
            "The four bytes are in the wrong order: this format has the smallest first.",
        ),
        (
            lambda data: data[:-4] + zlib.crc32(data).to_bytes(4, "little"),
            "You counted the old checksum in. It is that of all *before* it.",
        ),
        (
            lambda data: data + zlib.crc32(data).to_bytes(4, "little"),
            "The old checksum is still there, and the file four bytes longer.",
        ),
        (
            lambda data: data[:-4] + zlib.adler32(data[:-4]).to_bytes(4, "little"),
            "That is another checksum, Adler's. CRC-32 is asked for.",
        ),
    ],
    trials=lambda: [(bytes(range(60)),), (file[:200] + b"\0" + file[201:],)],
)
def mend(data):
    """The checksum of all before it, in its place."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")


@exercise(
    "Who stops you",
    minutes=4,
    hint="Change the byte in the middle, mend the file, and give it to "
    "`codec.decompress`.",
    why="The first checksum says that the file is whole, the second that the latents "
    "are those that were sent. Only the second knows of a decoder that computes "
    "otherwise, and of a forger who did not decode.",
    mistakes=[
        ("a", "It was made right again, so it has nothing to complain of."),
        (
            "c",
            "Try it: any string decodes to something, but there is a second checksum, of "
            "the latents.",
        ),
    ],
    letters="abc",
)
def who_stops():
    """A `.sem` file holds a checksum of the latents. They are not what they were."""
    damaged = bytearray(file)
    damaged[len(file) // 2] ^= 1
    damaged[-4:] = zlib.crc32(damaged[:-4]).to_bytes(4, "little")
    said = "nothing"
    try:
        codec.decompress(model, weights, bytes(damaged))
    except ValueError as error:
        said = str(error)
    return "c" if said == "nothing" else "b" if "latents" in said else "a"


@exercise(
    "Bytes beyond the estimate",
    minutes=4,
    hint="256×512 pixels a picture, eight bits a byte. Both rates are in the table, "
    "and in `curves['tinylic'][0]`.",
    why="It is a good part of so small a file, and nothing at rate 7. An estimate alone "
    "hides it: count files.",
    mistakes=[
        (
            lambda: 8 * beyond.right,
            "These are bits. Bytes are asked for.",
        ),
        (
            lambda: (
                100
                * (
                    curves["tinylic"][0]["bpp"] / curves["tinylic"][0]["estimated_bpp"]
                    - 1
                )
            ),
            "This is in per cent of the estimate. Bytes are asked for.",
        ),
        (
            lambda: curves["tinylic"][0]["most_bytes_above_estimate"],
            "This is the worst file above 1.01 times its estimate. The mean is asked "
            "for.",
        ),
        (
            lambda: curves["tinylic"][0]["bpp"] - curves["tinylic"][0]["estimated_bpp"],
            "These are bits per pixel. How many bytes is that for a picture?",
        ),
    ],
    tolerance=0.02,
)
def beyond():
    """Real less estimated bits per pixel, times the pixels, in bytes: {right:.0f}."""
    lowest = curves["tinylic"][0]
    return (lowest["bpp"] - lowest["estimated_bpp"]) * 256 * 512 / 8


@exercise(
    "Has it beaten AVIF?",
    minutes=5,
    hint="Which sign has the interval in the table, in each of the two columns? Below "
    "zero saves bits.",
    why="The verdict turns with the rival's setting, and both are true. A comparison "
    "that does not say at which size the rival ran says little.",
    mistakes=[
        (
            "a",
            "At full size, over the PSNR that both reach, the interval is on the other "
            "side of zero.",
        ),
        ("b", "At its best size AVIF needs more bits: look at the second column."),
        (
            "d",
            "Neither interval holds zero. So the table can tell, for pictures like "
            "these.",
        ),
    ],
    letters="abcd",
)
def against_avif():
    """Both intervals are clear of zero, and on opposite sides."""
    fewer = []
    for size in ("any size", "full size"):
        _, low, high = gain["AVIF"][size]
        fewer.append("yes" if high < 0 else "no" if low > 0 else "unclear")
    verdicts = {"yes yes": "a", "no no": "b", "yes no": "c"}
    return verdicts.get(" ".join(fewer), "d")
