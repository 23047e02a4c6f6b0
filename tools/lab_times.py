"""How quick the live lab is: `python -m tools.lab_times` plays the built page in the
machine's Chromium and prints medians in seconds. Only a machine that does nothing else
gives numbers worth keeping.

A line is timed from the key that changes it to its mended picture read; a slider's step
to the picture that TFIC decoded, and to the words read in it.
"""

import re
from collections.abc import Iterator
from statistics import median
from string import ascii_lowercase

from playwright.sync_api import Locator

from .films import answered, loaded
from .pages import HTML, browsing

RUNS = 20
LINE = "Image compressio"  # and a letter, another one every time
SIZES = {"1": "256×512", "2": "128×256"}


def mended(half: Locator) -> Iterator[float]:
    """Seconds from a key to a line mended and read."""
    half.locator("[name=height]").fill("12")  # as large as there is
    words = half.get_by_label("Your words")
    for letter in ascii_lowercase[:RUNS]:
        words.fill(LINE)
        answered(half)
        words.press("End")
        words.press(letter)
        answered(half)
        yield float(half.locator("[data-seconds]").get_attribute("data-seconds") or "")


def decoded(half: Locator) -> Iterator[tuple[float, float]]:
    """Seconds from a slider's step to a picture decoded, and from there to its words."""
    for run in range(RUNS):
        half.locator("[name=rate]").fill(str(run * 0.4))
        answered(half)
        found = re.findall(r"([\d.]+) s\b", half.locator("[data-seconds]").inner_text())
        yield float(found[0]), float(found[1])


def main() -> None:
    with browsing() as browser:
        page = browser.new_page()
        page.goto((HTML / "book" / "lab.html").as_uri())
        half = loaded(page, "mending")
        seconds = median(mended(half))
        sides = "[canvas.height, canvas.width].join('×')"
        size = half.locator("[data-kind=mended] canvas").evaluate(f"canvas => {sides}")
        print(f"a line of {size} mended and read: {seconds:.2f}")
        half = loaded(page, "keeping")
        for size, name in SIZES.items():
            half.locator("[name=size]").select_option(size)
            answered(half)
            pictures, words = map(median, zip(*decoded(half), strict=True))
            print(f"TFIC at {name} decoded: {pictures:.2f}; its words read: {words:.2f}")


if __name__ == "__main__":
    main()
