"""The package alone: what is tried there."""

import subprocess
import sys
from pathlib import Path

import pytest

from semlib.cli import app
from tools import bare


def test_every_command_is_tried():
    typed = {each.split()[0] for each in bare.commands()}
    commands = {each.name or each.callback.__name__ for each in app.registered_commands}
    groups = {each.name for each in app.registered_groups}
    assert typed == {"--version"} | commands | groups


@pytest.mark.parametrize(
    "code, became",
    [
        ("pass", "done"),
        ("import sys; sys.exit('one\\nlast')", "last"),
        ("import sys; sys.exit(3)", "failed"),
        ("import time; time.sleep(60)", "at work"),
    ],
)
def test_what_became_of_a_command(code, became, tmp_path, monkeypatch):
    monkeypatch.setattr(bare, "LONG", 5)
    semlib = tmp_path / "semlib"
    semlib.write_text(f"#!{sys.executable}\n{code}\n")
    semlib.chmod(0o755)
    assert bare.tried(tmp_path, tmp_path, "evaluate page") == became


@pytest.mark.slow
def test_what_commands_start_from_is_there(tmp_path):
    bare.prepared(Path(sys.executable).parent, tmp_path)
    run = [sys.executable, "-m", "semlib", "degrade", "page.png", "page.jpg"]
    subprocess.run(run, check=True, cwd=tmp_path)
    assert [path.name for path in (tmp_path / "class").iterdir()] == ["one.ipynb"]
