"""Results with where they came from, and the only way they are written."""

import hashlib
import json
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..images import replace_file

FOLDER = Path(__file__).parents[2] / "results"


def load(name: str) -> dict:
    """A measured result, as written by `semlib evaluate`.

    Raises:
        FileNotFoundError: that experiment has no stored result.
    """
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def save(path: Path, result: dict) -> None:
    """Write a result as JSON, beside the old one first, then in its place."""
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    with replace_file(path) as file:
        file.write(text.encode())


def provenance(command: str, started: float, images: Sequence[np.ndarray]) -> dict:
    """How a result was made: command, commit, machine, duration, test set's hash.

    Args:
        started: `time.monotonic()` when the experiment began.
        images: the uint8 test images, in order.
    """
    digest = hashlib.sha256()
    for image in images:
        digest.update(np.ascontiguousarray(image).tobytes())
    return {"command": command, "commit": _commit(),
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "python": platform.python_version(), "torch": torch.__version__,
            "seconds": round(time.monotonic() - started),
            "test_set_sha256": digest.hexdigest()}


def _commit() -> str:
    """The commit this ran at; «-dirty» when the package differed from it."""
    run = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"],
                         cwd=Path(__file__).parent, capture_output=True, text=True)
    return run.stdout.strip() or "unknown"
