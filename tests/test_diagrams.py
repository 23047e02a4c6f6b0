"""The book's diagrams: said in words as well, legible on a phone, nothing on another."""

from xml.etree import ElementTree

import pytest
import torch
from test_book import browser  # noqa: F401
from torch import nn

from semlib.codec import TinyLIC
from semlib.ocr import EasyOCRReader
from semlib.restore import DnCNN
from semlib.show import diagram
from tools.diagrams import DIAGRAMS, FOLDER

NAMES = sorted(file.stem for file in FOLDER.glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"

# What is wrong with a drawing 358 pixels wide.
WRONG = """() => {
  const svg = document.querySelector('svg'), wrong = [];
  const [texts, boxes] = ['text', 'rect'].map(kind => [...svg.querySelectorAll(kind)]
    .map(e => [e.textContent, e.getBBox()]));
  const scale = svg.getScreenCTM().a;
  for (const e of svg.querySelectorAll('text, tspan'))
    if (parseFloat(getComputedStyle(e).fontSize) * scale < 9) wrong.push(['small', e.textContent]);
  texts.forEach(([text, a], i) => {
    if (a.x < 0 || a.y < 0 || a.x + a.width > 360 || a.y + a.height > svg.viewBox.baseVal.height)
      wrong.push(['outside', text]);
    for (const [other, b] of texts.slice(i + 1))
      if (a.x < b.x + b.width && b.x < a.x + a.width
          && a.y + 1 < b.y + b.height && b.y + 1 < a.y + a.height)
        wrong.push(['overlap', text, other]);
    for (const [, b] of boxes) {
      const [x, y] = [a.x + a.width / 2, a.y + a.height / 2];
      if (x > b.x && x < b.x + b.width && y > b.y && y < b.y + b.height
          && (a.x < b.x || a.x + a.width > b.x + b.width)) wrong.push(['spills', text]);
    }
  });
  return wrong;
}"""


def test_the_drawings_are_the_programs():
    assert sorted(draw().name for draw in DIAGRAMS) == NAMES
    for draw in DIAGRAMS:
        drawing = draw()
        stored = (FOLDER / f"{drawing.name}.svg").read_text(encoding="utf-8")
        assert stored == drawing.svg(), "run `python -m tools.diagrams`"


@pytest.mark.parametrize("name", NAMES)
def test_a_diagram_is_whole_and_says_what_it_shows(name):
    html = diagram(name).data
    root = ElementTree.fromstring(html)[0]
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    words = {part.get("id"): part.text for part in root if part.get("id")}
    assert len(words[root.get("aria-labelledby")]) > 20
    assert len(words[root.get("aria-describedby")]) > 200
    assert all(id.startswith(f"{name}-") for id in words)
    assert html.count("http") == html.count("http://www.w3.org/2000/svg") == 1
    assert "url(" not in html and "href" not in html


def shape(x: torch.Tensor) -> str:
    return " × ".join(map(str, x.shape))


@torch.no_grad()
def test_the_shapes_are_the_networks():
    tfic, chain = (
        (FOLDER / f"{name}.svg").read_text(encoding="utf-8") for name in ("tfic", "dncnn")
    )
    network, reader = TinyLIC("compact"), EasyOCRReader()
    x = torch.zeros(1, 3, 256, 512)
    y = network.analyse(x, torch.zeros(1))
    seen = reader.prepare(x[0])
    for tensor in (x[0], y[0], network.h_a(y)[0], seen):
        assert shape(tensor) in tfic
    columns, classes = reader.logits(seen[None])[0].shape
    assert f"{columns} columns × {classes} scores" in tfic

    dncnn = DnCNN()
    convolutions = [layer for layer in dncnn.residual if isinstance(layer, nn.Conv2d)]
    assert f"{len(convolutions)} convolutions" in chain
    assert f"{len(convolutions) - 2} ×" in chain
    assert f"convolution 1 → {convolutions[0].out_channels}" in chain
    assert f"{2 * dncnn.reach + 1} × {2 * dncnn.reach + 1}" in chain


def test_an_unknown_diagram_names_those_there_are():
    with pytest.raises(ValueError, match=f"no 'tfid'; there are {', '.join(NAMES)}"):
        diagram("tfid")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_word_is_legible_on_a_phone(browser, name):  # noqa: F811
    page = browser.new_page(viewport={"width": 358, "height": 844})
    page.set_content(f'<body style="margin:0">{diagram(name).data}</body>')
    assert page.evaluate("document.querySelector('svg').clientWidth") == 358
    assert page.evaluate(WRONG) == []
    page.close()
