"""The training loop: Lightning Fabric, so one GPU, many, or a CPU alike.

A step's images and noise are drawn from the recipe's seed and the step's number
alone. So a checkpoint holds the weights, the optimizer and the step, and a run
that was killed goes on exactly as if it had not been.
"""

import io
import json
import math
import os
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..images import InputError, replace_file
from .muon import MuonAdam

PRESETS = Path(__file__).with_name("presets.toml")
WARM_UP = 30  # steps in which the learning rate grows
DECAY = 0.3  # the last part of the steps, in which it falls to nothing, if a preset
# does not set it
DRAWING = 8  # processes that draw batches for a GPU, at most
MAX_GRADIENT = 1.0  # the norm that gradients are cut to


class Recipe(Protocol):
    """What is trained, on what, and how well it does.

    A class says what it is ``about``, for the command line, which gives its ``options``:
    settings by name, with what they are otherwise and what they mean.

    ``settings`` are its preset's numbers; ``model()`` gives a module that maps a
    batch to the loss and a few numbers to log; ``groups(model)`` its parameters,
    for the optimizer; ``batch(step, rank, ranks)`` this process's share.
    """

    settings: dict

    def model(self) -> nn.Module: ...
    def groups(self, model) -> list[dict]: ...
    def batch(self, step: int, rank: int, ranks: int) -> tuple: ...


def preset(recipe: str, name: str) -> dict:
    """A recipe's settings at a preset.

    Raises:
        InputError: there is no such recipe, or no such preset of it.
    """
    known = presets()
    if recipe not in known:
        raise InputError(f"recipe must be one of {', '.join(known)}, not {recipe}")
    if name not in known[recipe]:
        raise InputError(f"preset must be one of {', '.join(known[recipe])}, not {name}")
    return known[recipe][name]


def presets() -> dict[str, dict[str, dict]]:
    """Every recipe's presets, by name."""
    return tomllib.loads(PRESETS.read_text())


def _check(settings: dict) -> None:
    """Whether some preset, or the recipes themselves, know every setting."""
    known = {
        key
        for known in presets().values()
        for settings in known.values()
        for key in settings
    } | {"start_sha256", "first_sha256"}
    if unknown := settings.keys() - known:
        raise InputError(f"no recipe knows the setting {', '.join(sorted(unknown))}")


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    devices: int | str = "auto",
    accelerator: str = "auto",
    strategy: str = "auto",
) -> Any:
    """Train to the recipe's last step; ``checkpoint.pt`` and ``log.jsonl`` in `folder`.

    At the start and where the checkpoints' number is a power of two, ``step-N.pt``
    keeps the model, so that one can see later how it came to be what it is. Returns
    what the recipe's `model` gave, trained.

    Args:
        resume: go on from the folder's checkpoint, if it has one.
        devices, accelerator, strategy: Fabric's.

    Raises:
        InputError: the folder holds a checkpoint and `resume` is not given; another
            run trains there; or a setting is unknown.
    """
    file = folder / "checkpoint.pt"
    if file.exists() and not resume:
        raise InputError(f"{file} exists: go on with --resume, or delete it")
    folder.mkdir(parents=True, exist_ok=True)
    settings = recipe.settings
    _check(settings)
    fabric = Fabric(
        accelerator=accelerator,
        devices=devices,
        strategy=strategy,
        precision=settings.get("precision", "32-true"),
    )
    fabric.launch()
    with _alone(folder) if fabric.is_global_zero else nullcontext():
        return _run(recipe, folder, fabric)


def _run(recipe: Recipe, folder: Path, fabric: Fabric) -> nn.Module:
    settings = recipe.settings
    torch.manual_seed(settings["seed"])
    bare = recipe.model()
    optimizer: Any = MuonAdam(recipe.groups(bare), settings["learning_rate"])
    kept = _Checkpoints(folder, settings)
    start = kept.load(bare, optimizer)
    if start == 0 and fabric.is_global_zero:
        kept.begin(bare)
    model, optimizer = fabric.setup(bare, optimizer)
    log = _Log(folder / "log.jsonl", start, settings["log_every"], fabric.is_global_zero)
    bar = tqdm(
        _batches(recipe, start, fabric),
        initial=start,
        total=settings["steps"],
        unit="step",
        disable=not fabric.is_global_zero,
    )
    for step, batch in enumerate(bar, start):
        torch.manual_seed(hash((settings["seed"], step, fabric.global_rank)))
        decay = settings.get("decay", DECAY)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * _schedule(step, settings["steps"], decay)
        loss, numbers = model(*fabric.to_device(batch))
        optimizer.zero_grad()
        fabric.backward(loss)
        nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], MAX_GRADIENT)
        optimizer.step()
        log.add(step + 1, numbers, bar)
        if fabric.is_global_zero:
            kept.keep(step + 1, bare, optimizer)
    return bare.cpu()


class _Checkpoints:
    """What a run leaves in its folder, and goes on from."""

    def __init__(self, folder: Path, settings: dict):
        self.folder, self.settings = folder, settings
        self.file = folder / "checkpoint.pt"
        self.spent, self.begun = 0.0, time.monotonic()

    def load(self, model: nn.Module, optimizer) -> int:
        """Go on from the last one; returns its step, 0 if there is none."""
        if not self.file.exists():
            return 0
        state = load_checkpoint(self.file)
        if state["settings"] != self.settings:
            raise InputError(f"{self.file}: made with other settings than this preset's")
        _load(model, state["model"])
        optimizer.load_state_dict(state["optimizer"])
        self.spent = state["seconds"]
        return state["step"]

    def begin(self, model: nn.Module) -> None:
        _save(self.folder / "step-0.pt", self._state(0, model))

    def keep(self, step: int, model: nn.Module, optimizer) -> None:
        """Every ``keep_every`` steps and at the end; see `train` for what stays."""
        every = self.settings["keep_every"]
        if step % every and step != self.settings["steps"]:
            return
        state = self._state(step, model)
        if (step // every).bit_count() == 1:
            _save(self.folder / f"step-{step}.pt", state)
        _save(self.file, {**state, "optimizer": optimizer.state_dict()})

    def _state(self, step: int, model: nn.Module) -> dict:
        return {
            "step": step,
            "settings": self.settings,
            "model": _trained(model),
            "seconds": self.spent + time.monotonic() - self.begun,
        }


def _batches(recipe: Recipe, start: int, fabric: Fabric) -> DataLoader:
    """This process's batches from a step on: drawn beside the training on a GPU, whose
    machine has cores to spare; on a CPU, that trains itself, between its steps."""
    spare = (os.cpu_count() or 1) // fabric.world_size - 1
    workers = 0 if fabric.device.type == "cpu" else min(DRAWING, max(1, spare))
    steps = _Steps(recipe, fabric.global_rank, fabric.world_size)
    return DataLoader(
        steps,
        batch_size=None,
        sampler=range(start, len(steps)),
        collate_fn=_as_it_is,
        num_workers=workers,
    )


def _as_it_is(batch):
    return batch


class _Steps(Dataset):
    """A process's share of each step's batch, by the step's number."""

    def __init__(self, recipe: Recipe, rank: int, ranks: int):
        self.recipe, self.rank, self.ranks = recipe, rank, ranks

    def __len__(self) -> int:
        return self.recipe.settings["steps"]

    def __getitem__(self, step: int) -> tuple:
        return self.recipe.batch(step, self.rank, self.ranks)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two runs in one folder would spoil each other's."""
    import fcntl  # which Windows lacks

    with open(folder / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another run trains there") from None
        except OSError:  # a drive that knows no locks
            pass
        yield


def _trained(model: nn.Module) -> dict:
    """A model's state without its frozen parts, which come from elsewhere."""
    frozen = tuple(
        f"{name}."
        for name, part in model.named_children()
        if any(True for _ in part.parameters())
        and not any(p.requires_grad for p in part.parameters())
    )
    return {
        key: value
        for key, value in model.state_dict().items()
        if not key.startswith(frozen)
    }


def _load(model: nn.Module, state: dict) -> None:
    """Load what `_trained` gave."""
    if state.keys() != _trained(model).keys():
        raise InputError("the checkpoint is another model's")
    model.load_state_dict({**model.state_dict(), **state})


def load_checkpoint(file: Path) -> dict:
    """A checkpoint's step, settings, model, seconds and optimizer; no code in it."""
    return torch.load(file, map_location="cpu", weights_only=True)


def _schedule(step: int, steps: int, decay: float) -> float:
    """The learning rate's part: up, level, and down along a half cosine."""
    left = min(1.0, (steps - step) / (decay * steps))
    return min(1.0, (step + 1) / WARM_UP) * (1 - math.cos(math.pi * left)) / 2


def _save(file: Path, state: dict) -> None:
    """Write a checkpoint beside the old one, then in its place."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with replace_file(file) as out:
        out.write(buffer.getvalue())


class _Log:
    """A JSON line every few steps: the means since the line before."""

    def __init__(self, file: Path, start: int, every: int, active: bool):
        self.file, self.every, self.active = file, every, active
        self.seen: list[dict[str, float]] = []
        if active:  # what a killed run wrote after its checkpoint comes again
            kept = [line for line in _lines(file) if json.loads(line)["step"] <= start]
            with replace_file(file) as out:
                out.write("".join(kept).encode())

    def add(self, step: int, numbers: dict[str, float], bar) -> None:
        if not self.active:
            return
        self.seen.append(numbers)
        if step % self.every:
            return
        means = {
            key: round(sum(n[key] for n in self.seen) / len(self.seen), 5)
            for key in numbers
        }
        bar.set_postfix(means)
        with open(self.file, "a") as out:
            out.write(json.dumps({"step": step, **means}) + "\n")
        self.seen = []


def _lines(file: Path) -> list[str]:
    """The whole lines of a file that may end in half a line, or not exist."""
    if not file.exists():
        return []
    return [
        line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")
    ]
