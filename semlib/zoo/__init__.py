"""Trained weights: safetensors beside a card that says where they come from.

The card (JSON) holds recipe, preset's settings and under ``paper`` those that the
paper's preset sets otherwise; data and its hash; steps, and how many seconds they
took; the training's log, licence, and the weights' SHA-256, which is compared before
they load; and under ``start`` the card of the weights that training went on from.
"""

import hashlib
import json
import math
import platform
from pathlib import Path

import safetensors.torch
import torch

from ..codec import ScaleHyperprior, TinyLIC
from ..codec.rates import VariableRate
from ..data import BookPages, BookPatches, TextImages
from ..images import InputError, replace_file
from ..ocr import PageReader
from ..ocr.trba import FourStages, TRBAReader
from ..restore import DnCNN, OCRGuided, ResidualNet

FOLDER = Path(__file__).parent
LICENCE = "MIT"
LOG_ROWS = 100  # of the training log that a card keeps
# what each recipe trains
CODECS = {"codec": TinyLIC, "hyperprior": ScaleHyperprior, "tfic": TinyLIC}
READERS = {"reader": FourStages}
RESTORERS = {"dncnn": DnCNN, "guided": DnCNN, "residual": ResidualNet}
RECIPES = CODECS | READERS | RESTORERS


def card(name: str, folder: Path = FOLDER) -> dict:
    """What is known of a model.

    Raises:
        InputError: there is none of that name.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        raise InputError(f"no weights are called {name!r}; there are: {known or 'none'}")
    return json.loads(path.read_text(encoding="utf-8"))


def load(name: str, folder: Path = FOLDER) -> tuple[VariableRate, str]:
    """A codec ready to compress, and the SHA-256 of its weights, hexadecimal.

    Raises:
        InputError: none of that name is a codec, or its weights are not the card's.
    """
    known, state = _open(name, folder, CODECS)
    model = _model(known["recipe"], known["settings"])
    _fill(model, state)
    model.eval().prepare()
    return model, known["sha256"]


def load_reader(name: str = "trba", folder: Path = FOLDER) -> tuple[TRBAReader, str]:
    """A frozen reader, and the SHA-256 of its weights, hexadecimal.

    Raises:
        InputError: none of that name is a reader, or its weights are not the
            card's.
    """
    known, state = _open(name, folder, READERS)
    network = _model(known["recipe"], known["settings"])
    network.load_state_dict(state)
    return TRBAReader(network), known["sha256"]


def load_restorer(name: str = "dncnn",
                  folder: Path = FOLDER
                  ) -> tuple[DnCNN | OCRGuided | ResidualNet, str]:
    """A frozen restorer, and the SHA-256 of its weights, hexadecimal.

    Weights that were trained after others are D2's; D1 and the detector come with
    them.

    Raises:
        InputError: none of that name is a restorer, its weights are not the
            card's, or D1's are not those that D2 was trained after.
    """
    known, state = _open(name, folder, RESTORERS)
    network = _model(known["recipe"], known["settings"])
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    if known["settings"].get("first"):
        first, weights = load_restorer(known["settings"]["first"], folder)
        if weights != known["settings"]["first_sha256"]:
            raise InputError(f"{name} was trained after other weights of "
                             f"{known['settings']['first']}")
        network = OCRGuided(first, network, PageReader())
    return network, known["sha256"]


def _fill(model: torch.nn.Module, state: dict) -> None:
    """Load a state whose coder's tables, of any size, the model has no room for."""
    for key, value in state.items():
        if not value.is_floating_point():
            parent, _, leaf = key.rpartition(".")
            setattr(model.get_submodule(parent), leaf, torch.empty_like(value))
    model.load_state_dict(state)


def _open(name: str, folder: Path, recipes: dict) -> tuple[dict, dict]:
    """Card and weights, in single precision, of a model from one of `recipes`."""
    known = card(name, folder)
    if known["recipe"] not in recipes:
        raise InputError(f"{name} comes from the recipe {known['recipe']}; "
                         f"here only {', '.join(recipes)} will do")
    data = (folder / f"{name}.safetensors").read_bytes()
    if hashlib.sha256(data).hexdigest() != known["sha256"]:
        raise InputError(f"{name}.safetensors: not the file that its card describes")
    state = safetensors.torch.load(data)
    return known, {key: value.float() if value.is_floating_point() else value
                   for key, value in state.items()}


def _model(recipe: str, settings: dict) -> torch.nn.Module:
    if recipe in READERS:
        return READERS[recipe](settings["size"], settings["stages"])
    if recipe == "residual":
        return ResidualNet(settings["blocks"], settings["width"], settings["factor"])
    if recipe in RESTORERS:
        return RESTORERS[recipe](settings["depth"], settings["width"],
                                 settings["factor"])
    return CODECS[recipe](settings["size"])


def find(weights: str, folder: Path = FOLDER) -> str:
    """The name of the weights whose SHA-256 begins with `weights`.

    Raises:
        InputError: there are none.
    """
    for path in sorted(folder.glob("*.json")):
        if json.loads(path.read_text(encoding="utf-8"))["sha256"].startswith(weights):
            return path.stem
    raise InputError(f"none of the weights here begin with {weights}: the file was "
                     "made with another version's")


def export(recipe: str, checkpoint: Path, name: str, folder: Path = FOLDER) -> dict:
    """Make weights and card from a training checkpoint; returns the card.

    Weights are rounded to half precision; a coder's tables are made from the
    rounded ones and kept with them, so that they are the same on every machine.

    Raises:
        InputError: there is no such recipe, or no checkpoint.
    """
    from ..training import load_checkpoint, preset  # which imports this module

    if recipe not in RECIPES:
        raise InputError(f"recipe must be one of {', '.join(RECIPES)}, "
                         f"not {recipe}")
    if not checkpoint.exists():
        raise InputError(f"{checkpoint}: no such file")
    state = load_checkpoint(checkpoint)
    settings = state["settings"]
    model = _model(recipe, settings)
    inner = "codec." if recipe in CODECS else "network."  # the rest is the loss's
    _fill(model, {key.removeprefix(inner): value
                  for key, value in state["model"].items() if key.startswith(inner)})
    trained = dict(model.named_parameters())  # not the bounds: 1e-9 would be 0
    for parameter in trained.values():
        parameter.data = parameter.data.half().float()
    if recipe in CODECS:
        model.update()
    tensors = {key: (value.half() if key in trained else value).contiguous()
               for key, value in model.state_dict().items()}
    data = safetensors.torch.save(tensors)
    log = (checkpoint.parent / "log.jsonl").read_text().splitlines()
    known = {"recipe": recipe, "settings": settings,
             "paper": {key: value for key, value in preset(recipe, "paper").items()
                       if settings.get(key) != value},
             "steps": state["step"], "seconds": round(state["seconds"]),
             "data": _data(recipe, settings), "training_log": _thinned(log),
             **({"start": _start(settings, folder)} if settings.get("start") else {}),
             "torch": torch.__version__, "python": platform.python_version(),
             "licence": LICENCE, "sha256": hashlib.sha256(data).hexdigest()}
    with replace_file(folder / f"{name}.safetensors") as file:
        file.write(data)
    with replace_file(folder / f"{name}.json") as file:
        file.write((json.dumps(known, indent=1) + "\n").encode())
    return known


def _start(settings: dict, folder: Path) -> dict:
    """The card of the weights that training went on from: those of that name, or,
    if these have been replaced since, those that they went on from."""
    known = card(settings["start"], folder)
    for before in (known, known.get("start", {})):
        if before.get("sha256") == settings["start_sha256"]:
            return before
    raise InputError(f"the weights {settings['start']} that this training went on "
                     "from are no longer here")


def _data(recipe: str, settings: dict) -> dict:
    """Which data, how much of them, and where a cache knows it, their hash."""
    if recipe == "guided":
        count, whole, few = settings["pages"], BookPatches, 0
        known = {"set": "book pages' patches, train", "pages": count}
    elif recipe in RESTORERS:
        count, whole, few = settings["pages"], BookPages, 0
        known = {"set": "book pages, train", "pages": count}
    else:
        count, whole, few = settings["images"], TextImages, 100
        known = {"set": "TRDG text images, train", "images": count}
    if recipe in READERS:
        known["besides"] = "words drawn by semlib.data.quick_words, as many"
    if count > few:
        known["sha256"] = whole("train", count).sha256
    return known


def _thinned(lines: list[str]) -> list[dict]:
    """At most `LOG_ROWS` means over equal stretches of the log."""
    rows = [json.loads(line) for line in lines]
    stretch = math.ceil(len(rows) / LOG_ROWS)
    parts = [rows[at:at + stretch] for at in range(0, len(rows), stretch)]
    return [{"step": part[-1]["step"],
             **{key: round(sum(row[key] for row in part) / len(part), 4)
                for key in part[0] if key != "step"}} for part in parts]
