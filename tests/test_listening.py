"""The network that listens to readers beside the pixels."""

import math

import pytest
import torch

from semlib import zoo
from semlib.ocr import EasyOCRReader
from semlib.restore import ResidualUNet
from semlib.training import ListeningRecipe, export, preset, train

pytestmark = pytest.mark.slow


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> ListeningRecipe:
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    return ListeningRecipe(preset("listening", "smoke"))


def test_a_batch_says_where_which_word_stands(recipe):
    clean, ruined, places = recipe.batch(0, 0, 1)
    assert clean.shape == ruined.shape == (2, 1, 64, 256) and 0 < len(places) <= 8
    reader = EasyOCRReader()
    crops = [clean[at, :, y0:y1, x0:x1] for at, (x0, y0, x1, y1), _ in places]
    right = [text == read for (*_, text), read in zip(places, reader.read(crops))]
    assert sum(right) > len(right) / 2
    halves = [recipe.batch(0, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat([half[0] for half in halves]), clean)
    texts = sorted(text for half in halves for *_, text in half[2])
    assert texts == sorted(text for *_, text in places)


def test_the_loss_is_the_squared_error_and_the_readers(recipe):
    model = recipe.model()
    batch = recipe.batch(0, 0, 1)
    loss, numbers = model(*batch)
    assert loss.item() == pytest.approx(numbers["loss"] + 0.005 * numbers["ocr"])
    model.ocr = 0.0
    assert model(*batch)[0].item() == pytest.approx(numbers["loss"])


def test_training_and_export(recipe, tmp_path):
    train(recipe, tmp_path / "run", devices=1)
    known = export("listening", tmp_path / "run" / "checkpoint.pt", "tiny", tmp_path)
    assert known["data"]["set"] == ListeningRecipe.known_as
    assert math.isfinite(known["training_log"][-1]["ocr"])
    assert isinstance(zoo.load_restorer("tiny", tmp_path)[0], ResidualUNet)


def test_readers_stay_frozen_but_for_what_a_gpu_needs(recipe):
    """cuDNN takes no gradient through an LSTM that is not in training mode."""
    model = recipe.model().train()
    modes = {
        type(part).__name__: part.training
        for reader in model.readers
        for part in reader.modules()
    }
    assert modes["LSTM"] and not modes["BatchNorm2d"]
    assert not any(p.requires_grad for r in model.readers for p in r.parameters())
