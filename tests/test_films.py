"""The README's films of the live lab."""

import io
import re
from itertools import islice

import pytest
from conftest import ROOT
from PIL import Image
from test_book import browser  # noqa: F401

from tools import films

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_every_film_and_says_what_is_on_it():
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    files = [films.FOLDER / f"{scene.__name__}.webp" for scene in films.SCENES]
    assert sorted(ROOT / place for _, place in shown) == sorted(files)
    assert all(len(said) > 80 for said, _ in shown)
    for file in files:
        with Image.open(file) as film:
            assert film.format == "WEBP" and film.n_frames > 10
    assert sum(file.stat().st_size for file in files) <= films.MOST


@pytest.mark.slow
def test_a_scene_is_filmed(browser):  # noqa: F811
    def beginning(page, half):
        return islice(films.mending(page, half), 2)

    page = browser.new_page(viewport={"width": films.WIDTH, "height": 1400})
    data = films.film(page, beginning, "mending")
    page.close()
    with Image.open(io.BytesIO(data)) as film:
        assert film.n_frames == 2 and film.width > films.WIDTH / 2
