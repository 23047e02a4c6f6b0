"""Chapter 3's experiment: rate against PSNR, the learned codec and its peers."""

import time

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from tqdm import tqdm

from .. import codec, zoo
from ..codec.peers import SCALES, SETTINGS
from ..data import TextImages
from ..images import to_tensor
from .metrics import bits_per_pixel
from .results import provenance

RATES = tuple(range(codec.RATES))


def run(subset: int = 600, name: str = "tinylic") -> dict:
    """Compress test images at every rate and setting; real files, all of them.

    Returns:
        ``curves``: for each codec its points, each with bits per pixel and PSNR
        averaged over the images; for the learned one also the estimate and the
        largest gap between it and the real bytes (less 1 %). ``bd_rate``: how
        many per cent of bits the learned codec needs more (or, negative, fewer)
        at the same PSNR.
    """
    started = time.monotonic()
    images = [image.image for image in TextImages("test", subset)]
    model, weights = zoo.load(name)
    learned = [_learned(model, weights, images, rate) for rate in RATES]
    curves = {name: learned}
    for peer, settings in SETTINGS.items():
        curves[peer] = [_peer(images, peer, setting, scale)
                        for scale in SCALES for setting in settings]
    gains = {}
    for peer, points in curves.items():
        if peer != name:
            full = [p for p in points if p["scale"] == 1]
            gains[peer] = {"at full size": bd_rate(full, learned),
                           "at any size": bd_rate(frontier(points), learned)}
    return {"images": subset, "weights": weights, "curves": curves,
            "bd_rate": gains, **provenance(
                f"semlib evaluate codec --subset {subset}", started, images)}


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two uint8 pictures."""
    error = np.square(one.astype(float) - other.astype(float)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-4)))


def bd_rate(anchor: list[dict], tested: list[dict]) -> float | None:
    """Bjøntegaard's difference in rate, in per cent; negative saves bits.

    log(rate) over PSNR by monotone cubic interpolation, averaged over the PSNR
    that both curves have. None where they have none in common.

    Args:
        anchor, tested: points with ``bpp`` and ``psnr``.
    """
    curves = [frontier(anchor), frontier(tested)]
    ends = [(points[0]["psnr"], points[-1]["psnr"]) for points in curves]
    low, high = max(low for low, _ in ends), min(high for _, high in ends)
    if low >= high or min(map(len, curves)) < 2:
        return None
    areas = [PchipInterpolator([p["psnr"] for p in points],
                               np.log([p["bpp"] for p in points])).integrate(low, high)
             for points in curves]
    return round(100 * float(np.expm1((areas[1] - areas[0]) / (high - low))), 2)


def frontier(points: list[dict]) -> list[dict]:
    """The points that no other beats in both, by rising rate and PSNR."""
    best: list[dict] = []
    for point in sorted(points, key=lambda p: (p["bpp"], -p["psnr"])):
        if not best or point["psnr"] > best[-1]["psnr"]:
            best.append(point)
    return best


def _learned(model, weights: str, images, rate: float) -> dict:
    rows, gap = [], 0.0
    for image in tqdm(images, desc=f"rate {rate}", unit="image"):
        x = to_tensor(image)[None]
        data = codec.compress(model, weights, x, rate)
        back = codec.decompress(model, weights, data)[0]
        with torch.no_grad():
            likelihoods = model(x, torch.tensor([float(rate)]))["likelihoods"]
        estimate = sum(-p.log2().sum().item() for p in likelihoods.values()) / 8
        pixels = np.moveaxis((back * 255).round().byte().numpy(), 0, -1)
        gap = max(gap, len(data) - 1.01 * estimate)
        rows.append((bits_per_pixel(data, image.size // 3), psnr(image, pixels),
                     8 * estimate / (image.size // 3)))
    bpp, quality, estimate = np.mean(rows, 0)
    return {"rate": rate, "bpp": round(bpp, 5), "psnr": round(quality, 3),
            "estimated_bpp": round(estimate, 5),
            "most_bytes_above_estimate": round(gap, 1)}


def _peer(images, name: str, setting: int, scale: int) -> dict:
    rows = []
    for image in tqdm(images, desc=f"{name} {setting} 1/{scale}", unit="image",
                      leave=False):
        back, data = codec.peer(image, name, setting, scale)
        rows.append((bits_per_pixel(data, image.size // 3), psnr(image, back)))
    bpp, quality = np.mean(rows, 0)
    return {"setting": setting, "scale": scale, "bpp": round(bpp, 5),
            "psnr": round(quality, 3)}
