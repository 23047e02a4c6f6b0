"""The exercises: what they answer, in notebooks and on pages, and who sees what of them."""

import importlib
import json
import re
import time
from functools import cache
from html import escape

import nbformat
import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from nbclient import NotebookClient
from test_book import browser  # noqa: F401

from semlib.check import Exercise, exercise, todo
from semlib.check.answers import NOT_YET, RIGHT, WRONG, exercises
from tools.editions import Book, edition
from tools.exercises import SOLUTION, TAG, about, has_tag, table

CHAPTERS = {
    int(file.stem.removeprefix("chapter")): file.stem
    for file in sorted((ROOT / "semlib" / "check").glob("chapter?.py"))
}
NOTEBOOKS = {n: next((ROOT / "chapters").glob(f"{n:02}-*.ipynb")) for n in CHAPTERS}
SECONDS = 2  # of a core
RUNS_A_NETWORK = {"seen_in_training": 10}  # on a dozen pictures, twice


@cache
def of_chapter(number: int) -> list[Exercise]:
    return exercises(importlib.import_module(f"semlib.check.{CHAPTERS[number]}"))


def pytest_generate_tests(metafunc):
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", CHAPTERS)
    if "one" in metafunc.fixturenames:
        every = [each for number in CHAPTERS for each in of_chapter(number)]
        metafunc.parametrize("one", every, ids=lambda each: each.name)


@cache
def read(number):
    return nbformat.read(NOTEBOOKS[number], as_version=4)


@cache
def made(number, teacher):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return edition(NOTEBOOKS[number], Book(ROOT, config), teacher)


def given(one, wrong):
    """A wrong answer as somebody would give it."""
    return wrong() if callable(wrong) and not one.trials else wrong


# what they answer


def test_the_solution_is_right_and_says_why(one):
    began = time.process_time()
    outcome = one(one.answer if one.trials else one.answer())
    assert (outcome.kind, outcome.words) == (RIGHT, one.why) and one.why
    assert time.process_time() - began < RUNS_A_NETWORK.get(one.name, SECONDS)


def test_checking_again_takes_no_time(one):
    answer = one.answer if one.trials else one.right
    one(answer), one(0)  # what is computed once
    began = time.process_time()
    one(answer), one(lambda *_: 0), one(0)
    assert time.process_time() - began < 1


def test_known_mistakes_get_their_own_sentence(one):
    said = []
    for wrong, words in one.wrong:
        outcome = one(given(one, wrong))
        assert (outcome.kind, outcome.words) == (WRONG, words)
        assert outcome.hint == one.clue
        said.append(words)
    assert len(set(said)) == len(said) >= 2


def test_nothing_tried_is_not_attempted(one):
    for answer in (todo, None, ..., todo + 1, [1, todo]):
        assert one(answer).kind == NOT_YET
    if one.trials:
        assert one(lambda *_: todo).kind == NOT_YET


def divided(*_):
    return 1 / 0


def left(*_):
    raise SystemExit


@pytest.mark.parametrize(
    "answer",
    [
        "", "?", b"", -1e9, float("nan"), [], {}, object(), np.eye(3), torch.eye(3), set(),
        len, divided, left, lambda: 0, lambda *_: "?", lambda *_: np.eye(2), 10**400, [[1], 2],
    ],
    ids=lambda answer: type(answer).__name__,  # the same in every process
)  # fmt: skip
def test_whatever_is_answered_nothing_is_raised(one, answer):
    outcome = one(answer)
    assert outcome.kind == WRONG
    for text in (repr(outcome), outcome._repr_markdown_()):
        assert "Traceback" not in text and "semlib/check" not in text
    assert "\n" not in repr(outcome) and len(outcome.words) < 400


def test_words_are_filled_in(one):
    assert one.words and "{right" not in one.words + one.solved
    assert one.clue and 1 <= one.minutes <= 60
    compile(one.code, one.name, "exec")
    assert one.code.startswith("def ") == bool(one.trials)


def test_texts_end_as_sentences(one):
    for text in (one.why, one.clue, *(words for _, words in one.wrong)):
        assert text[0].isupper() or text[0] in "`«-−" or text[0].isdigit(), text
        assert text.endswith((".", "?", ".`")), text


def test_each_chapter_has_enough(number):
    assert len(of_chapter(number)) >= 5
    assert len({each.title for each in of_chapter(number)}) == len(of_chapter(number))
    assert min(each.minutes for each in of_chapter(number)) <= 2


# the parts that are not an exercise's own


@exercise(
    "Half", 1, "Divide.", "So it is.", [(lambda: 1.0, "One."), (lambda: -0.5, "Sign.")]
)
def half():
    """It is {right:.2f}."""
    whole = 1
    return whole / 2


@exercise(
    "Doubled",
    1,
    "Add.",
    "Yes.",
    [(lambda a: a, "Once.")],
    trials=lambda: [([1, 2],), ([],)],
)
def doubled(values):
    """Twice."""
    return [*values, *values]


def test_what_is_near_enough_is_right():
    assert half(0.5).kind == half(np.float32(0.5)).kind == half(torch.tensor(0.5)).kind
    assert half(0.504).kind == RIGHT and half(0.506).kind == WRONG
    assert half(0.6).words == "It is too large." and half(0.1).words == "It is too small."
    assert half("0.5").words == "A number is asked for, not `'0.5'`."
    assert half([0.5]).kind == WRONG


def test_the_code_is_as_in_a_cell():
    assert half.code == "whole = 1\nhalf = whole / 2"
    assert doubled.code == "def doubled(values):\n    return [*values, *values]"
    assert half.words == "It is 0.50."


def test_a_function_is_tried_on_copies_and_shown_where_it_fails():
    def eats(values):
        return [values.pop() for _ in range(len(values))] * 2

    assert doubled(eats).words == "Of `[1, 2]` it makes `[2, 1, 2, 1]`."
    assert doubled(lambda values: list(values) * 2).kind == RIGHT
    assert doubled([1, 2, 1, 2]).words.startswith("A function is asked for")
    assert doubled(divided).words == "It stops with ZeroDivisionError: division by zero"


def test_an_outcome_is_read_by_people():
    outcome = half(1.0)
    assert repr(outcome) == "✗ Not right. One."
    assert outcome._repr_markdown_().startswith("**✗ Not right.** One.\n\n<details>")
    assert "details" not in half(0.5)._repr_markdown_()


def test_the_placeholder_bears_everything():
    assert not todo == todo and todo != todo and not todo == 1  # noqa: SIM201
    assert todo != np.pi
    assert not todo and len(todo) == 0 and [*todo] == [] and np.isnan(float(todo))
    for made_of_it in (
        todo + 1, 1 - todo, todo.mean(3), todo[2:], -todo, todo @ np.eye(2),
        np.eye(2) * todo, round(todo), todo(4).x,
    ):  # fmt: skip
        assert made_of_it is todo
    assert repr(todo) == "…" and not todo < 3 and not 3 in todo  # noqa: E713
    assert not hasattr(todo, "_repr_html_")


# where they stand


def test_a_chapter_asks_all_of_its_exercises(number):
    cells, name = read(number).cells, CHAPTERS[number]
    found = {}
    for ask, stub, check, solution in zip(cells, cells[1:], cells[2:], cells[3:]):
        if has_tag(solution, SOLUTION):
            found[about(solution)["name"]] = (ask, stub, check, solution)
    assert found.keys() == {each.name for each in of_chapter(number)}
    for one in of_chapter(number):
        ask, stub, check, solution = found[one.name]
        title = f"### Exercise: {one.title} ({one.minutes} minutes)\n"
        assert ask.source.startswith(title)
        assert has_tag(stub, TAG) and "todo" in stub.source and one.name in stub.source
        assert has_tag(check, TAG) and has_tag(check, "remove-cell")
        assert check.source == f"{name}.{one.name}({one.name})"
        assert check.outputs[0].data["text/plain"].startswith("○ Not attempted yet.")
        assert solution.source == f"{name}.{one.name}.page()"
        for letter in one.letters:
            assert f"\n- **{letter}** " in ask.source


def test_the_stored_words_are_those_of_the_package(number):
    stored = [about(cell) for cell in read(number).cells if has_tag(cell, SOLUTION)]
    now = {each.name: each for each in of_chapter(number)}
    for known in stored:
        one = now[known["name"]]
        assert known["code"] == one.code and known["why"] == one.why
        assert known["words"] == one.words
        assert known["mistakes"] == [words for _, words in one.wrong]


def test_students_get_no_solution(number):
    text = json.dumps(made(number, False), ensure_ascii=False)
    for one in of_chapter(number):
        secrets = [one.words, one.why, *(words for _, words in one.wrong)]
        secrets += [line for line in one.code.split("\n")[1:] if len(line) > 45]
        for secret in secrets:
            inside = json.dumps(secret, ensure_ascii=False)[1:-1]
            known = any(secret in c.source for c in read(number).cells)
            assert inside not in text or known, secret
    assert "semlib-quiz" not in text and ".page()" not in text
    assert "For teachers" not in text and "✓" not in text


def test_students_can_write(number):
    cells = {cell.id: cell for cell in made(number, False).cells}
    source = {cell.id: cell for cell in read(number).cells}
    stubs = [cell for cell in source.values() if has_tag(cell, TAG)]
    assert len(stubs) == 2 * len(of_chapter(number))
    for stub in stubs:
        assert cells[stub.id].source == stub.source
        assert not cells[stub.id].metadata


def test_teachers_get_them_all(number):
    cells = made(number, True).cells
    text = "\n".join(cell.source for cell in cells)
    assert text.count("**For teachers**") == len(of_chapter(number))
    for one in of_chapter(number):
        assert one.code in text and one.clue in text and one.words in text
        assert all(words in text for _, words in one.wrong)
    outputs = [o for c in cells if c.cell_type == "code" for o in c.outputs]
    said = [
        o.data["text/plain"]
        for o in outputs
        if "✓" in o.get("data", {}).get("text/plain", "")
    ]
    assert said == [
        f"✓ Right. {about(c)['why']}" for c in read(number).cells if has_tag(c, SOLUTION)
    ]
    assert "todo]" not in text and "= todo" not in text and "return todo" not in text


@pytest.mark.slow
def test_a_teachers_notebook_runs_and_all_is_right(number, tmp_path):
    run = nbformat.reads(nbformat.writes(made(number, True)), as_version=4)
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(
        run,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    ).execute()
    before = {cell.id: cell for cell in made(number, True).cells}
    checks = [
        c for c in run.cells if re.match(rf"{CHAPTERS[number]}\.\w+\(\w+\)$", c.source)
    ]
    assert len(checks) == len(of_chapter(number))
    for cell in checks:
        assert cell.outputs[0].data == before[cell.id].outputs[0].data


@pytest.mark.slow
def test_no_page_leads_to_a_teachers_notebook():
    html = ROOT / "_build" / "html"
    notebooks = [*html.rglob("*.ipynb")]
    assert len(notebooks) >= len(CHAPTERS)
    for file in notebooks:
        assert "**For teachers**" not in file.read_text(encoding="utf-8"), file
    for page in html.rglob("*.html"):
        assert "teachers/" not in page.read_text(encoding="utf-8"), page


def test_the_table_counts_them():
    lines = table([*NOTEBOOKS.values()]).split("\n")
    every = [each for number in CHAPTERS for each in of_chapter(number)]
    minutes, known = sum(e.minutes for e in every), sum(len(e.wrong) for e in every)
    assert lines[-1] == f"| all | {len(every)} | {minutes} | {len(every)} | {known} |"


# on the page


@pytest.fixture(scope="module")
def quizzes(tmp_path_factory):
    """A page with every question that can be answered on one, and nothing else."""
    every = [each for number in CHAPTERS for each in of_chapter(number) if each.quiz]
    places = "".join(
        f'<div id="{each.name}" class="semlib-quiz" data-quiz="{escape(json.dumps(each.quiz))}">'
        "</div>"
        for each in every
    )
    script = "".join(
        (ROOT / "book" / "js" / name).read_text(encoding="utf-8")
        for name in ("made.js", "quiz.js")
    )
    style = (ROOT / "book" / "css" / "book.css").read_text(encoding="utf-8")
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Quiz</title>'
        f"<style>{style}</style><body>{places}<script>{script}</script></body></html>",
        encoding="utf-8",
    )
    return file.as_uri(), every


@pytest.fixture(scope="module")
def page(browser, quizzes):  # noqa: F811
    page = browser.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: r.url.startswith("file:") or wrong.append(r.url))
    page.goto(quizzes[0])
    yield page
    page.close()
    assert not wrong


def answered(page, one, answer):
    """What is said when somebody answers, by keyboard alone."""
    form = page.locator(f"#{one.name} form")
    if one.letters:
        choice = form.locator(f"input[value={answer}]")
        choice.focus()
        page.keyboard.press("Space")
    else:
        field = form.locator("input")
        field.focus()
        page.keyboard.press("Control+a")
        page.keyboard.type(answer if isinstance(answer, str) else repr(float(answer)))
    page.keyboard.press("Enter")
    said = form.locator("[role=status]")
    return said.get_attribute("data-kind"), said.inner_text()


@pytest.mark.slow
def test_the_page_answers_as_the_notebook_does(page, quizzes):
    for one in quizzes[1]:
        kind, text = answered(page, one, one.right)
        assert kind == "right" and text.startswith("✓ Right. "), one.name
        for wrong, words in one.wrong:
            kind, text = answered(page, one, given(one, wrong))
            assert kind == "wrong" and text.startswith("✗ Not right. "), (one.name, text)
            if not set("$`*") & set(words):
                assert text == f"✗ Not right. {words}"
            assert not set("$`*\\") & set(text)


@pytest.mark.slow
def test_the_page_knows_an_empty_field_and_other_spellings(page, quizzes):
    one = next(each for each in quizzes[1] if not each.letters and 1 < each.right < 90)
    page.reload()
    form = page.locator(f"#{one.name} form")
    form.locator("button").click()
    assert form.locator("[role=status]").inner_text() == "○ Not attempted yet."
    spelled = f"{one.right:.3f}"
    for text in (spelled, spelled.replace(".", ","), f" {spelled} % "):
        assert answered(page, one, text)[0] == "right", text
    assert answered(page, one, "many")[1] == "✗ Not right. A number is asked for."
    assert answered(page, one, "9,999,999.5")[1] == "✗ Not right. It is too large."


@pytest.mark.slow
def test_fields_have_names_and_room_for_a_finger(page):
    for field in page.locator(".semlib-quiz input[type=text]").all():
        assert field.evaluate("f => f.labels[0].textContent") == "Your answer"
    for group in page.locator(".semlib-quiz fieldset").all():
        assert group.locator("legend").inner_text() == "Your answer"
    names = [form.get_attribute("aria-label") for form in page.locator("form").all()]
    assert all(names) and len(set(names)) == len(names)
    small = "(all) => all.filter(e => e.getBoundingClientRect().height < 44).length"
    for kind in ("button", "label", "input[type=text]"):
        assert page.locator(f".semlib-quiz {kind}").evaluate_all(small) == 0, kind
