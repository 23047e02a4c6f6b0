"""A chapter's figures on the whole screen, in the browser."""

import pytest
from conftest import ROOT
from test_book import browser  # noqa: F401

pytestmark = pytest.mark.slow

FIGURE = (
    '<img width="9" height="9" alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
)
SLIDER = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
FULL = "document.fullscreenElement && document.fullscreenElement.id"


@pytest.fixture
def page(browser, tmp_path):  # noqa: F811
    outputs = "".join(
        f'<div class="cell_output" id="{name}">{holds}</div>'
        for name, holds in (("figure", FIGURE), ("text", "3.14"), ("slider", SLIDER))
    )
    script = "".join(
        (ROOT / "book" / "js" / name).read_text(encoding="utf-8")
        for name in ("made.js", "screen.js")
    )
    style = (ROOT / "book" / "css" / "book.css").read_text(encoding="utf-8")
    file = tmp_path / "page.html"
    file.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Screen</title>'
        f"<style>{style}</style><body>{outputs}<script>{script}</script></body></html>",
        encoding="utf-8",
    )
    page = browser.new_page()
    page.goto(file.as_uri())
    yield page
    page.close()


def stands(page, name):
    page.wait_for_function(f"name => ({FULL}) === name", arg=name)


def test_figures_and_sliders_have_a_button_and_numbers_have_none(page):
    found = page.locator(".semlib-screen")
    assert [b.evaluate("b => b.parentNode.id") for b in found.all()] == [
        "figure",
        "slider",
    ]
    assert found.first.evaluate("b => b.getBoundingClientRect().height") >= 44


def test_keys_go_from_one_to_the_next(page):
    page.locator("#figure button").click()
    stands(page, "figure")
    for key, name in (
        ("PageDown", "slider"),
        ("PageDown", "slider"),
        ("PageUp", "figure"),
    ):
        page.keyboard.press(key)
        stands(page, name)


def test_the_button_leads_out_again(page):
    button = page.locator("#figure button")
    assert button.inner_text() == "Full screen"
    button.click()
    stands(page, "figure")
    assert button.inner_text() == "Leave full screen"
    button.click()
    stands(page, None)


def test_without_the_whole_screen_keys_scroll_as_ever(page):
    page.keyboard.press("PageDown")
    page.wait_for_timeout(200)
    assert page.evaluate(FULL) is None
