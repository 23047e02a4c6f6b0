"""DnCNN's training: alone, as the larger network's, and after a first one."""

import pytest
import torch
from PIL import Image

from semlib import cli, zoo
from semlib.images import InputError
from semlib.restore import (
    OCRGuided,
)
from semlib.training import DnCNNRecipe, GuidedRecipe, UNetRecipe, export, preset, train

pytestmark = pytest.mark.slow


def test_training_export_and_the_command(tmp_path, monkeypatch, capsys):
    settings = {**preset("dncnn", "smoke"), "steps": 40}
    train(DnCNNRecipe(settings), tmp_path / "run", devices=1)
    known = export("dncnn", tmp_path / "run" / "checkpoint.pt", "tiny", tmp_path)
    assert known["seconds"] >= 0 and known["paper"]["depth"] == 17
    assert "quality" not in known["paper"]  # which is the same
    network, weights = zoo.load_restorer("tiny", tmp_path)
    assert len(weights) == 64 and not network.training
    card = zoo.card("tiny", tmp_path)
    assert card["settings"]["lambda"] == 0.8 and card["data"]["pages"] == 2
    assert card["training_log"][-1]["psnr"] > card["training_log"][0]["psnr"]

    monkeypatch.setattr(zoo, "load_restorer", lambda name: (network, weights))
    data_file, out = tmp_path / "in.jpg", tmp_path / "out.png"
    Image.new("RGB", (45, 30), "orange").save(data_file)
    monkeypatch.setattr(
        "sys.argv", ["semlib", "restore", str(data_file), str(out), "--model", "tiny"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert "45 × 30" in capsys.readouterr().out
    assert Image.open(out).size == (45, 30) and Image.open(out).mode == "RGB"
    with pytest.raises(InputError, match="comes from the recipe dncnn"):
        zoo.load("tiny", tmp_path)


def test_dncnn_learns_in_the_same_way(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    recipe = DnCNNRecipe(preset("dncnn", "smoke"))
    clean, ruined = recipe.batch(0, 0, 1)
    assert clean.shape == ruined.shape == (4, 1, 32, 32)
    rest = UNetRecipe({**preset("unet", "smoke"), "crop": [32, 32], "batch": 4})
    rest._pages = recipe._pages  # which hold no random letters
    same, unclipped = rest.batch(0, 0, 1)
    assert torch.equal(clean, same)
    # but for coefficients that lie half way between two steps
    assert (unclipped.clamp(0, 1) - ruined).abs().median() < 1 / 255
    assert ((unclipped.clamp(0, 1) - ruined).abs() > 2 / 255).float().mean() < 0.05
    train(recipe, tmp_path / "run", devices=1)
    known = export("dncnn", tmp_path / "run" / "checkpoint.pt", "tiny", tmp_path)
    assert known["data"]["set"] == "book pages, train"


def test_a_second_network_with_the_firsts_loss(tmp_path, monkeypatch):
    for file in ("dncnn.json", "dncnn.safetensors"):
        (tmp_path / file).write_bytes((zoo.FOLDER / file).read_bytes())
    settings = {
        **preset("dncnn", "second"),
        "pages": 2,
        "batch": 2,
        "crop": [32, 32],
        "steps": 2,
        "log_every": 1,
    }
    recipe = DnCNNRecipe(settings)
    model = recipe.model()
    clean, ruined = recipe.batch(0, rank=0, ranks=1)
    before = model(clean, ruined)[1]  # it changes nothing yet
    bare = model.loss(model.first(ruined).clamp(0, 1), clean, ruined).item()
    assert before["loss"] == pytest.approx(bare)
    ended = train(recipe, tmp_path / "run", devices=1)
    assert all(map(torch.equal, model.first.parameters(), ended.first.parameters()))
    assert not torch.equal(
        model.network.residual[-2].weight, ended.network.residual[-2].weight
    )
    export("dncnn", tmp_path / "run" / "checkpoint.pt", "twice", tmp_path)
    network, _ = zoo.load_restorer("twice", tmp_path)
    assert isinstance(network, OCRGuided)

    # a guided network goes on from there, nothing emptied
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(zoo, "load_restorer", lambda name: (network, ""))
    known = zoo.card("dncnn")
    monkeypatch.setattr(zoo, "card", lambda name: known)
    further = (
        GuidedRecipe(
            {**preset("guided", "cpu"), "pages": 2, "first": "", "start": "twice"}
        )
        .model()
        .network
    )
    assert torch.equal(further.residual[-2].weight, network.second.residual[-2].weight)
