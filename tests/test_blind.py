"""The training of the network that is told the file's table."""

import numpy as np
import pytest
import torch
from PIL import Image

from semlib import data, zoo
from semlib.images import InputError
from semlib.restore import ResidualUNet, quantize, restore_image, restore_picture, seen
from semlib.training import BlindRecipe, export, preset, train
from semlib.training.blind import faded, some_table


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> BlindRecipe:
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    return BlindRecipe(preset("blind", "smoke"))


def test_a_batch_has_tables_of_its_own(recipe):
    clean, shown = recipe.batch(0, 0, 1)
    assert clean.shape == (2, 1, 64, 64) and shown.shape == (2, 2, 64, 64)
    tables = (2 ** (8 * shown[:, 1:])).round()
    for one, two, table in zip(clean, shown, tables[:, 0, :8, :8]):
        assert torch.allclose(quantize(one[None], table), two[None, :1], atol=1e-5)
    halves = [recipe.batch(0, rank, 2)[1] for rank in range(2)]
    assert torch.equal(torch.cat(halves), shown)


def test_tables_and_ink_of_many_kinds():
    rng = np.random.default_rng(0)
    tables = [some_table(rng, 1, 30) for _ in range(200)]
    means = [table.mean() for table in tables]
    assert min(means) < 100 and max(means) > 240
    assert any(table.max() - table.min() < 40 < table.max() for table in tables)
    page = np.array([[0, 255]], np.uint8)
    pictures = np.array([faded(page, rng)[0] for _ in range(300)])
    assert 0.6 < (pictures == page[0]).all(1).mean() < 0.8
    assert pictures[:, 0].max() <= 90 and pictures[:, 1].min() >= 180


@pytest.mark.parametrize("start", ["unet", "blind"])
def test_it_begins_as_what_it_starts_from(start, tmp_path, monkeypatch):
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    settings = {**preset("blind", "paper"), "pages": 1, "start": start}
    network = BlindRecipe(settings).model().network.eval()
    known, _ = zoo.load_restorer(start)
    x = torch.rand(1, 1, 32, 40)
    table = torch.tensor(data.quantization_table(5))
    before = known(seen(known, x, table))
    assert torch.allclose(network(seen(network, x, table)), before, atol=1e-5)


def test_it_goes_by_the_file(recipe, tmp_path):
    train(recipe, tmp_path / "run", devices=1)
    known = export("blind", tmp_path / "run" / "checkpoint.pt", "tiny", tmp_path)
    assert known["data"]["set"] == BlindRecipe.known_as
    network, _ = zoo.load_restorer("tiny", tmp_path)
    assert isinstance(network, ResidualUNet) and network.told
    image = data.make_book_page(3, "test").reduced()[60:265, 20:321]
    (tmp_path / "page.jpg").write_bytes(data.jpeg_bytes(image, 10))
    restored, contradicting = restore_picture(network, tmp_path / "page.jpg")
    assert restored.size == (301, 205) and contradicting == 0
    with pytest.raises(InputError, match="goes by a JPEG file's table"):
        restore_image(network, Image.fromarray(image))
