"""Words found, matched, repaired by themselves and put back."""

import json
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from semlib import data, zoo
from semlib.experiments import acceptance, checkpoints, end_to_end, guided_ablation
from semlib.images import InputError, to_tensor
from semlib.ocr import EasyOCRReader, PageReader
from semlib.restore import (
    DnCNN,
    OCRGuided,
    blend,
    feather_mask,
    match_boxes,
    restore_image,
    accepts,
)
from semlib.restore.guided import FEATHER
from semlib.training import DnCNNRecipe, GuidedRecipe, export, preset, train
from semlib.training.guided import RefinementLoss

pytestmark = pytest.mark.slow


class Blots:
    """A detector that finds black rectangles, however it cuts the picture."""

    def boxes(self, images):
        found = []
        for image in images:
            dark = (image[0].numpy() < 0.5).astype(np.uint8)
            _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
            found.append(
                np.array(
                    [
                        [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
                        for x, y, w, h, _ in stats[1:]
                    ],
                    np.float32,
                ).reshape(-1, 4, 2)
            )
        return found


def lightened(network: DnCNN) -> DnCNN:
    """The network, made to change every pixel."""
    nn.init.constant_(network.residual[-2].bias, -0.2)
    return network.eval()


def test_boxes_and_words_are_paired():
    words = [(0, 0, 10, 10), (20, 0, 40, 10), (60, 0, 80, 10)]
    found = [(21, 0, 41, 10), (0, 1, 10, 11), (100, 0, 110, 10), (55, 0, 100, 10)]
    assert match_boxes(found, words) == {
        0: 1,
        1: 0,
    }  # the last one's overlap is too small
    assert match_boxes([], words) == match_boxes(found, []) == {}


def test_a_real_detectors_boxes_are_the_words():
    pages, patch = PageReader(), data.spread_patches("train", 1)[0]
    corners = pages.detector.boxes(to_tensor(patch.image)[None])[0]
    pairs = match_boxes(
        pages.windows(corners, 64, 256), pages.windows(patch.corners, 64, 256)
    )
    assert len(pairs) == len(patch.words) == len(set(pairs.values()))


def test_a_mask_is_one_in_the_window_and_fades():
    mask = feather_mask([(10, 20, 30, 28), (0, 0, 4, 4)], 40, 50)[0]
    assert mask.shape == (40, 50)
    assert (mask[20:28, 10:30] == 1).all() and (mask[:4, :4] == 1).all()
    edge = mask[24, 30 : 30 + FEATHER + 1]
    assert (edge[:-1] > 0).all() and (edge.diff() < 0).all() and edge[-1] == 0
    assert mask[30:, 35:].max() == 0
    assert feather_mask([], 8, 8).max() == 0


def test_only_the_found_words_change():
    x = torch.ones(2, 1, 64, 96)
    x[0, 0, 20:30, 40:70] = 0
    guided = OCRGuided(
        DnCNN(3, 4), lightened(DnCNN(3, 4)), PageReader(Blots(), reader=None)
    )
    changed = (guided(x) - x).abs() > 1e-6
    assert changed[0, 0, 20:30, 40:70].all() and not changed[1].any()
    assert not changed[0, 0, :10].any() and not changed[0, 0, :, :30].any()


class Sure:
    """A recognizer that is the accepts the darker a picture is."""

    def read_with_confidence(self, images):
        return [("", 0.8 - 0.8 * image.clamp(0, 1).mean().item()) for image in images]

    def read(self, images):
        return [text for text, _ in self.read_with_confidence(images)]


def test_caution_leaves_a_word_that_did_not_get_better():
    x = torch.ones(1, 1, 64, 96)
    x[0, 0, 10:20, 10:40] = 0.12  # cannot get much darker
    x[0, 0, 40:50, 30:70] = 0.45
    darker = DnCNN(3, 4)
    nn.init.constant_(darker.residual[-2].bias, 0.3)

    def changed(caution):
        guided = OCRGuided(
            DnCNN(3, 4), darker.eval(), PageReader(Blots(), Sure()), caution
        )
        whole = guided(x)[0].clamp(0, 1)
        assert torch.allclose(whole, guided.restore(x[0]), atol=1e-6)
        moved = (whole - x[0]).abs()[0] > 0.1
        return moved[12:18, 12:38].all().item(), moved[42:48, 32:68].all().item()

    assert changed(0) == (True, True)
    assert changed(2) == (False, True)
    assert changed(5) == (False, False)


def test_surer_compares_odds():
    assert accepts(0.5, 0.7, 2) and not accepts(0.5, 0.65, 2)  # odds of 1, 2.3 and 1.9
    assert accepts(0.9, 0.95, 2) and not accepts(0.01, 0.019, 2)
    assert accepts(0, 0.01, 100) and accepts(0.9, 1, 100)
    assert not accepts(1, 1, 1) and not accepts(0, 0, 1)
    assert accepts(1, 0, 0)  # no caution


def test_a_large_picture_has_no_seams():
    x = torch.ones(1, 200, 232)
    for top in range(6, 190, 22):
        for left in range(5, 200, 41):
            x[0, top : top + 10, left : left + 30] = 0
    torch.manual_seed(0)
    second = DnCNN(3, 4)
    nn.init.normal_(second.residual[-2].weight, std=0.2)
    guided = OCRGuided(DnCNN(3, 4), second.eval(), PageReader(Blots(), reader=None))
    whole = guided(x[None])[0].detach()
    assert (whole - x).abs().max() > 0.05
    assert torch.allclose(
        guided.restore(x, tile=64).clamp(0, 1), whole.clamp(0, 1), atol=1e-5
    )


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


def test_caution_is_weighed(monkeypatch):
    monkeypatch.setattr(acceptance, "BookPatches", lambda split, count=None: Few(split))
    result = acceptance.run(subset=2)
    levels = result["levels"]
    assert [row["caution"] for row in levels] == list(acceptance.LEVELS)
    for split in ("validation", "test"):
        for reader in ("english_g2", "PP-OCRv6"):
            rows = [row[split][reader] for row in levels]
            assert rows[0]["accuracy"][0] > 0.5 and rows[0]["right"] > 50
            assert len({row["right"] for row in rows}) == 1  # of D1, at every level
            assert rows[-1]["broken"] <= rows[0]["broken"]
    with pytest.raises(InputError, match="dncnn has no second network"):
        acceptance.run("dncnn", 2)


class Few:
    """Two patches of a split."""

    def __init__(self, split):
        self.split = split

    def firsts(self):
        return data.spread_book_patches(self.split, 2)


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


def test_the_ablation(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(
        guided_ablation,
        "VARIANTS",
        {name: guided_ablation.VARIANTS[name] for name in ("guided", "image", "alone")},
    )
    result = guided_ablation.run(tmp_path / "runs", 2, 2, "smoke")
    rows = result["variants"]
    assert list(rows) == ["first", "guided", "image", "alone"]
    for reader in ("english_g2", "PP-OCRv6"):
        assert rows["first"][f"{reader} accuracy"][0] > 0.5
        assert rows["guided"]["changes"][reader]["letters"] > 50
    # two steps change little, but without D1 nothing can be read
    assert rows["alone"]["PP-OCRv6 accuracy"][0] < 0.3
    lost = rows["alone"]["gains"]["PP-OCRv6 accuracy"][0]
    assert lost == pytest.approx(
        rows["alone"]["PP-OCRv6 accuracy"][0] - rows["first"]["PP-OCRv6 accuracy"][0],
        abs=2e-4,
    )
    shown = checkpoints.run([tmp_path / "runs" / "guided"], 2)
    assert [step["step"] for step in shown["steps"]] == [0, 2]
    # at first D2 changes nothing
    first, _ = zoo.load_restorer("dncnn")
    alone = [
        end_to_end.score(patch, partial(end_to_end.repaired, first))["psnr"]
        for patch in data.BookPatches("test", 2).firsts()
    ]
    assert shown["steps"][0]["psnr"][0] == pytest.approx(np.mean(alone), abs=1e-3)
