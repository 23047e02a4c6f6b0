"""A number and its unit stay together on the pages, and a percentage has one form."""

import re
from html import unescape

import pytest
from conftest import ROOT
from docutils import nodes

from tools.units import joined, joined_html, keep


@pytest.mark.parametrize(
    "text, right",
    [
        ("a 95 % interval", "a 95\u00a0% interval"),
        ("2.4% of it", "2.4\u00a0% of it"),
        ("+1.2 [+0.9,\n+1.5]\n%", "+1.2 [+0.9,\n+1.5]\u00a0%"),
        (" dB at rate 7", "\u00a0dB at rate 7"),
        ("35 dB, 3 MB, 20 ms", "35\u00a0dB, 3\u00a0MB, 20\u00a0ms"),
        ("step 8 deals with 12 msg", "step 8 deals with 12 msg"),
        ("saved, % [95 %]", "saved, % [95\u00a0%]"),
    ],
)
def test_a_number_keeps_its_unit(text, right):
    assert joined(text) == right
    assert joined(right) == right


def test_tags_and_styles_are_left_alone():
    html = '<style>p{width:50 %}</style><td style="width:50%">7%</td>'
    assert joined_html(html) == html.replace("7%", "7\u00a0%")


@pytest.mark.parametrize("after, kept", [(", here", ","), (". ", "."), (" is", "")])
def test_a_formula_keeps_its_comma(after, kept):
    line = nodes.paragraph("", "", nodes.math("", "D"), nodes.Text(after))
    keep(line[0])
    together = [one.astext() for one in line.findall(nodes.inline)]
    assert together == ([f"D{kept}"] if kept else [])
    assert line.astext() == f"D{after}"


@pytest.mark.slow
def test_no_page_has_another_form():
    pages = sorted((ROOT / "_build" / "html").glob("*/*.html"))
    assert pages, "the book is not built: run `make book`"
    for page in pages:
        if page.parent.name in ("book", "chapters"):
            assert not re.findall(r".{0,40}\d ?%", prose(page.read_text("utf-8"))), page


def prose(html: str) -> str:
    """What an article says, without code and what is printed."""
    article = re.search(r"<article.*</article>", html, re.DOTALL)[0]
    coded = r"<(script|style|pre|code)\b.*?</\1>|<[^>]*>"
    return unescape(re.sub(coded, "", article, flags=re.DOTALL))
