"""A table of the built book: `python -m tools.pages [--json FILE]`.

For every page: its height at 1280, the share of it that is code in sight, where the first
slider comes (share of the height), what the page weighs with its figures, how many
figures have type below 9 pixels at 1280 and at 390 (matplotlib's 10 points are assumed),
how many tables are cut, and how many links lead to the glossary.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from .lossless import RESOLUTION

ROOT = Path(__file__).parent.parent
HTML = ROOT / "_build" / "html"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SMALL, POINTS, DPI = 9, 10, 100  # pixels; type and resolution where none is said

MEASURE = """() => {
  const article = document.querySelector('article');
  const all = kind => [...article.querySelectorAll(kind)];
  const height = document.documentElement.scrollHeight;
  const box = element => element.getBoundingClientRect();
  const slider = article.querySelector('.semlib-slider');
  return {
    height,
    code: all('.cell_input').filter(cell => cell.checkVisibility())
      .reduce((sum, cell) => sum + box(cell).height, 0) / height,
    slider: slider && (box(slider).top + scrollY) / height,
    cut: all('.semlib-scroll').filter(t => t.scrollWidth > t.clientWidth + 1).length,
    glossary: all('a[href*="glossary.html#term"]').length,
  };
}"""
# name and scale of every figure, at the width of the window
FIGURES = """() => [...document.querySelectorAll('.cell_output img[src*="_images/"]')]
  .map(image => [image.src.split('/').at(-1), image.clientWidth / image.naturalWidth])"""
READY = """() => [...document.images].every(image => image.complete)
  && (!document.querySelector('script[type$="widget-view+json"]')
    || document.querySelector('.semlib-slider img'))"""
COLUMNS = ("height", "code", "slider", "MB", "small", "small at 390", "cut", "glossary")


def chromium() -> str | None:
    """The machine's Chromium or Chrome, if it has one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """That browser, unseen; where there is none, the program ends."""
    path = chromium()
    if path is None:
        sys.exit("no Chromium or Chrome on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def dots_per_inch(picture: Path) -> float:
    """What a PNG or WebP file says of its resolution; `DPI` where it says nothing."""
    with Image.open(picture) as image:
        return float(image.info.get("dpi", [image.getexif().get(RESOLUTION, DPI)])[0])


def weight(file: Path) -> int:
    """Bytes of a page and of its pictures, without the scripts and styles of all."""
    html = file.read_text(encoding="utf-8")
    pictures = set(re.findall(r'src="([^":]*_images/[^"]+)"', html))
    return file.stat().st_size + sum(
        (file.parent / picture).stat().st_size for picture in pictures
    )


def measured(page: Page, file: Path) -> dict:
    """A row of the table, by the names in `COLUMNS`."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(file.as_uri(), wait_until="load")
    page.wait_for_function(READY)
    row = page.evaluate(MEASURE)
    row["MB"] = weight(file) / 1e6
    row["small"] = small(page)
    page.set_viewport_size({"width": 390, "height": 844})
    row["small at 390"] = small(page)
    return row


def small(page: Page) -> int:
    """How many of a page's figures have type below `SMALL` pixels."""
    return sum(
        POINTS / 72 * dots_per_inch(HTML / "_images" / name) * scale < SMALL
        for name, scale in page.evaluate(FIGURES)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--json", type=Path, help="a file that the table is written to")
    target = parser.parse_args().json
    if not (HTML / "index.html").exists():
        parser.error("the book is not built: run `make book`")

    table = {}
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for file in sorted([*HTML.glob("book/*.html"), *HTML.glob("chapters/*.html")]):
            table[file.stem] = measured(page, file)

    print("| page |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, row in table.items():
        slider = "–" if row["slider"] is None else f"{row['slider']:.0%}"
        print(
            f"| {name} | {row['height']} | {row['code']:.0%} | {slider} "
            f"| {row['MB']:.2f} | {row['small']} | {row['small at 390']} "
            f"| {row['cut']} | {row['glossary']} |"
        )
    if target:
        target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
