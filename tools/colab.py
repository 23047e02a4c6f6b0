"""Every edition alone, in an empty folder, with the versions that Colab has.

`make test-colab` runs it. What `pip freeze` says on Colab is in Colab's repository of
public lists; `python -m tools.colab versions LIST` makes `tools/colab.txt` of one.
`python -m tools.colab run .colab .venv --json results/colab.json` measures the editions
there and here, and `python -m tools.colab table` writes that into the teachers' page.
"""

import argparse
import configparser
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from semlib.check.answers import RIGHT, SIGNS
from semlib.experiments import results

from . import front
from .editions import ROOT, Book, edition

GUIDE = ROOT / "book" / "teaching.md"
PLACE = re.compile("(?<=<!-- colab -->\n).*?(?=<!-- end of colab -->)", re.DOTALL)
VERSIONS = ROOT / "tools" / "colab.txt"
PYTHON = "3.13"
BASE = ["pip", "setuptools", "packaging", "ipython"]  # what a kernel there has besides
MEMORY = 2048  # MiB that a chapter may need: what Binder gives
LONG = 120  # seconds that the first cell must not take
NOTED = ("torch", "numpy", "pillow", "matplotlib", "ipywidgets", "ipython")
WIDGETS = "application/vnd.jupyter.widget-state+json"
MEASURE = """\
import json, resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))"""


def versions(listed: Path) -> None:
    """Of Colab's packages those that the chapters touch, and what they need in turn."""
    text = listed.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"[\w.-]+==", line)]
    theirs = {canonicalize_name(line.partition("==")[0]): line for line in lines}
    needs = map(Requirement, front.needs(ROOT / "pyproject.toml"))
    names = {canonicalize_name(need.name) for need in needs} | {*front.GIVEN, *BASE}
    [date] = re.findall(r"\d{4}-\d{2}-\d{2}", text.partition("\n")[0])
    with tempfile.TemporaryDirectory() as folder:
        asked, forced = Path(folder, "asked"), Path(folder, "forced")
        asked.write_text("\n".join(sorted(names & {*theirs})))
        forced.write_text("\n".join(theirs.values()))
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "compile", str(asked)]
        how = ["--override", str(forced), "--python-version", PYTHON]
        plain = ["--no-annotate", "--no-header"]
        run = subprocess.run(
            [*uv, *how, *plain], check=True, capture_output=True, text=True
        )
    made = datetime.date.today().isoformat()
    VERSIONS.write_text(
        f"# What the chapters touch of Colab's list of {date}, Python {PYTHON}, and\n"
        f"# what that needs. Made on {made} by: python -m tools.colab versions LIST\n"
        f"{run.stdout}",
        encoding="utf-8",
    )


def machine(image: Path, folder: Path) -> Path:
    """A fresh environment that has the image's packages, as a new machine of Colab's.

    Returns:
        its Python, which is also the kernel «colab».
    """
    subprocess.run([image / "bin" / "python", "-m", "venv", folder], check=True)
    [theirs] = image.glob("lib/python*/site-packages")
    [ours] = folder.glob("lib/python*/site-packages")
    for name in ("pip", "pip-*"):  # theirs is used
        for place in ours.glob(name):
            shutil.rmtree(place)
    (ours / "image.pth").write_text(f"{theirs}\n")
    python = folder / "bin" / "python"
    kernel = folder / "share" / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    start = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Colab", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(folder / "share" / "jupyter")
    os.environ["SEMLIB_CACHE"] = str(folder / "cache")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a warning about frozen modules
    os.environ.pop("PYTHONPATH", None)
    return python


def version(python: Path) -> str:
    """Such as 3.13."""
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    run = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def frozen(python: Path) -> list[str]:
    pip = [str(python), "-m", "pip", "freeze", "--all"]
    run = subprocess.run(pip, check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def execute(notebook: NotebookNode) -> float:
    """Runs a notebook in an empty folder.

    Returns:
        seconds, with those of the kernel's start.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        where = {"metadata": {"path": folder}}
        NotebookClient(
            notebook, timeout=900, kernel_name="colab", resources=where
        ).execute()
        return time.monotonic() - began


def tried(chapter: Path, book: Book, solved: bool = False) -> dict[str, Any]:
    """One chapter's edition there: what it takes, where it prints other numbers, and
    which exercises its checks do not call right. They are solved in a teacher's."""
    notebook = edition(chapter, book, solved)
    ignored = {
        cell.id
        for cell in nbformat.read(chapter, as_version=4).cells
        if {"nbval-ignore-output", "raises-exception"} & {*cell.metadata.get("tags", [])}
    }
    before, exercises = printed(notebook, ignored | {"front"}), right(notebook)
    notebook.metadata.pop("widgets", None)
    notebook.cells.append(new_code_cell(MEASURE, id="measure"))
    seconds = execute(notebook)
    memory, busy = json.loads(notebook.cells.pop().outputs[0].text)
    after = printed(notebook, ignored | {"front"})
    return {
        "chapter": chapter.stem,
        "seconds": round(seconds),
        "processor_seconds": round(busy),
        "peak_mib": round(memory),
        "compared": len(before),
        "differ": [key for key in before if before[key] != after.get(key)],
        "examples": [
            example(before[key], after.get(key, ""))
            for key in before
            if before[key] != after.get(key)
        ],
        "solved": len(exercises),
        "not_right": sorted(exercises - right(notebook)),
    }


def right(notebook: NotebookNode) -> set[str]:
    """The cells whose check says that an exercise is solved."""
    return {
        cell.id
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get("text/plain", "").startswith(SIGNS[RIGHT])
    }


def printed(notebook: NotebookNode, ignored: set[str]) -> dict[str, str]:
    """What a notebook shows as text, by cell, and under «sliders» what those show."""
    texts = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.id not in ignored:
            text = "\n".join(filter(None, map(said, cell.outputs)))
            if text:
                texts[cell.id] = " ".join(sanitized(text).split())
    state = notebook.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {})
    values = [str(model["state"].get("value", "")) for model in state.values()]
    numbers = re.findall(r"<dd>(.*?)</dd>", " ".join(values))
    return {**texts, "sliders": " ".join(numbers)} if numbers else texts


def said(output: NotebookNode) -> str:
    """An output's text; of pictures, controls and warnings none."""
    if output.output_type == "stream":
        return output.text if output.name == "stdout" else ""
    data = output.get("data", {})
    if any(kind.startswith("image/") or "widget-view" in kind for kind in data):
        return ""
    html = re.sub(r"(?s)<style.*?</style>|<[^>]+>", " ", data.get("text/html", ""))
    return " ".join((html or data.get("text/plain", "")).split())


def sanitized(text: str) -> str:
    """Without what may differ between two runs: nbval's rules."""
    rules = configparser.ConfigParser(interpolation=None)
    rules.read(ROOT / "tests" / "nbval.cfg", encoding="utf-8")
    for name in rules.sections():
        text = re.sub(rules[name]["regex"], rules[name]["replace"], text)
    return text


def example(page: str, colab: str) -> str:
    """The first word that differs: the page's → Colab's, with the words before it."""
    ours, theirs = page.split(), colab.split()
    for place, (one, other) in enumerate(zip(ours, theirs)):
        if one != other:
            return f"{' '.join(ours[max(0, place - 4) : place])} {one} → {other}"
    return f"{len(ours)} → {len(theirs)} words"


def run(image: Path, names: list[str], solved: bool) -> dict[str, Any]:
    """All chapters, or those named; what is wrong is raised, what differs is told.

    Args:
        image: an environment; what is in it is what the machine has.
        solved: teachers' editions, not students'.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(Path(folder, "wheel"))
        book = Book(ROOT, config, source=str(wheel))
        python = machine(image, Path(folder, "machine"))
        there = frozen(python)
        first = new_notebook(cells=[new_code_cell(book.first_cell)])
        seconds = execute(first)
        print(
            first.cells[0].outputs[0].text, f"{seconds:.0f} seconds", sep="", flush=True
        )
        found = []
        for chapter in sorted((ROOT / "chapters").glob("*.ipynb")):
            if not names or chapter.stem in names:
                found.append(tried(chapter, book, solved))
                print(row(found[-1]), flush=True)
        now, release = frozen(python), version(python)
        size = wheel.stat().st_size
    pins = dict(line.split("==") for line in there if "==" in line)
    return {
        "python": release,
        "versions": {name: pins[name] for name in NOTED},
        "wheel_mb": round(size / 1e6, 1),
        "install_seconds": round(seconds),
        "added": sorted(line.partition(" @ ")[0] for line in set(now) - set(there)),
        # but for this project itself, where it is installed from its sources
        "replaced": sorted(
            line for line in set(there) - set(now) if not line.startswith(("-e", "#"))
        ),
        "chapters": found,
    }


def built(folder: Path) -> Path:
    """The package as a wheel."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # files that are no more
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    where = ["--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *where], check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def row(found: dict[str, Any]) -> str:
    differ = f"{len(found['differ'])} of {found['compared']} outputs differ"
    done = found["solved"] - len(found["not_right"])
    return (
        f"{found['chapter']:22}{found['seconds']:5} s{found['processor_seconds']:5} s cpu"
        f"{found['peak_mib']:6} MiB  {differ if found['differ'] else 'the same numbers'}"
        + f", {done} of {found['solved']} exercises right"
        * bool(found["solved"])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    list_ = commands.add_parser("versions", help="make tools/colab.txt")
    list_.add_argument("list", type=Path)
    run_ = commands.add_parser("run", help="run the editions")
    run_.add_argument("images", type=Path, nargs="+", help="such as .colab and .venv")
    run_.add_argument("--json", type=Path, help="where the table goes")
    run_.add_argument("--chapter", nargs="*", default=[], help="default: all")
    run_.add_argument("--solved", action="store_true", help="teachers' editions")
    commands.add_parser("table", help="write results/colab.json into the teachers' page")
    asked = parser.parse_args()
    if asked.command == "versions":
        versions(asked.list)
    elif asked.command == "table":
        text = GUIDE.read_text(encoding="utf-8")
        made = f"\n{table(results.load('colab')['machines'])}\n\n"
        GUIDE.write_text(PLACE.sub(lambda _: made, text), encoding="utf-8")
    else:
        commit, machines = results.commit(), {}
        for image in asked.images:
            found = run(image.absolute(), asked.chapter, asked.solved)
            machines[image.name.lstrip(".")] = found
            if asked.json:
                results.save(asked.json, {"commit": commit, "machines": machines})
        wrong = [each for found in machines.values() for each in problems(found)]
        sys.exit("\n".join(wrong) or 0)


def problems(found: dict[str, Any]) -> Iterator[str]:
    """What must not be: anything replaced, a long installation, much memory, and what a
    check does not call right."""
    for line in found["replaced"]:
        yield f"replaced: {line}"
    if found["install_seconds"] >= LONG:
        yield "the installation takes two minutes or more"
    for chapter in found["chapters"]:
        if chapter["not_right"]:
            names = ", ".join(chapter["not_right"])
            yield f"{chapter['chapter']}: exercises not right: {names}"
        elif chapter["peak_mib"] > MEMORY and not chapter["solved"]:
            yield f"{chapter['chapter']} needs more than {MEMORY} MiB"


def table(machines: dict[str, dict[str, Any]]) -> str:
    """What each chapter takes on each machine, and how many of its outputs are not the
    page's."""
    rows = ["| chapter |", "|---|"]
    for name, found in machines.items():
        known = f"{'Colab' if name == 'colab' else 'here'}, Python {found['python']}"
        rows[0] += f" seconds: {known} | MiB | other numbers |"
        rows[1] += "---|---|---|"
    for chapters in zip(*(found["chapters"] for found in machines.values()), strict=True):
        row = f"| {int(chapters[0]['chapter'][:2])} |"
        for one in chapters:
            row += f" {one['processor_seconds']} | {one['peak_mib']} |"
            row += f" {len(one['differ'])} of {one['compared']} |"
        rows.append(row)
    return "\n".join(rows)


if __name__ == "__main__":
    main()
