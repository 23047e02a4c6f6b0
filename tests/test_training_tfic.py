"""Stage 2 listens to readers, and leaves them as they are."""

import pytest
import torch
from test_training import same

from semlib.images import InputError
from semlib.ocr import EasyOCRReader
from semlib.training import TFICRecipe, preset, train
from semlib.training.tfic import bounded

pytestmark = pytest.mark.slow


def test_stage_2_listens_to_a_frozen_reader(tmp_path):
    recipe = TFICRecipe(preset("tfic", "smoke"))
    model = train(recipe, tmp_path, devices=1)
    x, texts, rate = recipe.batch(0, 0, 1)
    assert x.shape[2:] == (256, 512) and all(texts)
    loss, numbers = model.eval()(x, texts, rate)
    loss.backward()
    reached = [p.grad.abs().sum() for p in model.codec.g_s.parameters()]
    assert all(grad > 0 for grad in reached)  # through the reader: λ is 0
    fresh = EasyOCRReader()
    assert same(dict(fresh.named_parameters()), dict(model.readers[0].named_parameters()))
    with torch.no_grad():
        x_hat = model.codec(x, rate)["x_hat"].clamp(0, 1)
    assert numbers["ocr"] == pytest.approx(fresh.loss(x_hat, texts).item(), rel=1e-3)


def test_stage_2_listens_to_two_readers_at_once():
    both, *single = [
        TFICRecipe({**preset("tfic", "smoke"), "reader": name})
        for name in ("both", "easyocr", "trba")
    ]
    batch = both.batch(0, 0, 1)

    def heard(recipe):
        torch.manual_seed(0)
        return recipe.model().eval()(*batch)[1]["ocr"]

    alone = [heard(recipe) for recipe in single]
    assert alone[0] != alone[1]
    assert heard(both) == pytest.approx(sum(alone) / 2, rel=1e-4)


def test_stage_2_knows_its_readers():
    with pytest.raises(InputError, match="easyocr, trba, both, not tesseract"):
        TFICRecipe({**preset("tfic", "smoke"), "reader": "tesseract"})


def test_what_lies_beyond_black_and_white_can_come_back():
    x = torch.tensor([-0.5, 0.25, 1.5], requires_grad=True)
    assert bounded(x).tolist() == [0, 0.25, 1]
    bounded(x).backward(torch.tensor([-1.0, 1.0, 1.0]))  # down the slope: up, down, down
    assert x.grad.tolist() == [-1, 1, 1]
    x.grad = None
    bounded(x).backward(torch.tensor([1.0, 1.0, -1.0]))  # further out
    assert x.grad.tolist() == [0, 1, 0]
