"""Grades a class: every student's notebook is run, and what it answers is judged here.

Each is run in a process of its own, which may write in its own folder only, has no
network, and ends after a time. Nothing that it prints counts: what it hands to its checks
is written down as data, and this process, where no student's code runs, judges that.
"""

import ast
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .check import Exercise, Outcome, todo
from .check.answers import NOT_YET, WRONG, as_array, exercises, stopped
from .check.placeholder import missing
from .confine import confine, limit, writes_can_be_confined
from .images import InputError, check_output, replace_file

ANSWERS = "answers.json"
MISSING = Outcome(NOT_YET, "The notebook does not ask for it.")
MOST = 10_000_000  # bytes of what a student answers
FOUND_NOTHING = Outcome(WRONG, "Its check was not reached, or its answer not understood.")


@dataclass(frozen=True)
class Graded:
    """A student, how the notebook ended, and the outcome of each exercise."""

    student: str
    ended: str
    outcomes: dict[str, Outcome]


def split(source: str) -> tuple[str, list[tuple[str, str, str]]]:
    """A cell's code without the checks that it calls; and these: chapter, exercise and
    the code of what it is given."""
    rest, asked = [], []
    try:
        body = ast.parse(source).body
    except SyntaxError:  # IPython knows more than Python
        return source, []
    for node in body:
        match node:
            case ast.Expr(
                ast.Call(ast.Attribute(ast.Name(chapter), name), [given], [])
            ) if chapter.startswith("chapter") and chapter[7:].isdigit():
                asked.append((chapter, name, ast.unparse(given)))
            case _:
                rest.append(node)
    return (ast.unparse(ast.Module(rest, [])), asked) if asked else (source, [])


def cells(notebook: Path) -> list[str]:
    """The code of a notebook's cells.

    Raises:
        InputError: it is no notebook.
    """
    try:
        found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = [cell["source"] for cell in found if cell["cell_type"] == "code"]
        return ["".join(source) for source in code]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{notebook}: no notebook") from error


def grade(folder: Path, output: Path, seconds: int, megabytes: int) -> list[Graded]:
    """Grade every notebook of a folder; write the table, and a page a student beside it.

    Raises:
        InputError: there is no notebook in it, or the table cannot be written.
    """
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise InputError(f"{folder}: no notebooks in it")
    check_output(output)
    if not writes_can_be_confined():
        print(
            "semlib: this system cannot keep students' code from other files: grade on "
            "a machine that may be lost",
            file=sys.stderr,
        )
    graded = [graded_notebook(one, seconds, megabytes) for one in notebooks]
    names = [name for one in graded for name in one.outcomes]
    write_table(output, graded, list(dict.fromkeys(names)))
    for one in graded:
        with replace_file(output.with_name(f"{one.student}.html")) as file:
            file.write(page(one).encode())
    return graded


def graded_notebook(notebook: Path, seconds: int, megabytes: int) -> Graded:
    """Run one notebook, and judge what it answers."""
    try:
        asked = {check[:2] for code in cells(notebook) for check in split(code)[1]}
    except InputError:
        return Graded(notebook.stem, "no notebook", {})
    with tempfile.TemporaryDirectory() as place:
        ended = run(notebook, Path(place), seconds, megabytes)
        answers = read_answers(Path(place, ANSWERS))
    outcomes = {}
    for chapter in sorted({chapter for chapter, _ in asked}):
        for one in known(chapter):
            name = f"{chapter}.{one.name}"
            outcomes[name] = judged(one, answers.get(name, FOUND_NOTHING))
            if (chapter, one.name) not in asked:
                outcomes[name] = MISSING
    return Graded(notebook.stem, ended, outcomes)


def known(chapter: str) -> list[Exercise]:
    try:
        return exercises(import_module(f".check.{chapter}", __package__))
    except ModuleNotFoundError:
        return []


def run(notebook: Path, place: Path, seconds: int, megabytes: int) -> str:
    """Run a notebook in a process of its own; how it ended."""
    source = (place / "notebook.json").resolve()
    source.write_text(json.dumps(cells(notebook)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "semlib.grade", str(source), str(megabytes)],
        cwd=place,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "HOME": str(place),
            "TMPDIR": str(place),
            "SEMLIB_CACHE": str(place),
            "MPLBACKEND": "agg",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = process.wait(seconds)
        return "run through" if status == 0 else f"ended with status {status}"
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds} seconds"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it has started
        process.wait()


def read_answers(file: Path) -> dict[str, Any]:
    """What a notebook has written down, whatever its code has made of that."""
    try:
        if file.is_symlink() or file.stat().st_size > MOST:
            return {}
        found = json.loads(file.read_text(encoding="utf-8"))
        return {name: restored(value) for name, value in found.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def judged(one: Exercise, given: Any) -> Outcome:
    if isinstance(given, Outcome):
        return given
    try:
        return one.judged(given)
    except Exception as error:
        return Outcome(WRONG, stopped(error))


def plain(value: Any) -> Any:
    """An answer as JSON: numbers, words, arrays, and lists of them."""
    if isinstance(value, np.ndarray | torch.Tensor | np.generic):
        array = as_array(value)
        return {"other": "array of words"} if array is None else {"array": array.tolist()}
    if isinstance(value, bytes | bytearray):
        return {"bytes": value.hex()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if missing(value):
        return {"todo": True}
    if isinstance(value, bool | int | float | str):
        return value
    return {"other": type(value).__name__}


def restored(value: Any) -> Any:
    """The same back."""
    match value:
        case {"array": numbers}:
            return np.array(numbers, dtype=float)
        case {"bytes": digits}:
            return bytes.fromhex(digits)
        case {"todo": True}:
            return todo
        case {"stopped": str(words)}:
            return Outcome(WRONG, words[:300])
        case {"other": str(kind)}:
            return Outcome(WRONG, f"It is a {kind[:40]}, which is not asked for.")
        case list():
            return [restored(each) for each in value]
    return value


def answer(sources: list[str], file: Path) -> None:
    """Run a notebook's cells, and write down what its checks are given."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    found: dict[str, Any] = {}
    for source in sources:
        rest, asked = split(source)
        shell.run_cell(rest)
        for chapter, name, given in asked:
            try:
                one = next(each for each in known(chapter) if each.name == name)
                value = eval(given, shell.user_ns)
                if not missing(value):
                    value = one.results(value)
                found[f"{chapter}.{name}"] = plain(value)
            except (Exception, SystemExit) as error:
                found[f"{chapter}.{name}"] = {"stopped": stopped(error)}
            file.write_text(json.dumps(found), encoding="utf-8")


def write_table(output: Path, graded: list[Graded], names: list[str]) -> None:
    """A row a student, a column an exercise."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["student", "notebook", *names])
    for one in graded:
        kinds = [one.outcomes.get(name, MISSING).kind for name in names]
        rows.writerow([one.student, one.ended, *kinds])
    with replace_file(output) as file:
        file.write(text.getvalue().encode())


def page(one: Graded) -> str:
    """A student's page."""
    right = sum(outcome.kind == "right" for outcome in one.outcomes.values())
    rows = "".join(
        f"<tr><td>{name}</td><td>{outcome.kind}</td><td>{escape(outcome.words)}</td></tr>\n"
        for name, outcome in one.outcomes.items()
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f"<title>{escape(one.student)}</title>\n<h1>{escape(one.student)}</h1>\n"
        f"<p>{right} of {len(one.outcomes)} right. The notebook: {one.ended}.</p>\n"
        f"<table>\n<tr><th>exercise</th><th>outcome</th><th>what is said</th></tr>\n"
        f"{rows}</table></html>\n"
    )


if __name__ == "__main__":
    source = Path(sys.argv[1])
    sources = json.loads(source.read_text(encoding="utf-8"))
    limit(int(sys.argv[2]))
    if writes_can_be_confined():
        confine(source.parent)
    answer(sources, source.with_name(ANSWERS))
