"""MyST as plain Markdown: what the chapters use of it, and no more.

The parser is the book's own. It says where a role or a directive stands, and only that
place is written anew; every other character stays.
"""

from collections.abc import Callable

from docutils.parsers.rst.directives.admonitions import Admonition
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.myst_role.index import myst_role
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser

Spell = Callable[[str, str], str]  # a role's name and content: what stands for it
Change = tuple[int, int, str]  # from, to, and what takes its place

PLAIN = {
    *("paragraph_open", "paragraph_close", "heading_open", "heading_close"),
    *("bullet_list_open", "bullet_list_close", "ordered_list_open"),
    *("ordered_list_close", "list_item_open", "list_item_close", "fence", "math_block"),
    *("text", "softbreak", "em_open", "em_close", "strong_open", "strong_close"),
    *("code_inline", "math_inline", "link_open", "link_close"),
}


def placed_role(state: StateInline, silent: bool) -> bool:
    """MyST's rule for roles; the token also knows from where to where it stands."""
    start = state.pos
    found = myst_role(state, silent)
    if found and not silent:
        state.tokens[-1].meta["place"] = (start, state.pos)
    return found


PARSER = create_md_parser(
    MdParserConfig(enable_extensions={"colon_fence", "deflist", "dollarmath"}),
    RendererHTML,
)
PARSER.inline.ruler.at("myst_role", placed_role)


def plain(source: str, spell: Spell) -> str:
    """MyST as plain Markdown, its roles spelled.

    Raises:
        ValueError: it uses what has no plain form here.
    """
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    changes: list[Change] = []
    for token in PARSER.parse(source):
        if token.type == "inline":
            changes += spelled(token, lines, starts, spell)
        elif token.type == "colon_fence":
            first, end = token.map or (0, 0)
            changes.append((starts[first], starts[end] - 1, quoted(token, spell)))
        elif token.type not in PLAIN or token.info.startswith("{"):
            raise ValueError(f"no plain form for {token.type} {token.info}")
    for start, end, text in reversed(changes):
        source = source[:start] + text + source[end:]
    return source


def spelled(
    token: Token, lines: list[str], starts: list[int], spell: Spell
) -> list[Change]:
    """The roles within a paragraph or heading, each with its place in the source."""
    first = (token.map or [0])[0]
    within: list[int] = []  # where each character of the content stands in the source
    for number, line in enumerate(token.content.split("\n"), start=first):
        begin = starts[number] + lines[number].rfind(line)
        within += range(begin, begin + len(line) + 1)
    changes = []
    for child in token.children or []:
        if child.type == "myst_role":
            start, end = child.meta["place"]
            text = spell(child.meta["name"], child.content)
            changes.append((within[start], within[end - 1] + 1, text))
        elif child.type not in PLAIN:
            raise ValueError(f"no plain form for {child.type} {child.content}")
    return changes


def quoted(token: Token, spell: Spell) -> str:
    """An admonition as a block quote that begins with its title."""
    name, _, title = token.info.partition(" ")
    if name != "{admonition}":
        raise ValueError(f"no plain form for {name}")
    body = parse_directive_text(Admonition, title, token.content).body
    text = f"**{plain(title, spell)}**\n\n{plain(chr(10).join(body).strip(), spell)}"
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def literal(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + sign if sign in r"\`*_<>$" else sign for sign in text)


def linked(text: str, url: str | None) -> str:
    """A link; where there is no address, its words."""
    return f"[{text}]({url})" if url else text


def title(source: str) -> str:
    """The first heading of a page."""
    tokens = PARSER.parse(source)
    kinds = [token.type for token in tokens]
    return tokens[kinds.index("heading_open") + 1].content
