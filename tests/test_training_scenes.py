"""Section 3's stages on scenes: what they learn from, and what the loss is."""

import numpy as np
import pytest
import torch

from semlib import data, zoo
from semlib.codec import compress, decompress
from semlib.images import inside, to_tensor
from semlib.ocr import EasyOCRReader
from semlib.training import export, preset, train
from semlib.training.scenes import SceneCodecRecipe, SceneTFICRecipe, by_picture, shifted

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recipe():
    return SceneTFICRecipe(preset("scene-tfic", "smoke"))


def test_windows_hold_the_words(recipe):
    for scene in recipe._images:
        for word in scene.words:
            left, top, right, bottom = word.window
            assert 0 <= left <= word.box[0] and word.box[2] <= right <= 512
            assert 0 <= top <= word.box[1] and word.box[3] <= bottom <= 256
            tall = bottom - top
            moved = shifted(word.window, np.random.default_rng(7))
            assert all(
                abs(one - two) <= 0.05 * tall + 1 for one, two in zip(moved, word.window)
            )
            assert moved[0] < moved[2] and moved[1] < moved[3]


def test_shares_of_a_batch_are_the_batch(recipe):
    pictures, places, rates = recipe.batch(1, 0, 1)
    assert pictures.shape == (2, 3, 256, 512) and rates.shape == (2,)
    for rank in range(2):
        own, words, rate = recipe.batch(1, rank, 2)
        assert torch.equal(own, pictures[rank::2]) and torch.equal(rate, rates[rank::2])
        assert words == [(0, *rest) for at, *rest in places if at == rank]


def test_some_grounds_are_flat(recipe):
    """One colour beyond the words as they are shown, and nothing else is changed."""
    settings = recipe.settings
    flat, whole = (
        SceneTFICRecipe({**settings, "flat": share}).batch(0, 0, 1)
        for share in (1.0, 0.0)
    )
    assert flat[1] == whole[1]
    for at, (picture, before) in enumerate(zip(flat[0], whole[0])):
        regions = [window for of, window, _ in flat[1] if of == at]
        kept = torch.from_numpy(inside(picture[0].numpy(), regions))
        assert torch.equal(picture[:, kept], before[:, kept])
        ground = picture[:, ~kept]
        assert (ground == ground[:, :1]).all()
        assert not torch.equal(ground, before[:, ~kept])


def test_a_picture_counts_once_whatever_its_words():
    losses = torch.tensor([1.0, 2.0, 6.0, 5.0])
    places = [(0, None, "a"), (1, None, "b"), (1, None, "c"), (2, None, "d")]
    assert by_picture(losses, places, 3).tolist() == [1, 4, 5]


def test_stage_2_reads_the_words_of_scenes(recipe, tmp_path):
    model = train(recipe, tmp_path, devices=1)
    batch = recipe.batch(0, 0, 1)
    loss, numbers = model.eval()(*batch)
    loss.backward()
    reached = [p.grad.abs().sum() for p in model.codec.g_s.parameters()]
    assert all(grad > 0 for grad in reached)
    x, places, rate = batch
    reader = EasyOCRReader()
    with torch.no_grad():
        x_hat = model.codec(x, rate)["x_hat"].clamp(0, 1)
        means = [
            torch.stack(
                [
                    reader.loss([x_hat[at][:, top:bottom, left:right]], [text])
                    for at, (left, top, right, bottom), text in places
                    if at == picture
                ]
            ).mean()
            for picture in range(2)
        ]
    assert numbers["ocr"] == pytest.approx(torch.stack(means).mean().item(), rel=1e-3)
    known = export("scene-tfic", tmp_path / "checkpoint.pt", "tiny", tmp_path)
    assert known["data"] == {"set": "scenes, train", "images": 8}
    network, weights = zoo.load("tiny", tmp_path)
    scene = data.make_scene(3, "validation")
    file = compress(network, weights, to_tensor(scene.image)[None], 3)
    assert decompress(network, weights, file).shape == (1, 3, 256, 512)


def test_distortion_is_a_share_of_the_loss(recipe):
    """γ·d·D more than without it, γ the geometric mean where the rate is the middle."""
    batch = recipe.batch(0, 0, 1)
    middle = torch.full((2,), 3.5)
    losses = []
    for distortion in (0.0, 6.0):
        torch.manual_seed(0)
        settings = {**recipe.settings, "distortion": distortion}
        model = SceneTFICRecipe(settings).model().eval()
        with torch.no_grad():
            losses.append(model(*batch[:2], middle)[0])
            x_hat = model.codec(batch[0], middle)["x_hat"]
    error = (x_hat - batch[0]).square().mean()
    assert (losses[1] - losses[0]).item() == pytest.approx(
        0.1 * 6 * error.item(), rel=1e-3
    )


def test_stage_1_learns_from_scenes(tmp_path):
    recipe = SceneCodecRecipe(preset("scene-codec", "smoke"))
    crops, rates = recipe.batch(0, 0, 1)
    assert crops.shape == (4, 3, 64, 64) and rates.shape == (4,)
    train(recipe, tmp_path, devices=1)
    assert (tmp_path / "checkpoint.pt").exists()
