"""The experiments of the book: which question each answers, and how to ask it again."""

import inspect
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..images import InputError

# what a command line can give; other parameters of `run` keep their defaults
ASKED = (int, float, str, Path, Sequence[str], list[Path])


@dataclass(frozen=True)
class Experiment:
    """A question, and what answers it.

    ``name`` is what `semlib evaluate` calls it; what it found lies in ``results/`` in
    files whose names begin so. ``item`` is what it reproduces of the paper, if anything;
    ``minutes``, about how long it takes on two cores.
    """

    name: str
    chapter: int
    question: str
    item: str
    minutes: int

    @property
    def run(self) -> Callable[..., dict]:
        """Its module's `run`; see there for what it takes and gives."""
        module = self.name.replace("-", "_")
        return import_module(f"semlib.experiments.{module}").run

    def options(self) -> dict[str, inspect.Parameter]:
        """The parameters of `run` that a command line can give."""
        return {
            name: parameter
            for name, parameter in inspect.signature(self.run).parameters.items()
            if parameter.annotation in ASKED
        }

    def help(self) -> dict[str, str]:
        """What each of them means, from the docstring."""
        doc = inspect.getdoc(self.run) or ""
        text = doc.partition("Args:\n")[2].partition("\n\n")[0]
        said = re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w|\Z)", text, re.M | re.S)
        return {name: _sentence(meaning) for name, meaning in said}

    def measure(self, **given) -> dict:
        """Run it: what was found, and where, when and how.

        Raises:
            InputError: a number of pages, images, steps or seeds is below 1.
        """
        from . import results

        for name, value in given.items():
            if self.options()[name].annotation is int and value < 1:
                raise InputError(f"--{name} must be 1 or more, not {value}")
        where, began = results.provenance(), time.monotonic()
        results.MEASURED.clear()
        found = self.run(**given)
        return {
            **found,
            "command": self._command(given),
            **where,
            **results.measured(),
            "seconds": round(time.monotonic() - began),
        }

    def _command(self, given: dict) -> str:
        """What to type to do the same, whatever folder keeps what was measured."""
        words = ["semlib evaluate", self.name]
        for name, parameter in self.options().items():
            value = given.get(name, parameter.default)
            if parameter.annotation == list[Path]:
                words += [path.name for path in value]
            elif parameter.annotation == Sequence[str]:
                words += [f"--{name} {each!r}" for each in value]
            elif parameter.annotation is not Path:
                words.append(f"--{name} {value}")
        return " ".join(words)


def _sentence(meaning: str) -> str:
    text = " ".join(meaning.replace("`", "").split())
    return text[0].upper() + text[1:]


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "rate-distortion",
            3,
            "What do codecs need in bits for a PSNR: the "
            "learned ones and their classical peers?",
            "",
            35,
        ),
        Experiment(
            "coding-speed",
            3,
            "How do time and memory of a learned codec grow with the picture?",
            "",
            3,
        ),
        Experiment(
            "recognizers",
            4,
            "What do three readers read, on words and on pages, and how fast?",
            "section 3.3, the recognizers",
            3,
        ),
        Experiment(
            "recognizer-ablation",
            4,
            "What is each stage of a reader worth at an equal budget?",
            "",
            155,
        ),
        Experiment(
            "checkpoints",
            5,
            "What does a network make of pictures as its training goes on?",
            "",
            15,
        ),
        Experiment(
            "tfic",
            6,
            "How many bits does a text need, by codecs with and without a reader?",
            "section 3, Figures 3 to 5",
            120,
        ),
        Experiment(
            "scene-text",
            6,
            "How many bits do words on any ground need, by codecs at their best?",
            "section 3, Figures 3 to 5",
            120,
        ),
        Experiment(
            "scene-regions",
            6,
            "And how many if the sender knows where the words are?",
            "",
            80,
        ),
        Experiment(
            "tfic-recognizers",
            6,
            "Which reader was a codec trained against, and who else gains?",
            "",
            60,
        ),
        Experiment(
            "tfic-speed",
            6,
            "Does it take longer to compress a picture or to read it?",
            "Table 1",
            10,
        ),
        Experiment(
            "jpeg-quality",
            7,
            "What is read after JPEG, at every size and quality?",
            "section 4.1",
            15,
        ),
        Experiment(
            "restoration",
            8,
            "What is read of ruined pages, repaired in many ways?",
            "section 4.6, Figures 9 and 10",
            20,
        ),
        Experiment(
            "robustness",
            8,
            "What do restorers do with pages that they were not trained on?",
            "",
            60,
        ),
        Experiment(
            "same-bytes",
            8,
            "What else could have been done with a ruined page's bytes?",
            "",
            30,
        ),
        Experiment(
            "dct-loss-sweep",
            8,
            "What are the two parts of DnCNN's loss worth, at an equal budget?",
            "section 4.4",
            45,
        ),
        Experiment(
            "generality",
            9,
            "What does a second network do with pages that it was not trained on?",
            "",
            25,
        ),
        Experiment(
            "acceptance",
            9,
            "How sure must a second network be, and what does it cost?",
            "",
            8,
        ),
        Experiment(
            "guided-ablation",
            9,
            "Where does the second network's gain come from?",
            "section 4.5",
            15,
        ),
    )
}
