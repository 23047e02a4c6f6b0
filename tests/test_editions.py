"""The editions: what the page says, as plain notebooks that run anywhere."""

import ast
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from urllib.parse import urldefrag

import nbformat
import pytest
import yaml
from conftest import ROOT
from docutils.utils import new_document
from nbclient import NotebookClient
from sphinx.util.nodes import make_id

from tools import front
from tools.addresses import addresses
from tools.captions import Captions
from tools.citations import Bibliography
from tools.editions import STILL, WIDGET, Book, Speller, edition, fold, terms
from tools.plain import PARSER, literal, plain
from tools.unglue import without_glue
from tools.units import joined

REPOSITORY = {"url": "https://github.com/Owner/the-book", "branch": "side"}
SITE = "https://owner.github.io/the-book"
PACKAGE = "text-aware-compression-book @ git+https://github.com/Owner/the-book@side"
PROJECT = ROOT / "pyproject.toml"
GLOSSARY = ROOT / "book" / "glossary.md"


@cache
def book(repository=True):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return Book(ROOT, {**config, "repository": REPOSITORY if repository else None})


@cache
def made(chapter, repository=True):
    return edition(chapter, book(repository))


@cache
def read(chapter):
    return nbformat.read(chapter, as_version=4)


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def outputs(notebook):
    return [output for cell in cells(notebook, "code") for output in cell.outputs]


def walk(tokens):
    for token in tokens:
        yield token
        yield from walk(token.children or [])


def tokens(notebook):
    for cell in cells(notebook, "markdown"):
        yield from walk(PARSER.parse(cell.source))


def links(notebook):
    return [t.attrs["href"] for t in tokens(notebook) if t.type == "link_open"]


def roles(source):
    """All roles of a Markdown cell, those in its directives too."""
    for token in walk(PARSER.parse(source)):
        if token.type == "myst_role":
            yield token
        elif token.type == "colon_fence":
            yield from roles(token.content)


# prose


def test_holds_no_myst(chapter):
    for token in tokens(made(chapter)):
        assert token.type != "myst_role" and not token.info.startswith("{"), token
    for cell in made(chapter).cells:
        for word in (":::", "glue", "myst_nb"):
            assert word not in cell.source, cell.source


def test_metadata_is_for_other_programs(chapter):
    for cell in made(chapter).cells:
        assert not {"mystnb", "tags"} & set(cell.metadata)


def said(source, values=None):
    """The paragraphs and headings of a cell, each as the pattern of its text."""
    found, parsed = [], PARSER.parse(source)
    for before, token in zip([None, *parsed], parsed):
        if token.type == "colon_fence":
            body = re.sub(r"(?m)^:\w+:.*\n", "", token.content)
            title = token.info.partition(" ")[2]
            found += said(f"**{title}**\n\n{body}", values)
        elif token.type == "inline":
            found.append((before.tag, "".join(map(pattern(values), token.children))))
    return found


def pattern(values):
    def of(token):
        if token.type != "myst_role":
            return "\n" if token.type == "softbreak" else re.escape(token.content)
        known = token.meta["name"] == "glue:text"
        return re.escape(values[token.content]) if known else r"\S.*"

    return of


def text(cell):
    """The same of an edition's cell, as text."""
    parsed = PARSER.parse(cell.source)
    return [
        (
            before.tag,
            "".join("\n" if t.type == "softbreak" else t.content for t in now.children),
        )
        for before, now in pairwise(parsed)
        if now.type == "inline"
    ]


def test_every_number_stands_where_the_page_has_it(chapter):
    """And every other word, too: only what a citation or a link is called is free."""
    values = {
        output.metadata.scrapbook.name: joined(ast.literal_eval(*output.data.values()))
        for output in outputs(read(chapter))
        if "scrapbook" in output.get("metadata", {})
    }
    source = cells(read(chapter), "markdown")
    names = [role.meta["name"] for cell in source for role in roles(cell.source)]
    assert names.count("glue:text") > 3
    there = {cell.id: cell for cell in made(chapter).cells}
    for cell in source:
        expected, found = said(cell.source, values), text(there[cell.id])
        assert [tag for tag, _ in expected] == [tag for tag, _ in found]
        for (_, wanted), (_, got) in zip(expected, found):
            assert re.fullmatch(wanted, got, re.DOTALL), got


def test_links_lead_to_the_pages_of_the_book(chapter):
    named = {make_id(None, new_document(""), "term", word) for word in terms(GLOSSARY)}
    pages = [link.removeprefix(SITE) for link in links(made(chapter)) if SITE in link]
    for link in pages:
        place, name = urldefrag(link)
        file = ROOT / place.removeprefix("/").removesuffix(".html")
        assert any(file.with_suffix(end).exists() for end in (".ipynb", ".md")), link
        assert not name or name in named, link
    asked = [
        role.meta["name"]
        for cell in cells(read(chapter), "markdown")
        for role in roles(cell.source)
    ]
    assert len(pages) == 1 + asked.count("doc") + asked.count("term")


def test_without_an_address_the_pages_are_named_in_words(chapter):
    hosts = {"doi.org", "arxiv.org", "kellerjordan.github.io"}
    assert {link.split("/")[2] for link in links(made(chapter, False))} <= hosts
    with_, without = (made(chapter, there).cells for there in (True, False))
    for one, other in zip(with_, without, strict=True):
        if one.cell_type == "markdown":
            assert text(one) == text(other)


@pytest.mark.slow
def test_the_glossary_has_the_places_that_links_name():
    page = (ROOT / "_build/html/book/glossary.html").read_text(encoding="utf-8")
    for word in terms(GLOSSARY):
        place = book().term(word).rpartition("#")[2].removesuffix(")")
        assert f'id="{place}"' in page


def test_works_are_cited_as_on_the_page_and_listed():
    works = Bibliography(ROOT / "book" / "references.bib")
    paper = "https://arxiv.org/abs/2503.19495"
    assert works.textual("dellafiore2025") == f"[Della Fiore *et al.* [2025]]({paper})"
    assert works.textual("martin1979") == "Martin [1979]"
    assert works.parenthetical("martin1979") == "[Martin, 1979]"
    listed = works.listed({"zhang2017", "dellafiore2025", "shannon1948"}).split("\n")
    assert [line.split(",")[0] for line in listed] == [
        "- Stefano Della Fiore",
        "- Claude E. Shannon. A mathematical theory of communication. *Bell System "
        "Technical Journal*",
        "- Kai Zhang",
    ]
    assert listed[0].endswith(f"]({paper}).") and listed[2].count("https://doi.org/") == 1


def test_each_chapter_lists_what_it_cites(chapter):
    cited = {
        role.content
        for cell in cells(read(chapter), "markdown")
        for role in roles(cell.source)
        if role.meta["name"].startswith("cite")
    }
    last = made(chapter).cells[-1].source
    assert last.startswith("## References\n\n- ") and last.count("\n- ") == len(cited)


@pytest.mark.parametrize(
    "source",
    [
        "{glue:figure}`a`",
        "{eq}`a`",
        ":::{note}\na\n:::",
        "```{list-table}\n```",
        "![a](b)",
    ],
)
def test_what_no_chapter_uses_is_refused(source):
    with pytest.raises(ValueError, match="no plain form"):
        plain(source, Speller(book(), {}, Captions(nbformat.v4.new_notebook(), 1)))


def test_a_role_may_stand_anywhere():
    source = "1. # {a}`b`\n   c {a}`d\n   e` f\n\n:::{admonition} {a}`g`\n:class: tip\n- {a}`h`\n:::"
    spelled = plain(source, lambda role, content: f"<{content}>")
    assert spelled == "1. # <b>\n   c <d e> f\n\n> **<g>**\n>\n> - <h>"


def test_a_value_is_shown_as_it_is():
    value = "*a* _b_ `c` $d$ <e> \\f [g]"
    (paragraph,) = PARSER.parseInline(literal(value))
    assert "".join(token.content for token in paragraph.children) == value


# code


def test_outputs_are_those_of_the_chapter_but_for_its_bookkeeping(chapter):
    """And but for the solutions, which `test_check` looks after; and for what stands in a
    slider's place where it does not show."""
    shown = [
        o
        for o in outputs(read(chapter))
        if not {"scrapbook", "exercise"} & set(o.get("metadata", {}))
    ]
    for output in shown:
        if WIDGET in output.get("data", {}):
            assert output.data["text/plain"].startswith("VBox(")
            output.data["text/plain"] = STILL
    assert shown and shown == outputs(made(chapter))
    assert made(chapter).metadata == read(chapter).metadata


def test_the_code_that_is_left_knows_its_names(chapter):
    code = "\n".join(cell.source for cell in cells(made(chapter), "code"))
    asked = ["check", "--quiet", "--isolated", "--select", "F821,F822", "-"]
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *asked], input=code, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def test_bookkeeping_leaves_no_trace():
    cells = [
        "import time\nfrom myst_nb import glue\nstarted = time.time()\nkept = 1",
        "def half(x):\n    return x / 2\n\n\nprint(kept)\nfor n in (1, 2):\n"
        "    share = half(n)\n    glue(n, share)",
        "table(kept)\nglue('a', kept)",
        "took = time.time() - started\nglue('took',\n     took)",
    ]
    assert without_glue(cells) == ["kept = 1", "print(kept)", "table(kept);", ""]


def test_what_other_code_needs_stays():
    cell = "a = 1\nb = 0\nb += a\nfor n in (1, 2):\n    glue(n, a)\n    b += n\nprint(b)"
    assert without_glue([cell]) == [cell.replace("    glue(n, a)\n", "")]


def test_what_is_added_to_stays():
    assert without_glue(["b = 0\nb += 1\nglue('b', b)"]) == ["b = 0\nb += 1"]


@pytest.mark.parametrize(
    "cell",
    [
        "a = 1; glue('a', a)\nb(a)",
        "def f():\n    glue('a', 1)",
        "@c\ndef g(): 1\nglue('a', g)",
    ],
)
def test_code_that_cannot_be_cut_is_refused(cell):
    with pytest.raises((ValueError, SyntaxError)):
        without_glue([cell])


def test_gaps_stay_as_wide_as_they_were():
    cell = "a = 1\nglue('a', a)\n\n\ndef f():\n    glue('b', a)\n    return a\n\n\nf()"
    assert without_glue([cell]) == ["a = 1\n\n\ndef f():\n    return a\n\n\nf()"]


def test_folded_and_hidden_code():
    one, other, plain_ = (nbformat.v4.new_code_cell("a = 1") for _ in range(3))
    fold(one, {"hide-input"})
    fold(other, {"remove-input"})
    fold(plain_, {"nbval-ignore-output"})
    assert one.metadata == {"jupyter": {"source_hidden": True}}
    assert one.source == plain_.source == "a = 1" and plain_.metadata == {}
    assert other.metadata == {"jupyter": {"source_hidden": True}, "cellView": "form"}
    assert other.source == "#@title Code\na = 1"


@pytest.mark.slow
@pytest.mark.parametrize("repository", [REPOSITORY, None])
def test_a_page_opens_its_edition_where_there_is_an_address(repository, tmp_path):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert "repository" not in config  # there is none yet
    config["execute"]["execute_notebooks"] = "off"
    if repository:
        config["repository"] = repository
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    toc = "format: jb-book\nroot: book/preface\nchapters: [file: chapters/01-bits]\n"
    (tmp_path / "_toc.yml").write_text(toc, encoding="utf-8")
    shutil.copytree(
        ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns("node_modules")
    )
    for name in ("chapters", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    builder = Path(sys.executable).with_name("jupyter-book")
    subprocess.run([builder, "build", tmp_path], check=True, capture_output=True)
    page, preface = (
        (tmp_path / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")
        for name in ("chapters/01-bits", "book/preface")
    )
    opened = [
        "https://colab.research.google.com/github/Owner/the-book/blob/gh-pages"
        "/_sources/chapters/01-bits.ipynb",
        "https://mybinder.org/v2/gh/Owner/the-book/side"
        "?urlpath=lab/tree/_build/editions/01-bits.ipynb",
    ]
    for address in opened:
        assert (f'href="{address}"' in page) == bool(repository)
        assert address not in preface
    assert ("dropdown-launch-buttons" in page) == bool(repository)
    assert "btn-download-source-button" in page


def test_colab_opens_only_what_is_on_github():
    with pytest.raises(ValueError, match="not a repository on GitHub"):
        addresses({"repository": {"url": "https://git.example/owner/name"}})


@pytest.mark.slow
def test_a_page_lets_one_download_its_edition(chapter):
    page = ROOT / "_build" / "html" / "chapters" / f"{chapter.stem}.html"
    [place] = re.findall(
        r'href="([^"]+)"[^>]*\n[^>]*btn-download-source-button',
        page.read_text(encoding="utf-8"),
    )
    assert (page.parent / place).read_text(encoding="utf-8") == (
        nbformat.writes(made(chapter, False)) + "\n"
    )


@pytest.mark.slow
def test_the_first_chapter_runs_far_from_the_book(tmp_path):
    notebook = made(ROOT / "chapters" / "01-bits.ipynb", False)
    run = nbformat.from_dict(notebook)
    for cell in cells(run, "code"):
        cell.outputs = []
    client = NotebookClient(
        run,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    )
    client.execute()
    assert "semlib is installed." in outputs(run)[0].text
    kinds = [
        [sorted(output.get("data", {})) for output in outputs(which) if "data" in output]
        for which in (run, notebook)
    ]
    assert kinds[0] == kinds[1]


# the first cell


@pytest.fixture
def asked(monkeypatch):
    """What pip was called with."""
    calls = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: calls.append(command))
    return calls


@pytest.fixture
def bare(monkeypatch):
    """Makes this machine one without semlib and the packages named."""

    def without(*names):
        def version(name):
            if name in names:
                raise metadata.PackageNotFoundError(name)
            return "1.0"

        monkeypatch.setattr(metadata, "version", version)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    return without


def run_first_cell(source=PACKAGE):
    exec(front.cell(PROJECT, source), {})


def test_where_semlib_is_installed_nothing_is_done(asked, capsys):
    run_first_cell()
    assert capsys.readouterr().out == "semlib is installed.\n" and not asked


def test_anothers_semlib_is_named(asked, tmp_path, monkeypatch):
    (tmp_path / "semlib.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "semlib", raising=False)
    with pytest.raises(ImportError, match=r"Another project's.*pip uninstall semlib"):
        run_first_cell()
    assert not asked


def test_what_is_missing_is_installed_and_nothing_else(asked, bare, capsys):
    page = {name: metadata.version(name) for name in front.DECIDING}
    cell = front.cell(PROJECT, PACKAGE)
    bare("compressai", "jpeglib")
    exec(cell, {})
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    assert asked == [[*pip, PACKAGE, "compressai>=1.2.8", "jpeglib<2,>=1.0.2"]]
    assert capsys.readouterr().out.splitlines() == [
        "Installing semlib and 2 packages that this machine lacks, which takes about a"
        " minute ...",
        "semlib has been installed.",
        f"Some numbers will differ from the page's: pillow 1.0 (the page: {page['pillow']}),"
        f" torch 1.0 (the page: {page['torch']})",
    ]


def test_without_an_address_a_clone_is_needed(asked, bare):
    bare("compressai")
    with pytest.raises(ImportError, match="`make setup`"):
        run_first_cell(None)
    assert not asked


def test_pytorch_is_the_machines_own(asked, bare):
    bare("torch")
    with pytest.raises(ImportError, match="pip install torch torchvision"):
        run_first_cell()
    assert not asked


@pytest.mark.parametrize(
    "version, machine, refused",
    [
        ((3, 13), ("Linux", "x86_64"), True),
        ((3, 12), ("Linux", "aarch64"), True),
        ((3, 12), ("Linux", "x86_64"), False),
        ((3, 11), ("Darwin", "arm64"), False),
    ],
)
def test_a_missing_compiler_is_noticed_before(
    version, machine, refused, asked, bare, monkeypatch
):
    bare("compressai")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(platform, "system", lambda: machine[0])
    monkeypatch.setattr(platform, "machine", lambda: machine[1])
    if refused:
        with pytest.raises(ImportError, match=r"no C\+\+ compiler.*apt-get install g"):
            run_first_cell()
    else:
        run_first_cell()
    assert bool(asked) != refused


def imported(cell):
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)


def test_the_list_covers_what_the_chapters_import():
    listed = {re.split("[<>=]", need)[0] for need in front.needs(PROJECT)}
    ours = tomllib.loads(PROJECT.read_text())["project"]["name"]
    known = listed | front.needed(front.GIVEN) | {ours}
    chapters = [made(chapter) for chapter in sorted((ROOT / "chapters").glob("*.ipynb"))]
    names = {
        name for one in chapters for cell in cells(one, "code") for name in imported(cell)
    }
    owners = metadata.packages_distributions()
    for name in names - sys.stdlib_module_names:
        assert known & {owner.lower() for owner in owners[name]}, name


def test_the_list_leaves_pytorch_and_what_is_replaced_alone():
    listed = {re.split("[<>=]", need)[0] for need in front.needs(PROJECT)}
    assert {"compressai", "pytorch-msssim", "easyocr", "pandas"} <= listed
    assert not listed & {"torch", "torchvision", "numpy", "opencv-python"}


def test_the_cell_is_small_and_folded():
    cell = made(ROOT / "chapters" / "01-bits.ipynb").cells[1]
    assert cell.metadata.cellView == "form" and cell.source.startswith("#@title ")
    lines = front.cell(PROJECT, "here").splitlines()
    assert len(lines) < 90 and max(map(len, lines)) <= 78
