"""What an exercise is, and how it answers."""

import ast
import inspect
import math
import re
import reprlib
import textwrap
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from json import dumps
from typing import Any

import numpy as np
import torch
from IPython.display import display

from .placeholder import missing, todo

NOT_YET, WRONG, RIGHT = "not attempted yet", "not right", "right"
SIGNS = {NOT_YET: "○", WRONG: "✗", RIGHT: "✓"}


@dataclass(frozen=True)
class Outcome:
    """What an exercise answers: one of three kinds, and words."""

    kind: str
    words: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{SIGNS[self.kind]} {self.kind.capitalize()}. {self.words}".strip()

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        said = f"**{SIGNS[self.kind]} {self.kind.capitalize()}.** {self.words}".strip()
        return said + (unfolding("Hint", self.hint) if self.hint else "")


@dataclass
class Exercise:
    """One exercise. Called with an answer, it says how good that is.

    Args:
        answer: the solution, a function. What it returns is the right answer; where
            there are `trials`, the function itself is. Its docstring explains it.
        title: what the exercise is called.
        minutes: how long it takes.
        clue: the hint.
        why: said of a right answer: why it matters.
        mistakes: known wrong answers, each made as `answer` makes the right one, or
            given as it is; and what to say of it. Or what to say of each letter, where
            the right one follows from results, and may change when they are measured
            anew.
        trials: gives the arguments on which a function that is asked for is tried.
        letters: those that can be chosen, if one is to be chosen.
        tolerance: the relative difference that a right number may have.
    """

    answer: Callable[..., Any]
    title: str
    minutes: int
    clue: str
    why: str
    mistakes: Sequence[tuple[Any, str]] | dict[str, str]
    trials: Callable[[], Iterable[tuple]] | None = None
    letters: str = ""
    tolerance: float = 0.01
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.answer.__name__

    def __call__(self, answer: Any = todo) -> Outcome:
        """How good an answer is. Whatever it is, nothing is raised."""
        try:
            return self._answered(answer)
        except (Exception, SystemExit) as error:
            return Outcome(WRONG, stopped(error), self.clue)

    def _answered(self, answer: Any) -> Outcome:
        if missing(answer):
            return Outcome(
                NOT_YET, f"Put your answer in the place of {todo!r}", self.clue
            )
        if self.trials and not callable(answer):
            return Outcome(
                WRONG, "A function is asked for, not what it returns.", self.clue
            )
        return self.judged(self.results(answer))

    def judged(self, given: Any) -> Outcome:
        """How good an answer is, as `results` makes it."""
        if missing(given):
            return Outcome(NOT_YET, "The function returns nothing yet.", self.clue)
        if same(given, self.right, self.tolerance):
            return Outcome(RIGHT, self.why)
        for wrong, words in self.known:
            if same(given, wrong, self.tolerance):
                return Outcome(WRONG, words, self.clue)
        return Outcome(WRONG, self._difference(given), self.clue)

    def results(self, answer: Any) -> Any:
        """An answer as it is compared: what a function makes of the trials."""
        if not self.trials:
            return answer
        return [answer(*deepcopy(arguments)) for arguments in self.trials()]

    @cached_property
    def right(self) -> Any:
        """The right answer, computed when it is first needed."""
        return self.results(self.answer if self.trials else self.answer())

    @property
    def wrong(self) -> Sequence[tuple[Any, str]]:
        """The known wrong answers as they are given, each with what to say of it."""
        if isinstance(self.mistakes, dict):
            return [
                (letter, words)
                for letter, words in self.mistakes.items()
                if letter != self.right
            ]
        return self.mistakes

    @cached_property
    def known(self) -> list[tuple[Any, str]]:
        """The known wrong answers, computed, each with what to say of it."""
        return [
            (
                self.results(wrong if self.trials or not callable(wrong) else wrong()),
                words,
            )
            for wrong, words in self.wrong
        ]

    def _difference(self, given: Any) -> str:
        """What can be said of a mistake that is not known."""
        if self.letters:
            return f"One of these is asked for: {', '.join(self.letters)}."
        if self.trials:
            for arguments, mine, right in zip(self.trials(), given, self.right):
                if not same(mine, right, self.tolerance):
                    of = ", ".join(map(shown, arguments))
                    return f"Of `{of}` it makes `{shown(mine)}`."
        if isinstance(self.right, int | float | np.number):
            number = as_number(given)
            if number is None or math.isnan(number):
                return f"A number is asked for, not `{shown(given)}`."
            return "It is too small." if number < self.right else "It is too large."
        return f"`{shown(given)}` is not it."

    def hint(self) -> None:
        """Show the hint."""
        display({"text/markdown": self.clue, "text/plain": self.clue}, raw=True)

    def solution(self) -> None:
        """Show the solution: in code, and in words."""
        text = self.solved
        display({"text/markdown": text, "text/plain": text}, raw=True)

    @property
    def code(self) -> str:
        """The solution as it stands in a cell: the function that is asked for, or
        lines that end with what the answer is."""
        lines = textwrap.dedent(inspect.getsource(self.answer)).splitlines()
        function = ast.parse("\n".join(lines)).body[0]
        assert isinstance(function, ast.FunctionDef)
        words = ast.get_docstring(function) is not None
        first = function.body[words].lineno - 1
        body = lines[first:]
        if self.trials:
            head = lines[function.lineno - 1 : function.body[0].lineno - 1]
            return "\n".join(head + body)
        text = textwrap.dedent("\n".join(body))
        return re.sub(r"^return ", f"{self.name} = ", text, flags=re.MULTILINE)

    @property
    def words(self) -> str:
        """The solution in words; {right} in them is the right answer."""

        def number(found: re.Match) -> str:
            return format(self.right, found[1] or "")

        return re.sub(r"\{right:?([^}]*)\}", number, inspect.getdoc(self.answer) or "")

    @property
    def solved(self) -> str:
        return f"{self.words}\n\n```python\n{self.code}\n```"

    def page(self) -> None:
        """What the page shows below the question: a field for the answer, where it can
        be a number or a letter, the hint and the solution, folded."""
        quiz = self.quiz
        asked = (
            f'<div class="semlib-quiz" data-quiz="{escape(dumps(quiz))}"></div>\n'
            if quiz
            else ""
        )
        folded = unfolding("Hint", self.clue) + unfolding("Solution", self.solved)
        about = {
            "name": self.name,
            "title": self.title,
            "minutes": self.minutes,
            "hint": self.clue,
            "words": self.words,
            "code": self.code,
            "why": self.why,
            "mistakes": [words for _, words in self.wrong],
        }
        display(
            {"text/markdown": asked + folded, "text/plain": self.title},
            metadata={"exercise": about},
            raw=True,
        )

    @property
    def quiz(self) -> dict | None:
        """What the page's script needs to answer as this does, or None."""
        if not (self.letters or isinstance(self.right, int | float | np.number)):
            return None
        plain = str if self.letters else float
        return {
            "name": self.title,
            "letters": self.letters,
            "right": plain(self.right),
            "why": self.why,
            "tolerance": self.tolerance,
            "mistakes": [[plain(wrong), words] for wrong, words in self.known],
        }


def exercise(title: str, minutes: int, hint: str, why: str, mistakes, **more):
    """Make an exercise of its solution, a function; see `Exercise`."""

    def of(answer: Callable[..., Any]) -> Exercise:
        return Exercise(answer, title, minutes, hint, why, mistakes, **more)

    return of


def exercises(module) -> list[Exercise]:
    """A chapter's exercises, in their order."""
    return [each for each in vars(module).values() if isinstance(each, Exercise)]


def unfolding(summary: str, text: str) -> str:
    """Markdown that is folded until it is asked for."""
    return f"\n\n<details><summary>{summary}</summary>\n\n{text}\n\n</details>\n"


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers agree: numbers within a relative tolerance, arrays of one
    shape everywhere, letters and words whatever their case, lists and dictionaries in
    all their parts."""
    if isinstance(other, str):
        return isinstance(one, str) and one.strip().lower() == other.lower()
    if isinstance(other, bytes):
        return isinstance(one, bytes) and one == other
    if isinstance(other, dict):
        return (
            isinstance(one, dict)
            and one.keys() == other.keys()
            and all(same(one[key], other[key], tolerance) for key in other)
        )
    if isinstance(other, list | tuple):
        one = as_list(one)
        return (
            one is not None
            and len(one) == len(other)
            and all(same(a, b, tolerance) for a, b in zip(one, other))
        )
    mine, theirs = as_array(one), as_array(other)
    return (
        mine is not None
        and theirs is not None
        and mine.shape == theirs.shape
        and np.allclose(mine, theirs, rtol=tolerance, atol=1e-9, equal_nan=True)
    )


def as_array(value: Any) -> np.ndarray | None:
    """Numbers as an array of floats; None for what is none."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
    if isinstance(value, str | bytes | dict):
        return None
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def as_number(value: Any) -> float | None:
    array = as_array(value)
    return float(array) if array is not None and array.ndim == 0 else None


def as_list(value: Any) -> list | None:
    if isinstance(value, np.ndarray | torch.Tensor):
        return list(value)
    return list(value) if isinstance(value, list | tuple) else None


def stopped(error: BaseException) -> str:
    """That an answer ended in an error, in one line."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return f"It stops with {line[:200]}"


def shown(value: Any) -> str:
    """A value in a few characters of one line."""
    if isinstance(value, np.ndarray | torch.Tensor):
        value = as_array(value)
        return " ".join(f"{np.round(value, 4).tolist()}"[:60].split()) + (
            " …" if value.size > 8 else ""
        )
    return " ".join(reprlib.repr(value).split()).replace("`", "'")
