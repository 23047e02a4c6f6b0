"""The board as the page, the front page and the README show it."""

from collections.abc import Sequence
from html import escape
from itertools import groupby

from .claims import CLAIMS, NOT_ASKED
from .reproduce import experiment_of, experiments_of
from .rule import (
    NOT,
    NOT_TESTED,
    PARTLY,
    REPRODUCED,
    VERDICTS,
    Claim,
    Load,
    asked,
    conditions,
    stored_result,
    verdict,
    written,
)

Row = dict[str, str]


def board(section: str, load: Load = stored_result) -> list[Row]:
    """A row for each claim of a section: «2», «3» or «4»; with «2» the introduction's."""
    return [
        {
            "the paper": f"{claim.section} {claim.item}".strip(),
            "says": claim.says,
            "its number": claim.paper or "–",
            "ours, as the paper asked": _ours(claim, load),
            "verdict": _verdict(claim, load),
            "chapter": str(claim.chapter),
            "again": _command(claim),
        }
        for claim in CLAIMS
        if claim.section.startswith(("1", "2") if section == "2" else section)
    ]


def numbers(claims: Sequence[Claim] = CLAIMS, load: Load = stored_result) -> list[Row]:
    """A row for each trial of the claims that have some."""
    words = {True: "yes", False: "no", None: "–"}
    return [
        {
            "claim": claim.name,
            "by": trial.by,
            "on": trial.data,
            "ours": written(trial.mean(load), claim.unit),
            "must be": asked(trial, claim.unit),
            "is": words[trial.holds(load)],
        }
        for claim in claims
        for trial in claim.trials
    ]


def not_asked(section: str, load: Load = stored_result) -> list[Row]:
    """A row for each number that the paper did not ask for."""
    return [
        {
            "question": claim.says,
            "by": trial.by,
            "on": trial.data,
            "ours": written(trial.mean(load), claim.unit),
            "chapter": str(claim.chapter),
        }
        for claim in NOT_ASKED
        if claim.section == section
        for trial in claim.trials
    ]


def _command(claim: Claim) -> str:
    """What measures it again; an experiment, where networks are trained for it."""
    if not claim.trials:
        return "–"
    if experiments_of(claim):
        return f"semlib reproduce {claim.name}"
    return f"semlib evaluate {experiment_of(claim.trials[0].files()[0])}"


def _ours(claim: Claim, load: Load) -> str:
    if claim.trials:
        return written(claim.trials[0].mean(load), claim.unit)
    return claim.note or "a diagram or a description"


def _verdict(claim: Claim, load: Load) -> str:
    found = verdict(claim, load)
    if found != PARTLY:
        return found
    return f"{found}: {'; '.join(conditions(claim, load))}"


def counted(load: Load = stored_result) -> dict[str, int]:
    """How many claims have each verdict."""
    found = [verdict(claim, load) for claim in CLAIMS]
    return {name: found.count(name) for name in VERDICTS}


def html(rows: Sequence[Row]) -> str:
    """A table whose headers say what they are of. The first column names the row, or the
    rows: where it says the same in several, they are a group, and it says so once."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    groups = groupby(rows, key=lambda row: next(iter(row.values())))
    style = (
        "<style>.semlib-board th,.semlib-board td{white-space:normal!important;"
        "vertical-align:top;text-align:left}.semlib-board .semlib-words{min-width:8rem}"
        "</style>"
    )
    return (
        f'{style}<table class="semlib-board mathjax_ignore tex2jax_ignore">'
        f"<thead><tr>{head}</tr></thead>"
        f"{''.join(_group(name, list(group)) for name, group in groups)}</table>"
    )


def _group(name: str, rows: Sequence[Row]) -> str:
    lines = [
        "".join(f"<td{_room(text)}>{escape(text)}</td>" for text in [*row.values()][1:])
        for row in rows
    ]
    scope = f'"rowgroup" rowspan="{len(rows)}"' if rows[1:] else '"row"'
    lines[0] = f"<th scope={scope}{_room(name)}>{escape(name)}</th>{lines[0]}"
    return f"<tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody>"


def _room(text: str) -> str:
    """Words get a column that is wide enough for them, on a phone too."""
    return ' class="semlib-words"' if len(text) > 20 else ""


# what a verdict means, in a few words
MEANT = {
    REPRODUCED: "by all readers asked, on pictures not known to be kinder than real ones",
    PARTLY: "as the paper asked, but not, or not yet, by other readers or on others",
    NOT: "as the paper asked",
    NOT_TESTED: "no result is stored; chapters look at some of it on their page",
}


def short(load: Load = stored_result) -> str:
    """The board in Markdown: under each verdict the claims, with our numbers."""
    lines, counts = [], counted(load)
    for name, meaning in MEANT.items():
        lines.append(f"- **{name.capitalize()}, {counts[name]}**: {meaning}.")
        lines += [
            f"  - {_sentence(claim, load)}"
            for claim in CLAIMS
            if verdict(claim, load) == name
        ]
    return "\n".join(lines)


def _sentence(claim: Claim, load: Load) -> str:
    if not claim.trials:
        return f"{claim.says}."
    mean = written(claim.trials[0].mean(load), claim.unit)
    paper = f"; the paper: {claim.paper}" if claim.paper else ""
    return f"{claim.says} ({mean}{paper})."
