"""Weights and their card, from a training's checkpoint."""

import hashlib
import json
import math
import platform
import re
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import safetensors.torch
import torch

from .. import zoo
from ..codec import VariableRate
from ..images import InputError, check_output, replace_file
from .blind import BlindRecipe
from .codec import CodecRecipe, HyperpriorRecipe
from .dncnn import DnCNNRecipe
from .guided import GuidedRecipe
from .listening import ListeningRecipe
from .loop import load_checkpoint, preset
from .reader import ReaderRecipe
from .scenes import SceneCodecRecipe, SceneTFICRecipe
from .unet import UNetRecipe
from .tfic import TFICRecipe

LICENCE = "MIT"
LOG_ROWS = 100  # of the training log that a card keeps
RECIPES: dict[str, Any] = {
    "codec": CodecRecipe,
    "hyperprior": HyperpriorRecipe,
    "tfic": TFICRecipe,
    "scene-codec": SceneCodecRecipe,
    "scene-tfic": SceneTFICRecipe,
    "reader": ReaderRecipe,
    "dncnn": DnCNNRecipe,
    "unet": UNetRecipe,
    "listening": ListeningRecipe,
    "blind": BlindRecipe,
    "guided": GuidedRecipe,
}


def export(
    recipe: str,
    checkpoint: Path,
    name: str,
    folder: Path = zoo.FOLDER,
    *,
    replace: bool = False,
    alpha: float = 1.0,
) -> dict:
    """Make weights and card from a training checkpoint; returns the card.

    Weights are rounded to half precision; a coder's tables are made from the
    rounded ones and kept with them, so that they are the same on every machine.

    Args:
        replace: whether weights of that name, if there are any, give way; what they
            compressed can then no longer be decompressed.
        alpha: from 0 to 1, the trained weights' share in the result; the rest is of
            those that training went on from. A mixture may keep what these could, and
            have most of what was learned since (Wortsman et al., arXiv 2109.01903,
            section 3).

    Raises:
        InputError: there is no such recipe, or no checkpoint; the name is taken, or
            none for a file; what training went on from is gone, or was nothing.
    """
    if recipe not in RECIPES:
        raise InputError(f"recipe must be one of {', '.join(RECIPES)}, not {recipe}")
    log_file = checkpoint.parent / "log.jsonl"
    files = _files(folder, name, replace)
    for file in (checkpoint, log_file):
        if not file.is_file():
            raise InputError(f"{file}: no such file")
    try:
        state = load_checkpoint(checkpoint)
        _mix(recipe, state, alpha, folder)
        data = safetensors.torch.save(_rounded(recipe, state))
    except InputError:
        raise
    except (EOFError, KeyError, RuntimeError, UnpicklingError, ValueError) as error:
        raise InputError(f"{checkpoint}: no checkpoint of the recipe {recipe}") from error
    log = log_file.read_text().splitlines()
    known = {
        **_origin(recipe, state, folder),
        **({"alpha": alpha} if alpha != 1 else {}),
        "training_log": _thinned(log),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "licence": LICENCE,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    with replace_file(files[0]) as weights, replace_file(files[1]) as card:
        weights.write(data)
        card.write((json.dumps(known, indent=1) + "\n").encode())
    return known


def _files(folder: Path, name: str, replace: bool) -> tuple[Path, Path]:
    """Where weights and card of that name go, if they may."""
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise InputError(f"{name!r}: call the weights by letters, digits, - and .")
    files = folder / f"{name}.safetensors", folder / f"{name}.json"
    if not replace and any(file.exists() for file in files):
        raise InputError(
            f"there are weights called {name}, and what they compressed could no longer "
            "be read without them: choose another name, or --replace"
        )
    for file in files:
        check_output(file)
    return files


def _rounded(recipe: str, state: dict) -> dict[str, torch.Tensor]:
    """A checkpoint's network in half precision, with a coder's tables."""
    model = zoo.build(recipe, state["settings"])
    zoo.fill(model, trained_part(state))
    trained = dict(model.named_parameters())  # not the bounds: 1e-9 would be 0
    for parameter in trained.values():
        parameter.data = parameter.data.half().float()
    if recipe in zoo.CODECS:
        cast(VariableRate, model).update()
    return {
        key: (value.half() if key in trained else value).contiguous()
        for key, value in model.state_dict().items()
    }


def _mix(recipe: str, state: dict, alpha: float, folder: Path) -> None:
    """Leave of a checkpoint's weights their share, with that of those before them."""
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha must be from 0 to 1, not {alpha:g}")
    settings, trained = state["settings"], trained_part(state)
    if alpha == 1:
        return
    if not settings.get("start"):
        raise InputError("this training went on from no weights to mix with")
    load = zoo.load if recipe in zoo.CODECS else zoo.load_restorer
    before, weights = load(settings["start"], folder)
    if weights != settings["start_sha256"]:
        raise _gone(settings)
    known = before.state_dict()
    if known.keys() != trained.keys():
        raise InputError(f"the weights {settings['start']} are another network's")
    for key, value in trained.items():
        if value.is_floating_point():  # a coder's tables are made anew from the mixture
            value.lerp_(known[key], 1 - alpha)


def _gone(settings: dict) -> InputError:
    return InputError(
        f"the weights {settings['start']} that this training went on "
        "from are no longer here"
    )


def _origin(recipe: str, state: dict, folder: Path) -> dict:
    """What a card says of how a checkpoint came to be."""
    settings = state["settings"]
    paper = preset(recipe, "paper").items()
    return {
        "recipe": recipe,
        "settings": settings,
        "paper": {key: value for key, value in paper if settings.get(key) != value},
        "steps": state["step"],
        "seconds": round(state["seconds"]),
        "data": RECIPES[recipe].data_card(settings),
        **({"start": _start(settings, folder)} if settings.get("start") else {}),
    }


def trained_part(state: dict) -> dict:
    """The network's weights in a checkpoint; the rest is its loss's."""
    return {
        key.partition(".")[2]: value
        for key, value in state["model"].items()
        if key.startswith(("codec.", "network."))
    }


def _start(settings: dict, folder: Path) -> dict:
    """The card of the weights that training went on from: those of that name, or,
    if these have been replaced since, those that they went on from."""
    known = zoo.card(settings["start"], folder)
    for before in (known, known.get("start", {})):
        if before.get("sha256") == settings["start_sha256"]:
            return before
    raise _gone(settings)


def _thinned(lines: list[str]) -> list[dict]:
    """At most `LOG_ROWS` means over equal stretches of the log."""
    rows = [json.loads(line) for line in lines]
    stretch = math.ceil(len(rows) / LOG_ROWS) or 1  # none, of a run shorter than a row
    parts = [rows[at : at + stretch] for at in range(0, len(rows), stretch)]
    return [
        {
            "step": part[-1]["step"],
            **{
                key: round(sum(row[key] for row in part) / len(part), 4)
                for key in part[0]
                if key != "step"
            },
        }
        for part in parts
    ]
