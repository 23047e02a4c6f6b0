"""JPEG's DCT: its loss, its intervals, and pictures held to them."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from semlib import data
from semlib.images import to_tensor
from semlib.restore import (
    DCTLoss,
    block_dct,
    contradictions,
    from_block_dct,
    hold,
    project,
    quantize,
)

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


TABLE = torch.tensor(data.quantization_table(1))


@pytest.fixture(scope="module")
def patches():
    return data.spread_book_patches("validation", 4)


@pytest.fixture(scope="module")
def clean(patches):
    return torch.stack([to_tensor(patch.image) for patch in patches])


def test_quantize_is_what_jpeg_leaves(patches, clean):
    ours = quantize(clean, TABLE)
    assert ours.min() < -0.05 and ours.max() > 1.05  # what a viewer cuts off
    for patch, one in zip(patches, ours):
        theirs, _ = data.degrade(patch.image, quality=1)
        wrong = (one.clamp(0, 1) * 255 - torch.tensor(theirs)).abs() > 2
        assert wrong.float().mean() < 0.01  # integer DCT: a tie may tip over


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
