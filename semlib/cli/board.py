"""The command that makes the scoreboard's numbers again: ``semlib reproduce``."""

from typing import Annotated

import typer

from ..images import InputError
from .messages import say

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Claims, or the paper's tables and figures.", show_default=False),
]


def reproduce(
    names: Names = None,
    subset: Annotated[int, typer.Option(help="Pictures, or pages, of each set.")] = 60,
    quick: Annotated[
        bool, typer.Option("--quick", help="All that a few pictures can tell.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Renew the files of results/, in hours.")
    ] = False,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Say how the weights are trained.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --all: do it.")] = False,
) -> int:
    """Measure what the scoreboard says again, from the shipped weights: each number as
    it is stored, as it is now, and whether the two agree. Without names: list the claims
    and the minutes that each takes."""
    from ..scoreboard import reproduce as measuring

    if sum([bool(names), quick, everything, from_scratch]) > 1:
        raise InputError("give names, or one of --quick, --all and --from-scratch")
    if from_scratch:
        print("\n".join(measuring.trainings()))
    elif everything:
        _renew(yes)
    elif quick:
        return _compare(measuring.quick(), measuring.QUICK)
    elif names:
        return _compare(measuring.chosen(names), subset)
    else:
        _list(subset)
    return 0


def _list(subset: int) -> None:
    """Each claim, its verdict, and how long it takes."""
    from ..scoreboard import CLAIMS, NOT_ASKED, verdict
    from ..scoreboard.reproduce import experiments_of, seconds, why_not

    for claim in [*CLAIMS, *NOT_ASKED]:
        needed = experiments_of(claim)
        cost = f"{seconds(needed, subset) / 60:.0f} minutes" if needed else why_not(claim)
        found = verdict(claim) if claim in CLAIMS else "not asked by the paper"
        print(f"{claim.name}: {claim.says}. {found.capitalize()}. [{cost}]")
    print(f"Minutes are of one core, for {subset} pictures of each set.")


def _compare(claims, subset: int) -> int:
    """1 if some number does not agree with what is stored."""
    from ..scoreboard import written
    from ..scoreboard.reproduce import reproduce

    words = {True: "agrees", False: "DOES NOT AGREE", None: "no interval is stored"}
    wrong = count = 0
    for found in reproduce(claims, subset, say):
        claim, trial = found.claim, found.trial
        stored, now = (written(mean, claim.unit) for mean in (found.stored, found.now))
        print(f"{claim.name}, {trial.by}, {trial.data}")
        print(f"  stored {stored}; now {now}: {words[found.agrees]}")
        wrong += found.agrees is False
        count += found.agrees is not None
    print(f"{count - wrong} of {count} numbers agree: their 95 % intervals meet.")
    return int(wrong > 0)


def _renew(yes: bool) -> None:
    from ..scoreboard.reproduce import others, renew, renewed

    plan = renewed()
    for name, minutes in plan.items():
        print(f"{name}: {minutes} minutes")
    for name, command in others().items():
        print(f"{name}: not renewed; it was made by «{command}»")
    print(f"In all {sum(plan.values()) / 60:.1f} hours on two cores.", flush=True)
    if not yes:
        say("nothing was measured: --yes does it")
        return
    for name in plan:
        print(f"{renew(name)} is renewed", flush=True)
