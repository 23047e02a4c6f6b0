"""Chapter 6's Table 1: does it take longer to compress a picture or to read it?"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .. import codec, zoo
from ..data import TextImages
from ..images import to_tensor
from ..ocr import Reader, CRAFT, PageReader, TRBAReader
from ..ocr.trba import FourStages
from .operating_points import SHOWN_RATE, readers
from .results import test_set

LEARNED = ("tinylic", "tfic")


def run(subset: int = 600) -> dict:
    """One test picture after the other through every encoder and every reader.

    Args:
        subset: test images.

    Returns:
        ``seconds_per_image``: for each task the mean and the standard deviation
        over the pictures; ``rate`` at which they were encoded.
    """
    images = [image.image for image in TextImages("test", subset)]
    pictures = [to_tensor(image) for image in images]
    large = TRBAReader(FourStages("paper"))
    page = PageReader(CRAFT())  # these words are large: nothing need be magnified
    tasks: dict[str, Callable[[Tensor], object]] = {
        **{f"encode, {name}": partial(_encode, *zoo.load(name)) for name in LEARNED},
        **{f"read, {name}": partial(_read, reader) for name, reader in readers().items()},
        # untrained: its attention takes as many steps whatever it reads
        "read, TRBA of the paper's size": lambda x: large.read([x]),
        "detect and read, english_g2": lambda x: page.read(x[None]),
    }
    return {
        "rate": SHOWN_RATE,
        "threads": torch.get_num_threads(),
        "seconds_per_image": {
            name: _mean_and_deviation(task, pictures) for name, task in tasks.items()
        },
        **test_set(images),
    }


def _read(reader: Reader, x: Tensor) -> list[str]:
    return reader.read([x])


def _encode(model, weights, x: Tensor) -> bytes:
    return codec.compress(model, weights, x[None], SHOWN_RATE)


def _mean_and_deviation(task: Callable, pictures: Sequence[Tensor]) -> list[float]:
    task(pictures[0])  # the first time is slower
    seconds = []
    for x in tqdm(pictures, unit="image", leave=False):
        began = time.perf_counter()
        task(x)
        seconds.append(time.perf_counter() - began)
    return [round(float(np.mean(seconds)), 5), round(float(np.std(seconds)), 5)]
