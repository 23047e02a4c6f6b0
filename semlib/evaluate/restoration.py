"""Chapter 8: what is read of ruined book pages, repaired in many ways."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .. import zoo
from ..data import BOOK_PAGES, BookPatches, Patch, jpeg_bytes
from ..data.jpeg import read_luminance
from ..images import InputError, replace_file, to_tensor
from ..restore import contradictions, hold, seen
from .restore import fidelity, gains, legibility, numbers, read_end_to_end, summary
from .results import provenance

# from what a file says, N×1×H×W and not clipped, and its table, to a better picture
Repair = Callable[[Tensor, Tensor], Tensor]
Ruin = Callable[[np.ndarray], bytes]  # from a clean picture to a JPEG file

# trained on the pages of `data.pages`, whose lines lie at one height of JPEG's grid
OLD = ("dncnn", "guided")


def run(folder: Path, subset: int = BOOK_PAGES["test"], only: Sequence[str] = ()) -> dict:
    """Ruin a patch of each test page, repair it in every way, and read it end to end.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        subset: test pages.
        only: these ways of repair; all of them when empty.

    Returns:
        ``rows``: for every way of repair PSNR, SSIM and PSNR-B against the clean patch;
        the share of blocks that contradict their file; and for each reader accuracy,
        exact words and false words: means and 95 % intervals over pages. ``gains``:
        the same of what each way has over JPEG alone, page by page.

    Raises:
        InputError: there is no such way of repair.
    """
    started = time.monotonic()
    ways = methods()
    for name in only:
        if name not in ways:
            raise InputError(f"--only must be one of {', '.join(ways)}, not {name}")
    folder.mkdir(parents=True, exist_ok=True)
    patches = BookPatches("test", subset).firsts()
    scores = {name: stored(folder / f"{name}.jsonl", _weights(name), patches,
                           ways[name])
              for name in only or ways}
    rows = {name: {"patches": subset, **summary([[row] for row in found])}
            for name, found in scores.items()}
    gained = {name: gains([[row] for row in scores["degraded"]],
                          [[row] for row in found])
              for name, found in scores.items()
              if "degraded" in scores and name not in ("degraded", "clean")}
    return {"patches": subset, "rows": rows, "gains": gained,
            "weights": {name: zoo.card(name)["sha256"] for name in restorers()},
            **provenance(f"semlib evaluate restoration --subset {subset}"
                         + "".join(f" --only {name!r}" for name in only),
                         started, [patch.image for patch in patches])}


def methods() -> dict[str, Repair | None]:
    """Every way of repair; None leaves a patch as it was before it was compressed."""
    learned = {name: zoo.load_restorer(name)[0] for name in restorers()}
    return {"clean": None, "degraded": lambda x, table: x.clamp(0, 1),
            **{name: partial(held, network) for name, network in learned.items()},
            **{f"{name}, not held": partial(repaired, network)
               for name, network in learned.items() if name not in OLD},
            **{name: partial(_filtered, process) for name, process in FILTERS.items()}}


def restorers() -> list[str]:
    """The names of the shipped ones that this experiment compares."""
    return [*OLD, *(path.stem for path in sorted(zoo.FOLDER.glob("residual*.json")))]


FILTERS = {"median": lambda image: cv2.medianBlur(image, 3),
           "Gaussian": lambda image: cv2.GaussianBlur(image, (0, 0), 1.0),
           "bilateral": lambda image: cv2.bilateralFilter(image, 5, 75, 2),
           "non-local means": lambda image: cv2.fastNlMeansDenoising(image, h=20),
           "Lanczos, twice as large": lambda image: cv2.resize(
               image, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)}


def _filtered(process: Callable, x: Tensor, table: Tensor) -> Tensor:
    return torch.stack([to_tensor(process(levels(image))) for image in x])


def repaired(network, x: Tensor, table: Tensor) -> Tensor:
    """What a restorer makes of pictures, in [0, 1]."""
    return network(seen(network, x)).clamp(0, 1)


def held(network, x: Tensor, table: Tensor) -> Tensor:
    """The same, held to the file."""
    return hold(repaired(network, x, table), x, table)


def levels(image: Tensor) -> np.ndarray:
    """A 1×H×W picture as H×W uint8."""
    return np.uint8((image[0].clamp(0, 1) * 255).round().numpy())


def stored(file: Path, weights: str | None, patches: Sequence[Patch],
           repair: Repair | None, ruin: Ruin | None = None) -> list[dict]:
    """`score` of each patch, kept line by line: what was measured before, of the same
    weights and the same ruined patch, is read from the file."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    kept = {row["of"]: row["score"] for row in whole}
    with replace_file(file) as out:
        for of, found in kept.items():
            out.write(_line(of, found))
    scores = []
    with open(file, "ab") as out:
        for patch in tqdm(patches, desc=file.stem, unit="patch"):
            of = _digest(weights, patch, ruin)
            if of not in kept:
                kept[of] = score(patch, repair, ruin)
                out.write(_line(of, kept[of]))
                out.flush()
            scores.append(kept[of])
    return scores


def _digest(weights: str | None, patch: Patch, ruin: Ruin | None) -> str:
    """What a score depends on: weights, picture, text, and the file it is ruined to."""
    parts = (str(weights).encode(), patch.image.tobytes(), patch.text.encode(),
             ruined(patch, ruin))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def ruined(patch: Patch, ruin: Ruin | None) -> bytes:
    """The JPEG file that a patch becomes: at quality 1 if `ruin` is None."""
    return ruin(patch.image) if ruin else jpeg_bytes(patch.image, 1)


def _line(of: str, found: dict) -> bytes:
    return (json.dumps({"of": of, "score": found}) + "\n").encode()


def _weights(name: str) -> str | None:
    model = name.split(",")[0]
    return zoo.card(model)["sha256"] if model in restorers() else None


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


def luminance(file: bytes):
    """What a JPEG file in memory says."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as place:
        place.write(file)
        place.flush()
        return read_luminance(Path(place.name))
