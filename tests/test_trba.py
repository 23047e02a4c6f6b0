"""The four-stage reader: its stages, its spline, its gradients."""

import itertools

import numpy as np
import pytest
import torch
from easyocr.config import recognition_models

from semlib.data import make_text_image
from semlib.images import to_tensor
from semlib.ocr.trba import (
    ALPHABET,
    FEATURES,
    PREDICTIONS,
    SEQUENCES,
    SIZES,
    TPS,
    TRANSFORMATIONS,
    FourStages,
    TRBAReader,
    base_fiducials,
    labels,
)

STAGES = [
    "-".join(stages)
    for stages in itertools.product(TRANSFORMATIONS, FEATURES, SEQUENCES, PREDICTIONS)
]


@pytest.fixture(scope="module")
def images():
    return [to_tensor(make_text_image(index).image) for index in range(3)]


@pytest.fixture
def reader():
    torch.manual_seed(0)
    network = FourStages("smoke")
    for _ in range(10):  # so that the normalization fits, and the signal gets through
        network(torch.rand(8, 1, 32, 100) * 2 - 1, labels(["word"] * 8))
    torch.nn.init.normal_(network.transformation.points.weight, std=0.1)
    return TRBAReader(network)


@pytest.mark.parametrize("stages", STAGES)
def test_every_combination_of_stages_learns(stages):
    torch.manual_seed(0)
    network = FourStages("smoke", stages)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    x, target = torch.rand(4, 1, 32, 100) * 2 - 1, labels(["a", "Bee", "sea", "deep"])
    losses = []
    for _ in range(4):
        loss = network(x, target).mean()
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad is not None for p in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert len(network.eval().read(x)) == 4


def test_sizes_are_bakes_and_ours():
    """Baek et al. count 49.6 million parameters in TRBA; ours has more letters."""
    count = sum(p.numel() for p in FourStages("paper").parameters())
    assert count == pytest.approx(49.6e6, rel=0.01)
    for size in SIZES:
        columns = FourStages(size).eval().columns(torch.zeros(1, 1, 32, 100))
        assert columns.shape == (1, 26, SIZES[size].hidden)


def test_a_spline_that_moves_nothing_changes_nothing():
    tps = TPS(SIZES["compact"])
    x = torch.rand(2, 1, 32, 100)
    assert torch.allclose(tps(x), x, atol=1e-4)  # as it begins


def test_a_known_warp_is_the_splines_solution():
    """Against scipy's thin-plate spline, fitted to the same points."""
    from scipy.interpolate import RBFInterpolator

    tps = TPS(SIZES["compact"])
    base = base_fiducials(20).numpy()
    moved = base + 0.2 * np.random.default_rng(0).standard_normal(base.shape)
    spline = RBFInterpolator(base, moved, kernel="thin_plate_spline", degree=1)
    x, y = (2 * (np.arange(n) + 0.5) / n - 1 for n in (100, 32))
    pixels = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    found = tps.spline @ torch.tensor(moved).float()
    assert np.allclose(found, spline(pixels), atol=1e-4)


def test_fiducials_move_to_the_edges():
    """The middle half of a picture, pulled to its whole size, is what is seen."""
    tps = TPS(SIZES["smoke"])
    ramp = torch.linspace(-1, 1, 101)[:100].add(0.01).expand(1, 1, 32, 100)
    seen = tps.rectify(ramp, base_fiducials(6)[None].float() / 2)
    assert torch.allclose(seen, ramp / 2, atol=1e-3)


def test_the_losss_gradient_is_its_slope(reader, images):
    """In float64; noise in the picture, for equal pixels tie in max-pooling."""
    reader = reader.double()
    image = (images[0].double() + torch.rand(3, 256, 512)) / 2
    (gradient,) = torch.autograd.grad(
        reader.loss([image.requires_grad_()], ["Word"]), image
    )
    assert gradient.abs().sum() > 0
    for _ in range(3):
        way = gradient.abs().sqrt() * torch.randn_like(image)
        step = 1e-6 * way / way.abs().max()
        with torch.no_grad():
            ahead, behind = (reader.loss([image + s], ["Word"]) for s in (step, -step))
        slope = 2 * (gradient * step).sum()
        assert (ahead - behind).item() == pytest.approx(slope.item(), rel=1e-3)


def test_reading_alone_is_reading_in_a_batch(reader, images):
    images = [*images, images[0][:1, 100:150, 30:400], images[1][:, :, :20]]
    together = reader.read(images, batch=4)
    assert together == [reader.read([image])[0] for image in images]
    loss = reader.loss(images, ["one"] * 5)
    alone = torch.stack([reader.loss([image], ["one"]) for image in images])
    assert torch.allclose(loss, alone.mean(), atol=1e-4)


def test_a_reader_is_frozen(reader, images):
    assert not reader.train().network.training
    image = images[0].clone().requires_grad_()
    reader.loss([image], ["word"]).backward()
    assert image.grad.abs().sum() > 0
    assert all(p.grad is None for p in reader.parameters())


def test_what_a_chapter_shows(reader, images):
    assert reader.fiducials(images).shape == (3, 6, 2)
    assert reader.rectified(images).shape == (3, 1, 32, 100)
    maps = reader.attention(images)
    assert maps.shape == (3, 27, 26)
    assert torch.allclose(maps.sum(-1), torch.ones(3, 27))


def test_letters_are_english_g2s():
    known = recognition_models["gen2"]["english_g2"]["characters"]
    assert known == ALPHABET
    assert labels(["", "0é1"]).tolist() == [[0, 0, 0], [1, 2, 0]]
    assert labels(["a" * 40]).shape == (1, 27)


def test_a_word_longer_than_the_columns_cannot_be_read_perfectly():
    """CTC has a letter in a column at most; a loss of 0 would be praise."""
    torch.manual_seed(0)
    network = FourStages("smoke", "None-VGG-BiLSTM-CTC").eval()
    x = torch.rand(2, 1, 32, 100) * 2 - 1
    losses = network(x, labels(["a" * 20, "word"]))
    assert losses[0] == torch.inf and 0 < losses[1] < torch.inf
