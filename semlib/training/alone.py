"""Training a recipe at a preset, with a command line that needs no package.

`semlib train` is made with Typer, which needs a compiled package for each Python. What
starts in a bundle (see `training.bundle`) has to do without.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..images import InputError
from .export import RECIPES
from .loop import preset, presets, train


def train_preset(
    name: str,
    preset_name: str = "cpu",
    *,
    resume: bool = False,
    folder: Path | None = None,
    **chosen,
) -> None:
    """Train a recipe.

    Args:
        resume: go on from the folder's checkpoint.
        folder: where to keep the run; ``runs/RECIPE-PRESET`` if None, with the chosen
            options' words between the two.
        chosen: the recipe's options, see `training.loop.Recipe`.

    Raises:
        InputError: there is no such preset; or what `train` raises.
    """
    words = (value for value in chosen.values() if isinstance(value, str))
    settings = {**preset(name, preset_name), **chosen}
    train(
        RECIPES[name](settings),
        resume=resume,
        folder=folder or Path("runs") / "-".join([name, *words, preset_name]),
    )


def main(name: str, arguments: Sequence[str]) -> int:
    """Train a recipe as the arguments of ``semlib train RECIPE`` say; the exit status."""
    try:
        given = vars(_parser(name).parse_args(arguments))
        train_preset(name, given.pop("preset"), **given)
    except InputError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    """One whose complaints are `InputError`s."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def _parser(name: str) -> argparse.ArgumentParser:
    """The options of ``semlib train RECIPE``."""
    recipe = RECIPES[name]
    parser = _Parser(prog="train.py", description=recipe.about, allow_abbrev=False)
    known = ", ".join(presets()[name])
    parser.add_argument("--preset", default="cpu", help=f"One of {known}.")
    parser.add_argument(
        "--resume", action="store_true", help="Go on from the checkpoint."
    )
    parser.add_argument(
        "--folder", type=Path, help="Where to keep it; runs/RECIPE-PRESET otherwise."
    )
    for option, (default, meaning) in getattr(recipe, "options", {}).items():
        parser.add_argument(
            f"--{option}", type=type(default), default=default, help=meaning
        )
    return parser
