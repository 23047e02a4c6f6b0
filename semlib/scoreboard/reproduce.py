"""A claim's numbers, measured anew from the shipped weights and compared with what is
stored."""

import inspect
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import norm, t

from .. import zoo
from ..experiments import EXPERIMENTS, results
from ..images import InputError
from ..training import presets
from .claims import CLAIMS, NOT_ASKED
from .rule import Claim, Mean, Trial, stored_result

REPAIRED = ["degraded", "dncnn", *zoo.PAIR, "unet"]
QUICK = 3  # pictures, or pages
LEAST = 2  # of one there is no interval


@dataclass(frozen=True)
class Small:
    """How an experiment is asked for the claims' numbers on a few pictures, and about how
    many seconds of one core each takes."""

    seconds: float
    options: Callable[[int], dict]


# what is not here trains networks, or cannot be measured on a part of its pictures
SMALL = {
    "tfic": Small(8, lambda n: {"subset": n, "settings": {}}),
    "tfic-recognizers": Small(5, lambda n: {"subset": n}),
    "tfic-speed": Small(1, lambda n: {"subset": n}),
    "restoration": Small(13, lambda n: {"subset": n, "only": _known(REPAIRED)}),
    "robustness": Small(200, lambda n: {"subset": n}),
    "same-bytes": Small(40, lambda n: {"subset": n, "choosing": 24}),
}
# whatever the pictures, their rivals are chosen first
LONG = ("scene-text", "scene-regions")
# a loaded machine tells nothing of times; the others take long for few pictures
NOT_QUICK = ("tfic-speed", "tfic-recognizers", "robustness", "same-bytes")


def _known(ways: Sequence[str]) -> list[str]:
    """Those that the stored result has."""
    return [way for way in ways if way in stored_result("restoration")["rows"]]


@dataclass(frozen=True)
class Compared:
    """A number as it is stored and as it is now. ``agrees`` is None where no interval is
    stored."""

    claim: Claim
    trial: Trial
    stored: Mean
    now: Mean
    agrees: bool | None


def chosen(names: Sequence[str]) -> list[Claim]:
    """The claims of these names, or of these items of the paper.

    Raises:
        InputError: there is no such claim, or none of its numbers can be measured from
            the shipped weights in a part.
    """
    every = [*CLAIMS, *NOT_ASKED]
    found = []
    for name in names:
        short = re.sub(r"fig(?!ure)", "figure", name.lower().replace(" ", ""))
        same = [c for c in every if short in (c.name, c.item.lower().replace(" ", ""))]
        if not same:
            raise InputError(
                f"no claim is called {name}; semlib reproduce lists them all"
            )
        if not any(experiments_of(claim) for claim in same):
            raise InputError(f"{name}: {why_not(same[0])}")
        found += [claim for claim in same if experiments_of(claim)]
    return list(dict.fromkeys(found))


def quick() -> list[Claim]:
    """The claims whose numbers a few pictures can give in little time."""
    return [
        claim
        for claim in [*CLAIMS, *NOT_ASKED]
        if (needed := experiments_of(claim)) and not set(needed) & set(NOT_QUICK)
    ]


def why_not(claim: Claim) -> str:
    """Why a claim's numbers cannot be measured from the shipped weights."""
    names = [experiment_of(file) for trial in claim.trials for file in trial.files()]
    for name in dict.fromkeys(names):
        minutes = EXPERIMENTS[name].minutes
        why = "takes long" if name in LONG else "networks are trained for it"
        return f"{why}: semlib evaluate {name}, {minutes} minutes"
    return "a diagram" if claim.diagram else claim.note


def experiment_of(file: str) -> str:
    """Whose result a file of `results/` holds."""
    return max(
        (name for name in EXPERIMENTS if file == name or file.startswith(f"{name}-")),
        key=len,
    )


def experiments_of(claim: Claim) -> list[str]:
    """Those that measure a claim's stored numbers, as far as they can do so in small."""
    names = {
        experiment_of(file)
        for trial in claim.trials
        if trial.mean() is not None
        for file in trial.files()
    }
    return [name for name in SMALL if name in names]


def seconds(names: Sequence[str], subset: int) -> float:
    """About how long they take on one core."""
    return sum(10 + SMALL[name].seconds * subset for name in names)


def reproduce(
    claims: Sequence[Claim], subset: int, say: Callable[[str], None] = print
) -> Iterator[Compared]:
    """Measure on the first pictures of each test set, and compare number by number.

    Two numbers agree if their 95 % intervals meet. That of the few is widened first, see
    `widened`. The few are some of the many, so agreement is easier than between two
    sets; what it finds is another number, not another sample.

    Args:
        subset: pictures, or pages.
        say: what is told on the way: what is measured, and the time left.

    Raises:
        InputError: the subset is too small.
    """
    if subset < LEAST:
        raise InputError(f"--subset must be {LEAST} or more, not {subset}")
    needed = [n for n in SMALL if any(n in experiments_of(claim) for claim in claims)]
    fresh: dict[str, dict] = {}
    pace = 1.0  # how much longer it takes here than was thought
    with tempfile.TemporaryDirectory() as folder:
        for at, name in enumerate(needed):
            left = pace * seconds(needed[at:], subset)
            say(f"{name}, {at + 1} of {len(needed)}; about {left / 60:.1f} minutes left")
            began = time.monotonic()
            fresh[name] = _measured(name, subset, Path(folder) / name)
            pace = (time.monotonic() - began) / seconds([name], subset)
    for claim in claims:
        for trial in claim.trials:
            stored = trial.mean()
            now = trial.mean(lambda file: _found(fresh, file))
            if stored is not None and now is not None:
                full = pictures_of(trial)
                yield Compared(
                    claim, trial, stored, now, agree(stored, now, subset, full)
                )


def _measured(name: str, subset: int, folder: Path) -> dict:
    run, options = EXPERIMENTS[name].run, SMALL[name].options(subset)
    if "folder" in inspect.signature(run).parameters:
        options["folder"] = folder
    return run(**options)


def _found(fresh: dict[str, dict], file: str) -> dict:
    name = experiment_of(file)
    if name not in fresh:
        raise FileNotFoundError(f"{name} was not measured")
    return fresh[name]


def agree(stored: Mean, now: Mean, subset: int, full: int) -> bool | None:
    """Whether two intervals meet, the stored one of `full` pictures; None if it is no
    interval."""
    if stored[1] == stored[2]:
        return None
    _, low, high = widened(now, subset, stored, full)
    return bool(low <= stored[2] and stored[1] <= high)


def widened(now: Mean, count: int, stored: Mean, full: int) -> Mean:
    """The interval of a few pictures. Their own, as wide as Student's has it, for their
    spread is that of a sample; or to either side, where that reaches further, the stored
    interval's, as wide as it would be of so few."""
    student = t.ppf(0.975, count - 1) / norm.ppf(0.975) * (count / (count - 1)) ** 0.5
    fewer = max(1.0, full / count) ** 0.5
    below, above = (
        max(student * abs(now[0] - now[end]), fewer * abs(stored[0] - stored[end]))
        for end in (1, 2)
    )
    return [now[0], now[0] - below, now[0] + above]


def pictures_of(trial: Trial) -> int:
    """How many a stored number was measured on: what its experiment was asked for."""
    command = stored_result(trial.files()[0])["command"]
    asked = re.search(r"--subset (\d+)", command)
    assert asked, command
    return int(asked[1])


# everything anew


def renewed() -> dict[str, int]:
    """The files of `results/` that an experiment writes by itself, and its minutes."""
    return {
        name: experiment.minutes
        for name, experiment in EXPERIMENTS.items()
        if (results.FOLDER / f"{name}.json").exists()
    }


def others() -> dict[str, str]:
    """The other files, and the command that made each."""
    names = sorted(path.stem for path in results.FOLDER.glob("*.json"))
    return {
        name: stored_result(name).get("command", "tools")
        for name in names
        if name not in EXPERIMENTS
    }


def renew(name: str) -> Path:
    """Measure an experiment on all of its pictures, and write its file."""
    path = results.FOLDER / f"{name}.json"
    results.save(path, EXPERIMENTS[name].measure())
    return path


def trainings() -> list[str]:
    """The commands that train the shipped weights from nothing, in order."""
    cards: list[tuple[str, dict]] = [
        (path.stem, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(zoo.FOLDER.glob("*.json"))
    ]
    lines: list[str] = []

    def train(name: str, card: dict) -> None:
        settings = card["settings"]
        if card.get("start"):
            train(settings["start"], card["start"])
        listens = settings.get("reader") in ("trba", "both")
        for begun in (settings.get("start"), settings.get("first"), "trba" * listens):
            if begun and begun != name:
                train(begun, dict(cards)[begun])
        lines.extend(line for line in _commands(name, card) if line not in lines)

    for name, card in cards:
        train(name, card)
    return lines


def _commands(name: str, card: dict) -> list[str]:
    """To train weights as their card says, and to put them among the shipped ones."""
    recipe, settings = card["recipe"], card["settings"]
    unlike = {
        known: [key for key, value in numbers.items() if settings.get(key) != value]
        for known, numbers in presets()[recipe].items()
    }  # fmt: skip
    nearest = min(unlike, key=lambda known: len(unlike[known]))
    reader = settings.get("reader", "")
    option = f" --reader {reader}" if reader and recipe in ("tfic", "guided") else ""
    folder = "-".join(filter(None, [recipe, reader if option else "", nearest]))
    rest = [key for key in unlike[nearest] if key not in ("reader", "keep_every")]
    remark = f"  # but for {', '.join(rest)}: see {name}.json" if rest else ""
    mixed = f" --alpha {card['alpha']:g}" if "alpha" in card else ""
    return [
        f"semlib train {recipe} --preset {nearest}{option}{remark}",
        f"semlib export {recipe} runs/{folder}/checkpoint.pt {name} --replace{mixed}",
    ]
