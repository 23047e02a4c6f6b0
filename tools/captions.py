"""Figures and tables have captions and numbers, each kind its own.

A cell says in its metadata, ``mystnb.figure``, what it shows and its name; MyST-NB makes
a figure of its output. Where the name begins with ``table-``, it is a table.
"""

from typing import Any

from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

TABLE = "table-"


class Captions:
    """Those of a notebook, for its edition, where they stand as text.

    ``numbers`` holds «Figure 6.1» by the name that the text refers to.
    """

    def __init__(self, notebook: NotebookNode, chapter: int):
        self.numbers: dict[str, str] = {}
        counts = {"Figure": 0, "Table": 0}
        for name, _ in filter(None, map(caption, notebook.cells)):
            kind = "Table" if name.startswith(TABLE) else "Figure"
            counts[kind] += 1
            self.numbers[name] = f"{kind} {chapter}.{counts[kind]}"

    def below(self, cells: list[NotebookNode]) -> list[NotebookNode]:
        """The cells, and below each that has a caption this as a cell."""
        made = []
        for cell in cells:
            made.append(cell)
            if found := caption(cell):
                name, text = found
                words = f"**{self.numbers[name]}** {text}"
                made.append(new_markdown_cell(words, id=f"{cell.id}-caption"))
        return made


def caption(cell: NotebookNode) -> tuple[str, str] | None:
    """The name and the caption of what a cell shows, if it has them."""
    found = cell.metadata.get("mystnb", {}).get("figure")
    return (found["name"], found["caption"]) if found else None


class captioned_table(nodes.figure):
    """An output that is counted as a table."""


class Tables(SphinxTransform):
    default_priority = 500  # before references are resolved

    def apply(self, **kwargs: Any) -> None:
        for figure in list(self.document.findall(nodes.figure)):
            if any(name.startswith(TABLE) for name in figure["names"]):
                table = captioned_table("", *figure.children, **figure.attributes)
                figure.replace_self(table)
                for place in table["ids"]:
                    self.document.ids[place] = table


def visit(writer: Any, node: nodes.Element) -> None:
    writer.visit_figure(node)


def depart(writer: Any, node: nodes.Element) -> None:
    writer.depart_figure(node)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_enumerable_node(captioned_table, "table", None, html=(visit, depart))
    app.add_transform(Tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
