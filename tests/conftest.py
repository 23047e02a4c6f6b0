"""What several test files share: the places, and the notebooks of the book."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def pytest_generate_tests(metafunc):
    """A test that takes `chapter` runs once for each notebook."""
    if "chapter" in metafunc.fixturenames:
        notebooks = sorted((ROOT / "chapters").glob("*.ipynb"))
        metafunc.parametrize("chapter", notebooks, ids=lambda path: path.stem)


@pytest.fixture
def other_version(tmp_path):
    """Installs what pip is asked for into a folder of its own, and gives that; where
    there is nothing to be had, the test is skipped, but not in continuous
    integration."""

    def install(*asked: str) -> Path:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", tmp_path]
        done = subprocess.run([*pip, *asked], capture_output=True, text=True)
        if done.returncode and not os.environ.get("CI"):
            pytest.skip(f"not to be had: {asked[-1]}")
        return tmp_path

    return install


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    """Tests draw what they need anew: no cache of the user's hides what the code draws
    today, and none is filled with what a broken one draws."""
    monkeypatch.setenv("SEMLIB_CACHE", str(cache))


@pytest.fixture(scope="session")
def small_zoo(tmp_path_factory) -> Path:
    """A zoo with a reader and a codec, trained for six steps each; their runs beside."""
    from semlib.training import CodecRecipe, ReaderRecipe, export, preset, train

    place = tmp_path_factory.mktemp("zoo")
    for recipe, make, name in (
        ("reader", ReaderRecipe, "trba"),
        ("codec", CodecRecipe, "tinylic"),
    ):
        train(make(preset(recipe, "smoke")), place / recipe, devices=1)
        export(recipe, place / recipe / "checkpoint.pt", name, place)
    return place


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process: exit status, output, errors."""
    from semlib import cli

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return command


@pytest.fixture
def jpeg_page(tmp_path) -> Path:
    """A book page's corner as a JPEG file at quality 1, no side a multiple of 8."""
    from PIL import Image

    from semlib.data import make_book_page

    path = tmp_path / "page.jpg"
    image = Image.fromarray(make_book_page(3, "test").reduced()[60:265, 20:321])
    image.save(path, quality=1)
    return path


@pytest.fixture
def two_images(monkeypatch):
    """Test sets of two images that need no cache, where readers are compared."""
    from semlib.data import make_text_image
    from semlib.experiments import recognizer_ablation, recognizers

    images = [make_text_image(index, "test") for index in range(2)]
    for module in (recognizers, recognizer_ablation):
        monkeypatch.setattr(module, "TextImages", lambda split, count: images)
