"""The command line as a person meets it: in another process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semlib.data import make_page
from semlib.metrics import accuracy

pytestmark = pytest.mark.slow

SEMLIB = Path(sys.executable).with_name("semlib")


def semlib(*arguments):
    return subprocess.run(
        [SEMLIB, *map(str, arguments)], capture_output=True, text=True, timeout=300
    )


def refused(*arguments):
    """It exits with 2 and says why in one line, and nothing else."""
    done = semlib(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("semlib: ") and done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(make_page(0, "test").image).save(path)
    return path


def test_degrade_then_read(page, tmp_path):
    out = tmp_path / "page.jpg"
    done = semlib("degrade", page, out, "--scale", 0.5, "--quality", 75)
    assert done.returncode == 0 and done.stderr == ""
    assert str(out.stat().st_size) in done.stdout and "bits per pixel" in done.stdout
    assert Image.open(out).size == tuple(side // 2 for side in Image.open(page).size)
    done = semlib("read", out, "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert accuracy("\n".join(make_page(0, "test").lines), found["text"]) > 0.9
    left, top, right, bottom = found["lines"][0][0]["box"]
    assert 0 <= left < right < 576 and 0 <= top < bottom < 688


def test_read_prints_lines(tmp_path):
    path = tmp_path / "patch.png"
    patch = make_page(0, "test").patches()[0]
    Image.fromarray(patch.image).save(path)
    done = semlib("read", path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(patch.lines)
    assert accuracy(patch.text, done.stdout) > 0.8


def test_white_letters_on_nothing_are_read(tmp_path):
    patch = make_page(0, "test").patches()[0]
    white = Image.new("L", patch.image.shape[::-1], "white")
    alpha = Image.fromarray(255 - patch.image)
    Image.merge("LA", [white, alpha]).save(tmp_path / "white.png")
    done = semlib("read", tmp_path / "white.png")
    assert done.returncode == 0 and accuracy(patch.text, done.stdout) > 0.8
    assert "laid on black" in done.stderr and done.stderr.count("\n") == 1


def test_one_pixel_and_colour(tmp_path):
    Image.new("RGB", (1, 1), "red").save(tmp_path / "dot.png")
    done = semlib("degrade", tmp_path / "dot.png", tmp_path / "dot.jpg", "--scale", 0.1)
    assert done.returncode == 0 and Image.open(tmp_path / "dot.jpg").size == (1, 1)
    done = semlib("read", tmp_path / "dot.png")
    assert done.returncode == 0 and done.stdout.strip() == ""


def test_bad_options_leave_the_output_untouched(page, tmp_path):
    out = tmp_path / "old.jpg"
    out.write_bytes(b"old")
    for option in (
        ["--quality", 0],
        ["--quality", 101],
        ["--scale", 0],
        ["--scale", 2],
        ["--quality", "best"],
    ):
        refused("degrade", page, out, *option)
    broken = tmp_path / "broken.png"
    for content in (b"", b"some words", page.read_bytes()[:500]):
        broken.write_bytes(content)
        assert "broken.png" in refused("degrade", broken, out)
        assert "broken.png" in refused("read", broken)
    assert out.read_bytes() == b"old"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["broken.png", "old.jpg"]


def test_bad_places(page, tmp_path):
    assert "no such file" in refused("read", tmp_path / "missing.png")
    assert "does not exist" in refused("degrade", page, tmp_path / "no" / "a.jpg")
    assert "name it .jpg" in refused("degrade", page, tmp_path / "a.png")
    refused("degrade", page)
    refused("no-such-command")


def test_evaluate_writes_where_asked(tmp_path):
    out = tmp_path / "jpeg.json"
    done = semlib(
        "evaluate",
        "jpeg-quality",
        "--patches",
        1,
        "--choosing",
        1,
        "--folder",
        tmp_path / "kept",
        "--json",
        out,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert [row["quality"] for row in result["quality"]] == [None, 50, 20, 10, 5, 1]
    assert len(result["test_set_sha256"]) == 64
    assert result["command"] == "semlib evaluate jpeg-quality --patches 1 --choosing 1"
    assert [row["x_height"] for row in result["x_height"]] == [4, 5, 6, 7, 8, 10]
    assert result["measured"]["commits"] == [result["commit"]]
    assert all(np.diff([row["bpp"][0] for row in result["quality"][1:]]) < 0)
