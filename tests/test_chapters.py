"""Every chapter is executed and readable. `make test` also runs nbval on each."""

import ast
import re

import nbformat
import pytest

from tools.captions import caption


@pytest.fixture
def cells(chapter):
    book = nbformat.read(chapter, as_version=4)
    nbformat.validate(book)
    return [
        cell for cell in book.cells if cell.cell_type == "code" and cell.source.strip()
    ]


def test_every_cell_was_executed_in_order(cells):
    assert cells
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))


def test_no_output_is_an_error(cells):
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def test_code_fits_the_page(cells):
    for cell in cells:
        lines = cell.source.splitlines()
        assert max(map(len, lines)) <= 78, max(lines, key=len)
        assert len(lines) <= 25, f"{len(lines)} lines, from: {lines[0]}"


def test_a_notebook_tells_and_the_package_computes(cells):
    """A helper class belongs in semlib, where it can be tested."""
    for cell in cells:
        assert not [n for n in ast.parse(cell.source).body if isinstance(n, ast.ClassDef)]


def test_what_is_said_to_be_equal_is_asserted(cells):
    """Where nbval does not compare what is printed, a printed False fails nothing."""
    for cell in cells:
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            continue
        tree = ast.parse(cell.source)
        asserted = {
            id(node)
            for one in ast.walk(tree)
            if isinstance(one, ast.Assert)
            for node in ast.walk(one)
        }
        compared = [node for node in ast.walk(tree) if compares(node)]
        assert {id(node) for node in compared} <= asserted, cell.source


def compares(node) -> bool:
    called = isinstance(node, ast.Call) and node.func
    name = getattr(called, "attr", getattr(called, "id", ""))
    return name in ("allclose", "isclose", "equal", "array_equal")


def test_what_is_not_compared_says_why(cells):
    """nbval compares every output but these, and those of solutions: their words
    are held to the package's elsewhere."""
    for cell in cells:
        tags = cell["metadata"].get("tags", [])
        if "nbval-ignore-output" in tags and "solution" not in tags:
            assert cell["metadata"].get("not_compared"), cell["source"]


def test_widgets_are_stored(chapter, cells):
    """A slider without its state would be an empty space in the page."""
    kind = "application/vnd.jupyter.widget-"
    state = nbformat.read(chapter, as_version=4).metadata.get("widgets", {})
    models = state.get(kind + "state+json", {}).get("state", {})
    for cell in cells:
        for output in cell.outputs:
            view = output.get("data", {}).get(kind + "view+json")
            assert view is None or view["model_id"] in models


def test_nothing_of_this_machine_is_stored(chapter):
    book = nbformat.read(chapter, as_version=4)
    assert set(book.metadata) <= {"kernelspec", "language_info", "widgets"}
    assert book.metadata.kernelspec.name == "python3"
    assert not [c for c in book.cells if "execution" in c.metadata]


def shown(cell, kind):
    """What a cell shows of a kind, as text."""
    return "".join(
        "".join(output["data"][kind])
        for output in cell.outputs
        if kind in output.get("data", {}) and "scrapbook" not in output.metadata
    )


def test_figures_and_tables_have_captions(cells):
    for cell in cells:
        name, words = caption(cell) or ("", "")
        if {"remove-cell", "remove-output"} & set(cell.metadata.get("tags", [])):
            assert not name
        elif "<table" in shown(cell, "text/html"):
            assert name.startswith("table-") and words, cell.source
        elif shown(cell, "image/png"):
            assert name.startswith("figure-") and words, cell.source


def test_prose_speaks_of_what_has_a_number(chapter):
    """Each is named once, and a name that the text refers to is one of them."""
    book = nbformat.read(chapter, as_version=4)
    names = [found[0] for found in map(caption, book.cells) if found]
    assert len(set(names)) == len(names)
    prose = "".join(c.source for c in book.cells if c.cell_type == "markdown")
    assert set(re.findall(r"\{numref\}`([^`]+)`", prose)) == set(names)
