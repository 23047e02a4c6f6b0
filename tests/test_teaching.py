"""The teachers' page: its list is current, its plans name what there is and add up."""

import re
from functools import cache

import nbformat
import pytest
from conftest import ROOT

from tools.exercises import GUIDE, LIST, SOLUTION, about, guide, has_tag

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
PAGE = GUIDE.read_text(encoding="utf-8")
PLANS = re.search(r"^## Plans\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)[1]
TABLES = re.findall(r"(?:^\|.*\n)+", PLANS, re.MULTILINE)
HOMEWORK = re.findall(
    r"^At home, (\d+) minutes: (.*?\.)$", PLANS, re.DOTALL | re.MULTILINE
)


@cache
def minutes():
    """Of every exercise, by its title."""
    cells = [c for file in CHAPTERS for c in nbformat.read(file, as_version=4).cells]
    known = [about(cell) for cell in cells if has_tag(cell, SOLUTION)]
    return {one["title"]: one["minutes"] for one in known}


def named(text):
    """The exercises that a plan names, which may go over a line's end."""
    titles = re.findall(r"«(.*?)»", text, re.DOTALL)
    return [" ".join(one.split()) for one in titles]


def test_the_list_is_current():
    assert LIST.search(PAGE)[0] == guide(CHAPTERS)


def test_every_exercise_of_a_plan_exists():
    of_plans = named("\n".join([*TABLES, *(text for _, text in HOMEWORK)]))
    assert len(of_plans) > 50
    assert not [one for one in of_plans if one not in minutes()]


@pytest.mark.parametrize("plan", TABLES)
def test_a_plan_adds_up(plan):
    head, _, *rows, last = plan.strip().split("\n")
    assert head == "| minutes | what |"
    parts = []
    for row in rows:
        took, what = re.fullmatch(r"\| (\d+) \| (.*) \|", row).groups()
        asked = [minutes()[one] for one in named(what)]
        assert sum(asked) <= int(took), row
        parts.append(int(took))
    assert last == f"| **{sum(parts)}** | |"


def test_a_class_takes_an_hour_and_a_half():
    assert len(TABLES) == 1 + 2 + 2 + 6
    assert all(plan.endswith("| **90** | |\n") for plan in TABLES)


@pytest.mark.parametrize("took, text", HOMEWORK)
def test_homework_adds_up(took, text):
    assert sum(minutes()[one] for one in named(text)) == int(took)


def test_there_is_homework_every_week():
    assert len(HOMEWORK) == 6 == PLANS.count("At home,")
