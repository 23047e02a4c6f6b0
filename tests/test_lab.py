"""The live lab: the exported networks, and the page that runs them.

`make test` exports them and builds the book first.
"""

import base64
import functools
import gzip
import http.server
import json
import re
import threading
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import ROOT
from test_book import DESK, PHONE, Quiet, browser, opened  # noqa: F401

from semlib.data.book import set_patch
from semlib.data.jpeg import degrade, read_luminance
from semlib.data.words import prose_words
from semlib.images import to_tensor
from semlib.metrics.text import accuracy
from semlib.ocr import EasyOCRReader
from semlib.restore import contradictions, hold
from semlib.zoo import DEFAULTS, card, load_restorer
from tools.lab import TYPEFACES

pytestmark = pytest.mark.slow

PICTURES = 50
NETWORKS, PARTS = ROOT / "_build" / "networks", ROOT / "_build" / "lab" / "lab"
HTML = ROOT / "_build" / "html"
WIRE = 25e6  # bytes of the first visit


@pytest.fixture(scope="module")
def reader():
    return EasyOCRReader()


@pytest.fixture(scope="module")
def restorer():
    return load_restorer(DEFAULTS[0])[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Lines of print anywhere on JPEG's grid, and what its worst quality leaves of them:
    pixels, path, text."""
    folder, found = tmp_path_factory.mktemp("jpeg"), []
    rng = np.random.default_rng(26)
    for number in range(PICTURES):
        text = " ".join(prose_words(rng, 3, split="test"))
        patch = set_patch(
            [text], TYPEFACES[number % len(TYPEFACES)], left=rng.uniform(4, 12)
        )
        boxes = np.array([word.box for word in patch.words])
        top = int(boxes[:, 1].min()) - int(rng.integers(2, 6))
        right, bottom = boxes[:, 2:].max(0).astype(int)
        pixels = np.ascontiguousarray(patch.image[top : bottom + 3, : right + 5])
        path = folder / f"{number}.jpg"
        path.write_bytes(degrade(pixels, quality=1)[1])
        found.append((pixels, path, text))
    return found


@pytest.fixture(scope="module")
def mended(files, restorer):
    """What the package makes of the files, 1×H×W."""
    return [repaired(restorer, path) for _, path, _ in files]


def repaired(restorer, path):
    known = read_luminance(path)
    file = torch.from_numpy(known.pixels)[None, None]
    table = torch.tensor(known.table)
    with torch.no_grad():
        return hold(restorer(file), file, table)[0][:, *known.inside]


def session(name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(NETWORKS / f"{name}.onnx", options)


def test_the_exported_restorer_is_the_packages(files, restorer):
    exported, most = session("restorer"), 0.0
    for _, path, _ in files:
        known = read_luminance(path)
        file = torch.from_numpy(known.pixels)[None, None]
        with torch.no_grad():
            ours = restorer(file).numpy()
        (theirs,) = exported.run(None, {"x": file.numpy()})
        most = max(most, float(np.abs(ours - theirs).max()))
    assert most < 1e-4, most


def test_the_exported_reader_is_the_packages(files, mended, reader, monkeypatch):
    """The same scores as from weights in half precision, and the same text as ever."""
    pictures = [*mended, *(to_tensor(pixels) for pixels, _, _ in files)]
    ours = reader.read(pictures)
    exported, most = session("reader"), 0.0
    with torch.no_grad():
        halved = deepcopy(reader.network)
        for weights in halved.parameters():
            if weights.ndim > 1:
                weights.copy_(weights.half())

    def logits(x):
        nonlocal most
        found = [exported.run(None, {"x": one[None].numpy()})[0] for one in x]
        scores = torch.from_numpy(np.concatenate(found))
        most = max(most, (scores - halved(x, None)).abs().max().item())
        return scores

    monkeypatch.setattr(reader, "logits", logits)
    assert reader.read(pictures) == ours
    assert 0 < most < 1e-3, most


def test_the_page_is_told_whose_weights_it_has(reader):
    manifest = the_manifest()
    assert manifest["weights"]["restorer"] == {
        "name": DEFAULTS[0],
        "sha256": card(DEFAULTS[0])["sha256"],
    }
    assert manifest["alphabet"] == reader.alphabet
    for part in manifest["parts"]:
        assert len(list(PARTS.glob(f"{part['name']}-*.js"))) == part["pieces"]


def the_manifest():
    script = (PARTS / "manifest.js").read_text(encoding="utf-8")
    return json.loads(script.removeprefix("semlibLab.manifest(").removesuffix(");\n"))


@pytest.fixture(scope="module")
def server():
    handler = functools.partial(Quiet, directory=str(HTML))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


DONE = '.semlib-lab[aria-busy="false"]'


def load(page):
    page.get_by_role("button", name="Load the networks").press("Enter")
    page.wait_for_selector(DONE, timeout=300_000)


def asked(page, act):
    """The readings once what `act` asks for is answered."""
    act()
    page.wait_for_selector(DONE, timeout=120_000)
    return {
        kind: page.locator(f"[data-kind={kind}] q").inner_text()
        for kind in ("clean", "ruined", "mended")
    }


@pytest.fixture(scope="module", params=["file", "http"])
def lab(request, browser, server):  # noqa: F811
    """The page with its networks loaded, and the network then gone."""
    with offline(browser, server, request.param, load) as page:
        yield page


@contextmanager
def offline(browser, server, where, load):  # noqa: F811
    """The page, from a folder or over http, with what `load` loads, and the network
    then gone."""
    base = HTML.as_uri() if where == "file" else server
    with opened(browser, base, "book/lab") as page:
        load(page)
        page.context.set_offline(True)
        yield page


def test_a_word_is_typed_ruined_and_mended(lab):
    def write():
        lab.get_by_label("Your words").focus()
        lab.keyboard.press("ControlOrMeta+a")
        lab.keyboard.type("Compression")

    read = asked(lab, write)
    assert accuracy("Compression", read["clean"]) == 1
    assert accuracy("Compression", read["ruined"]) < accuracy(
        "Compression", read["mended"]
    )
    assert re.search(r"a file of \d+ bytes", lab.inner_text("[data-kind=ruined]"))
    marks = lab.locator(".semlib-lab-letters button")
    marks.first.focus()
    assert "«" in lab.inner_text(".semlib-lab-letter")


def test_every_setting_makes_another_picture(lab):
    seen = set()
    for label, key in [
        ("Moved down", "ArrowRight"),
        ("Moved right", "ArrowRight"),
        ("JPEG quality", "PageUp"),
        ("Height of an x", "ArrowRight"),
        ("Typeface", "ArrowDown"),
    ]:
        asked(lab, lambda label=label, key=key: lab.get_by_label(label).press(key))
        seen.add(
            lab.evaluate(
                "document.querySelector('[data-kind=mended] canvas').toDataURL()"
            )
        )
    assert len(seen) == 5


def test_a_brush_adds_ink_by_key_and_by_pointer(lab):
    figure = lab.locator("[data-half=mending] [data-kind=clean]")
    canvas, caption = figure.locator("canvas"), figure.locator("figcaption")
    for _ in range(3):
        canvas.press("ArrowDown")
    asked(lab, lambda: canvas.press("Space"))
    box = canvas.bounding_box()
    asked(lab, lambda: canvas.click(position={"x": box["width"] / 2, "y": 30}))
    assert "2 pixels painted" in caption.inner_text()
    dark = "canvas => canvas.getContext('2d').getImageData(0, 3, 1, 1).data[0]"
    assert canvas.evaluate(dark) == 0
    asked(lab, lambda: figure.get_by_role("button", name="Undo").click())
    assert "1 pixels painted" in caption.inner_text()
    assert canvas.evaluate(dark) == 0
    asked(lab, lambda: figure.get_by_role("button", name="Wipe").press("Enter"))
    assert "painted" not in caption.inner_text() and canvas.evaluate(dark) == 255
    assert figure.get_by_role("button", name="Wipe").is_disabled()


def test_a_block_is_chosen_by_key(lab):
    canvas = lab.locator("[data-kind=mended] canvas")
    before = lab.inner_text(".semlib-lab-table"), lab.inner_text(".semlib-lab-block")
    canvas.press("ArrowDown")
    canvas.press("ArrowRight")
    after = lab.inner_text(".semlib-lab-table"), lab.inner_text(".semlib-lab-block")
    assert before[1] != after[1] and lab.locator(".semlib-lab-table td").count() == 64


def test_what_is_typed_last_is_what_is_answered(lab):
    def write():
        lab.get_by_label("Your words").fill("")
        lab.get_by_label("Your words").press_sequentially("newest", delay=20)

    asked(lab, write)
    letters = lab.evaluate(
        "[...document.querySelectorAll('.semlib-lab-letters [data-fate]')]"
        ".map(one => one.textContent).join('')"
    )
    assert letters == "newest"


def test_what_it_cannot_do_it_says(lab, tmp_path):
    asked(lab, lambda: lab.get_by_label("Your words").fill("naïve ж"))
    note = lab.inner_text(".semlib-lab-note")
    assert "lacks ж" in note and "never learned ï ж" in note
    wrong = tmp_path / "wrong.png"
    wrong.write_bytes(b"no picture")
    asked(lab, lambda: lab.get_by_label("Or a picture").set_input_files(wrong))
    assert "no picture" in lab.inner_text(".semlib-lab-note")


def test_a_picture_is_brought(lab, files, tmp_path):
    from PIL import Image

    pixels, _, text = files[0]
    path = tmp_path / "line.png"
    Image.fromarray(pixels).resize((1024, 64)).save(path)
    read = asked(lab, lambda: lab.get_by_label("Or a picture").set_input_files(path))
    assert accuracy(text, read["clean"]) > 0.8
    path = tmp_path / "large.png"
    Image.fromarray(np.full((1000, 4000), 255, np.uint8)).save(path)
    asked(lab, lambda: lab.get_by_label("Or a picture").set_input_files(path))
    assert "Reduced from 4000 × 1000" in lab.inner_text(".semlib-lab-note")
    path = tmp_path / "huge.png"
    Image.new("1", (10_000, 10_000)).save(path)
    asked(lab, lambda: lab.get_by_label("Or a picture").set_input_files(path))
    note = lab.inner_text(".semlib-lab-note")
    assert "10000 × 10000 pixels. More than 50 million are not opened" in note
    back = lab.get_by_role("button", name="Back to the words")
    read = asked(lab, lambda: back.press("Enter"))
    assert read["clean"] and "million" not in lab.inner_text(".semlib-lab-note")


# The page's own file and its mended picture, as base 64.
MENDED = """async ([data, lines]) => {
  const { networks, luminance } = window.semlibLab;
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const file = luminance(bytes(data));
  const levels = await networks.mend(file);
  const pixels = new Uint8Array(file.width * file.height).map((_, i) => Math.round(
    255 * levels[Math.floor(i / file.width) * file.columns + i % file.width]));
  const clean = bytes(lines);
  const [width, height] = [file.width, file.height];
  return {
    pixels: btoa(String.fromCharCode(...pixels)),
    mended: await networks.read({ width, height, pixels }),
    clean: await networks.read({ width, height, pixels: clean }),
  };
}"""


def test_the_page_reads_what_the_package_reads(lab, files, mended, reader):
    """End to end: the same file in, the same pixels mended and the same text out."""
    differ, count = [], len(files) if lab.url.startswith("file:") else 5
    for (pixels, path, _), ours in list(zip(files, mended))[:count]:
        data = [
            base64.b64encode(x).decode() for x in (path.read_bytes(), pixels.tobytes())
        ]
        found = lab.evaluate(MENDED, data)
        theirs = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
        levels = (ours[0].clamp(0, 1) * 255).round().numpy().astype(int)
        assert np.abs(theirs.reshape(levels.shape) - levels).max() <= 1
        expected = reader.read([ours, to_tensor(pixels)])
        if [found["mended"], found["clean"]] != expected:
            differ.append((expected, found["mended"], found["clean"]))
    assert not differ


def test_what_the_page_mends_the_browsers_file_allows(lab, restorer, tmp_path):
    """The browser's own JPEG file, given to the package, is mended to the same picture."""
    data = lab.evaluate(
        """async () => {
          const canvas = document.querySelector('[data-kind=clean] canvas');
          const url = canvas.toDataURL('image/jpeg', 0.01);
          return url.slice(url.indexOf(',') + 1);
        }"""
    )
    path = tmp_path / "own.jpg"
    path.write_bytes(base64.b64decode(data))
    known = read_luminance(path)
    assert known is not None and (known.table == 255).all()
    found = lab.evaluate(MENDED, [data, ""])
    height, width = known.pixels.shape
    theirs = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
    theirs = torch.from_numpy(theirs.reshape(1, 1, height, width) / 255).float()
    file = torch.from_numpy(known.pixels)[None, None]
    assert not contradictions(theirs, file, torch.tensor(known.table)).any()
    assert (theirs - repaired(restorer, path)).abs().max() < 1.5 / 255


def test_on_a_phone_nothing_is_too_wide_and_a_finger_does_it(browser, server):  # noqa: F811
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True
    )
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    page.get_by_role("button", name="Load the networks").tap()
    page.wait_for_selector(DONE, timeout=300_000)
    page.locator("[data-kind=mended] canvas").tap()
    page.locator(".semlib-lab-letters button").first.tap()
    assert "«" in page.inner_text(".semlib-lab-letter")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    context.close()


def test_what_came_once_is_kept(browser, server):  # noqa: F811
    """A second visit loads the networks without a network; what is of another version
    leaves."""
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]})
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    stored = """async () => (await (await caches.open("semlib-lab")).keys())
        .map(one => one.url)"""
    page.evaluate("""async () => (await caches.open("semlib-lab"))
        .put("../_static/lab/wasm-0.js?old", new Response("old"))""")
    load(page)
    kept = page.evaluate(stored)
    assert len(kept) > 20 and not [url for url in kept if "?old" in url]
    page.goto(f"{server}/book/lab.html")
    button = page.get_by_role("button", name="Load the networks")
    button.wait_for()
    context.set_offline(True)
    load(page)
    assert "accuracy" in page.inner_text("[data-kind=mended]")
    context.close()


BROKEN = {  # how a browser lacks something, and what is said of it
    "no WebAssembly": "delete window.WebAssembly",
    "it may be too little memory": """window.Worker = class extends Worker {
      constructor(program) {
        const none = `WebAssembly.Memory = function () {
          throw new RangeError("could not allocate memory"); };`;
        super(URL.createObjectURL(new Blob([none, `importScripts("${program}");`])));
      }
    }""",
}


@pytest.mark.parametrize("said", BROKEN)
def test_why_the_networks_do_not_start_is_said(said, browser, server):  # noqa: F811
    context = browser.new_context()
    context.add_init_script(BROKEN[said])
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    if "memory" in said:
        button = page.get_by_role("button", name="Load the networks")
        button.press("Enter")
        button.wait_for(state="detached")
        button.wait_for(timeout=60_000)  # to try it again
    page.wait_for_function(
        "said => document.querySelector('.semlib-lab').innerText.includes(said)", arg=said
    )
    context.close()


def test_the_first_visit_is_small(browser, server):  # noqa: F811
    weighed = visited(browser, server, load)
    assert WIRE / 2 < weighed < WIRE, weighed


def visited(browser, server, load):  # noqa: F811
    """The bytes of a first visit with what `load` loads, over the wire, compressed as
    servers do."""
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]})
    page = context.new_page()
    sizes = {}

    def weigh(response):
        if response.url.startswith(server):
            content = (HTML / place(response.url)).read_bytes()
            sizes[response.url] = len(gzip.compress(content, 6))

    page.on("response", weigh)
    page.goto(f"{server}/book/lab.html")
    load(page)
    context.close()
    return sum(sizes.values())


def place(url):
    return url.split("/", 3)[3].split("?")[0]


def test_without_scripts_one_sentence(browser, server):  # noqa: F811
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    assert "scripts are switched off" in page.inner_text(".semlib-lab")
    context.close()
