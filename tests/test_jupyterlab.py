"""An edition in JupyterLab, in a real browser: its numbers, and its slider."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import ROOT
from test_book import browser  # noqa: F401

pytestmark = pytest.mark.slow

CHAPTER = "07-extreme-jpeg.ipynb"
PATIENCE = 180  # seconds until the server answers, on a busy machine
DOWN = 350  # pixels at a time: JupyterLab shows no more cells than are in sight


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server with the edition: its address, and what makes it trust the notebook."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "_build" / "editions" / CHAPTER, folder)
    places = {
        f"JUPYTER_{what}_DIR": str(folder / what.lower())
        for what in ("CONFIG", "DATA", "RUNTIME")
    }
    environment, port = {**os.environ, **places}, free_port()
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with open(folder / "said", "w") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"

    def trust() -> None:
        command = [sys.executable, "-m", "jupyter", "trust", str(folder / CHAPTER)]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    try:
        until = time.monotonic() + PATIENCE
        while not answers(f"{address}/api/status"):
            assert server.poll() is None and time.monotonic() < until, (
                folder / "said"
            ).read_text()
            time.sleep(0.5)
        yield address, trust
    finally:
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def opened(browser, address):  # noqa: F811
    """The notebook, as it stands when it is opened."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/lab/tree/{CHAPTER}")
    page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1", timeout=1000 * PATIENCE)
    return page


def scrolled_to(page, selector):
    """What is found further down, and all that is to be read on the way."""
    text = ""
    for _ in range(60):
        text += page.locator(".jp-Notebook").inner_text()
        if page.locator(selector).count():
            break
        page.mouse.move(700, 500)
        page.mouse.wheel(0, DOWN)
        page.wait_for_timeout(500)
    found = page.locator(selector).first
    found.scroll_into_view_if_needed()
    return found, text


def test_what_is_not_trusted_says_what_to_do(browser, lab):  # noqa: F811
    address, _ = lab
    page = opened(browser, address)
    told, _ = scrolled_to(page, ".jp-OutputArea-output pre:has-text('A slider:')")
    assert told.inner_text().startswith("A slider: it shows, and moves, once")
    page.close()


def test_numbers_show_and_the_slider_moves(browser, lab):  # noqa: F811
    address, trust = lab
    trust()
    page = opened(browser, address)
    slider, text = scrolled_to(page, ".semlib-slider [role=slider]")

    def seen():
        frames = page.locator(".semlib-frame:visible")
        assert frames.count() == 1
        readout = page.locator(".semlib-slider .widget-readout").first.inner_text()
        return readout, frames.first.inner_text()

    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(500)
    first = seen()
    page.keyboard.press("End")
    page.wait_for_timeout(500)
    last = seen()
    assert first[0] != last[0] and first[1] != last[1]
    _, below = scrolled_to(page, ".jp-MarkdownOutput:has-text('Where this leads')")
    text += below + page.locator(".jp-Notebook").inner_text()
    assert re.search(r"Figure 7\.1", text) and re.search(r"about 15 minutes", text)
    assert "{glue" not in text and "{term" not in text and "{numref" not in text
    page.close()
