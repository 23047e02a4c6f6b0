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
