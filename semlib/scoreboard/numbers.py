"""How the claims' numbers are read out of `results/`.

Each function gives one that takes `load` and returns mean, low and high end.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .rule import Load, Mean

Read = Callable[[Load], Mean]


def at(*path: str | int) -> Read:
    """A number that is stored as it is: a file's name, then keys."""

    def read(load: Load) -> Mean:
        found = load(str(path[0]))
        for key in path[1:]:
            found = found[key]
        return found  # type: ignore[return-value]

    return read


def apart(one: Mean, other: Mean) -> list[float]:
    """The difference of two means of which only the intervals are stored: it cannot lie
    further out than from the one's low end to the other's high end."""
    return [one[0] - other[0], one[1] - other[2], one[2] - other[1]]


def difference(one: Read, other: Read) -> Read:
    return lambda load: apart(one(load), other(load))


def worst(means: Sequence[Mean]) -> Mean:
    """What is said of all must hold of the one whose low end is lowest."""
    return min(means, key=lambda mean: mean[1])


def at_bits(rows: Sequence[dict], reader: str, bits: float) -> list[float]:
    """Accuracy with its interval at a number of bits, between a codec's points."""
    known = [row["all"]["bpp"] for row in rows]
    read = [row["all"]["read"][reader]["accuracy"] for row in rows]
    return [float(np.interp(bits, known, ends)) for ends in zip(*read)]


def _shared(points: dict, base: str, codec: str) -> list[dict]:
    """A codec's points at as many bits as another can have, too."""
    bits = [row["all"]["bpp"] for row in points[base]]
    rows = [row["all"] for row in points[codec]]
    return [row for row in rows if min(bits) <= row["bpp"] <= max(bits)]


def ahead(file: str, base: str, codec: str, reader: str) -> Read:
    """The least that a codec is read better than another, at bits that both can have."""

    def read(load: Load) -> Mean:
        points = load(file)["points"]
        return worst(
            [
                apart(
                    row["read"][reader]["accuracy"],
                    at_bits(points[base], reader, row["bpp"]),
                )
                for row in _shared(points, base, codec)
            ]
        )

    return read


def decibels(file: str, base: str, codec: str) -> Read:
    """The least that the PSNR of `base` is above the codec's. No interval is stored."""

    def read(load: Load) -> Mean:
        points = load(file)["points"]
        bits, psnr = (
            [row["all"][key] for row in points[base]] for key in ("bpp", "psnr")
        )
        gap = min(
            float(np.interp(row["bpp"], bits, psnr)) - row["psnr"]
            for row in _shared(points, base, codec)
        )
        return [gap] * 3

    return read


def layers(file: str, base: str, codec: str, reader: str) -> Read:
    """The least that a layer of each is read better than `base` alone at the bits of
    both."""

    def read(load: Load) -> Mean:
        points = load(file)["points"]
        gaps = []
        for low, layer in ((0, 1), (0, 2), (1, 2), (2, 2)):
            words = points[codec][layer]["all"]
            both = points[base][low]["all"]["bpp"] + words["bpp"]
            one = at_bits(points[base], reader, both)
            gaps.append(apart(words["read"][reader]["accuracy"], one))
        return worst(gaps)

    return read


def best_gain(file: str, codec: str, reader: str) -> Read:
    """Over the uncompressed pictures, picture by picture, at the codec's best rate."""

    def read(load: Load) -> Mean:
        rows = load(file)["points"][codec]
        gains = [row["all"]["read"][reader]["gain"] for row in rows]
        return max(gains, key=lambda gain: gain[1])

    return read


def best_gain_over_filters(codec: str, reader: str) -> Read:
    """The same, over the better of the picture as it is and filtered."""

    def read(load: Load) -> Mean:
        rows = load("scene-text")["gains"][reader][codec]
        return max((row["gain"] for row in rows), key=lambda gain: gain[1])

    return read


def times(over: str, *tasks: str) -> Read:
    """How long tasks take together, of what another takes: from a standard deviation
    over the pictures below the means to one above."""

    def read(load: Load) -> Mean:
        seconds = load("tfic-speed")["seconds_per_image"]
        mean, spread = np.sum([seconds[task] for task in tasks], axis=0)
        whole, its = seconds[over]
        ends = mean / whole, (mean - spread) / (whole + its)
        return [*map(float, ends), float((mean + spread) / max(whole - its, 1e-9))]

    return read


def share_of_bits(codec: str, reader: str) -> Read:
    """Bits for nine tenths of the accuracy, of those that the best classical codec
    needs. No interval is stored."""

    def read(load: Load) -> Mean:
        bits = load("tfic")["equal_accuracy"][reader]["bpp"]
        old = [bits[name] for name in ("JPEG", "JPEG2000", "WEBP", "AVIF") if bits[name]]
        return [bits[codec] / min(old)] * 3

    return read


def bits_against(rival: str, reader: str, file: str = "scene-text") -> Read:
    """By how many per cent TFIC's bits are more, or fewer, than a rival's for the same
    accuracy. No interval is stored."""

    def read(load: Load) -> Mean:
        found = load(file)["bd_rate"][reader][rival]
        if found is None:
            raise KeyError(f"TFIC and {rival} have no accuracy in common")
        return [found] * 3

    return read


def above_floor(load: Load) -> Mean:
    """The file at the lowest rate, in times of the bits that the text takes."""
    found = load("tfic")
    return [found["points"]["tfic"][0]["all"]["bpp"] / found["floor"]["bpp"]] * 3


def of_seeds(weight: float, reader: str) -> Read:
    """Accuracy after training with a λ: the mean, the lowest and the highest seed."""

    def read(load: Load) -> Mean:
        for row in load("dct-loss-sweep")["losses"]:
            if (row["lambda"], row["threshold"]) == (weight, 0.5):
                found = row[f"{reader} accuracy"]
                return [found["mean"], min(found["seeds"]), max(found["seeds"])]
        raise KeyError(weight)

    return read


def best_weight(weight: float, others: Sequence[float], reader: str) -> Read:
    """What one λ has over the best of the others."""

    def read(load: Load) -> Mean:
        rest = [of_seeds(other, reader)(load) for other in others]
        return apart(of_seeds(weight, reader)(load), max(rest, key=lambda mean: mean[0]))

    return read


def repaired(file: str, way: str, reader: str, metric: str = "accuracy") -> Read:
    """What a reader makes of pages repaired in a way."""
    return at(file, "rows", way, f"{reader} {metric}")
