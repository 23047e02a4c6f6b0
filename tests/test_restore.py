"""Restorers: the DCT, its loss and its intervals, DnCNN, tiles, the command."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dctn
from torch import nn

from semlib import cli, data, metrics, zoo
from semlib.experiments import checkpoints, dct_loss_sweep
from semlib.images import InputError, to_tensor
from semlib.restore import DCTLoss, DnCNN, block_dct, from_block_dct, project, restore
from semlib.training import DnCNNRecipe, export, preset, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs():
    """Clean and ruined patches, N×1×64×256 each, in float64."""
    patches = data.spread_patches("test", 6)
    ruined = [data.degrade(patch.image, quality=1)[0] for patch in patches]
    return (
        torch.stack([to_tensor(patch.image).double() for patch in patches]),
        torch.stack([to_tensor(image).double() for image in ruined]),
    )


def unruly(network: DnCNN) -> DnCNN:
    """The network with weights that change every pixel, ready to use."""
    torch.manual_seed(0)
    for layer in network.residual:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.2)
    return network.eval()


def test_the_dct_is_scipys():
    x = torch.rand(2, 3, 16, 24, dtype=torch.float64)
    ours = block_dct(x)
    assert ours.shape == (2, 3, 2, 3, 8, 8)
    theirs = dctn(x[1, 2, 8:, 16:].numpy(), norm="ortho")
    assert np.allclose(ours[1, 2, 1, 2].numpy(), theirs, atol=1e-12)
    assert torch.allclose(from_block_dct(ours), x, atol=1e-12)
    with pytest.raises(ValueError, match="multiples of 8"):
        block_dct(x[..., :-1])


def test_at_quality_1_the_threshold_is_half_a_step(pairs):
    """All steps are 255 levels, 1 in our unit: τ = 0.5 forgives the rounding."""
    clean, ruined = pairs
    assert (data.quantization_table(1) == 255).all()
    away = (block_dct(clean - ruined).abs() - 0.5).clamp(min=0)
    # but for what the decoder clipped at white
    assert (away > 1e-2).double().mean() < 0.01
    loss = DCTLoss()
    assert loss.dct(clean, ruined) < 1e-3 < loss.dct(1 - clean, ruined)
    assert DCTLoss(1)(clean, clean, ruined) == 0
    assert DCTLoss(0)(clean, ruined, ruined) == loss.dct(clean, ruined)
    by_hand = 0.8 * (ruined - clean).square().mean() + 0.2 * loss.dct(ruined, clean)
    assert loss(ruined, clean, clean).item() == pytest.approx(by_hand.item())


def test_the_projection_ends_where_jpeg_would_agree(pairs):
    clean, ruined = pairs
    table = torch.tensor(data.quantization_table(1))
    assert torch.allclose(project(ruined, ruined, table), ruined, atol=0.01)
    assert (project(clean, ruined, table) - clean).abs().mean() < 1e-3
    wild = project(torch.rand_like(clean), ruined, table)
    assert torch.allclose(project(wild, ruined, table), wild, atol=1e-9)
    assert (wild - clean).square().mean() < (
        torch.rand_like(clean) - clean
    ).square().mean()


def test_dncnn_is_the_papers():
    network = DnCNN()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 17 and network.reach == 17
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == 15
    assert {m.kernel_size for m in convolutions} == {(3, 3)}
    assert {m.out_channels for m in convolutions[:-1]} == {64}
    x = torch.rand(1, 1, 24, 40)
    assert torch.equal(network.eval()(x), x)  # begins as the identity


@pytest.mark.parametrize("factor", [1, 4])
def test_a_pixel_depends_on_those_within_reach(factor):
    network = unruly(DnCNN(5, 8, factor))
    x = torch.rand(1, 1, 64, 64, requires_grad=True)
    (seen,) = torch.autograd.grad(network(x)[0, 0, 32, 32], x)
    far = (seen[0, 0] != 0).nonzero() - 32
    assert network.reach >= far.abs().max() > network.reach - 2 * factor


@pytest.mark.parametrize("factor", [1, 4])
def test_tiles_have_no_seams(factor):
    network = unruly(DnCNN(5, 8, factor))
    x = torch.rand(1, 203, 131)
    with torch.no_grad():
        whole = network(x[None])[0].clamp(0, 1)
    assert (whole - x).abs().mean() > 0.05
    assert torch.allclose(restore(network, x, tile=64), whole, atol=1e-5)


def test_a_crops_jpeg_is_the_patchs():
    """What the recipe relies on when it compresses crops alone."""
    image = data.spread_patches("train", 1)[0].image
    whole, _ = data.degrade(image, quality=1)
    crop, _ = data.degrade(image[16:48, 64:160], quality=1)
    assert np.array_equal(crop, whole[16:48, 64:160])


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


def test_page_patches_are_the_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    kept = data.PagePatches("test", 3, workers=1, folder=tmp_path)
    assert len(kept) == 30
    for index in (0, 17, 29):
        page, at = divmod(index, 10)
        drawn = data.make_page(page, "test").patches()[at]
        assert np.array_equal(kept[index].image, drawn.image)
        assert kept[index].words == drawn.words and kept[index].page == page
    assert [(p.page, p.cell) for p in kept.firsts()] == [
        (page, kept[10 * page].cell) for page in range(3)
    ]
    with pytest.raises(InputError, match="1 to 457"):
        data.PagePatches("test", 458, folder=tmp_path)


def test_psnr_b_counts_blocking():
    rng = np.random.default_rng(0)
    clean = np.full((64, 64), 128, np.uint8)
    blocky = clean.copy()
    blocky.reshape(8, 8, 8, 8)[:] += rng.integers(0, 20, (8, 1, 8, 1), np.uint8)
    grainy = rng.permutation(blocky.ravel()).reshape(64, 64)
    for image, difference in ((blocky, 0.5), (grainy, 0)):
        found = metrics.fidelity(clean, image)
        assert found["psnr"] - found["psnr_b"] >= difference
    assert metrics.fidelity(clean, grainy)["psnr_b"] == pytest.approx(
        metrics.fidelity(clean, grainy)["psnr"], abs=0.3
    )
    assert metrics.fidelity(clean, clean)["ssim"] == 1


def test_the_sweep(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(dct_loss_sweep, "LOSSES", ((0.0, 0.5), (1.0, 0.5)))
    result = dct_loss_sweep.run(tmp_path / "runs", 3, 2, 2, "smoke")
    nothing, pixels = result["losses"]
    # with λ = 0 the ruined picture is right as it is, and nothing is learned
    assert len(set(nothing["psnr"]["seeds"])) == 1
    assert len(set(pixels["psnr"]["seeds"])) == 2


def test_repairing_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoints.run([tmp_path])
    train(DnCNNRecipe(preset("dncnn", "smoke")), tmp_path / "run", devices=1)
    result = checkpoints.run([tmp_path / "run", tmp_path / "run"], 2)
    assert [step["step"] for step in result["steps"]] == [0, 2, 4, 6, 8, 10, 12]
    first, *_, last = result["steps"]
    assert first["psnr"] != last["psnr"] and first["english_g2 exact"][0] < 0.2
    assert len(last["samples"]) == 2 and last["samples"][0]["webp"]
