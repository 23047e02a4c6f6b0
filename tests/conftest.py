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
