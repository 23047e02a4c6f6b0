"""A number and its unit stay on one line, and a percentage is written in one way: 95 %.

The prose has «95 %» and Python's `.0%` makes «95%»; on the pages both have a no-break
space, in the text, in what cells put into it, and in tables. Nor does a line begin with
the comma after a formula.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

SPACE = "\N{NO-BREAK SPACE}"
UNIT = r"(?:%|(?:dB|ms|kB|MB|GB)\b)"
# between a number and its unit, or before a unit whose number is the node before
GAP = re.compile(rf"(?<=[\d\]])(?:\s(?={UNIT})|(?=%(?!\w)))|^\s(?={UNIT})")
TAG = re.compile(r"(<(style|script)\b.*?</\2>|<[^>]*>)", re.DOTALL)
AFTER = re.compile(r"[.,;:!?)]+")
AS_IT_IS = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.math_block)


def joined(text: str) -> str:
    """The text with a no-break space between numbers and units."""
    return GAP.sub(SPACE, text)


def joined_html(html: str) -> str:
    """The same for what stands between tags; styles and scripts stay as they are."""
    made, end = [], 0
    for tag in TAG.finditer(html):
        made += [joined(html[end : tag.start()]), tag[0]]
        end = tag.end()
    return "".join([*made, joined(html[end:])])


def join(app: Sphinx, document: nodes.document, name: str) -> None:
    for text in list(document.findall(nodes.Text)):
        if isinstance(text.parent, nodes.raw):
            if text.parent.get("format") == "html":
                text.parent.replace(text, nodes.Text(joined_html(text)))
        elif not isinstance(text.parent, AS_IT_IS):
            text.parent.replace(text, nodes.Text(joined(text)))
    for formula in list(document.findall(nodes.math)):
        keep(formula)


def keep(formula: nodes.math) -> None:
    """Ties a formula to the punctuation that follows it."""
    after = formula.next_node(descend=False, siblings=True)
    found = AFTER.match(after) if isinstance(after, nodes.Text) else None
    if found:
        both = nodes.inline("", "", classes=["semlib-together"])
        formula.parent.replace(after, nodes.Text(after[found.end() :]))
        formula.replace_self(both)
        both += [formula, nodes.Text(found[0])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", join)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
