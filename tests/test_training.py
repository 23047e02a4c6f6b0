"""The training loop: it ends where it should, killed or not, alone or in two."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch

from semlib import training
from semlib.images import InputError
from semlib.training import (
    CodecRecipe,
    DnCNNRecipe,
    TFICRecipe,
    load_checkpoint,
    loop,
    preset,
    train,
)
from semlib.training.muon import MuonAdam

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(CodecRecipe(preset("codec", "smoke")), folder, devices=1)
    return folder


def same(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(value, other[key]) for key, value in one.items()
    )


class Killed(Exception):
    pass


def test_a_run_that_died_ends_where_a_whole_one_does(finished, tmp_path, monkeypatch):
    settings = preset("codec", "smoke")
    recipe = CodecRecipe(settings)
    draw = recipe.batch

    def die(step, rank, ranks):
        if step == 5:  # a step after the checkpoint of step 4: it is lost
            raise Killed
        return draw(step, rank, ranks)

    monkeypatch.setattr(recipe, "batch", die)
    with pytest.raises(Killed):
        train(recipe, tmp_path, devices=1)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 4
    with open(tmp_path / "log.jsonl", "a") as log:
        log.write('{"step": 6, "lo')  # half a line, as a kill leaves it
    train(CodecRecipe(settings), tmp_path, devices=1, resume=True)
    ends = [load_checkpoint(f / "checkpoint.pt") for f in (finished, tmp_path)]
    assert ends[0]["step"] == ends[1]["step"] == settings["steps"]
    assert same(ends[0]["model"], ends[1]["model"])
    assert (tmp_path / "log.jsonl").read_text() == (finished / "log.jsonl").read_text()


def test_the_command_survives_kill_9(finished, tmp_path):
    command = [
        sys.executable,
        "-c",
        "from semlib.cli import main; main()",
        "train",
        "codec",
        "--preset",
        "smoke",
        "--folder",
        str(tmp_path),
    ]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    file = tmp_path / "checkpoint.pt"
    while not file.exists() and run.poll() is None:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    subprocess.run([*command, "--resume"], check=True, stderr=subprocess.DEVNULL)
    end = load_checkpoint(file)
    assert same(end["model"], load_checkpoint(finished / "checkpoint.pt")["model"])


def test_muon_takes_a_kernel_for_a_matrix():
    """Against torch's own, which takes matrices only."""
    kernel = torch.nn.Parameter(torch.randn(8, 6, 3, 3))
    matrix = torch.nn.Parameter(kernel.detach().flatten(1).clone())
    bias = torch.nn.Parameter(torch.zeros(8))
    ours = MuonAdam([{"params": [bias]}, {"params": [kernel], "muon": True}], lr=0.1)
    torchs = torch.optim.Muon([matrix], lr=0.1, weight_decay=0)
    for _ in range(3):
        before = kernel.detach().clone()
        kernel.grad, bias.grad = torch.randn_like(kernel), torch.ones(8)
        matrix.grad = kernel.grad.flatten(1).clone()
        ours.step()
        torchs.step()
        change = (kernel - before).flatten(1).detach()
        assert torch.allclose(kernel.flatten(1), matrix, atol=0.01)  # torch's: bfloat16
        values = torch.linalg.svdvals(change / 0.1)
        assert values.min() > 0.4 and values.max() < 1.6
        assert kernel.grad is None
    assert torch.allclose(bias, torch.full((8,), -0.3))  # Adam's three steps


def test_muons_momentum_is_kept_in_checkpoints(tmp_path, monkeypatch):
    settings = preset("dncnn", "smoke")
    train(DnCNNRecipe(settings), tmp_path / "whole", devices=1)
    recipe = DnCNNRecipe(settings)
    draw = recipe.batch

    def die(step, rank, ranks):
        if step == 3:
            raise Killed
        return draw(step, rank, ranks)

    monkeypatch.setattr(recipe, "batch", die)
    with pytest.raises(Killed):
        train(recipe, tmp_path / "died", devices=1)
    train(DnCNNRecipe(settings), tmp_path / "died", devices=1, resume=True)
    ends = [
        load_checkpoint(tmp_path / name / "checkpoint.pt")["model"]
        for name in ("whole", "died")
    ]
    assert same(*ends)


def test_a_few_models_on_the_way_are_kept(finished):
    kept = {file.stem for file in finished.glob("step-*.pt")}
    assert kept == {"step-0", "step-2", "step-4"}
    model = load_checkpoint(finished / "step-4.pt")["model"]
    assert not same(model, load_checkpoint(finished / "step-2.pt")["model"])


LINE = """
import sys
from pathlib import Path
import torch
from torch import nn
from semlib.training import train

class Fit(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(3, 1)

    def forward(self, x, y):
        loss = (self.line(x) - y).square().mean()
        return loss, {"loss": loss.item()}

class Line:
    settings = {"steps": 6, "learning_rate": 0.1, "seed": 0, "keep_every": 2,
                "log_every": 1, "batch": 8}

    def model(self):
        return Fit()

    def groups(self, model):
        return [{"params": list(model.parameters()), "peak": 0.1}]

    def batch(self, step, rank, ranks):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        y = x.sum(1, keepdim=True) * torch.linspace(-3, 9, 8)[:, None]
        return x[rank::ranks], y[rank::ranks]

if __name__ == "__main__":
    train(Line(), Path(sys.argv[1]), devices=int(sys.argv[2]), accelerator="cpu",
          strategy="ddp" if sys.argv[2] == "2" else "auto")
"""


def test_two_processes_train_what_one_trains(tmp_path):
    """Half a batch each, gradients averaged: the same weights in the end. Each would go
    another way alone, as their halves differ."""
    (tmp_path / "line.py").write_text(LINE)
    ends = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        subprocess.run(
            [sys.executable, tmp_path / "line.py", folder, str(processes)],
            check=True,
            timeout=120,
        )
        ends.append(load_checkpoint(folder / "checkpoint.pt"))
    one, two = (end["model"]["line.weight"] for end in ends)
    assert torch.allclose(one, two, atol=1e-5)
    start = load_checkpoint(tmp_path / "1" / "step-0.pt")["model"]["line.weight"]
    assert (one - start).abs().max() > 0.03
    logs = [
        len((tmp_path / str(n) / "log.jsonl").read_text().splitlines()) for n in (1, 2)
    ]
    assert logs == [6, 6]  # of one process alone


def test_shares_of_a_batch_are_the_batch():
    recipe = CodecRecipe(preset("codec", "smoke"))
    crops, rates = recipe.batch(3, 0, 1)
    for rank in range(2):
        share, own = recipe.batch(3, rank, 2)
        assert torch.equal(share, crops[rank::2]) and torch.equal(own, rates[rank::2])


def test_batches_drawn_beside_the_training_are_the_same():
    """By other processes, as for a GPU."""
    recipe = CodecRecipe(preset("codec", "smoke"))
    machine = SimpleNamespace(device=torch.device("cuda"), global_rank=1, world_size=2)
    beside = loop._batches(recipe, 3, machine)
    assert beside.num_workers and len(beside) == recipe.settings["steps"] - 3
    for step, (crops, rates) in enumerate(beside, 3):
        here = recipe.batch(step, 1, 2)
        assert torch.equal(crops, here[0]) and torch.equal(rates, here[1])


def test_a_finished_folder_is_not_overwritten(finished):
    with pytest.raises(InputError, match="--resume"):
        train(CodecRecipe(preset("codec", "smoke")), finished, devices=1)


def test_other_settings_are_refused(finished):
    recipe = CodecRecipe({**preset("codec", "smoke"), "seed": 1})
    with pytest.raises(InputError, match="other settings"):
        train(recipe, finished, devices=1, resume=True)


def test_presets():
    with pytest.raises(InputError, match="smoke, cpu, further, paper"):
        training.preset("codec", "huge")
    with pytest.raises(InputError, match="recipe must be one of codec"):
        training.preset("codek", "cpu")


def test_paper_presets_are_the_papers():
    """Section 3: γ is 0.1 at every rate, and Baek's reader is listened to."""
    tfic, guided = (training.preset(name, "paper") for name in ("tfic", "guided"))
    assert (tfic["gammas"], tfic["reader"]) == ([0.1, 0.1], "trba")
    assert guided["temperature"] == 1


def test_a_setting_that_nobody_knows_is_refused(tmp_path):
    recipe = CodecRecipe({**preset("codec", "smoke"), "setps": 3})
    with pytest.raises(InputError, match="no recipe knows the setting setps"):
        train(recipe, tmp_path, devices=1)


def test_two_runs_in_one_folder_refuse_each_other(tmp_path, monkeypatch):
    recipe = CodecRecipe(preset("codec", "smoke"))
    draw = recipe.batch

    def meanwhile(step, rank, ranks):
        with pytest.raises(InputError, match="another run trains there"):
            train(CodecRecipe(preset("codec", "smoke")), tmp_path, resume=True, devices=1)
        raise Killed

    monkeypatch.setattr(recipe, "batch", meanwhile)
    with pytest.raises(Killed):
        train(recipe, tmp_path, devices=1)
    monkeypatch.setattr(recipe, "batch", draw)
    train(recipe, tmp_path, resume=True, devices=1)  # the lock went with the run


def test_frozen_parts_are_not_kept(tmp_path):
    """A reader of 15 MB in every checkpoint; and none is needed to go on."""
    settings = {**preset("tfic", "smoke"), "steps": 4, "keep_every": 2, "log_every": 1}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(TFICRecipe(settings), whole, devices=1)
    train(TFICRecipe({**settings, "steps": 2}), parts, devices=1)
    kept = load_checkpoint(parts / "checkpoint.pt")
    assert not any(key.startswith("readers.") for key in kept["model"])
    assert any(key.startswith("codec.entropy_bottleneck") for key in kept["model"])
    assert (parts / "checkpoint.pt").stat().st_size < 12e6


def test_other_processes_keep_no_log(tmp_path):
    log = loop._Log(tmp_path / "log.jsonl", 0, 10, active=False)
    for step in range(1, 100):
        log.add(step, {"loss": 1.0}, None)
    assert not log.seen and not (tmp_path / "log.jsonl").exists()


def test_weights_of_another_size_are_not_taken():
    recipe = CodecRecipe({**preset("codec", "further"), "size": "smoke", "images": 2})
    with pytest.raises(RuntimeError, match="size mismatch"):
        recipe.model()
