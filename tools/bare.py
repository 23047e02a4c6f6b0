"""The package alone, in a fresh environment: every command of its command line there.

`python -m tools.bare python3.11` installs a wheel of these sources as the README says and
runs the commands in a folder with no repository above it. A training is its smallest
preset, an experiment asks for two pictures and is stopped after `LONG` seconds: if it
then still works, it has found all that it imports.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml

from semlib.experiments import EXPERIMENTS
from semlib.training import RECIPES

from .colab import built
from .editions import ROOT, Book, edition

LONG = 60
FEW = 2  # pictures of each set; below that there is no interval
# what experiments are given, where it is not a number of pictures
GIVEN = {
    "coding-speed": "",
    "jpeg-quality": "",
    "checkpoints": f"runs/tfic --subset {FEW}",
}

# Every other command, in an order in which each finds what it needs.
TYPED = (
    "--version",
    "degrade page.png page.jpg --scale 0.5 --quality 1",
    "read page.jpg --json",
    "restore page.jpg mended.png",
    "restore page.jpg guided.png --model guided-book",
    "compress page.png page.sem --codec tfic --rate 2",
    "info page.sem",
    "decompress page.sem back.png",
    "reproduce",
    f"reproduce table1 --subset {FEW}",
    "bundle dncnn dncnn.zip",
    "grade class",
)
PAGE = """\
from PIL import Image
from semlib.data import make_page
Image.fromarray(make_page(0, "test").image).save("page.png")"""


def commands() -> Iterator[str]:
    """Everything to type after `semlib`."""
    yield from TYPED
    for name in RECIPES:
        yield f"train {name} --preset smoke --folder runs/{name}"
    yield "export dncnn runs/dncnn/checkpoint.pt tried"
    for name in EXPERIMENTS:
        given = GIVEN.get(name, f"--subset {FEW}")
        yield f"evaluate {name} {given} --json {name}.json"


def installed(python: str, folder: Path) -> Path:
    """Where the programs are of a fresh environment with the package alone."""
    subprocess.run([python, "-m", "venv", folder / "env"], check=True)
    there = folder / "env" / "bin"
    subprocess.run([there / "pip", "install", "--quiet", "uv"], check=True)
    wheel = built(folder / "wheel")
    # in the sources' folder: uv heeds what their pyproject.toml overrides
    uv = [str(there / "uv"), "pip", "install", "--quiet", f"{wheel}[paper]"]
    active = {**os.environ, "VIRTUAL_ENV": str(folder / "env")}
    subprocess.run(uv, check=True, cwd=ROOT, env=active)
    return there


def prepared(there: Path, folder: Path) -> None:
    """What the commands start from: a page, and a class of one student."""
    subprocess.run([there / "python", "-c", PAGE], check=True, cwd=folder)
    (folder / "class").mkdir()
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    chapter = ROOT / "chapters" / "01-bits.ipynb"
    nbformat.write(edition(chapter, Book(ROOT, config)), folder / "class" / "one.ipynb")


def tried(there: Path, folder: Path, typed: str) -> str:
    """What became of a command, in a word or by the last line that it said."""
    semlib = [str(there / "semlib"), *typed.split()]
    most = LONG if typed.startswith("evaluate") else None
    try:
        run = subprocess.run(
            semlib, cwd=folder, capture_output=True, text=True, timeout=most
        )
    except subprocess.TimeoutExpired:
        return "at work"
    said = run.stderr.strip().splitlines()
    return "done" if run.returncode == 0 else said[-1] if said else "failed"


def main(python: str) -> None:
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SEMLIB_CACHE"] = str(folder / "cache")
        os.environ.pop("PYTHONPATH", None)
        there = installed(python, folder)
        prepared(there, folder)
        for typed in commands():
            began = time.monotonic()
            became = tried(there, folder, typed)
            seconds = time.monotonic() - began
            print(f"{seconds:5.0f} s  semlib {typed}: {became}", flush=True)
            if became not in ("done", "at work"):
                failed.append(typed)
    sys.exit("\n".join(["", *failed]) if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
