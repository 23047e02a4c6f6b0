"""A bundle trains where there are PyTorch, NumPy, Pillow, OpenCV and SciPy, nothing else
and no network, and what comes home is what the same training gives here."""

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import torch
from packaging.requirements import Requirement

from semlib import cli, zoo
from semlib.data import shards
from semlib.images import InputError
from semlib.training import (
    RECIPES,
    alone,
    bundle,
    bundled,
    export,
    load_checkpoint,
    train_preset,
)
from semlib.training.bundle import _foreign, _made_for, _weights

THERE = "torch", "numpy", "pillow", "opencv-python-headless", "scipy"
# no package but those on the path, and whoever asks for the network is refused
ALONE = """\
import runpy, sys
def refuse(event, given):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError("there is no network")
sys.addaudithook(refuse)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def with_needs(names) -> set[str]:
    """These packages, and those that they need to be installed."""
    found, left = set(), set(names)
    while left:
        name = left.pop()
        try:
            asked = distribution(name).requires or ()
        except PackageNotFoundError:  # of another system
            continue
        found.add(name)
        needs = {
            need.name
            for need in map(Requirement, asked)
            if need.marker is None or need.marker.evaluate({"extra": ""})
        }
        left |= needs - found
    return found


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    """A folder with links to what is installed on the other machine."""
    folder = tmp_path_factory.mktemp("installed")
    tops = {
        str(file.dist.locate_file(file.parts[0]))
        for name in with_needs(THERE)
        for file in distribution(name).files or ()
        if file.parts[0] not in ("..", "__pycache__")
    }
    for top in tops:
        (folder / Path(top).name).symlink_to(top)
    assert not {"semlib", "tqdm", "torchvision"} & {
        path.name for path in folder.iterdir()
    }
    return folder


@pytest.fixture
def there(elsewhere, tmp_path):
    """Runs what starts in a bundle, as it was unpacked into an empty folder."""
    at = tmp_path / "there"

    def start(recipe: str, *arguments: str):
        python = [sys.executable, "-S", "-s", "-c", ALONE]
        return subprocess.run(
            [*python, f"semlib-{recipe}/train.py", *arguments],
            cwd=at,
            env={
                "HOME": str(at),
                "PYTHONPATH": str(elsewhere),
                "OMP_NUM_THREADS": str(torch.get_num_threads()),
            },
            capture_output=True,
            text=True,
        )

    def unpacked(recipe: str):
        bundle(recipe, tmp_path / f"{recipe}.zip")
        at.mkdir()
        with zipfile.ZipFile(tmp_path / f"{recipe}.zip") as archive:
            archive.extractall(at)
        return at, start

    return unpacked


ALIKE = [
    ("unet", {}),
    ("hyperprior", {}),
    ("scene-tfic", {}),
    ("tfic", {"reader": "both"}),
    ("guided", {"reader": "trba"}),
]


@pytest.mark.slow
@pytest.mark.parametrize("recipe, chosen", ALIKE)
def test_a_training_elsewhere_is_the_one_at_home(
    recipe, chosen, there, tmp_path, monkeypatch
):
    at, start = there(recipe)
    options = [word for key, value in chosen.items() for word in (f"--{key}", value)]
    ran = start(recipe, "--preset", "smoke", "--folder", "run", *options)
    assert ran.returncode == 0, ran.stderr
    if recipe == "guided":  # whose hundred pages are drawn once
        monkeypatch.setenv("SEMLIB_CACHE", str(at / ".cache" / "semlib"))
    train_preset(recipe, "smoke", folder=tmp_path / "home", **chosen)
    came, here = (
        load_checkpoint(folder / "checkpoint.pt")
        for folder in (at / "run", tmp_path / "home")
    )
    assert came["settings"] == here["settings"] and came["step"] == here["step"]
    assert came["model"].keys() == here["model"].keys()
    for key, value in here["model"].items():
        assert torch.equal(came["model"][key], value), key
    card = export(recipe, at / "run" / "checkpoint.pt", "came", tmp_path)
    assert card["steps"] == here["step"] and (tmp_path / "came.safetensors").exists()


def test_where_it_cannot_train_it_says_why_in_a_line(there):
    at, start = there("dncnn")
    ran = start("dncnn", "--preset", "none")
    assert ran.returncode == 2
    assert re.fullmatch(r"train\.py: preset must be one of smoke, .*\n", ran.stderr)
    file = at / "semlib-dncnn" / "train.py"
    lacking = [sys.executable, "-S", "-I", file]
    ran = subprocess.run(lacking, capture_output=True, text=True)
    assert ran.returncode == 2
    lacks = "train.py: this Python lacks PyTorch, NumPy, Pillow, OpenCV, SciPy\n"
    assert ran.stderr == lacks


@pytest.mark.parametrize(
    "made_for, said",
    [
        ({}, ""),
        ({"platform": ["Plan9", "vax"]}, "the bundle is for Plan9 vax, this is "),
        ({"python": [9, 1]}, "the bundle is for Python 9.1 or later, this is 3."),
        (
            {"python": [3, 1], "this_python_only": True},
            "the bundle is for Python 3.1, this is 3.",
        ),
    ],
)
def test_another_machine_is_told_that_it_is(made_for, said):
    found = bundled.unfit({**_made_for(["a.abi3.so"]), **made_for})
    assert found.startswith(said) and bool(found) == bool(said)


def test_what_is_compiled_for_one_python_is_for_that_one(root):
    anywhere, here = _made_for(["a.abi3.so"]), _made_for(["b.cpython-311-x86_64.so"])
    assert here["this_python_only"] and here["python"] == list(sys.version_info[:2])
    oldest = ".".join(map(str, anywhere["python"]))
    assert f'requires-python = ">={oldest}"' in (root / "pyproject.toml").read_text()


def test_its_command_line_is_the_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert alone.main("unet", ["--preset", "smoke"]) == 0
    assert (tmp_path / "runs" / "unet-smoke" / "checkpoint.pt").exists()
    assert alone.main("unet", ["--preset", "smoke", "--resume", "--folder", "one"]) == 0
    for recipe, arguments, said in (
        ("unet", ["--preset", "smoke"], "go on with --resume, or delete it"),
        ("dncnn", ["--lambda", "2"], "--lambda must be between 0 and 1"),
        ("dncnn", ["--lambda", "much"], "invalid float value"),
        ("tfic", ["--reader", "none", "--preset", "smoke"], "reader must be one of"),
        ("tfic", ["--preset", "paper"], "no weights are called 'tinylic-paper'"),
        ("unet", ["--deep"], "unrecognized arguments: --deep"),
    ):
        capsys.readouterr()
        assert alone.main(recipe, arguments) == 2
        assert re.fullmatch(r"train\.py: [^\n]+\n", error := capsys.readouterr().err)
        assert said in error
    with pytest.raises(SystemExit, match="0"):
        alone.main("dncnn", ["--help"])
    assert "--lambda" in (text := capsys.readouterr().out) and "gpu-second" in text


def test_of_the_same_files_the_same_bytes_are_made_and_none_names_this_machine(tmp_path):
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    bundle("dncnn", one)
    bundle("dncnn", two)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        for name in archive.namelist():
            assert name.startswith("semlib-dncnn/")
            assert os.fsencode(Path(zoo.__file__).parents[2]) not in archive.read(name)


@pytest.mark.parametrize(
    "recipe, taken",
    [
        ("blind", {"blind", "unet"}),
        ("guided", {"dncnn", "dncnn-book", "dncnn-book-second", "trba"}),
        ("reader", set()),
        ("tfic", {"tinylic", "tfic-both", "trba"}),
    ],
)
def test_weights_that_some_preset_begins_with_come_along(recipe, taken):
    assert set(_weights(recipe)) == taken


def test_opencv_under_another_name_has_its_own_version(monkeypatch):
    def none(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(shards, "version", none)
    assert shards.recipe_hash("", "opencv-python-headless")
    with pytest.raises(PackageNotFoundError):
        shards.recipe_hash("", "pillow")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_no_bundle_is_too_large(recipe, tmp_path):
    file = tmp_path / f"{recipe}.zip"
    known = bundle(recipe, file)
    assert file.stat().st_size < 60e6
    assert {"smoke", "cpu"} & set(known["presets"])


def test_what_cannot_be_packed_is_refused_in_a_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "folder.zip").mkdir()
    for recipe, output, said in (
        ("magic", "a.zip", "recipe must be one of codec"),
        ("dncnn", "a.tar", "name it .zip"),
        ("dncnn", "none/a.zip", "does not exist"),
        ("dncnn", "folder.zip", "is a folder"),
    ):
        command = ["semlib", "bundle", recipe, str(tmp_path / output)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit, match="2"):
            cli.main()
        error = capsys.readouterr().err
        assert re.fullmatch(r"semlib: [^\n]+\n", error) and said in error
    assert [path.name for path in tmp_path.iterdir()] == ["folder.zip"]


def test_a_package_that_lacks_a_part_is_named():
    with pytest.raises(InputError, match="tqdm as it is installed here lacks tqdm/wings"):
        _foreign({"tqdm": ("tqdm/std.py", "tqdm/wings")})


def test_a_bundle_is_replaced_only_when_it_is_whole(tmp_path, monkeypatch):
    file = tmp_path / "dncnn.zip"
    file.write_text("before")

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(InputError, match="No space left"):
        bundle("dncnn", file)
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]
