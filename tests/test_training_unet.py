"""The training of the network that sees further."""

import numpy as np
import pytest
import torch
from PIL import Image

from semlib import cli, zoo
from semlib.restore import (
    ResidualUNet,
)
from semlib.training import UNetRecipe, export, preset, train
from semlib.training.unet import crop

pytestmark = pytest.mark.slow


def test_a_crop_comes_from_anywhere():
    pages = [np.arange(90 * 100).reshape(90, 100) + 9000 * at for at in range(3)]
    rng = np.random.default_rng(0)
    corners = [crop(pages, rng, 64, 96) for _ in range(400)]
    assert {image.shape for image in corners} == {(64, 96)}
    page, place = np.divmod([image[0, 0] for image in corners], 9000)
    assert set(page) == {0, 1, 2}
    assert set(place // 100) == set(range(27)) and set(place % 100) == set(range(5))


def test_training_export_and_the_command(tmp_path, monkeypatch, capsys, jpeg_page):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    recipe = UNetRecipe({**preset("unet", "smoke"), "steps": 120})
    one, two = recipe.batch(3, 0, 1), recipe.batch(3, 0, 1)
    assert torch.equal(one[0], two[0]) and one[1].shape == (2, 1, 64, 64)
    halves = [recipe.batch(3, rank, 2)[0] for rank in range(2)]
    assert torch.equal(torch.cat(halves), one[0])
    train(recipe, tmp_path / "run", devices=1)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    known = export("unet", checkpoint, "tiny", tmp_path)
    assert known["data"]["sha256"] and known["paper"]["width"] == [48, 96, 256]
    gains = [row["gain"] for row in known["training_log"]]
    assert np.mean(gains[-20:]) > np.mean(gains[:20]) + 0.1  # one step is chance
    network, weights = zoo.load_restorer("tiny", tmp_path)
    assert isinstance(network, ResidualUNet) and weights == known["sha256"]

    monkeypatch.setattr(zoo, "load_restorer", lambda name: (network, weights))
    out = tmp_path / "out.png"
    monkeypatch.setattr(
        "sys.argv", ["semlib", "restore", str(jpeg_page), str(out), "--model", "tiny"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and Image.open(out).size == Image.open(jpeg_page).size
    assert "contradicts nothing" in capsys.readouterr().out
