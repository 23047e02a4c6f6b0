"""The exercises of a chapter, as students get them and as teachers do.

In a chapter an exercise is four cells: the question; a place for the answer and a call of
the check, both tagged «exercise»; and a call of `Exercise.page`, tagged «solution», whose
output has hint and solution for the page, and in its metadata all that is needed here.

`python -m tools.exercises` prints a table of them all, and writes it, with each of them
and what usually goes wrong in it, into the teachers' page.
"""

import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from semlib.check.answers import RIGHT, Outcome, unfolding

from .plain import title

ROOT = Path(__file__).resolve().parent.parent
TAG, SOLUTION = "exercise", "solution"
GUIDE = ROOT / "book" / "teaching.md"
LIST = re.compile("(?<=<!-- exercises -->\n).*?(?=<!-- end of exercises -->)", re.DOTALL)


def has_tag(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def about(cell: NotebookNode) -> dict[str, Any]:
    """What the output of a solution's cell says of its exercise."""
    return next(output.metadata.exercise for output in cell.outputs)


def asked(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells without solutions."""
    return [cell for cell in notebook.cells if not has_tag(cell, SOLUTION)]


def solved(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells with every exercise solved, what its check then says, and remarks."""
    cells = [*notebook.cells]
    for at, cell in enumerate(cells):
        if not has_tag(cell, SOLUTION):
            continue
        known = about(cell)
        answer, check = cells[at - 2 : at]
        answer.source = with_solution(answer.source, known["code"])
        said = Outcome(RIGHT, known["why"])
        data = {"text/plain": str(said), "text/markdown": said._repr_markdown_()}
        count = check.execution_count
        check.outputs = [new_output("execute_result", data, execution_count=count)]
        cells[at] = new_markdown_cell(remarks(known), id=cell.id)
    return cells


def with_solution(stub: str, code: str) -> str:
    """The solution in the place of a stub, below what the stub imports."""
    imports = [line for line in stub.split("\n") if line.startswith(("import ", "from "))]
    gap = "\n\n\n" if code.startswith("def ") else "\n\n"
    return gap.join(["\n".join(imports), code]) if imports else code


def remarks(known: dict[str, Any]) -> str:
    """What a teacher wants to know of an exercise."""
    wrong = "\n".join(f"- {words}" for words in known["mistakes"])
    return (
        f"**For teachers**, {known['minutes']} minutes. {known['words']}\n\n"
        f"*Hint:* {known['hint']}\n\n*What the check says of known mistakes:*\n\n{wrong}"
    )


def table(chapters: list[Path]) -> str:
    """Chapter, exercises, minutes, checks and known wrong answers, a line each."""
    rows = ["| chapter | exercises | minutes | checks | wrong answers known |"]
    rows.append("|---|---|---|---|---|")
    total = [0, 0, 0, 0]
    for chapter in chapters:
        cells = nbformat.read(chapter, as_version=4).cells
        known = [about(cell) for cell in cells if has_tag(cell, SOLUTION)]
        if not known:
            continue
        row = [
            len(known),
            sum(each["minutes"] for each in known),
            sum(
                f".{each['name']}({each['name']})" in c.source
                for each in known
                for c in cells
            ),
            sum(len(each["mistakes"]) for each in known),
        ]
        total = [a + b for a, b in zip(total, row)]
        rows.append(f"| {chapter.stem} | {' | '.join(map(str, row))} |")
    return "\n".join([*rows, f"| all | {' | '.join(map(str, total))} |"])


def guide(chapters: list[Path]) -> str:
    """The table, and for every chapter its exercises and their known mistakes."""
    parts = [table(chapters)]
    for chapter in chapters:
        cells = nbformat.read(chapter, as_version=4).cells
        known = [
            (about(cell), asks_for(cells[at - 3], about(cell)))
            for at, cell in enumerate(cells)
            if has_tag(cell, SOLUTION)
        ]
        if not known:
            continue
        rows = ["| exercise | minutes | asks for | known |", "|---|---|---|---|"]
        rows += [
            f"| {one['title']} | {one['minutes']} | {what} | {len(one['mistakes'])} |"
            for one, what in known
        ]
        wrong = [f"- *{one['title']}*: {' '.join(one['mistakes'])}" for one, _ in known]
        heading = f"### Chapter {int(chapter.stem[:2])}: {title(cells[0].source)}"
        folded = unfolding("What usually goes wrong", "\n".join(wrong)).strip()
        parts.append("\n\n".join([heading, "\n".join(rows), folded]))
    return "\n" + "\n\n".join(parts) + "\n\n"


def asks_for(question: NotebookNode, known: dict[str, Any]) -> str:
    if known["code"].startswith("def "):
        return "a function"
    return "a letter" if "\n- **a** " in question.source else "a number"


if __name__ == "__main__":
    every = sorted((ROOT / "chapters").glob("*.ipynb"))
    text = GUIDE.read_text(encoding="utf-8")
    GUIDE.write_text(LIST.sub(lambda _: guide(every), text), encoding="utf-8")
    print(table(every))
