"""Time and memory of the learned codec against the size of the picture."""

import multiprocessing
import time
from pathlib import Path

import numpy as np
import torch

from .. import codec as codecs
from .. import zoo
from ..data import TextImages
from ..images import to_tensor
from .results import test_set

MEGAPIXELS = (0.1, 0.5, 1, 2, 4, 8, 16, 24)
IMAGES = 32  # test images that the pictures are tiled from


def run(codec: str = "tinylic", rate: float = 3.0, megapixels=MEGAPIXELS) -> dict:
    """Encode and decode one picture of every size, each in a process of its own.

    Args:
        codec: a learned one.
        rate: 0 to 7.

    Returns:
        ``sizes``: for each its side lengths, seconds to encode and to decode, bits
        per pixel, and the process's peak memory in MB; ``idle_mb``: the memory of
        a process that has only loaded the codec.
    """
    images = [image.image for image in TextImages("test", IMAGES)]
    rows = []
    for size in megapixels:
        height = round((size * 1e6 * 2 / 3) ** 0.5)
        picture = _mosaic(images, height, round(size * 1e6 / height))
        rows.append({"megapixels": size, **_apart(codec, rate, picture)})
    return {
        "codec": codec,
        "rate": rate,
        "threads": torch.get_num_threads(),
        "idle_mb": _apart(codec, rate, None)["peak_mb"],
        "sizes": rows,
        **test_set(images),
    }


def _mosaic(images: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """A picture of any size, laid with text images."""
    rows, columns = (
        -(-side // own) for side, own in zip((height, width), images[0].shape)
    )
    lines = [
        np.concatenate(
            [images[(row * columns + column) % len(images)] for column in range(columns)],
            1,
        )
        for row in range(rows)
    ]
    return np.concatenate(lines)[:height, :width]


def _apart(name: str, rate: float, picture: np.ndarray | None) -> dict:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measure, (name, rate, picture))


def _measure(name: str, rate: float, picture: np.ndarray | None) -> dict:
    model, weights = zoo.load(name)
    row = {}
    if picture is not None:
        x = to_tensor(picture)[None]
        start = time.perf_counter()
        data = codecs.compress(model, weights, x, rate)
        middle = time.perf_counter()
        codecs.decompress(model, weights, data)
        end = time.perf_counter()
        row = {
            "height": x.shape[-2],
            "width": x.shape[-1],
            "encode_s": round(middle - start, 3),
            "decode_s": round(end - middle, 3),
            "bpp": round(8 * len(data) / x.shape[-1] / x.shape[-2], 4),
        }
    return {**row, "peak_mb": round(peak_bytes() / 1e6)}


def peak_bytes() -> int:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage would count what the parent held
        line = next(
            line for line in status.read_text().splitlines() if line.startswith("VmHWM:")
        )
        return int(line.split()[1]) * 1024
    import resource  # which Windows lacks

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
