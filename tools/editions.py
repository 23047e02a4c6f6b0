"""The chapters as notebooks that Colab, JupyterLab and VS Code open as they are.

A chapter has MyST in its prose, for the page, and code that hands numbers to it. In its
edition all is plain Markdown, the numbers stand where they are named, and a first cell
fetches the package where it is missing. `make editions` writes them all, twice: for
students, with exercises to be solved, and for teachers, with their solutions. The pages
lead to the students'.
"""

import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import yaml
from docutils.utils import new_document
from myst_nb.core.variables import format_plain_text
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from sphinx.util.docutils import ReferenceRole
from sphinx.util.nodes import make_id

from . import exercises, front
from .addresses import addresses
from .captions import Captions
from .citations import Bibliography
from .plain import PARSER, linked, literal, plain, title
from .unglue import without_glue
from .units import joined

ROOT = Path(__file__).resolve().parent.parent
FOLDED = {"hide-input", "hide-cell"}
HIDDEN = {"remove-input", "remove-cell"}
WIDGET = "application/vnd.jupyter.widget-view+json"
# in its place, where a program shows no stored controls: JupyterLab, unless it trusts
STILL = "A slider: it shows, and moves, once this notebook is trusted or this cell run."


class Book:
    """What a chapter may speak of: the other pages, the glossary, the bibliography.

    source: what the first cell installs; by default the configuration's repository.
    """

    def __init__(self, root: Path, config: dict[str, Any], source: str | None = None):
        self.root = root
        self.name: str = config["title"]
        found = addresses(config)
        self.address = found.pages if found else ""
        self.first_cell = front.cell(
            root / "pyproject.toml", source or (found.package if found else None)
        )
        self.bibliography = Bibliography(root / config["bibtex_bibfiles"][0])
        self.terms = {term.lower(): term for term in terms(root / "book" / "glossary.md")}

    def page(self, name: str, words: str | None = None) -> str:
        """A page of the book, by its name from the root: its title, or other words."""
        files = (self.root / f"{name}{ending}" for ending in (".ipynb", ".md"))
        file = next(file for file in files if file.exists())
        return self.link(f"{name}.html", words or title(prose(file)))

    def term(self, name: str, words: str | None = None) -> str:
        env: Any = None  # Sphinx asks it for terms without a letter, which have no name
        place = make_id(env, new_document(""), "term", self.terms[name.lower()])
        return self.link(f"book/glossary.html#{place}", words or name)

    def link(self, place: str, words: str) -> str:
        """A link, where the book's configuration says where its pages are."""
        return linked(words, f"{self.address}/{place}" if self.address else None)


def terms(glossary: Path) -> list[str]:
    """The words that the glossary explains, as it writes them."""
    tokens = PARSER.parse(glossary.read_text(encoding="utf-8"))
    lines = "".join(t.content for t in tokens if t.info == "{glossary}").split("\n")
    return [line for line in lines if line and not line.startswith((" ", ":"))]


def prose(file: Path) -> str:
    """The text of a page, or of a notebook's first cell."""
    if file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    return nbformat.read(file, as_version=4).cells[0].source


@dataclass
class Speller:
    """Spells the roles of one chapter, and remembers what it cites."""

    book: Book
    values: dict[str, str]
    captions: Captions
    cited: set[str] = field(default_factory=set)

    def __call__(self, role: str, content: str) -> str:
        match role:
            case "glue:text":
                return literal(joined(format_plain_text(self.values[content], "s")))
            case "cite:t" | "cite:p":
                self.cited.add(content)
                works = self.book.bibliography
                cite = works.textual if role == "cite:t" else works.parenthetical
                return cite(content)
            case "doc":
                words, target = explicit(content)
                name = posixpath.normpath(posixpath.join("chapters", target))
                return self.book.page(name, words)
            case "term":
                words, target = explicit(content)
                return self.book.term(target, words)
            case "numref":
                return self.captions.numbers[content]
        raise ValueError(f"no plain form for {{{role}}}`{content}`")


def explicit(content: str) -> tuple[str | None, str]:
    """A role's own words, if it has any, and its target: «words <target>»."""
    found = ReferenceRole.explicit_title_re.match(content)
    return (found[1], found[2]) if found else (None, content)


def edition(chapter: Path, book: Book, teacher: bool = False) -> NotebookNode:
    """A chapter as a notebook for anywhere, a student's or a teacher's."""
    notebook = nbformat.read(chapter, as_version=4)
    captions = Captions(notebook, int(chapter.name[:2]))
    speller = Speller(book, glued(notebook), captions)
    notebook.cells = exercises.solved(notebook) if teacher else exercises.asked(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, source in zip(code, without_glue([cell.source for cell in code])):
        cell.source = source
        cell.outputs = [each for each in cell.outputs if not is_glued(each)]
        for output in cell.outputs:
            if WIDGET in output.get("data", {}):
                output.data["text/plain"] = STILL
        fold(cell, set(cell.metadata.pop("tags", [])))
    notebook.cells = captions.below(notebook.cells)
    for cell in notebook.cells:
        for ours in ("mystnb", "not_compared"):
            cell.metadata.pop(ours, None)
        if cell.cell_type == "markdown":
            cell.source = plain(cell.source, speller)
    notebook.cells = [
        *before(chapter, book),
        *(cell for cell in notebook.cells if cell.source),
        *after(speller),
    ]
    nbformat.validate(notebook)
    return notebook


def is_glued(output: NotebookNode) -> bool:
    return "scrapbook" in output.get("metadata", {})


def glued(notebook: NotebookNode) -> dict[str, str]:
    """What the chapter's code handed to `glue` when it ran last, by key."""
    return {
        output.metadata.scrapbook.name: next(iter(output.data.values()))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if is_glued(output)
    }


def fold(cell: NotebookNode, tags: set[str]) -> None:
    """Fold code that the page folds; what it hides, in Colab too. An exercise is there to
    be written in."""
    if exercises.TAG in tags:
        return
    if tags & (FOLDED | HIDDEN):
        cell.metadata["jupyter"] = {"source_hidden": True}
    if tags & HIDDEN:
        cell.metadata["cellView"] = "form"
        if not cell.source.startswith("#@title"):
            cell.source = f"#@title Code\n{cell.source}"


def before(chapter: Path, book: Book) -> list[NotebookNode]:
    """Where the notebook comes from, and the cell that makes it run."""
    name = f"chapters/{chapter.stem}"
    words = (
        f"A chapter of *{book.name}*: {book.page(name)}. This notebook was made from it,"
        " and has the outputs of its last run. The cell below prepares the machine."
    )
    code = new_code_cell(book.first_cell, id="front")
    fold(code, HIDDEN)
    return [new_markdown_cell(words, id="origin"), code]


def after(speller: Speller) -> list[NotebookNode]:
    """The works that the chapter cites."""
    if not speller.cited:
        return []
    works = speller.book.bibliography.listed(speller.cited)
    return [new_markdown_cell(f"## References\n\n{works}", id="references")]


def main() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    book = Book(ROOT, config)
    for place, teacher in (("editions", False), ("teachers", True)):
        folder = ROOT / "_build" / place
        folder.mkdir(parents=True, exist_ok=True)
        for chapter in sorted((ROOT / "chapters").glob("*.ipynb")):
            file = folder / chapter.name
            text = nbformat.writes(edition(chapter, book, teacher)) + "\n"
            file.write_text(text, encoding="utf-8")
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
