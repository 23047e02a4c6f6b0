"""Chapter 5's pictures: what a codec makes of them as its training goes on."""

import base64
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .. import codec
from ..codec import TinyLIC
from ..data import TextImage, TextImages
from ..images import InputError, to_image, to_tensor
from ..training import load_checkpoint
from .codec import psnr
from .metrics import accuracy, bits_per_pixel, mean_interval
from .results import provenance
from .tfic import readers

QUALITY = 80  # of the WebP files in which the samples are kept
NO_WEIGHTS = "0" * 64  # these models are in no zoo


def run(folder: Path, rate: float = 2, subset: int = 48) -> dict:
    """Compress test images with every model that a training run has kept.

    Args:
        folder: of the run, with ``step-N.pt`` and ``checkpoint.pt``.
        rate: 0 to 7.
        subset: test images.

    Returns:
        ``steps``: for each model its step; bits per pixel and PSNR, means; each
        reader's accuracy, mean and 95 % interval; and ``samples``, the first test
        image of each background: a WebP file in base 64, its text, and what each
        reader reads.

    Raises:
        InputError: there is no checkpoint in the folder.
    """
    started = time.monotonic()
    files = [*folder.glob("step-*.pt"), *folder.glob("checkpoint.pt")]
    if not files:
        raise InputError(f"{folder}: no checkpoint of a training run")
    states = {state["step"]: state for state in map(load_checkpoint, files)}
    images = list(TextImages("test", subset))
    return {"images": subset, "rate": rate, "settings": next(iter(states.values()))["settings"],
            "steps": [_step(states[step], images, rate)
                      for step in tqdm(sorted(states), unit="model")],
            **provenance(f"semlib evaluate progress {folder.name} --rate {rate} "
                         f"--subset {subset}", started,
                         [image.image for image in images])}


def _step(state: dict, images: list[TextImage], rate: float) -> dict:
    model = TinyLIC(state["settings"]["size"])
    inside = {key.removeprefix("codec."): value for key, value
              in state["model"].items() if key.startswith("codec.")}
    own = dict(model.named_parameters())
    model.load_state_dict({k: v for k, v in inside.items() if k in own}, strict=False)
    model.eval().update()
    files = [codec.compress(model, NO_WEIGHTS, to_tensor(image.image)[None], rate)
             for image in images]
    pictures = [codec.decompress(model, NO_WEIGHTS, file)[0] for file in files]
    arrays = [np.asarray(to_image(picture)) for picture in pictures]
    read = {name: reader.read(pictures) for name, reader in readers().items()}
    firsts = {image.background: at for at, image in reversed([*enumerate(images)])}
    return {
        "step": state["step"],
        "bpp": _mean([bits_per_pixel(file, array[..., 0].size)
                      for file, array in zip(files, arrays)]),
        "psnr": _mean([psnr(image.image, array)
                       for image, array in zip(images, arrays)]),
        "accuracy": {name: [round(end, 4) for end in mean_interval(
            [accuracy(image.text, text) for image, text in zip(images, texts)])]
            for name, texts in read.items()},
        "samples": {kind: {"webp": webp(arrays[at]), "text": images[at].text,
                           "read": {name: texts[at] for name, texts in read.items()}}
                    for kind, at in sorted(firsts.items())}}


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


def webp(picture: np.ndarray) -> str:
    """A uint8 picture as a WebP file in base 64."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=QUALITY, method=6)
    return base64.b64encode(buffer.getvalue()).decode()
