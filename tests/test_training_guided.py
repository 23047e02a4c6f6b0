"""The second network's training: the reader's loss, and the first one as it is."""

import json

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from semlib import data, zoo
from semlib.images import InputError, to_tensor
from semlib.ocr import EasyOCRReader
from semlib.restore import DnCNN, OCRGuided, blend, feather_mask, restore_image
from semlib.training import GuidedRecipe, export, preset, train
from semlib.training.guided import RefinementLoss

pytestmark = pytest.mark.slow


def test_the_readers_loss_teaches_the_second_network_alone():
    patch = data.spread_patches("train", 1)[0]
    clean = to_tensor(patch.image)[None]
    first = F.avg_pool2d(clean, 5, stride=1, padding=2)  # too soft to be read
    places = [(0, word.box, word.text) for word in patch.words[:4]]
    masks = feather_mask([box for _, box, _ in places], 64, 256)[None]
    torch.manual_seed(0)
    network, reader = DnCNN(3, 8), EasyOCRReader()
    before = [p.clone() for p in reader.parameters()]
    model = RefinementLoss(network, nn.Identity(), [reader], image=1.0)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        loss, numbers = model(first, masks, clean, places)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(numbers["loss"])
    assert losses[-1] < 0.8 * losses[0]
    assert all(map(torch.equal, before, reader.parameters()))
    outside = masks == 0
    refined = blend(first, network(first), masks)
    assert torch.equal(refined[outside], first[outside])


def test_training_export_and_a_whole_page(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    for file in ("dncnn.json", "dncnn.safetensors"):
        (tmp_path / file).write_bytes((zoo.FOLDER / file).read_bytes())
    settings = preset("guided", "smoke")
    train(GuidedRecipe(settings), tmp_path / "run", devices=1)
    known = export("guided", tmp_path / "run" / "checkpoint.pt", "tiny", tmp_path)
    assert known["settings"]["first_sha256"] == zoo.card("dncnn")["sha256"]
    assert known["data"]["pages"] == 2 and len(known["data"]["sha256"]) == 64
    network, weights = zoo.load_restorer("tiny", tmp_path)
    assert weights == known["sha256"] and isinstance(network, OCRGuided)
    page = Image.fromarray(data.spread_patches("test", 1)[0].image)
    assert restore_image(network, page).size == page.size

    ruined, masks, clean, places = GuidedRecipe(settings).batch(0, rank=0, ranks=1)
    assert ruined.shape == masks.shape == clean.shape == (2, 1, 64, 256)
    assert 0 < len(places) <= settings["words"]
    for at, (left, top, right, bottom), _ in places:
        assert masks[at, 0, top + 1 : bottom - 1, left + 1 : right - 1].min() == 1
        assert clean[at, 0, top:bottom, left:right].min() < 0.5
    shares = [GuidedRecipe(settings).batch(0, rank, 2) for rank in range(2)]
    assert all(
        torch.equal(torch.cat([share[k] for share in shares]), part)
        for k, part in enumerate((ruined, masks, clean))
    )
    assert sorted(
        (rank, window, text)
        for rank, share in enumerate(shares)
        for _, window, text in share[3]
    ) == sorted(places)
    whole = GuidedRecipe({**settings, "place": "page"}).batch(0, rank=0, ranks=1)
    assert whole[1].min() == 1 and whole[3] == places

    settings = {**known["settings"], "first_sha256": "0" * 64}
    (tmp_path / "tiny.json").write_text(json.dumps({**known, "settings": settings}))
    with pytest.raises(InputError, match="trained after other weights of dncnn"):
        zoo.load_restorer("tiny", tmp_path)
    other = json.loads((tmp_path / "dncnn.json").read_text())
    (tmp_path / "dncnn.json").write_text(json.dumps({**other, "sha256": "0" * 64}))
    with pytest.raises(InputError, match="not the file that its card describes"):
        zoo.load_restorer("tiny", tmp_path)


def test_the_first_network_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    recipe = GuidedRecipe(
        {**preset("guided", "smoke"), "reader": "none", "image": 1.0, "place": "page"}
    )
    model, batch = recipe.model(), recipe.batch(0, rank=0, ranks=1)
    before = {key: value.clone() for key, value in model.first.state_dict().items()}
    _, numbers = model.train()(*batch)  # the second one is empty
    first = model.first(batch[0]).clamp(0, 1)
    assert numbers["psnr"] == pytest.approx(
        -10 * F.mse_loss(first, batch[2]).log10().item(), abs=1e-3
    )
    assert all(
        torch.equal(value, before[key]) for key, value in model.first.state_dict().items()
    )


def test_readers_that_nobody_knows():
    with pytest.raises(InputError, match="reader must be one of easyocr, trba"):
        GuidedRecipe({**preset("guided", "smoke"), "reader": "tesseract"})
