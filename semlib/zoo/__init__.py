"""Trained weights: safetensors beside a card that says where they come from.

The card (JSON) holds recipe, preset's settings and under ``paper`` those that the
paper's preset sets otherwise; data and its hash; steps, and how many seconds they
took; the training's log, licence, and the weights' SHA-256, which is compared before
they load; and under ``start`` the card of the weights that training went on from.
"""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from ..codec import ScaleHyperprior, TinyLIC
from ..codec.rates import VariableRate
from ..images import InputError
from ..ocr import EasyOCRReader, PageReader, RapidOCRReader, Reader, Teacher
from ..ocr.trba import FourStages, TRBAReader
from ..restore import DnCNN, OCRGuided, ResidualUNet, Restorer

FOLDER = Path(__file__).parent
# what each recipe trains, and those of its settings that make it: another is a line here
Made = tuple[Callable[..., nn.Module], tuple[str, ...]]
DNCNN: Made = DnCNN, ("depth", "width", "factor")
UNET: Made = ResidualUNet, ("blocks", "width")
CODECS: dict[str, Made] = {
    "codec": (TinyLIC, ("size",)),
    "hyperprior": (ScaleHyperprior, ("size",)),
    "tfic": (TinyLIC, ("size",)),
    "scene-codec": (TinyLIC, ("size",)),
    "scene-tfic": (TinyLIC, ("size",)),
}
RECOGNIZERS: dict[str, Made] = {"reader": (FourStages, ("size", "stages"))}
RESTORERS: dict[str, Made] = {
    "dncnn": DNCNN,
    "guided": DNCNN,
    "unet": UNET,
    "listening": UNET,
    "blind": (partial(ResidualUNet, told=True), ("blocks", "width")),
}
RECIPES = CODECS | RECOGNIZERS | RESTORERS


def card(name: str, folder: Path = FOLDER) -> dict:
    """What is known of a model.

    Raises:
        InputError: there is none of that name.
    """
    known = sorted(file.stem for file in folder.glob("*.json"))
    if name not in known:
        names = ", ".join(known) or "none"
        raise InputError(f"no weights are called {name!r}; there are: {names}")
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def load(name: str, folder: Path = FOLDER) -> tuple[VariableRate, str]:
    """A codec ready to compress, and the SHA-256 of its weights, hexadecimal.

    Raises:
        InputError: none of that name is a codec, or its weights are not the card's.
    """
    known, state = _open(name, folder, CODECS)
    model = build(known["recipe"], known["settings"])
    assert isinstance(model, VariableRate)
    fill(model, state)
    model.eval()
    model.prepare()
    return model, known["sha256"]


def load_reader(name: str = "trba", folder: Path = FOLDER) -> tuple[TRBAReader, str]:
    """A frozen reader, and the SHA-256 of its weights, hexadecimal.

    Raises:
        InputError: none of that name is a reader, or its weights are not the
            card's.
    """
    known, state = _open(name, folder, RECOGNIZERS)
    network = build(known["recipe"], known["settings"])
    assert isinstance(network, FourStages)
    network.load_state_dict(state)
    return TRBAReader(network), known["sha256"]


def load_restorer(name: str = "dncnn", folder: Path = FOLDER) -> tuple[Restorer, str]:
    """A frozen restorer, and the SHA-256 of its weights, hexadecimal.

    Weights that were trained after others are D2's; D1 and the detector come with
    them.

    Raises:
        InputError: none of that name is a restorer, its weights are not the
            card's, or D1's are not those that D2 was trained after.
    """
    known, state = _open(name, folder, RESTORERS)
    network = build(known["recipe"], known["settings"])
    assert isinstance(network, Restorer)
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    if known["settings"].get("first"):
        first, weights = load_restorer(known["settings"]["first"], folder)
        if weights != known["settings"]["first_sha256"]:
            raise InputError(
                f"{name} was trained after other weights of {known['settings']['first']}"
            )
        network = OCRGuided(first, network, PageReader())
    return network, known["sha256"]


def fill(model: nn.Module, state: dict) -> None:
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
        raise InputError(
            f"{name} comes from the recipe {known['recipe']}; "
            f"here only {', '.join(recipes)} will do"
        )
    file = folder / f"{name}.safetensors"
    if not file.exists():
        raise InputError(f"{file}: no such file")
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != known["sha256"]:
        raise InputError(f"{name}.safetensors: not the file that its card describes")
    state = safetensors.torch.load(data)
    return known, {
        key: value.float() if value.is_floating_point() else value
        for key, value in state.items()
    }


def build(recipe: str, settings: dict) -> nn.Module:
    """The network that a recipe with these settings trains, untrained."""
    make, needed = RECIPES[recipe]
    return make(*(settings[key] for key in needed))


def find(weights: str, folder: Path = FOLDER) -> str:
    """The name of the weights whose SHA-256 begins with `weights`.

    Raises:
        InputError: there are none.
    """
    for path in sorted(folder.glob("*.json")):
        if json.loads(path.read_text(encoding="utf-8"))["sha256"].startswith(weights):
            return path.stem
    raise InputError(
        f"none of the weights here begin with {weights}: the file was "
        "made with another version's"
    )


# what `semlib restore` chooses from; the last one knows most kinds of pictures
DEFAULTS = "unet", "blind"
# the paper's, stage by stage: D1; D2 from pixels; as long as the last one from pixels
# alone; guided
PAIR = "dncnn-book", "dncnn-book-second", "guided-book-none", "guided-book"
# every reader by the name that results call it by; another one is one line here
READERS: dict[str, Callable[[], Reader]] = {
    "english_g2": EasyOCRReader,
    "TRBA": lambda: load_reader("trba")[0],
    "PP-OCRv6": RapidOCRReader,
}  # the judge: nothing is trained against it
# those that codecs and restorers are trained against; made with the temperature of
# their certainty, which only EasyOCR's has
TEACHERS: dict[str, Callable[[float], Teacher]] = {
    "easyocr": EasyOCRReader,
    "trba": lambda temperature: load_reader("trba")[0],
}


def reader(name: str) -> Reader:
    """A reader of `READERS`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in READERS:
        raise InputError(f"reader must be one of {', '.join(READERS)}, not {name}")
    return READERS[name]()
