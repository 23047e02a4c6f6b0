"""What a claim is, and the rule by which it is judged.

A claim has trials. The first is the paper's own way; the others ask what else must be so
if it is true of more than one reader and of more than one set of pictures. A trial is a
number with a 95 % interval, read out of stored results, and a bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from .. import experiments

# a stored result, by the name of its file
Load = Callable[[str], dict]
# mean, low end, high end
Mean = Sequence[float]

ONE_INK = "words in one ink, stretched"
ANY_INK = "words in any ink, on any ground"
BOOK = "pages laid out as books are"
# on this a claim is easier to reach than on pictures of the world
KINDER = ONE_INK

REPRODUCED, PARTLY, NOT = "reproduced", "partly", "not reproduced"
NOT_TESTED, NOTHING = "not tested", "nothing to test"
VERDICTS = (REPRODUCED, PARTLY, NOT, NOT_TESTED, NOTHING)

stored_result = cache(experiments.load)


@dataclass(frozen=True)
class Bound:
    """What a number must be, for a claim to hold.

    ``strict``: the whole interval lies beyond the value, ``above`` it or below it, as
    where one thing is said to be better than another. Otherwise the interval reaches the
    value, as where the paper gives a number.
    """

    value: float
    above: bool = True
    strict: bool = False

    def holds(self, mean: Mean) -> bool:
        _, low, high = mean
        if self.strict:
            return low > self.value if self.above else high < self.value
        return high >= self.value if self.above else low <= self.value


@dataclass(frozen=True)
class Trial:
    """One number of ours: by which reader or network, on which pictures. What the paper
    did not ask has no bound."""

    by: str
    data: str
    read: Callable[[Load], Mean]
    bound: Bound | None = None

    def mean(self, load: Load = stored_result) -> Mean | None:
        """The number; None if that result, or that row of it, is not there."""
        try:
            return self.read(load)
        except (FileNotFoundError, KeyError):
            return None

    def holds(self, load: Load = stored_result) -> bool | None:
        """Whether it is what the claim says; None if it is not there."""
        mean = self.mean(load)
        return None if mean is None or not self.bound else self.bound.holds(mean)

    def files(self) -> list[str]:
        """The results that it is read out of."""
        asked: list[str] = []

        def load(name: str) -> dict:
            asked.append(name)
            return stored_result(name)

        self.mean(load)
        return list(dict.fromkeys(asked))


@dataclass(frozen=True)
class Claim:
    """What the paper says or shows.

    ``name`` is what `semlib reproduce` calls it; ``paper`` the paper's number, where it
    gives one; ``unit`` that of ours: «%» and «points» are of numbers from 0 to 1.
    ``note``: why nothing is tried; a claim that could be, but of which no result is
    stored, is no ``diagram``.
    """

    name: str
    section: str
    item: str
    says: str
    chapter: int
    trials: tuple[Trial, ...] = ()
    paper: str = ""
    unit: str = "points"
    weights: tuple[str, ...] = ()
    note: str = ""
    diagram: bool = False


def verdict(claim: Claim, load: Load = stored_result) -> str:
    """Not tested: the first trial's result is not stored. Not reproduced: the first
    trial fails. Reproduced: all trials hold, and one of them is on pictures that are not
    known to be kinder than real ones. Partly: anything else; `conditions` says what."""
    if claim.diagram:
        return NOTHING
    first = claim.trials[0].holds(load) if claim.trials else None
    if first is None:
        return NOT_TESTED
    if not first:
        return NOT
    return PARTLY if conditions(claim, load) else REPRODUCED


def conditions(claim: Claim, load: Load = stored_result) -> list[str]:
    """What keeps a claim whose first trial holds from being reproduced."""
    found = []
    for trial in claim.trials[1:]:
        outcome = trial.holds(load)
        if outcome is None:
            found.append(f"not yet asked on {trial.data}")
        elif not outcome:
            found.append(f"not by {trial.by} on {trial.data}")
    if all(trial.data == KINDER for trial in claim.trials):
        found.append(f"on {claim.trials[0].data} only")
    return list(dict.fromkeys(found))


def scale(unit: str) -> int:
    """What a stored number is multiplied by, where it is shown in a unit."""
    return 100 if unit in ("%", "points") else 1


def written(mean: Mean | None, unit: str) -> str:
    """«mean [low, high] unit»; the mean alone where no interval is stored."""
    if mean is None:
        return "no result"
    form = {"points": "+.1f", "times": ".2f"}.get(unit, ".1f")
    middle, low, high = (format(scale(unit) * end, form) for end in mean)
    if low == middle == high:
        return f"{middle} {unit}"
    return f"{middle} [{low}, {high}] {unit}"


def asked(trial: Trial, unit: str) -> str:
    """The bound in words."""
    if not trial.bound:
        return ""
    words = (
        ("above" if trial.bound.above else "below") if trial.bound.strict else "reaches"
    )
    return f"{words} {scale(unit) * trial.bound.value:.3g} {unit}"
