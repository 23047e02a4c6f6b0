"""The network that sees further, what a JPEG file says, and repairs held to it."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import nn

from semlib import cli, data, zoo
from semlib.data.jpeg import read_luminance
from semlib.experiments import restoration
from semlib.images import to_tensor
from semlib.restore import (
    ResidualUNet,
    block_dct,
    contradictions,
    hold,
    quantize,
    restore,
    restore_picture,
    seen,
)
from semlib.training import DnCNNRecipe, UNetRecipe, export, preset, train
from semlib.training.unet import crop

pytestmark = pytest.mark.slow

TABLE = torch.tensor(data.quantization_table(1))


def unruly(*blocks: int) -> ResidualUNet:
    """A network with weights that change every pixel, ready to use."""
    torch.manual_seed(0)
    network = ResidualUNet(blocks or (1, 1, 1), (8,) * (len(blocks) or 3))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.06)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    return network.eval()


@pytest.fixture(scope="module")
def patches():
    return data.spread_book_patches("validation", 4)


@pytest.fixture(scope="module")
def clean(patches):
    return torch.stack([to_tensor(patch.image) for patch in patches])


@pytest.fixture
def page(tmp_path):
    """A book page's corner as a JPEG file at quality 1, no side a multiple of 8."""
    path = tmp_path / "page.jpg"
    image = Image.fromarray(data.make_book_page(3, "test").reduced()[60:265, 20:321])
    image.save(path, quality=1)
    return path


def test_quantize_is_what_jpeg_leaves(patches, clean):
    ours = quantize(clean, TABLE)
    assert ours.min() < -0.05 and ours.max() > 1.05  # what a viewer cuts off
    for patch, one in zip(patches, ours):
        theirs, _ = data.degrade(patch.image, quality=1)
        wrong = (one.clamp(0, 1) * 255 - torch.tensor(theirs)).abs() > 2
        assert wrong.float().mean() < 0.01  # integer DCT: a tie may tip over


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_files_luminance_is_upright_and_on_its_grid(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(data.make_book_page(3).reduced()[60:265, 20:321])
    image.save(tmp_path / "a.jpg", quality=5, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg")))
    known = read_luminance(tmp_path / "a.jpg")
    cut = known.pixels[known.inside].clip(0, 1) * 255
    assert cut.shape == shown.shape and np.abs(cut - shown).max() < 1.01
    pixels, table = torch.tensor(known.pixels)[None, None], torch.tensor(known.table)
    whole = block_dct(pixels - 128 / 255) * 255 / table
    assert (whole - whole.round()).abs().max() < 1e-2  # the grid begins at the corner


def test_what_says_nothing_of_luminance(tmp_path):
    image = Image.fromarray(data.make_book_page(0).reduced()[:64, :64])
    image.save(tmp_path / "a.png")
    image.convert("CMYK").save(tmp_path / "b.jpg")
    image.save(tmp_path / "two.mpo", save_all=True, append_images=[image], quality=10)
    assert read_luminance(tmp_path / "two.mpo").pixels.shape == (64, 64)
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8 no more")
    for name in ("a.png", "b.jpg", "c.jpg", "missing.jpg"):
        assert read_luminance(tmp_path / name) is None
    image.convert("RGB").save(tmp_path / "d.jpg", quality=10, subsampling="4:2:0")
    assert read_luminance(tmp_path / "d.jpg").pixels.shape == (64, 64)


def test_hold_contradicts_nothing_and_keeps_what_agrees(clean):
    damaged = quantize(clean, TABLE)
    assert not contradictions(clean, damaged, TABLE).any()
    assert torch.equal(hold(clean, damaged, TABLE), clean)
    wild = clean + 0.3 * torch.randn(
        clean.shape, generator=torch.Generator().manual_seed(0)
    )
    wrong = contradictions(wild.clamp(0, 1), damaged, TABLE)
    assert wrong.float().mean() > 0.1
    better = hold(wild, damaged, TABLE)
    assert better.min() >= 0 and better.max() <= 1
    rounded = (better * 255).round() / 255
    assert not contradictions(rounded, damaged, TABLE).any()
    # compressed again, nearly every block gives the very file
    again = quantize(rounded, TABLE)
    same = (block_dct(again - damaged).abs() < 1e-3).flatten(-2).all(-1)
    assert same.float().mean() > 0.97
    # nearer to the truth, as the truth is in there
    assert (better - clean).square().mean() < (wild.clamp(0, 1) - clean).square().mean()
    fine = ~contradictions(wild.clamp(0, 1), damaged, TABLE, rounded=False)
    fine = fine.repeat_interleave(8, -2).repeat_interleave(8, -1)
    assert fine.any() and torch.equal(better[fine], wild.clamp(0, 1)[fine])


def test_the_network_begins_as_the_identity():
    x = torch.rand(1, 1, 24, 44)
    assert torch.equal(ResidualUNet((1, 1, 1), (8, 8, 8)).eval()(x), x)
    for blocks, width in [((1, 1), (8,)), ((1, 1, 1, 1), (8, 8, 8, 8))]:
        with pytest.raises(ValueError, match="do not fit"):
            ResidualUNet(blocks, width)


@pytest.mark.parametrize("blocks", [(2,), (1, 2), (2, 1, 3)])
def test_a_pixel_depends_on_those_within_reach(blocks):
    network = unruly(*blocks).double()
    x = torch.rand(1, 1, 16, 400, dtype=torch.double, requires_grad=True)
    far = 0
    for at in range(200, 208):  # somewhere in a block, at worst at its edge
        (seen,) = torch.autograd.grad(network(x)[0, 0, 8, at], x)
        far = max(far, ((seen[0, 0] != 0).nonzero()[:, 1] - at).abs().max().item())
    assert network.reach >= far > network.reach - 8


def test_tiles_have_no_seams_and_the_grid_counts():
    network = unruly(2, 1, 1)
    x = torch.rand(1, 203, 131)
    with torch.no_grad():
        whole = network(x[None])[0].clamp(0, 1)
        moved_by_8, moved_by_2 = (network(torch.roll(x[None], by, -1)) for by in (8, 2))
    assert torch.allclose(restore(network, x, tile=64), whole, atol=1e-5)
    middle = slice(56, 72)
    one, two = (
        torch.roll(moved, -by, -1)[0, :, middle, middle].clamp(0, 1)
        for moved, by in ((moved_by_8, 8), (moved_by_2, 2))
    )
    assert torch.allclose(one, whole[:, middle, middle], atol=1e-5)
    assert not torch.allclose(two, whole[:, middle, middle], atol=1e-2)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_repaired_page_could_have_been_the_original(tmp_path, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "page.jpg"
    image = Image.fromarray(data.make_book_page(3, "test").reduced()[60:265, 20:321])
    image.convert(mode).save(path, quality=1, exif=exif)
    better, share = restore_picture(unruly(), path)
    shown = ImageOps.exif_transpose(Image.open(path))
    assert share == 0 and better.size == shown.size and better.mode == mode
    known = read_luminance(path)
    pixels = torch.tensor(known.pixels)[None, None]
    luminance = (
        np.asarray(better.convert("YCbCr"))[..., 0]
        if mode == "RGB"
        else np.asarray(better)
    )
    whole = pixels.clone()
    whole[..., *known.inside] = to_tensor(luminance)
    wrong = contradictions(whole, pixels, torch.tensor(known.table))
    rows, columns = (
        slice(-(-part.start // 8), part.stop // 8) for part in known.inside
    )  # blocks that are seen whole
    assert not wrong[..., rows, columns].any()
    assert np.abs(luminance - np.asarray(shown.convert("L")).astype(int)).mean() > 3


def test_a_picture_without_a_file_is_restored_as_it_is(tmp_path, page):
    Image.open(page).save(tmp_path / "page.png")
    better, share = restore_picture(unruly(), tmp_path / "page.png")
    assert share is None and better.size == Image.open(page).size


def test_what_cannot_be_held_is_said(tmp_path):
    """Colours beyond a screen's are cut, and luminance with them."""
    image = data.make_book_page(3, "test").reduced()[60:260, 20:320]
    cream = np.uint8(image[..., None] * (np.array([255, 248, 230]) / 255))
    Image.fromarray(cream).save(tmp_path / "page.jpg", quality=20)
    network, _ = zoo.load_restorer("dncnn")
    _, share = restore_picture(network, tmp_path / "page.jpg")
    assert 0 < share < 1


def test_every_restorer_is_shown_what_it_learned_from(tmp_path, page):
    """The command and the experiment show a network the same."""
    network, _ = zoo.load_restorer("dncnn")
    better, _ = restore_picture(network, page)
    known = read_luminance(page)
    there = restoration.held(
        network, torch.tensor(known.pixels)[None, None], torch.tensor(known.table)
    )
    assert np.array_equal(
        np.asarray(better), restoration.levels(there[0][:, *known.inside])
    )
    file = torch.tensor(known.pixels)
    assert torch.equal(seen(unruly(), file, None), file) and file.max() > 1
    assert seen(network, file, None).max() == 1


def test_a_crop_comes_from_anywhere():
    pages = [np.arange(90 * 100).reshape(90, 100) + 9000 * at for at in range(3)]
    rng = np.random.default_rng(0)
    corners = [crop(pages, rng, 64, 96) for _ in range(400)]
    assert {image.shape for image in corners} == {(64, 96)}
    page, place = np.divmod([image[0, 0] for image in corners], 9000)
    assert set(page) == {0, 1, 2}
    assert set(place // 100) == set(range(27)) and set(place % 100) == set(range(5))


def test_training_export_and_the_command(tmp_path, monkeypatch, capsys, page):
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
        "sys.argv", ["semlib", "restore", str(page), str(out), "--model", "tiny"]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and Image.open(out).size == Image.open(page).size
    assert "contradicts nothing" in capsys.readouterr().out


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
