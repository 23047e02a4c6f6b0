"""What several test files share: the places, and the notebooks of the book."""

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


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    """Tests draw what they need anew: no cache of the user's hides what the code draws
    today, and none is filled with what a broken one draws."""
    monkeypatch.setenv("SEMLIB_CACHE", str(cache))
