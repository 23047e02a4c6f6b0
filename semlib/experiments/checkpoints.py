"""Chapters 5 and 8: what a network makes of pictures as its training goes on."""

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from .. import codec, metrics, ocr, restore, zoo
from ..codec import TinyLIC
from ..data import BookPatches, Patch, TextImage, TextImages
from ..images import InputError, to_image, to_tensor
from ..metrics import accuracy, bits_per_pixel, mean_interval, psnr, summary
from ..training import load_checkpoint, trained_part
from ..training.guided import assembled
from .end_to_end import Repair, levels, luminance, repaired, ruined, score
from .operating_points import readers
from .results import Store, computed_by, key_of, test_set

QUALITY = 80  # of the WebP files in which the samples are kept
NO_WEIGHTS = "0" * 64  # these models are in no zoo
SAMPLES = 3  # patches whose pictures are kept


def run(
    folders: list[Path],
    subset: int = 48,
    rate: float = 2.0,
    folder: Path = Path("runs/checkpoints"),
) -> dict:
    """Give test pictures to every model that a training run has kept: a codec's, or a
    restorer's.

    Args:
        folders: of a run, with ``step-N.pt`` and ``checkpoint.pt``, and of those that
            went on from it, in their order, whose steps count on.
        subset: test images, or test pages, one patch of each.
        rate: a codec's, 0 to 7.
        folder: keeps what was measured of each model; an interrupted run goes on from
            there.

    Returns:
        ``steps``: for each model its step. Of a codec bits per pixel and PSNR, means,
        each reader's accuracy, mean and 95 % interval, and ``samples``, the first
        image of each background: a WebP file in base 64, its text, and what each
        reader reads. Of a restorer `summary` of what `end_to_end.score` measures, and
        ``samples``, the first patches.

    Raises:
        InputError: there is no checkpoint in a folder.
    """
    states: dict[int, dict] = {}
    for run_ in folders:
        states |= _kept(run_, after=max(states, default=0))
    settings = states[max(states)]["settings"]
    if "size" in settings:  # a codec's
        pictures: list = list(TextImages("test", subset))
        step: Callable[..., dict] = partial(_codec, rate=rate)
        known = {"images": subset, "rate": rate}
    else:
        pictures = BookPatches("test", subset).firsts()
        step, known = _restorer, {"patches": subset}
    asked = computed_by(__file__, (codec, metrics, ocr, restore)), known
    shown = test_set(picture.image for picture in pictures)
    with Store(folder / "models.jsonl") as store:
        steps = [
            {
                "step": number,
                **store.get(
                    key_of(asked, states[number]["sha256"], shown),
                    partial(step, states[number], pictures),
                ),
            }
            for number in tqdm(sorted(states), unit="model")
        ]
    return {**known, "settings": settings, "steps": steps, **shown}


def _kept(folder: Path, after: int) -> dict[int, dict]:
    """The checkpoints of a run by their steps, which count on from `after`."""
    files = [*folder.glob("step-*.pt"), *folder.glob("checkpoint.pt")]
    if not files:
        raise InputError(f"{folder}: no checkpoint of a training run")
    states = (
        load_checkpoint(file) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for file in files
    )
    return {after + state["step"]: state for state in states}


def _codec(state: dict, images: list[TextImage], rate: float) -> dict:
    model = TinyLIC(state["settings"]["size"])
    zoo.fill(model, trained_part(state))
    model.eval().update()
    files = [
        codec.compress(model, NO_WEIGHTS, to_tensor(image.image)[None], rate)
        for image in images
    ]
    pictures = [codec.decompress(model, NO_WEIGHTS, file)[0] for file in files]
    arrays = [np.asarray(to_image(picture)) for picture in pictures]
    read = {name: reader.read(pictures) for name, reader in readers().items()}
    firsts = {image.background: at for at, image in reversed([*enumerate(images)])}
    return {
        "bpp": _mean(
            [
                bits_per_pixel(file, array[..., 0].size)
                for file, array in zip(files, arrays)
            ]
        ),
        "psnr": _mean([psnr(image.image, array) for image, array in zip(images, arrays)]),
        "accuracy": {
            name: [
                round(end, 4)
                for end in mean_interval(
                    [accuracy(image.text, text) for image, text in zip(images, texts)]
                )
            ]
            for name, texts in read.items()
        },
        "samples": {
            kind: {
                "webp": webp(arrays[at]),
                "text": images[at].text,
                "read": {name: texts[at] for name, texts in read.items()},
            }
            for kind, at in sorted(firsts.items())
        },
    }


@torch.no_grad()
def _restorer(state: dict, patches: Sequence[Patch]) -> dict:
    settings = state["settings"]
    network: Any = zoo.build("unet" if "blocks" in settings else "dncnn", settings)
    network.load_state_dict(trained_part(state))
    network.eval()
    if "first" in settings:
        network = assembled(settings, network)
    repair = partial(repaired, network)
    rows = [[score(patch, repair)] for patch in patches]
    return {
        **summary(rows),
        "samples": [
            _sample(patch, repair, row["read"])
            for patch, [row] in zip(patches[:SAMPLES], rows)
        ],
    }


def _sample(patch: Patch, repair: Repair, read: dict) -> dict:
    known = luminance(ruined(patch))
    better = repair(torch.tensor(known.pixels)[None, None], torch.tensor(known.table))
    return {"webp": webp(levels(better[0])), **read}


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


def webp(picture: np.ndarray) -> str:
    """A uint8 picture as a WebP file in base 64."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=QUALITY, method=6)
    return base64.b64encode(buffer.getvalue()).decode()
