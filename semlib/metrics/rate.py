"""What it cost in bits, and what others would have cost."""

import math
from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..data import dictionary

CASES = {str.lower: 0.6, str.capitalize: 0.25, str.upper: 0.15}  # of the texts
SYMBOLS = 27  # of the words' model: letters and the end


def bits_per_pixel(data: bytes | int, pixels: int) -> float:
    """Bits of a file (or of a number of bytes) for each of `pixels` pixels."""
    size = data if isinstance(data, int) else len(data)
    return 8 * size / pixels


def bd_rate(
    anchor: list[dict], tested: list[dict], quality: str = "psnr"
) -> float | None:
    """Bjøntegaard's difference in rate, in per cent; negative saves bits.

    log(rate) over the quality by monotone cubic interpolation, averaged over the
    quality that both curves have. None where they have none in common.

    Args:
        anchor, tested: points with ``bpp`` and the quality.
    """
    curves = [frontier(anchor, quality), frontier(tested, quality)]
    ends = [(points[0][quality], points[-1][quality]) for points in curves]
    low, high = max(low for low, _ in ends), min(high for _, high in ends)
    if low >= high or min(map(len, curves)) < 2:
        return None
    areas = [
        PchipInterpolator(
            [p[quality] for p in points], np.log([p["bpp"] for p in points])
        ).integrate(low, high)
        for points in curves
    ]
    return round(100 * float(np.expm1((areas[1] - areas[0]) / (high - low))), 2)


def frontier(points: list[dict], quality: str = "psnr") -> list[dict]:
    """The points that no other beats in both, by rising rate and quality."""
    best: list[dict] = []
    for point in sorted(points, key=lambda p: (p["bpp"], -p[quality])):
        if not best or point[quality] > best[-1][quality]:
            best.append(point)
    return best


def bits_for(asked: float, points: list[dict]) -> float | None:
    """The least bits per pixel for an accuracy, on a curve of points with
    ``bpp`` and ``accuracy``.

    Their logarithm is interpolated on the frontier of the points. If the cheapest
    point does better than asked, its bits; if none does, None.
    """
    best = frontier(points, "accuracy")
    if best[-1]["accuracy"] < asked:
        return None
    log_bits = np.interp(
        asked,
        [point["accuracy"] for point in best],
        [np.log(point["bpp"]) for point in best],
    )
    return round(float(np.exp(log_bits)), 5)


def text_bits(text: str) -> float:
    """The bits of a word under a bigram model of the training words.

    The letter before decides how likely each letter, or the end, is (counts and
    one more of each); upper and lower case cost what their shares say. A text of
    other characters pays eight bits for each.
    """
    if not (text.isascii() and text.isalpha()):
        return 8.0 * (len(text) + 1)
    pairs, firsts = _bigrams()
    letters = -sum(
        math.log2((pairs[pair] + 1) / (firsts[pair[0]] + SYMBOLS))
        for pair in pairwise(f" {text.lower()} ")
    )
    share = next((share for case, share in CASES.items() if case(text) == text), 0.01)
    return letters - math.log2(share)


@cache
def _bigrams() -> tuple[Counter, Counter]:
    pairs = Counter(
        pair for word in dictionary("train") for pair in pairwise(f" {word} ")
    )
    firsts: Counter = Counter()
    for (first, _), count in pairs.items():
        firsts[first] += count
    return pairs, firsts
