"""The live lab's second half: the exported codecs, the fax, and the page that runs them.

`make test` exports them and builds the book first.
"""

import base64
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import ROOT
from PIL import Image
from test_axe import AXE, FOUND
from test_book import DESK, PHONE, browser, opened  # noqa: F401
from test_lab import WIRE, offline, server, the_manifest, visited  # noqa: F401

from semlib import codec
from semlib.codec import bilevel
from semlib.codec.peers import fax, ink_of_page, ink_of_words
from semlib.data.scenes import make_scene
from semlib.images import flatten_ground, to_tensor
from semlib.metrics.text import accuracy
from semlib.ocr import EasyOCRReader
from semlib.zoo import card, load
from tools.lab_codecs import CODECS, SCENES

pytestmark = pytest.mark.slow

PICTURES = 50
NETWORKS = ROOT / "_build" / "networks"
WINDOW, SCALES = 31, (1, 2, 3, 4, 6, 8)  # as in the page
MOSTLY, ROUNDED = 0.8, 0.1  # of pictures; what a latent rounded otherwise may change
MEMORY = 600e6  # bytes, with both halves loaded
FRAME = 40  # bytes: a file's header, checksum, lengths, and the coder's last words
STAGE_ONE, TFIC = CODECS


@pytest.fixture(scope="module")
def scenes():
    """Test pictures all of whose words are wider than high, as most are: the others have
    a test of their own."""
    found, index = [], 0
    while len(found) < PICTURES:
        scene = make_scene(index, "test")
        index += 1
        windows = np.array([word.window for word in scene.words])
        if (windows[:, 2] - windows[:, 0] >= windows[:, 3] - windows[:, 1]).all():
            found.append(scene)
    return found


@pytest.fixture(scope="module")
def reader():
    return EasyOCRReader()


@pytest.fixture(scope="module")
def models():
    return {name: load(name) for name in CODECS}


def rate_of(number):
    return number % 29 / 4  # every quarter from 0 to 7


def windows(scene):
    return [word.window for word in scene.words]


def coded(model, pixels, rate):
    """What the package's codec decodes, H×W×3 uint8, and the bits that it estimates."""
    x = to_tensor(pixels)[None]
    below, beside = (-side % model.multiple for side in x.shape[2:])
    x = torch.nn.functional.pad(x, (0, beside, 0, below), mode="replicate")
    with torch.no_grad():
        out = model(x, torch.tensor([rate]))
    bits = -sum(likely.double().log2().sum() for likely in out["likelihoods"].values())
    height, width = pixels.shape[:2]
    return out["x_hat"][0, :, :height, :width], float(bits)


def levels(picture):
    return (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def cut(pixels, boxes):
    return [
        to_tensor(np.ascontiguousarray(pixels[top:bottom, left:right]))
        for left, top, right, bottom in boxes
    ]


@pytest.mark.parametrize("name", CODECS)
def test_the_exported_codec_is_the_packages(name, scenes, models, reader):
    """On 50 pictures, every fifth of them a part: the same picture, bits and text.

    Where a latent is about half-way between two numbers, the last bit of the arithmetic
    decides which it becomes: in a few pictures one does, and some pixels differ more.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    first, rest = (
        onnxruntime.InferenceSession(NETWORKS / f"{name}-{part}.onnx", options)
        for part in ("analysis", "rest")
    )
    away, apart, ours, theirs = [], 0.0, [], []
    for number, scene in enumerate(scenes):
        boxes, pixels = windows(scene), scene.image
        if number % 5 == 4:
            pixels, boxes = pixels[:128, :256], []
        rate = rate_of(number)
        expected, bits = coded(models[name][0], pixels, rate)
        (latents,) = first.run(None, {"x": to_tensor(pixels)[None].numpy()})
        asked = {"latents": latents, "rate": np.array([rate], np.float32)}
        picture, map_ = rest.run(None, asked)
        away.append(float(np.abs(picture[0] - expected.numpy()).max()))
        apart = max(apart, abs(map_.sum(dtype=float) / bits - 1))
        ours += cut(levels(expected), boxes)
        theirs += cut(levels(torch.from_numpy(picture[0])), boxes)
    assert np.quantile(away, MOSTLY) < 1e-5, sorted(away)[-10:]
    assert max(away) < ROUNDED, sorted(away)[-10:]
    assert apart < 1e-3, apart
    assert reader.read(theirs) == reader.read(ours)


def test_a_file_is_its_estimate_and_a_frame(scenes, models):
    for number, name in enumerate([STAGE_ONE, TFIC] * 2):
        model, weights = models[name]
        pixels, rate = scenes[number].image, 2.0 * number
        file = codec.compress(model, weights, to_tensor(pixels)[None], rate)
        bits = coded(model, pixels, rate)[1]
        assert 0 < len(file) - bits / 8 < FRAME + 0.01 * len(file)


def test_the_page_is_told_whose_codecs_it_has():
    manifest = the_manifest()
    for name in CODECS:
        expected = {"name": name, "sha256": card(name)["sha256"]}
        assert manifest["weights"][name] == expected
    assert len(manifest["scenes"]) == len(SCENES)


HALF = '[data-half="keeping"]'
DONE = f'{HALF}[aria-busy="false"]'
RATE = "Rate: a larger one takes more bits"


def start(page):
    page.get_by_role("button", name="Load the codecs").press("Enter")
    page.wait_for_selector(DONE, timeout=300_000)


def asked(page, act):
    """What is said of each picture once what `act` asks for is answered."""
    act()
    page.wait_for_timeout(50)
    page.wait_for_selector(DONE, timeout=120_000)
    return {
        kind: page.inner_text(f"{HALF} [data-kind={kind}] figcaption")
        for kind in ("original", "stage", "tfic", "fax")
    }


def size_of(caption):
    return int(re.search(r"(\d+) bytes", caption)[1])


def read_of(page, kind):
    return page.inner_text(f"{HALF} [data-kind={kind}] q")


def choose(page, field, value):
    one = page.locator(f"{HALF} select[name={field}]")
    return asked(page, lambda: one.select_option(value))


@pytest.fixture(scope="module", params=["file", "http"])
def lab(request, browser, server):  # noqa: F811
    """The page with its codecs loaded, and the network then gone."""
    with offline(browser, server, request.param, start) as page:
        choose(page, "equal", "rate")  # quicker
        yield page


def test_a_lower_rate_takes_fewer_bits(lab):
    slider = lab.get_by_label(RATE)
    many = asked(lab, lambda: slider.press("End"))
    some = asked(lab, lambda: slider.press("PageDown"))
    few = asked(lab, lambda: slider.press("Home"))
    for kind in ("stage", "tfic", "fax"):
        assert size_of(few[kind]) <= size_of(some[kind]) <= size_of(many[kind])
    assert size_of(few["tfic"]) < size_of(many["tfic"]) / 10
    assert "(estimated)" in many["tfic"] and "(a whole file)" in many["fax"]


def test_stage_1_takes_as_many_bits(lab):
    same = asked(lab, lambda: lab.get_by_label(RATE).fill("4"))
    found = choose(lab, "equal", "bits")
    assert abs(size_of(found["stage"]) / size_of(found["tfic"]) - 1) < 0.03
    assert size_of(found["fax"]) <= size_of(found["tfic"])
    choose(lab, "equal", "rate")
    assert "rate 4," in same["stage"] and size_of(same["stage"]) > size_of(found["stage"])


def test_a_word_is_typed_on_a_ground(lab):
    choose(lab, "picture", "ground-3")
    asked(lab, lambda: lab.get_by_label("Ink", exact=True).fill("#101060"))
    lab.get_by_label("Your word").focus()
    lab.keyboard.press("ControlOrMeta+a")
    asked(lab, lambda: lab.keyboard.type("Compression"))
    found = asked(lab, lambda: lab.get_by_label(RATE).fill("7"))
    for kind in ("original", "tfic"):
        assert read_of(lab, kind) == "Compression" and "accuracy 100" in found[kind]
    choose(lab, "typeface", "LibreBaskerville")
    asked(lab, lambda: lab.get_by_label("Your word").fill("ж"))
    note = lab.inner_text(f"{HALF} .semlib-lab-note")
    assert "never learned ж" in note and "typeface lacks ж" in note
    asked(lab, lambda: lab.get_by_label("Your word").fill(""))
    assert "Type a letter" in lab.inner_text(f"{HALF} .semlib-lab-note")
    choose(lab, "typeface", "Lora")
    asked(lab, lambda: lab.get_by_label("Your word").fill("Keep me"))


def test_where_the_bits_go_is_shown(lab):
    canvas = lab.locator(f"{HALF} [data-kind=tfic] canvas")
    before = canvas.evaluate("one => one.toDataURL()")
    choose(lab, "show", "bits")
    assert canvas.evaluate("one => one.toDataURL()") != before
    assert "fullest red" in lab.inner_text(".semlib-lab-legend")
    choose(lab, "show", "pictures")
    assert canvas.evaluate("one => one.toDataURL()") == before


def test_the_words_alone_take_fewer_bits(lab, models):
    """With one colour beyond them, as the package flattens the ground."""
    choose(lab, "picture", f"scene-{SCENES[0]}")
    whole = choose(lab, "scale", "2")
    words = choose(lab, "sent", "words")
    for kind in ("stage", "tfic", "fax"):
        assert size_of(words[kind]) < size_of(whole[kind])
        shares = [
            re.search(r"(\d+)\s% of it in the box", one[kind]) for one in (words, whole)
        ]
        assert int(shares[0][1]) > int(shares[1][1])
    scene = make_scene(SCENES[0], "test")
    rate = float(lab.get_by_label(RATE).input_value())
    flat = flatten_ground(scene.image, windows(scene))
    for kind, name in ("stage", STAGE_ONE), ("tfic", TFIC):
        _, bits = coded(models[name][0], flat, rate)
        assert size_of(words[kind]) == pytest.approx(bits / 8, rel=0.02, abs=1)
    choose(lab, "sent", "page")
    choose(lab, "scale", "0")


def test_what_is_asked_last_is_what_is_answered(lab):
    slider = lab.get_by_label(RATE)
    slider.fill("0")

    def hurry():
        for _ in range(6):
            slider.press("ArrowRight")

    assert "rate 1.5," in asked(lab, hurry)["tfic"]


def test_a_picture_is_brought_and_a_box_drawn(lab, scenes, tmp_path):
    path = tmp_path / "own.png"
    scene = scenes[0]
    Image.fromarray(scene.image[:200, :500]).save(path)
    bring = lab.locator(f"{HALF} [name=file]")
    found = asked(lab, lambda: bring.set_input_files(path))
    assert "accuracy" not in found["original"] and "accuracy" in found["tfic"]
    box = lab.locator(f"{HALF} .semlib-lab-box")
    assert "500 × 200 pixels, 0 from the left" in box.inner_text()
    canvas = lab.locator(f"{HALF} [data-kind=original] canvas")
    asked(lab, lambda: canvas.press("Shift+ArrowLeft"))
    asked(lab, lambda: canvas.press("ArrowRight"))
    assert "496 × 200 pixels, 4 from the left" in box.inner_text()
    seen = canvas.bounding_box()
    corners = np.array([[50, 40], [300, 120]]) * seen["width"] / 500

    def draw():
        lab.mouse.move(*(corners[0] + (seen["x"], seen["y"])))
        lab.mouse.down()
        lab.mouse.move(*(corners[1] + (seen["x"], seen["y"])))
        lab.mouse.up()

    asked(lab, draw)
    wide, high, left, top = map(int, re.findall(r"\d+", box.inner_text()))
    assert abs(np.array([wide, high, left, top]) - [250, 80, 50, 40]).max() <= 2
    found = asked(lab, lambda: lab.get_by_label("What stands in the box").fill("abc"))
    assert "accuracy" in found["original"]
    wrong = tmp_path / "wrong.png"
    wrong.write_bytes(b"no picture")
    asked(lab, lambda: bring.set_input_files(wrong))
    assert "no picture" in lab.inner_text(f"{HALF} .semlib-lab-note")
    asked(lab, lambda: bring.set_input_files(path))
    choose(lab, "draws", "ink")
    asked(lab, lambda: canvas.click(position={"x": 60, "y": 40}))
    assert "9 pixels painted" in lab.inner_text(".semlib-lab-fooled")
    assert "500 × 200 pixels, 0 from the left" in box.inner_text()
    Image.new("1", (10_000, 10_000)).save(wrong)
    asked(lab, lambda: bring.set_input_files(wrong))
    assert "More than 50 million" in lab.inner_text(f"{HALF} .semlib-lab-note")
    back = lab.get_by_role("button", name="Back to the prepared pictures")
    found = asked(lab, lambda: back.press("Enter"))
    assert "accuracy" in found["original"] and not box.is_visible()


def test_axe_finds_nothing_serious_when_all_is_loaded(lab):
    lab.add_script_tag(content=AXE.read_text())
    for theme in ("light", "dark"):
        lab.evaluate("t => document.documentElement.dataset.theme = t", theme)
        lab.wait_for_timeout(300)
        assert lab.evaluate(FOUND) == [], theme


# A picture through the page's codec, as base 64, and what is read of it.
CODED = """async ([codec, data, width, height, rate, boxes]) => {
  const { networks, grey, crop } = window.semlibLab;
  const pixels = Uint8ClampedArray.from(atob(data), c => c.charCodeAt(0));
  const picture = { width, height, pixels };
  const coded = await networks.code(codec, picture, String(Math.random()), rate);
  const texts = [];
  for (const [left, top, right, bottom] of boxes) {
    texts.push(await networks.read(crop(grey(coded.picture), { left, top, right, bottom })));
  }
  let text = '';
  coded.picture.pixels.forEach(value => { text += String.fromCharCode(value); });
  return { pixels: btoa(text), bits: coded.bits.reduce((a, b) => a + b, 0), texts };
}"""


def sent(pixels):
    height, width = pixels.shape[:2]
    opaque = np.full((height, width, 1), 255, np.uint8)
    data = np.concatenate([pixels, opaque], 2).tobytes()
    return base64.b64encode(data).decode(), width, height


def test_the_page_decodes_and_reads_what_the_package_does(lab, scenes, models, reader):
    """End to end on 50 pictures, every tenth one of odd sides: the same pixels out, the
    same text, and as many bits."""
    count = PICTURES if lab.url.startswith("file:") else 4
    differ, away = [], []
    for number, scene in enumerate(scenes[:count]):
        name, rate = CODECS[number % 2], rate_of(number)
        pixels, boxes = scene.image, windows(scene)
        if number % 10 == 9:
            pixels, boxes = np.ascontiguousarray(pixels[:150, :333]), []
        expected, bits = coded(models[name][0], pixels, rate)
        found = lab.evaluate(CODED, [name, *sent(pixels), rate, boxes])
        ours = levels(expected)
        theirs = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
        theirs = theirs.reshape(*ours.shape[:2], 4)[..., :3]
        away.append(np.abs(theirs.astype(int) - ours).max())
        assert abs(found["bits"] / bits - 1) < 1e-3
        texts = reader.read(cut(ours, boxes))
        if found["texts"] != texts:
            differ.append((number, texts, found["texts"]))
    assert np.quantile(away, MOSTLY) <= 1 and max(away) < 255 * ROUNDED, away
    assert not differ


READ = """async ([data, width, height]) => semlibLab.networks.read({
  width, height, pixels: Uint8Array.from(atob(data), c => c.charCodeAt(0)) })"""


def test_the_page_reads_what_is_higher_than_wide_as_the_package_does(lab, reader):
    """Single letters, words on their side, and ratios just above one: the same text."""
    line = make_scene(0, "test").image.mean(2).astype(np.uint8)
    box = windows(make_scene(0, "test"))[0]
    word = line[box[1] : box[3], box[0] : box[2]]
    pictures = [np.rot90(word), np.rot90(word, 3)]
    step = word.shape[0] // 2
    for left in range(0, word.shape[1] - step, step):
        pictures.append(word[:, left : left + step])
    pictures += [word[:, : word.shape[0] - less] for less in (1, 2)]
    pictures = [np.ascontiguousarray(one) for one in pictures]
    ours = reader.read([to_tensor(one) for one in pictures])
    theirs = [
        lab.evaluate(READ, [base64.b64encode(one.tobytes()).decode(), *one.shape[::-1]])
        for one in pictures
    ]
    assert theirs == ours and len(set("".join(ours))) > 5


FAXED = """async ([data, width, height, boxes, scale, window]) => {
  const pixels = Uint8ClampedArray.from(atob(data), c => c.charCodeAt(0));
  const places = boxes && boxes.map(
    ([left, top, right, bottom]) => ({ left, top, right, bottom }));
  const found = await window_.networks.fax(
    { width, height, pixels }, window, places, scale, 0);
  const text = bytes => btoa(Array.from(bytes, one => String.fromCharCode(one)).join(''));
  const bits = found.bits.reduce((a, b) => a + b, 0);
  return { file: text(found.data), pixels: text(found.picture.pixels), bits };
}""".replace("window_.networks", "globalThis.semlibLab.networks")


def test_the_pages_fax_is_the_packages(lab, scenes):
    """Byte for byte, on 50 pictures; decoded and enlarged to a level."""
    count = PICTURES if lab.url.startswith("file:") else 4
    for number, scene in enumerate(scenes[:count]):
        scale = SCALES[number % len(SCALES)]
        pixels, boxes = scene.image, windows(scene) if number % 4 == 3 else None
        if number % 10 == 9:
            pixels, boxes = np.ascontiguousarray(pixels[:150, :333]), None
        ink = (
            ink_of_words(pixels, boxes, WINDOW) if boxes else ink_of_page(pixels, WINDOW)
        )
        picture, data = fax(ink, scale)
        found = lab.evaluate(FAXED, [*sent(pixels), boxes, scale, WINDOW])
        assert base64.b64decode(found["file"]) == data, number
        theirs = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
        away = np.abs(theirs.reshape(ink.shape).astype(int) - picture[..., 0])
        assert away.max() <= 1
        assert abs(found["bits"] / 8 - len(data)) < 16


def test_the_pages_fax_coder_carries(lab):
    """Pictures that look like nothing, where the coder's carries go far."""
    rng = np.random.default_rng(26)
    for share in (0.5, 0.02, 1e-4):
        black = rng.random((64, 257)) < share
        found = lab.evaluate(
            """([bits, width, height]) => Array.from(
              semlibLab.compress(Uint8Array.from(bits), width, height).data)""",
            [black.ravel().astype(int).tolist(), 257, 64],
        )
        image = np.where(black, 0, 255).astype(np.uint8)
        assert bytes(found) == bilevel.compress(image, 128)


def stroke(page, canvas, points):
    """A finger that goes over a canvas, by shares of its sides."""
    canvas.scroll_into_view_if_needed()
    box, touch = canvas.bounding_box(), page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(points) - 1)]
    for kind, (x, y) in zip(kinds, points):
        at = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def painted(page):
    found = re.search(r"(\d+) pixels painted", page.inner_text(".semlib-lab-fooled"))
    return int(found[1]) if found else 0


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_brush_fools_the_reader_by_key_and_by_finger(browser, server, size):  # noqa: F811
    """A bar over the word: read right before, by nobody after; undone, read again."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=True
    )
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    start(page)
    choose(page, "equal", "rate")
    choose(page, "picture", "ground-3")
    first = page.locator(f"{HALF} [data-kind=original]")
    canvas, fooled = first.locator("canvas"), page.locator(".semlib-lab-fooled")
    undo, wipe = (first.get_by_role("button", name=name) for name in ("Undo", "Wipe"))
    assert undo.is_disabled() and wipe.is_disabled()

    asked(page, lambda: canvas.press("Space"))
    assert painted(page) == 9  # three by three
    canvas.press("Shift+ArrowRight")
    asked(page, lambda: canvas.press("Space"))
    assert painted(page) == 18
    asked(page, lambda: canvas.press("ControlOrMeta+z"))
    assert painted(page) == 9
    assert "The picture: read right" in fooled.inner_text()
    asked(page, lambda: undo.tap())
    assert painted(page) == 0 and undo.is_disabled()

    first.get_by_label("Brush", exact=True).fill("15")
    where = canvas.evaluate("one => one.getBoundingClientRect().top + scrollY")
    bar = [(0.25, 0.5), (0.5, 0.5), (0.75, 0.5)]
    found = asked(page, lambda: stroke(page, canvas, bar))
    assert where == canvas.evaluate("one => one.getBoundingClientRect().top + scrollY")
    assert abs(painted(page) - 15 * (256 + 15)) < 100
    assert "accuracy 100" not in found["original"] and "painted" in found["original"]
    for name in ("The picture", "TFIC", "Stage 1", "Fax"):
        assert f"{name}: misread from" in fooled.inner_text(), name
    found = asked(page, lambda: wipe.press("Enter"))
    assert painted(page) == 0 and "accuracy 100" in found["original"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    asked(page, lambda: stroke(page, canvas, bar))
    choose(page, "picture", "ground-2")
    assert painted(page) == 0  # another picture is clean
    context.close()


def test_on_a_phone_nothing_is_too_wide_and_both_halves_fit(browser, server):  # noqa: F811
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True
    )
    page = context.new_page()
    page.goto(f"{server}/book/lab.html")
    button = page.get_by_role("button", name="Load the codecs")
    both = int(re.search(r"\d+", button.inner_text())[0])
    button.tap()
    page.wait_for_selector(DONE, timeout=300_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    other = page.get_by_role("button", name="Load the networks")
    assert int(re.search(r"\d+", other.inner_text())[0]) < both + 5
    other.tap()
    page.wait_for_selector('[data-half="mending"][aria-busy="false"]', timeout=300_000)
    assert "accuracy" in page.inner_text("[data-kind=mended]")
    if sys.platform == "linux":
        assert memory(browser) < MEMORY
    context.close()


def memory(browser):  # noqa: F811
    """Of the page that takes most, in bytes that are resident."""
    asked = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    pages = [one["id"] for one in asked["processInfo"] if one["type"] == "renderer"]
    states = [Path(f"/proc/{page}/status").read_text() for page in pages]
    return max(1024 * int(re.search(r"VmRSS:\s+(\d+)", state)[1]) for state in states)


def test_the_first_visit_is_small(browser, server):  # noqa: F811
    weighed = visited(browser, server, start)
    assert WIRE / 2 < weighed < WIRE, weighed


def test_a_word_read_after_tfic_can_be_seen(lab):
    """The first prepared picture shows something: its word is read better after TFIC
    than after stage 1 with as many bits."""
    choose(lab, "picture", f"scene-{SCENES[0]}")
    choose(lab, "equal", "bits")
    asked(lab, lambda: lab.get_by_label(RATE).fill("3"))
    (word,) = the_manifest()["scenes"][0]["words"]
    tfic, stage = (
        accuracy(word["text"], read_of(lab, kind)) for kind in ("tfic", "stage")
    )
    assert tfic > stage
    letters = sum(letter.isalnum() for letter in word["text"])
    sum_ = lab.inner_text(f"{HALF} .semlib-lab-sum")
    assert re.search(rf"TFIC \d+ of {letters}, Fax \d+ of {letters}\. ", sum_)
