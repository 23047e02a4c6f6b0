"""Works of the bibliography, named as the book's pages name them, with their links."""

from pathlib import Path
from types import MappingProxyType

from pybtex.backends import markdown
from pybtex.database import Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import BaseText
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle
from sphinxcontrib.bibtex.style.template import year

from .plain import linked, literal

STYLE = AuthorYearReferenceStyle()  # _config.yml: bibtex_reference_style
PLAIN = find_plugin("pybtex.style.formatting", "plain")()


class Backend(markdown.Backend):
    """pybtex's Markdown, which escapes no more than it must."""

    symbols = MappingProxyType({"ndash": "–", "newblock": " ", "nbsp": " "})

    def format_str(self, text: str) -> str:
        return literal(text)


class Bibliography:
    """The works of a BibTeX file."""

    def __init__(self, file: Path):
        self.entries = parse_file(str(file)).entries

    def textual(self, key: str) -> str:
        """`cite:t`: author and year, as part of a sentence."""
        names, published = named(self.entries[key])
        return linked(f"{names} [{published}]", address(self.entries[key]))

    def parenthetical(self, key: str) -> str:
        """`cite:p`: both in brackets."""
        names, published = named(self.entries[key])
        return linked(f"[{names}, {published}]", address(self.entries[key]))

    def listed(self, keys: set[str]) -> str:
        """A list of works, by author, each with its address."""
        works = PLAIN.format_entries([self.entries[key] for key in keys])
        return "\n".join(f"- {shown(work.text)}" for work in works)


def named(entry: Entry) -> tuple[str, str]:
    """Who wrote it, in short, and the year."""
    data = {"entry": entry, "style": STYLE}
    names = STYLE.person.author_or_editor_or_title(full=False)
    return shown(names.format_data(data)), shown(year.format_data(data))


def shown(text: BaseText) -> str:
    return text.render(Backend())


def address(entry: Entry) -> str | None:
    """A DOI's address, else arXiv's, else the work's own; None where there is none."""
    fields = entry.fields
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    return fields.get("url")
