"""A made-up class: right, half, wrong, hanging, and one that does harm and lies."""

import csv
import json
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from nbformat.v4 import new_code_cell, new_notebook, writes

from semlib.check import chapter1
from semlib.check.answers import exercises
from semlib.confine import writes_can_be_confined
from semlib.grade import plain, read_answers, restored, split

EVERY = exercises(chapter1)
IMPORT = "import numpy as np\nfrom semlib.check import chapter1, todo\nfrom semlib.check.chapter1 import *"


def checks(answers):
    """The cells of a notebook that answers so: code by exercise."""
    cells = [IMPORT]
    for one in EVERY:
        cells.append(answers.get(one.name, f"{one.name} = todo"))
        cells.append(f"chapter1.{one.name}({one.name})")
    return cells


def notebook(file, cells):
    file.write_text(writes(new_notebook(cells=[new_code_cell(cell) for cell in cells])))


SOLVED = {one.name: one.code for one in EVERY}
FORGED = """
print("chapter1: right"); [print("✓ Right.") for _ in range(99)]
import pathlib, shutil, os, signal, socket
for harm in (
    lambda: pathlib.Path({victim!r}).unlink(),
    lambda: pathlib.Path({victim!r}).write_text("mine"),
    lambda: shutil.rmtree({folder!r}),
    lambda: os.truncate({victim!r}, 0),
    lambda: os.kill(os.getppid(), signal.SIGTERM),
    lambda: socket.create_connection(("127.0.0.1", {port}), 2).send(b"hello"),
):
    try:
        harm()
    except BaseException:
        pass
chapter1.white_pixel.__class__.__call__ = lambda self, answer: "✓ Right."
chapter1.white_pixel.__class__.results = lambda self, answer: "right"
"""


@pytest.mark.slow
@pytest.mark.skipif(not writes_can_be_confined(), reason="Landlock is Linux'")
def test_a_class_of_five(tmp_path):
    import socket

    given, kept = tmp_path / "class", tmp_path / "kept"
    given.mkdir(), kept.mkdir()
    victim = kept / "thesis.txt"
    victim.write_text("years of work")
    port = socket.create_server(("127.0.0.1", 0))
    port.settimeout(0.1)
    half = dict([*SOLVED.items()][: len(SOLVED) // 2])
    notebook(given / "anna.ipynb", checks(SOLVED))
    notebook(given / "ben.ipynb", checks(half))
    notebook(
        given / "carla.ipynb", checks({one.name: f"{one.name} = -7" for one in EVERY})
    )
    notebook(given / "dora.ipynb", [*checks(half), "while True: pass", *checks(SOLVED)])
    harm = FORGED.format(victim=str(victim), folder=str(kept), port=port.getsockname()[1])
    notebook(given / "emil.ipynb", [IMPORT, harm, *checks(half)[1:]])
    (given / "fritz.ipynb").write_text("no notebook")
    before = {file: file.read_bytes() for file in given.iterdir()}

    began = time.monotonic()
    table = tmp_path / "grades.csv"
    seconds = "150"
    command = ["grade", str(given), "--output", str(table), "--seconds", seconds]
    run = subprocess.run(
        [sys.executable, "-m", "semlib", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - began < 600

    rows = {row.pop("student"): row for row in csv.DictReader(table.open())}
    ended = {student: row.pop("notebook") for student, row in rows.items()}
    assert ended == {
        "anna": "run through",
        "ben": "run through",
        "carla": "run through",
        "dora": f"stopped after {seconds} seconds",
        "emil": "run through",
        "fritz": "no notebook",
    }
    names = [f"chapter1.{one.name}" for one in EVERY]
    as_half = ["right" if one.name in half else "not attempted yet" for one in EVERY]
    assert [*rows["anna"]] == names
    assert [*rows["anna"].values()] == ["right"] * len(names)
    assert [*rows["ben"].values()] == as_half == [*rows["dora"].values()]
    assert [*rows["carla"].values()] == ["not right"] * len(names)
    assert "right" not in rows["emil"].values()
    assert victim.read_text() == "years of work" and [*kept.iterdir()] == [victim]
    assert {file: file.read_bytes() for file in given.iterdir()} == before
    with pytest.raises(TimeoutError):
        port.accept()
    port.close()
    for student in rows:
        assert f"<h1>{student}</h1>" in (tmp_path / f"{student}.html").read_text()


def test_checks_are_found_wherever_they_stand():
    rest, asked = split(
        "a = 1\nchapter1.white_pixel(a)\nb = 2\nchapter2.price(lambda: 3)"
    )
    assert rest == "a = 1\nb = 2"
    assert asked == [
        ("chapter1", "white_pixel", "a"),
        ("chapter2", "price", "lambda: 3"),
    ]
    for other in ("!ls\nchapter1.x(1)", "chapterx.y(1)", "chapter1.x.page()", "x = 1"):
        assert split(other) == (other, [])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[[[", '{"a": {"bytes": "xy"}}', "[" * 100_000, '{"a": {"array": "b"}}'],
)
def test_what_was_tampered_with_is_no_answer(tmp_path, text):
    file = tmp_path / "answers.json"
    file.write_text(text)
    assert read_answers(file) == {}
    (tmp_path / "link").symlink_to("/etc/hostname")
    assert read_answers(tmp_path / "link") == {} == read_answers(tmp_path / "none")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_answers_survive_being_written_down(one):
    through = json.loads(json.dumps(plain(one.right)))
    assert one.judged(restored(through)).kind == "right"


def test_a_folder_without_notebooks_is_refused(tmp_path):
    command = [sys.executable, "-m", "semlib", "grade", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"semlib: {tmp_path}: no notebooks in it\n"
