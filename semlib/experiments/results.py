"""Results with where they came from, and the only way they are written."""

import ast
import fcntl
import hashlib
import json
import platform
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from tqdm import tqdm

from ..images import InputError, replace_file

# in the package where it is installed; in the sources, beside it
FOLDER = Path(__file__).parents[1] / "results"
if not FOLDER.is_dir():
    FOLDER = Path(__file__).parents[2] / "results"
FOREIGN = "compressai", "easyocr", "pillow", "rapidocr", "torch"  # that measure with us


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


def check(path: Path) -> None:
    """Whether a result can be written there: asked before hours of work.

    Raises:
        InputError: it cannot.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: its folder {path.parent} does not exist")
    if path.is_dir():
        raise InputError(f"{path} is a folder")


def provenance() -> dict:
    """Where a result is made: commit, machine, and what computes."""
    return {
        "commit": commit(),
        "machine": f"{processor()}, {torch.get_num_threads()} threads",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """What the machine computes with, as far as the system says."""
    with suppress(OSError):
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^model name\s*:\s*(.+)$", known, re.MULTILINE):
            return found[1]
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit this runs at; «-dirty» when the package differs from it, «unknown»
    where it lies in no repository of its own."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != Path(__file__).parents[2]:
            return "unknown"
        return git("describe", "--always", "--dirty", "--abbrev=12")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def test_set(images: Iterable[np.ndarray]) -> dict[str, str]:
    """``test_set_sha256`` of the uint8 test images, in order."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(np.ascontiguousarray(image).tobytes())
    return {"test_set_sha256": digest.hexdigest()}


class Store:
    """Measurements kept line by line in a file, so that an interrupted experiment goes
    on from there. Use it in a ``with``: two runs in one file refuse each other.

    A line holds the key that `get` was given, the value, and when it was measured: the
    commit and the seconds.

    Raises:
        InputError: another run writes there.
    """

    def __init__(self, file: Path):
        self.file, self._commit = file, commit()
        file.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Store":
        self._out = open(self.file, "a+b")
        try:
            fcntl.flock(self._out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._out.close()
            raise InputError(f"{self.file}: another run writes there") from None
        except OSError:  # a drive that knows no locks
            pass
        self._out.seek(0)
        whole = [line for line in self._out if line.endswith(b"\n")]
        self._kept = {row["of"]: row for row in map(json.loads, whole)}
        self._out.truncate(sum(map(len, whole)))  # what a killed run wrote half
        return self

    def __exit__(self, *_) -> None:
        self._out.close()

    def get(self, key: str, measure: Callable[[], object]):
        """What was measured under that key; if nothing was, it is measured now."""
        if key not in self._kept:
            began = time.monotonic()
            value = measure()
            self._kept[key] = {
                "of": key,
                "score": value,
                "commit": self._commit,
                "seconds": round(time.monotonic() - began, 2),
            }
            self._out.write((json.dumps(self._kept[key]) + "\n").encode())
            self._out.flush()
        MEASURED.append(self._kept[key])
        return self._kept[key]["score"]

    def map(
        self,
        function: Callable,
        keys: Sequence[str],
        arguments: Sequence[tuple],
        workers: int | None = None,
    ) -> list:
        """What was measured under each key, in order. What was not is measured now, by
        `function` of its arguments, in several processes, and kept as it comes."""
        asked = dict(zip(keys, arguments, strict=True))
        missing = [each for key, each in asked.items() if key not in self._kept]
        bar = tqdm(asked, desc=self.file.stem, unit="image")
        with ProcessPoolExecutor(workers) as pool:
            fresh = pool.map(function, *zip(*missing)) if missing else iter(())
            found = {key: self.get(key, lambda: next(fresh)) for key in bar}
        return [found[key] for key in keys]


def key_of(*parts: object) -> str:
    """A measurement's key: of all that it depends on, bytes or what can be printed."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:16]


MEASURED: list[dict] = []  # what the running experiment took from a store


def measured() -> dict:
    """When what an experiment took from stores was measured: commits, and seconds in
    all."""
    rows = [row for row in MEASURED if "commit" in row]
    return (
        {
            "measured": {
                "commits": sorted({row["commit"] for row in rows}),
                "seconds": round(sum(row["seconds"] for row in rows)),
            }
        }
        if rows
        else {}
    )


@cache
def computed_by(file: str, packages: tuple[ModuleType, ...]) -> tuple[str, ...]:
    """What measures: a module's code with that of our packages, see `code_of`, and the
    versions of `FOREIGN`."""
    folders = (Path(str(package.__file__)).parent for package in packages)
    return code_of(Path(file), *folders), *map(version, FOREIGN)


def code_of(*places: Path) -> str:
    """A hash of what Python files do, or all those of a folder: their syntax without
    docstrings and comments."""
    files = [
        file
        for place in places
        for file in (place.glob("*.py") if place.is_dir() else [place])
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                and ast.get_docstring(node, clean=False) is not None
            ):
                node.body[0] = ast.Pass()
        digest.update(file.name.encode() + ast.dump(tree).encode())
    return digest.hexdigest()[:16]
