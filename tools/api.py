"""What a property's first line says before a colon is no type, as napoleon takes it."""

from typing import Any

from sphinx.application import Sphinx


def without_type(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list):
    """Begin a property's docstring with an empty line, where napoleon finds no type."""
    if what == "property":
        lines.insert(0, "")


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")  # whose event it is
    early = 400  # before napoleon
    app.connect("autodoc-process-docstring", without_type, priority=early)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
