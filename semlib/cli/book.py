"""The commands for the book: ``semlib train``, ``bundle``, ``export``, ``evaluate`` …

Every recipe and every experiment is a command, made from what each says of itself.
"""

import inspect
import json
from collections.abc import Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

Preset = Annotated[str, typer.Option(help="smoke, cpu, paper, …")]
Resume = Annotated[bool, typer.Option(help="Go on from the checkpoint.")]
Folder = Annotated[
    Path | None, typer.Option(help="Where to keep it.", show_default="runs/RECIPE-PRESET")
]
Output = Annotated[
    Path, typer.Option("--json", help="Where to write; - for standard output.")
]


def group(known, command) -> type[TyperGroup]:
    """Commands made, when one is asked for, of what is known by name."""

    class Group(TyperGroup):
        def list_commands(self, context) -> list[str]:
            return list(known())

        def get_command(self, context, name: str):
            return command(name, known()[name]) if name in known() else None

    return Group


def recipes() -> dict:
    from ..training import RECIPES

    return RECIPES


def experiments() -> dict:
    from ..experiments import EXPERIMENTS

    return EXPERIMENTS


def training(name: str, recipe):
    """A recipe as a command: its preset, its options, and where to keep the run."""

    def run(
        preset: Preset = "cpu", resume: Resume = False, folder: Folder = None, **chosen
    ):
        from ..training import train_preset

        train_preset(name, preset, resume=resume, folder=folder, **chosen)

    options = [
        _option(option, type(default), default, meaning)
        for option, (default, meaning) in getattr(recipe, "options", {}).items()
    ]
    return _command(name, recipe.about, run, options)


def measuring(name: str, experiment):
    """An experiment as a command: what its `run` takes, and where to write."""

    def run(output: Output = Path("-"), **given):
        from ..experiments import results

        if output != Path("-"):  # before the work
            results.check(output)
        found = experiment.measure(**given)
        if output == Path("-"):
            print(json.dumps(found, indent=1))
        else:
            results.save(output, found)

    meaning = experiment.help()
    options = [
        _option(key, parameter.annotation, parameter.default, meaning[key])
        for key, parameter in experiment.options().items()
    ]
    about = (
        f"Chapter {experiment.chapter}: {experiment.question} About "
        f"{experiment.minutes} minutes on two cores."
    )
    return _command(name, about, run, options)


def _option(name: str, kind: type, default, meaning: str) -> inspect.Parameter:
    """A parameter of a command: an argument if it has no default."""
    empty = inspect.Parameter.empty
    given = (
        typer.Argument(help=meaning)
        if default is empty
        else typer.Option(f"--{name}", help=meaning)
    )
    # «lambda» is none of Python's names
    if kind == Sequence[str]:
        kind, default = list[str], list(default)
    return inspect.Parameter(
        f"{name}_" if iskeyword(name) else name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, given],
    )


def _command(name: str, about: str, run, options: list[inspect.Parameter]):
    """`run` as a command, its ``**`` replaced by these options."""

    def called(**given):
        run(**{key.rstrip("_"): value for key, value in given.items()})

    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(run).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    called.__dict__["__signature__"] = inspect.Signature([*options, *own])
    alone = typer.Typer(add_completion=False)
    alone.command(name, help=about)(called)
    return typer.main.get_command(alone)


def export(
    recipe: Annotated[
        str, typer.Argument(help="As in semlib train.", show_default=False)
    ],
    checkpoint: Annotated[
        Path, typer.Argument(help="checkpoint.pt of a run.", show_default=False)
    ],
    name: Annotated[
        str, typer.Argument(help="What to call the weights.", show_default=False)
    ],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace weights of that name; what they compressed cannot be "
            "decompressed any more.",
        ),
    ] = False,
    alpha: Annotated[
        float,
        typer.Option(
            help="The trained weights' share; the rest is of those that training went "
            "on from."
        ),
    ] = 1.0,
):
    """Make the shipped weights and their card from a training run."""
    from ..training import export as exported

    known = exported(recipe, checkpoint, name, replace=replace, alpha=alpha)
    print(f"{name}: {known['steps']} steps, SHA-256 {known['sha256']}")


def bundle(
    recipe: Annotated[
        str, typer.Argument(help="As in semlib train.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Argument(help="The .zip archive to write.", show_default=False)
    ],
):
    """Pack a recipe to train it where there is no network.

    Needed there: Python with PyTorch, NumPy, Pillow, OpenCV and SciPy.

    There: python -m zipfile -e unet.zip .

    and python semlib-unet/train.py with the options of semlib train unet.

    The run's folder comes home, where semlib export makes weights of it.
    """
    from ..training import bundle as bundled

    made_for = bundled(recipe, output)["made_for"]
    python = ".".join(map(str, made_for["python"]))
    print(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB, for "
        f"{' '.join(made_for['platform'])}, Python {python}"
        f"{' only' if made_for['this_python_only'] else ' or later'}"
    )


def grade(
    folder: Annotated[
        Path, typer.Argument(help="With a notebook a student.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="The table.")] = Path("grades.csv"),
    seconds: Annotated[int, typer.Option(help="For each notebook, at most.")] = 600,
    megabytes: Annotated[int, typer.Option(help="Of memory for each, at most.")] = 8000,
):
    """Grade a class's exercises. This runs the students' code, each in a process of its
    own that may write in its own folder only and, on Linux, has no network."""
    from ..grade import grade as graded

    for one in graded(folder, output, seconds, megabytes):
        right = sum(outcome.kind == "right" for outcome in one.outcomes.values())
        print(f"{one.student}: {right} of {len(one.outcomes)} right, {one.ended}")
