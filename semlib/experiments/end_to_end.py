"""Patches ruined, repaired and read, from end to end, and scored."""

import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .. import metrics, ocr, restore, zoo
from ..data import Patch, jpeg_bytes
from ..data.jpeg import Luminance, read_luminance
from ..images import to_tensor
from ..metrics import (
    accuracy,
    changes,
    exact_words,
    false_friends,
    real_word_errors,
    fidelity,
    numbers,
)
from ..ocr import CRAFT, PageReader
from ..restore import Restorer, contradictions, hold, seen
from .results import Store, computed_by, key_of

READERS = ("english_g2", "PP-OCRv6")

# from what a file says, N×1×H×W and not clipped, and its table, to a better picture
Repair = Callable[[Tensor, Tensor], Tensor]
Ruin = Callable[[np.ndarray], bytes]  # from a clean picture to a JPEG file


def untouched(x: Tensor, table: Tensor) -> Tensor:
    """What a viewer shows."""
    return x.clamp(0, 1)


def repaired(network: Restorer, x: Tensor, table: Tensor) -> Tensor:
    """What a restorer makes of pictures, in [0, 1]."""
    return network(seen(network, x, table)).clamp(0, 1)


def held(network: Restorer, x: Tensor, table: Tensor) -> Tensor:
    """The same, held to the file."""
    return hold(repaired(network, x, table), x, table)


def levels(image: Tensor) -> np.ndarray:
    """A 1×H×W picture as H×W uint8."""
    return (image[0].clamp(0, 1) * 255).round().byte().numpy()


def stored(
    file: Path,
    weights: str | None,
    patches: Sequence[Patch],
    repair: Repair | None,
    ruin: Ruin | None = None,
) -> list[dict]:
    """`score` of each patch, kept in a file: what was measured before, of the same
    weights and the same ruined patch by the same code, is not measured again."""
    with Store(file) as store:
        return [
            store.get(_key(weights, patch, ruin), partial(score, patch, repair, ruin))
            for patch in tqdm(patches, desc=file.stem, unit="patch")
        ]


def _key(weights: str | None, patch: Patch, ruin: Ruin | None) -> str:
    """What a score depends on."""
    code = computed_by(__file__, (metrics, ocr, restore))
    return key_of(code, weights, patch.image.tobytes(), patch.text, ruined(patch, ruin))


def ruined(patch: Patch, ruin: Ruin | None = None) -> bytes:
    """The JPEG file that a patch becomes: at quality 1 if `ruin` is None."""
    return ruin(patch.image) if ruin else jpeg_bytes(patch.image, 1)


@torch.no_grad()
def score(patch: Patch, repair: Repair | None, ruin: Ruin | None = None) -> dict:
    """Ruin a patch, repair it, and read it: a dict of numbers, and under ``read`` each
    reader's text.

    Args:
        repair: None leaves the patch clean.
        ruin: JPEG at quality 1 if None.
    """
    x, found = to_tensor(patch.image)[None], {}
    if repair:
        known = luminance(ruined(patch, ruin))
        file, table = torch.tensor(known.pixels)[None, None], torch.tensor(known.table)
        x = repair(file, table)
        if x.shape == file.shape:
            wrong = contradictions((x * 255).round() / 255, file, table)
            found["contradicting"] = wrong.float().mean().item()
            x = x[..., *known.inside]
    if x.shape[-2:] == patch.image.shape:
        found |= fidelity(patch.image, levels(x[0]))
    read = {name: texts[0] for name, texts in read_end_to_end(x).items()}
    found |= legibility(patch.text, read)
    return {key: round(found[key], 4) for key in numbers(found)} | {"read": read}


def luminance(file: bytes) -> Luminance:
    """What a JPEG file in memory says."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as place:
        place.write(file)
        place.flush()
        known = read_luminance(Path(place.name))
    assert known is not None
    return known


def legibility(truth: str, texts: dict[str, str]) -> dict[str, float]:
    """Accuracy, exact words and false words of what each reader read."""
    return {
        f"{name} {what}": measure(truth, text)
        for name, text in texts.items()
        for what, measure in (
            ("accuracy", accuracy),
            ("exact", exact_words),
            ("false", real_word_errors),
        )
    }


def read_end_to_end(x: Tensor) -> dict[str, list[str]]:
    """What both readers read in whole pictures, N×1×H×W in [0, 1], CRAFT finding the
    words: a text for each picture."""
    detector, readers = _readers()
    found = detector.boxes(x)
    return {
        name: [reader.read_found(image, corners).text for image, corners in zip(x, found)]
        for name, reader in zip(READERS, readers)
    }


@cache
def _readers() -> tuple[CRAFT, list[PageReader]]:
    detector = CRAFT(magnify=2)
    return detector, [PageReader(detector, zoo.reader(name)) for name in READERS]


def compared(
    truths: list[list[str]], before: list[list[dict]], after: list[list[dict]]
) -> dict:
    """`changes` and `false_friends` by each reader, of texts and of what `score` gives,
    page by page."""
    found = {}
    for reader in READERS:
        read = [
            [[row["read"][reader] for row in page] for page in pages]
            for pages in (before, after)
        ]
        found[reader] = {
            **changes(truths, *read),
            "false_friends": false_friends(truths, *read),
        }
    return found
