"""Means, and how sure they are."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np


def mean_interval(
    values: Sequence[float], level: float = 0.95, draws: int = 2000
) -> tuple[float, float, float]:
    """The mean and its bootstrap interval (percentiles of resampled means).

    Where all values are 0, or all 1, there is nothing to resample: then it is Wilson's
    interval of a share that is the same in all of them.

    Args:
        values: one number for each independent unit (a page's patch, an image).

    Returns:
        Mean, lower and upper end.
    """
    numbers = np.asarray(values, float)
    if numbers.min() == numbers.max() and numbers[0] in (0, 1):
        away = NormalDist().inv_cdf((1 + level) / 2) ** 2
        end = away / (len(numbers) + away)
        return (0.0, 0.0, end) if numbers[0] == 0 else (1.0, 1 - end, 1.0)
    picks = np.random.default_rng(0).integers(len(numbers), size=(draws, len(numbers)))
    tail = (1 - level) / 2
    low, high = np.quantile(numbers[picks].mean(1), [tail, 1 - tail])
    return float(numbers.mean()), float(low), float(high)


def grouped_interval(
    values: Sequence[float], groups: Sequence[str], draws: int = 2000
) -> tuple[float, float, float]:
    """The mean and its 95 % bootstrap interval where whole groups are resampled: what
    shares a ground, or a page, is no independent draw.

    Args:
        values: one number for each unit.
        groups: which group each belongs to.

    Returns:
        Mean, lower and upper end.
    """
    names = sorted(set(groups))
    sums = np.array([sum(v for v, g in zip(values, groups) if g == n) for n in names])
    counts = np.array([sum(g == n for g in groups) for n in names])
    picks = np.random.default_rng(0).integers(len(names), size=(draws, len(names)))
    means = sums[picks].sum(1) / counts[picks].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.mean(values)), float(low), float(high)


def summary(pages: list[list[dict]]) -> dict:
    """Mean and interval of every number, each page's mean counting once."""
    return {
        key: [
            round(end, 4)
            for end in mean_interval(
                [np.mean([row[key] for row in page]) for page in pages]
            )
        ]
        for key in numbers(pages[0][0])
    }


def gains(before: list[list[dict]], after: list[list[dict]]) -> dict:
    """Mean and interval of what every number that both have gained, page by page."""
    return summary(
        [
            [
                {key: two[key] - one[key] for key in numbers(one) if key in two}
                for one, two in zip(*page)
            ]
            for page in zip(before, after)
        ]
    )


def numbers(row: dict) -> list[str]:
    """The keys of what can be averaged, in a row of scores."""
    return [key for key in row if key != "read"]


def spread(values: Sequence[float]) -> dict:
    """Of runs with different seeds: the mean, and each seed's own."""
    own = [round(float(value), 4) for value in values]
    return {"mean": round(float(np.mean(own)), 4), "seeds": own}
