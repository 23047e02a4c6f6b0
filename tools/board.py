"""The short scoreboard on the front page and in the README: `python -m tools.board`.

It is written between two markers, from `results/` alone; a test holds what stands there
to what would be written.
"""

import textwrap
from pathlib import Path

from semlib.scoreboard import VERDICTS
from semlib.scoreboard.tables import counted, short

ROOT = Path(__file__).resolve().parent.parent
PLACES = ROOT / "README.md", ROOT / "book" / "preface.md"
BEGIN, END = "<!-- scoreboard: python -m tools.board -->", "<!-- scoreboard ends -->"


def written(text: str) -> str:
    """A page with today's board between the markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"no place for the board: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{board()}\n\n{END}{after}"


def board() -> str:
    """How many claims of each verdict, and which."""
    counts = counted()
    tested = sum(counts[name] for name in VERDICTS[:3])
    every = tested + counts[VERDICTS[3]]
    head = (
        f"In its sections 2 to 4 the paper makes {every} claims that can be tested; "
        f"{tested} have been. Chapter 10 has every one with its rule, its interval and "
        "its command, and `semlib reproduce` measures them again."
    )
    return "\n".join(map(_filled, [head, "", *short().splitlines()]))


def _filled(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip(" -")))
    return textwrap.fill(line, 88, subsequent_indent=indent)


if __name__ == "__main__":
    for place in PLACES:
        text = place.read_text(encoding="utf-8")
        place.write_text(written(text), encoding="utf-8")
