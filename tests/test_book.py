"""The built book in a real browser: every page, from a folder and over http.

`make test` builds the book first.
"""

import functools
import http.server
import os
import threading
from contextlib import contextmanager

import pytest
import yaml
from conftest import ROOT
from playwright.sync_api import sync_playwright

from tools.pages import chromium

pytestmark = pytest.mark.slow

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESK, PHONE = (1280, 900), (390, 844)


def pages_of_the_toc():
    def files(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield value
                elif isinstance(value, list):
                    yield from files(value)
        elif isinstance(node, list):
            for part in node:
                yield from files(part)

    return list(files([yaml.safe_load((ROOT / "_toc.yml").read_text())]))


PAGES = pages_of_the_toc()
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    if path is None:
        missing = "no Chromium or Chrome on this machine"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def html():
    folder = ROOT / "_build" / "html"
    assert (folder / "index.html").exists(), "the book is not built: run `make book`"
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module", params=["file", "http"])
def base(request, html):
    """Where the book lies: in a folder, or behind a server."""
    if request.param == "file":
        yield html.as_uri()
        return
    handler = functools.partial(Quiet, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def folder(html):
    """For what does not depend on where the pages come from."""
    return html.as_uri()


@contextmanager
def opened(browser, base, name, size=DESK):
    """The page, once all its widgets and formulas stand; it must do no wrong."""
    wrong = []
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: (
            message.type == "error" and wrong.append(f"console: {message.text}")
        ),
    )
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url[:200]}"))
    allowed = (base + "/", "data:", "blob:")
    page.on(
        "request",
        lambda request: (
            request.url.startswith(allowed) or wrong.append(f"asks {request.url}")
        ),
    )
    page.on("websocket", lambda socket: wrong.append(f"asks {socket.url}"))
    page.goto(f"{base}/{name}.html", wait_until="load")
    page.wait_for_function(READY)
    page.wait_for_timeout(300)  # for what a page might still ask late
    yield page
    context.close()
    assert not wrong


READY = """() => {
  const views = document.querySelectorAll('script[type$="widget-view+json"]');
  const frames = document.querySelectorAll('.semlib-slider');
  const formulas = [...document.querySelectorAll('.math')];
  return document.querySelectorAll('.widget-subarea > *').length >= views.length
    && [...frames].every(f => f.querySelector('.semlib-frame img'))
    && [...document.images].every(i => i.complete)
    && document.fonts.status === 'loaded'
    && formulas.every(f => f.querySelector('mjx-container'));
}"""

# Everything that a reader sees of the first slider.
SEEN = """() => {
  const box = document.querySelector('.semlib-slider');
  const frames = [...box.querySelectorAll('.semlib-frame')].filter(f => f.offsetHeight);
  const text = part => frames[0].querySelector(part)?.innerText;
  return {
    frames: frames.length,
    value: box.querySelector('.widget-readout').innerText,
    picture: frames[0].querySelector('img').src,
    numbers: text('dl'),
    caption: text('.semlib-caption'),
  };
}"""


def moved(page, act):
    """What is seen once `act` has moved the slider to another value."""
    before = page.evaluate(SEEN)["value"]
    act()
    page.wait_for_function(
        "value => document.querySelector('.semlib-slider .widget-readout').innerText !== value",
        arg=before,
    )
    page.wait_for_function(f"() => ({SEEN})().frames === 1")
    page.wait_for_timeout(100)
    return page.evaluate(SEEN)


def test_the_toc_names_all_chapters(html):
    assert [
        f"chapters/{p.stem}" for p in sorted(ROOT.glob("chapters/*.ipynb"))
    ] == CHAPTERS
    assert all((html / f"{page}.html").exists() for page in PAGES)


def test_the_index_leads_into_the_book(browser, base, html):
    with opened(browser, base, "index") as page:
        page.wait_for_url(f"{base}/{PAGES[0]}.html")
    # where a page names no icon a browser asks for /favicon.ico, now and then
    assert '<link rel="icon"' in (html / "index.html").read_text()


@pytest.mark.parametrize("name", [*PAGES, "index", "genindex", "search"])
def test_page_asks_nobody_and_has_no_error(browser, base, name):
    with opened(browser, base, name) as page:
        if name in PAGES:
            assert page.locator("article h1").count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(browser, folder, name):
    with opened(browser, folder, name, PHONE) as page:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0]
        # nothing in the text hides beyond the edge, but for what scrolls by itself
        assert not page.evaluate(
            """() => [...document.querySelectorAll('article p, article h1, article h2, article h3,'
              + 'article img, article li, .semlib-slider, .semlib-slider *')]
              .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
              .filter(e => !e.closest('table, pre'))
              .map(e => e.outerHTML.slice(0, 120))"""
        )


@pytest.mark.parametrize("name", PAGES)
def test_pictures_load_and_have_words(browser, folder, name):
    with opened(browser, folder, name) as page:
        pictures = page.evaluate(
            "() => [...document.querySelectorAll('article img')].map("
            "i => ({alt: i.alt, width: i.naturalWidth, source: i.src.slice(0, 80)}))"
        )
        for picture in pictures:
            assert picture["width"] > 0, picture
            # Sphinx puts the file's name where no words are given
            assert picture["alt"].strip() and "_images/" not in picture["alt"], picture


@pytest.mark.parametrize("name", CHAPTERS)
def test_slider_moves_by_key(browser, base, name):
    with opened(browser, base, name) as page:
        keys = page.keyboard
        page.locator(".semlib-slider [role=slider]").first.focus()
        last = page.evaluate(SEEN)
        if last["value"] == moved(page, lambda: keys.press("ArrowRight"))["value"]:
            pytest.fail("the arrow key did not move the slider")
        keys.press("Home")
        page.wait_for_timeout(300)
        first = page.evaluate(SEEN)
        second = moved(page, lambda: keys.press("ArrowRight"))
        last = moved(page, lambda: keys.press("End"))
        for part in ("value", "picture", "numbers", "caption"):
            assert first[part] and last[part], part
            assert first[part] != last[part], part
        assert second["value"] not in (first["value"], last["value"])
        assert moved(page, lambda: keys.press("Home")) == first


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_slider_moves_by_mouse(browser, folder, name, size):
    with opened(browser, folder, name, size) as page:
        handle = page.locator(".semlib-slider [role=slider]").first
        track = page.locator(".semlib-slider .noUi-base").first
        handle.focus()
        page.keyboard.press("Home")
        page.wait_for_timeout(300)
        first = page.evaluate(SEEN)
        knob, line = handle.bounding_box(), track.bounding_box()

        def drag():
            page.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
            page.mouse.down()
            middle = line["y"] + line["height"] / 2
            page.mouse.move(line["x"] + line["width"] / 2, middle, steps=5)
            page.mouse.move(line["x"] + line["width"] + 20, middle, steps=5)
            page.mouse.up()

        last = moved(page, drag)
        for part in ("value", "picture", "numbers", "caption"):
            assert first[part] != last[part], part


@pytest.mark.parametrize("name", CHAPTERS)
def test_slider_can_be_named_and_touched(browser, folder, name):
    with opened(browser, folder, name, PHONE) as page:
        sliders = page.locator(".semlib-slider")
        assert sliders.count() >= 1
        for i in range(sliders.count()):
            handle = sliders.nth(i).locator("[role=slider]")
            label = sliders.nth(i).locator(".widget-hslider .widget-label")
            assert label.is_visible()
            assert handle.get_attribute("aria-label") == label.inner_text()
            readout = sliders.nth(i).locator(".widget-readout")
            assert handle.get_attribute("aria-valuetext") == readout.inner_text()
            touch = sliders.nth(i).locator(".noUi-touch-area").bounding_box()
            assert min(touch["width"], touch["height"]) >= 44


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_control_is_dead(browser, folder, name):
    """No kernel is behind the page: what needs one must not be seen."""
    with opened(browser, folder, name) as page:
        controls = page.locator(".semlib-needs-kernel")
        assert not [i for i in range(controls.count()) if controls.nth(i).is_visible()]
        fields = page.locator(".widget-subarea").locator(
            "input, select, textarea, button"
        )
        assert not [i for i in range(fields.count()) if fields.nth(i).is_visible()]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_slider_is_legible_in_light_and_dark(browser, html, theme):
    """Text and background of the widget differ by 4.5 or more (WCAG AA)."""
    with opened(browser, html.as_uri(), CHAPTERS[0]) as page:
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        page.wait_for_timeout(300)
        colours = page.evaluate(
            """() => {
              const behind = getComputedStyle(document.body).backgroundColor;
              return ['.widget-hslider .widget-label', '.widget-readout', 'dt', 'dd', '.semlib-caption'].map(
                part => [part, getComputedStyle(
                  document.querySelector('.semlib-slider ' + part)).color, behind]);
            }"""
        )
    for part, text, behind in colours:
        light, dark = sorted((luminance(text), luminance(behind)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (part, text, behind)


def luminance(colour):
    """Relative luminance of a CSS colour such as rgb(1, 2, 3)."""
    numbers = [float(n) / 255 for n in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [
        n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in numbers
    ]
    return sum(weight * n for weight, n in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("late", ["tex-svg.js", "bootstrap.js", "nothing"])
def test_icons_say_nothing_whenever_they_are_drawn(browser, html, late):
    """The theme draws its icons while scripts that come after still load, or afterwards;
    a title left on one would be another name for its button."""
    page = browser.new_page()
    held = []
    page.route(f"**/{late}*", lambda route: held.append(route))
    page.goto(f"{html.as_uri()}/{PAGES[0]}.html", wait_until="commit")
    if late != "nothing":
        page.wait_for_function("() => document.querySelector('svg.theme-switch')")
        assert page.evaluate("document.readyState") == "interactive"
        held[0].continue_()
    page.wait_for_load_state("load")
    page.wait_for_function(
        "() => document.querySelectorAll('svg.theme-switch').length === 3"
    )
    said = (
        "[...document.querySelectorAll('.theme-switch')].map(e => e.textContent.trim())"
    )
    assert page.evaluate(said) == ["", "", ""]
    page.close()
