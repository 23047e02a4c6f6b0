"""What the page's scripts add: figures that open, tables that scroll, marks that speak."""

import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageChops
from test_book import (  # noqa: F401
    CHAPTERS,
    DESK,
    PAGES,
    PHONE,
    browser,
    html,
    opened,
)

from tools.lossless import lossless
from tools.pages import dots_per_inch

pytestmark = pytest.mark.slow

CUT = """() => [...document.querySelectorAll('.semlib-scroll')]
  .filter(s => s.scrollWidth > s.clientWidth + 1).length"""
# the words of tables that stand on more than one line
BROKEN = """() => [...document.querySelectorAll('.bd-article table :is(th, td)')]
  .flatMap(cell => {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), broken = [];
    for (let text; (text = walk.nextNode()); ) {
      for (const word of text.data.matchAll(/[\\p{L}\\d_]+/gu)) {
        const range = new Range();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(r => r.top)).size > 1)
          broken.push(word[0]);
      }
    }
    return broken;
  })"""


# the scoreboard draws within its slider only
@pytest.mark.parametrize("name", [n for n in CHAPTERS if not n.endswith("scoreboard")])
def test_every_figure_opens(browser, html, name):  # noqa: F811
    with opened(browser, html.as_uri(), name, PHONE) as page:
        figures = page.locator(".bd-article .cell_output img:not(.widget-subarea *)")
        buttons = page.locator(".semlib-enlarge")
        assert figures.count() == buttons.count() > 0
        dialog, large = page.locator(".semlib-large"), page.locator(".semlib-large img")

        buttons.last.focus()
        page.keyboard.press("Enter")
        assert dialog.is_visible() and large.evaluate("i => i.naturalWidth") > 0
        shown, natural = large.evaluate("i => [i.clientWidth, i.naturalWidth]")
        assert shown >= max(natural, PHONE[0])
        assert large.get_attribute("alt") == figures.last.get_attribute("alt")
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert buttons.last.evaluate("b => b === document.activeElement")

        figures.first.click()
        pane = page.get_by_role("region", name="The figure; it scrolls")
        pane.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("e => e.scrollLeft > 0", arg=pane.element_handle())
        page.get_by_role("button", name="Close").click()
        assert not dialog.is_visible()
        assert buttons.first.evaluate("b => b === document.activeElement")


@pytest.mark.parametrize("name", PAGES)
def test_no_table_is_cut_on_a_desk(browser, html, name):  # noqa: F811
    with opened(browser, html.as_uri(), name, DESK) as page:
        assert page.evaluate(CUT) == 0
        assert page.locator(".semlib-hint:visible, .semlib-scroll[tabindex]").count() == 0
        assert page.locator(".bd-article table th:not([scope])").count() == 0


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", PAGES)
def test_no_word_of_a_table_is_broken(browser, html, name, size):  # noqa: F811
    with opened(browser, html.as_uri(), name, size) as page:
        assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_cut_table_says_so_and_scrolls_by_key(browser, html, name):  # noqa: F811
    with opened(browser, html.as_uri(), name, PHONE) as page:
        scrolling = page.locator(".semlib-scroll[tabindex='0'][role=region]")
        assert page.evaluate(CUT) == scrolling.count()
        assert page.locator(".semlib-hint:visible").count() == scrolling.count() > 0
        assert scrolling.first.get_attribute("aria-label").startswith("Table: ")
        scrolling.first.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "e => e.scrollLeft > 0", arg=scrolling.first.element_handle()
        )


@pytest.mark.parametrize("name", ["chapters/05-tfic-two-stage", "chapters/08-dncnn-dct"])
def test_a_mark_says_what_it_means(browser, html, name):  # noqa: F811
    """By key and by finger, in a slider's frame and in a cell's output."""
    with opened(browser, html.as_uri(), name, PHONE) as page:
        readings = page.locator(".semlib-read:has(mark):visible")
        reading, bubble = readings.last, page.locator("#semlib-differences")
        assert readings.count() == page.locator(".semlib-read[tabindex]:visible").count()
        assert page.locator("mark[tabindex]").count() == 0  # one stop for all its marks
        marks = reading.locator("mark")
        reading.focus()
        page.keyboard.press("Enter")
        assert bubble.locator("li").count() == marks.count()
        assert marks.first.get_attribute("title").strip() in bubble.inner_text()
        page.keyboard.press("Escape")
        bubble.wait_for(state="hidden")

        wrong = reading.locator("mark.wrong").first
        wrong.click()
        touched = bubble.locator(".touched").inner_text()
        assert touched.startswith(wrong.inner_text())
        assert "truth" in touched


@pytest.mark.parametrize("dpi", [72, 100, 144])
def test_the_table_of_pages_knows_a_figures_resolution(dpi, tmp_path):
    """And a page's WebP file has all that the PNG file has."""
    figure, png = Figure(figsize=(1, 1)), tmp_path / "figure.png"
    figure.add_subplot().plot([1, 2])
    figure.savefig(png, format="png", dpi=dpi)
    webp = lossless(png)
    assert round(dots_per_inch(png)) == round(dots_per_inch(webp)) == dpi
    with Image.open(png) as before, Image.open(webp) as after:
        assert after.format == "WEBP" and before.getextrema()[0][0] < 128  # a line
        difference = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    assert difference.getbbox() is None
