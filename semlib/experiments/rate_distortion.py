"""Chapter 3's experiment: rate against PSNR, the learned codecs and their peers."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from .. import codec, metrics, zoo
from ..codec.peers import SCALES, SETTINGS
from ..data import TextImages
from ..images import to_image, to_tensor
from ..metrics import bd_rate, bits_per_pixel, psnr
from .results import Store, computed_by, key_of, test_set

LEARNED = ("tinylic", "hyperprior")
DRAWS = 500  # of the bootstrap


def run(
    subset: int = 600,
    folder: Path = Path("runs/rate-distortion"),
    rates: Sequence[float] = range(codec.RATES),
    settings: dict = SETTINGS,
    workers: int | None = None,
) -> dict:
    """Compress test images at every rate and setting; real files, all of them.

    Args:
        subset: test images.
        folder: keeps every image's measurements; an interrupted run goes on from there.

    Returns:
        ``curves``: for each codec its points, each with bits per pixel and PSNR
        averaged over the images; for the learned ones also the estimate, and by
        how many bytes the worst file is more than 1 % longer, or shorter, than it.
        ``bd_rate``: for each learned codec and each peer, how many per cent of bits
        it needs more (or, negative, fewer) at the same PSNR, with the ends of the
        95 % interval when the images are drawn anew.
    """
    images = [image.image for image in TextImages("test", subset)]
    measure = partial(_measure, rates=tuple(rates), settings=settings)
    weights = {name: zoo.card(name)["sha256"] for name in LEARNED}
    code = computed_by(__file__, (codec, metrics))
    known = code, weights, tuple(rates), settings
    keys = [key_of(*known, image.tobytes()) for image in images]
    with Store(folder / "images.jsonl") as store:
        measured = store.map(measure, keys, [(image,) for image in images], workers)
    points = {
        name: np.array([image[name] for image in measured]) for name in measured[0]
    }  # images × points × numbers
    labels = {
        name: [{"rate": rate} for rate in rates]
        if name in LEARNED
        else [
            {"setting": setting, "scale": scale}
            for scale in SCALES
            for setting in settings[name]
        ]
        for name in points
    }
    curves = {
        name: [
            {**label, **_summary(point)}
            for label, point in zip(labels[name], rows.swapaxes(0, 1))
        ]
        for name, rows in points.items()
    }
    return {
        "images": subset,
        "weights": weights,
        "curves": curves,
        "bd_rate": _bd_rates(points, labels),
        **test_set(images),
    }


def _measure(image: np.ndarray, rates, settings) -> dict[str, list]:
    """One image through every codec: for each point, numbers that begin with bits
    per pixel and PSNR, and for learned codecs go on with the estimate's bits per
    pixel and the bytes by which the file misses it, above and below."""
    torch.set_num_threads(1)  # every core has its own images
    points = {name: [_learned(image, name, rate) for rate in rates] for name in LEARNED}
    for name in settings:
        points[name] = [
            _peer(image, name, setting, scale)
            for scale in SCALES
            for setting in settings[name]
        ]
    return points


_load = cache(zoo.load)


def _learned(image: np.ndarray, name: str, rate: float) -> tuple:
    model, weights = _load(name)
    x, pixels = to_tensor(image)[None], image.shape[0] * image.shape[1]
    data = codec.compress(model, weights, x, rate)
    back = np.asarray(to_image(codec.decompress(model, weights, data)[0]))
    with torch.no_grad():
        _, likelihoods = model.estimate(model.analyse(x, torch.tensor([float(rate)])))
    estimate = sum(-p.log2().sum().item() for p in likelihoods.values()) / 8
    return (
        bits_per_pixel(data, pixels),
        psnr(image, back),
        8 * estimate / pixels,
        len(data) - 1.01 * estimate,
        0.99 * estimate - len(data),
    )


def _peer(image: np.ndarray, name: str, setting: int, scale: int) -> tuple:
    back, data = codec.peer(image, name, setting, scale)
    return bits_per_pixel(data, image.shape[0] * image.shape[1]), psnr(image, back)


def _summary(point: np.ndarray) -> dict:
    """Of images × numbers."""
    mean = point.mean(0)
    row = {"bpp": round(float(mean[0]), 5), "psnr": round(float(mean[1]), 3)}
    if len(mean) > 2:
        row |= {
            "estimated_bpp": round(float(mean[2]), 5),
            "most_bytes_above_estimate": round(float(point[:, 3].max()), 1),
            "most_bytes_below_estimate": round(float(point[:, 4].max()), 1),
        }
    return row


def _bd_rates(points: dict[str, np.ndarray], labels: dict) -> dict:
    """Learned codec → peer → its settings → (BD-rate, low end, high end)."""
    count = len(points[LEARNED[0]])
    picks = np.random.default_rng(0).integers(count, size=(DRAWS, count))
    table: dict = {name: {} for name in LEARNED}
    for name in LEARNED:
        for peer in points:
            if peer == name:
                continue
            sizes = {"any size": np.arange(len(labels[peer]))}
            if peer not in LEARNED:
                full = [label["scale"] == 1 for label in labels[peer]]
                sizes["full size"] = np.flatnonzero(full)
            table[name][peer] = {
                size: _interval(points[peer][:, chosen], points[name], picks)
                for size, chosen in sizes.items()
            }
    return table


def _interval(anchor: np.ndarray, tested: np.ndarray, picks) -> list[float] | None:
    """BD-rate of two arrays images × points × numbers, with its 95 % interval."""

    def of(chosen):
        curves = [
            [
                {"bpp": bpp, "psnr": quality}
                for bpp, quality in points[chosen, :, :2].mean(0)
            ]
            for points in (anchor, tested)
        ]
        return bd_rate(*curves)

    whole = of(slice(None))
    drawn = [rate for rate in map(of, picks) if rate is not None]
    if whole is None or not drawn:
        return None
    return [whole, *np.round(np.percentile(drawn, [2.5, 97.5]), 2).tolist()]
