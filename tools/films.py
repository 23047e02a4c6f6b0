"""Films of the live lab for the README: `python -m tools.films` writes book/films.

Each plays a scene on the built page in the machine's Chromium and takes a picture of
every step once its answer is there: how long a step takes is not to be seen.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

from .pages import HTML, ROOT, browsing

FOLDER = ROOT / "book" / "films"
WIDTH = 780  # pixels of the window
MOST = 1_500_000  # bytes of all films
STEP, END = 500, 2500  # milliseconds that a picture stays, and the last one
BUTTONS = {"mending": "Load the networks", "keeping": "Load the codecs"}

# What does not move is not in the picture, and lines that come leave the rest in place.
STYLE = """
.bd-header, .bd-header-article, .bd-sidebar, .skip-link, #pst-skip-link,
.semlib-lab :is(h3, .semlib-lab-note, .semlib-lab-letters, .semlib-lab-letter),
.semlib-lab :is(.semlib-lab-table, .semlib-lab-block, .semlib-lab-table ~ *),
.semlib-lab label:has([type="file"], select, [name="right"], [name="height"]),
[data-half="mending"] :is(.semlib-lab-brush, p, label:has([name="show"])),
[data-half="keeping"] :is(.semlib-lab-form, .semlib-lab-legend) {
  display: none !important;
}
.semlib-lab .semlib-lab-rate { position: static; }
.semlib-lab { border: 0; }
.semlib-lab-fooled, .semlib-lab figcaption { min-height: 3.2em; }
.semlib-lab-four figcaption { min-height: 6.5em; }
[data-half="mending"] canvas { width: auto !important; zoom: 4; }
[data-half="mending"] figure { min-height: 13.5rem; }
"""


def answered(half: Locator) -> None:
    half.page.wait_for_timeout(100)
    half.and_(half.page.locator('[aria-busy="false"]')).wait_for(timeout=300_000)


def loaded(page: Page, name: str) -> Locator:
    """One half of the lab's page, with its networks."""
    half = page.locator(f'[data-half="{name}"]')
    half.get_by_role("button", name=BUTTONS[name]).press("Enter")
    answered(half)
    return half


def mending(page: Page, half: Locator) -> Iterator[None]:
    """Typed, moved down pixel by pixel, and then better and better JPEG."""
    words, text = half.get_by_label("Your words"), "The words come back."
    for end in range(4, len(text) + 1, 4):
        words.fill(text[:end])
        yield
    for name, values in ("down", range(1, 8)), ("quality", (3, 6, 12, 25)):
        for value in values:
            half.locator(f"[name={name}]").fill(str(value))
            yield


def keeping(page: Page, half: Locator) -> Iterator[None]:
    """From many bits to few."""
    for rate in range(14, -1, -1):
        half.locator("[name=rate]").fill(str(rate / 2))
        yield


def fooling(page: Page, half: Locator) -> Iterator[None]:
    """A line drawn through a word."""
    half.locator("[name=picture]").evaluate(CHOOSE, "ground-3")
    half.locator("[name=ink]").evaluate(CHOOSE, "#203060")
    half.locator("[name=colour]").evaluate(CHOOSE, "#203060")
    half.locator("[name=brush]").fill("3")
    yield
    canvas = half.locator("[data-kind=original] canvas")
    box = canvas.bounding_box()
    assert box
    x, y = (lambda part: box["x"] + part * box["width"]), box["y"] + box["height"] / 2
    page.mouse.move(x(0.28), y)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(x(0.28 + 0.04 * step), y)
        yield
    page.mouse.up()


CHOOSE = """(one, value) => {
  one.value = value;
  one.dispatchEvent(new Event("input", { bubbles: true }));
}"""
Scene = Callable[[Page, Locator], Iterator[None]]
SCENES: dict[Scene, str] = {mending: "mending", keeping: "keeping", fooling: "keeping"}


def film(page: Page, scene: Scene, name: str) -> bytes:
    """A scene on one half of the page, as an animated WebP."""
    page.goto((HTML / "book" / "lab.html").as_uri())
    page.add_style_tag(content=STYLE)
    half = loaded(page, name)
    shots = []
    for _ in scene(page, half):
        answered(half)
        shots.append(Image.open(io.BytesIO(half.screenshot())).convert("RGB"))
    height = min(shot.height for shot in shots)
    first, *others = [shot.crop((0, 0, shot.width, height)) for shot in shots]
    data = io.BytesIO()
    first.save(
        data,
        "WebP",
        save_all=True,
        append_images=others,
        duration=[*[STEP] * len(others), END],
        loop=0,
        quality=40,
        method=6,
    )
    return data.getvalue()


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    total = 0
    with browsing() as browser:
        for scene, half in SCENES.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": 1400})
            data = film(page, scene, half)
            page.close()
            file: Path = FOLDER / f"{scene.__name__}.webp"
            file.write_bytes(data)
            total += len(data)
            print(f"{file}: {len(data) / 1e3:.0f} kB")
    assert total <= MOST, total


if __name__ == "__main__":
    main()
