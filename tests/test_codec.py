"""The transformer codec: its parts, its causality, its bits."""

import math

import pytest
import torch
from compressai.ans import RansDecoder, RansEncoder

from semlib.codec import ScaleHyperprior, TinyLIC, tinylic
from semlib.codec.attention import NeighbourhoodAttention
from semlib.codec.entropy import (
    END,
    LEVELS,
    LONGEST_SYMBOL,
    StrayGaussian,
    level_scale,
    padded,
    tables,
)
from semlib.codec.tinylic import STAGES
from semlib.images import InputError


def attend_in_a_loop(layer: NeighbourhoodAttention, x):
    """The same, position by position, as the words say it."""
    height, width, channels = x.shape
    reach, size = layer.kernel // 2, channels // layer.heads
    q, k, v = layer.qkv(x).chunk(3, -1)
    y = torch.zeros_like(x)
    for row in range(height):
        for column in range(width):
            for head in range(layer.heads):
                part = slice(head * size, (head + 1) * size)
                scores, values = [], []
                for r in range(max(0, row - reach), min(height, row + reach + 1)):
                    for c in range(
                        max(0, column - reach), min(width, column + reach + 1)
                    ):
                        bias = layer.bias[head, r - row + reach, c - column + reach]
                        dot = q[row, column, part] @ k[r, c, part]
                        scores.append(dot / math.sqrt(size) + bias)
                        values.append(v[r, c, part])
                weights = torch.stack(scores).softmax(0)
                y[row, column, part] = weights @ torch.stack(values)
    return layer.out(y)


@pytest.mark.parametrize("kernel, height, width", [(3, 5, 4), (5, 9, 6), (7, 3, 8)])
def test_neighbourhood_attention_is_the_plain_loop(kernel, height, width):
    torch.manual_seed(0)
    layer = NeighbourhoodAttention(6, 2, kernel).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, height, width, 6, dtype=torch.float64)
    with torch.no_grad():
        got = layer(x)
        for one, expected in zip(
            got, (attend_in_a_loop(layer, picture) for picture in x)
        ):
            assert torch.allclose(one, expected, atol=1e-12)


def make(size="smoke", seed=0):
    torch.manual_seed(seed)
    model = TinyLIC(size).eval()
    for parameter in model.prior.parameters():  # so that predictions are not all 0
        parameter.data += 0.05 * torch.randn_like(parameter)
    model.update()
    return model


def test_a_stage_knows_only_the_stages_before_it():
    model = make()
    torch.manual_seed(1)
    y = torch.randn(1, 8, 8, 8)
    features = torch.randn(1, 8, 8, 8)
    for stage, _ in enumerate(STAGES):
        earlier = sum(tinylic.stage_mask(y, s) for s in range(stage)) if stage else 0 * y
        known = (y * earlier).requires_grad_()
        means, levels = model.prior.predict(features, known, stage)
        (means.sum() + levels.sum()).backward()
        if stage:
            assert known.grad.abs().sum() > 0
        # a later latent changes no likelihood of this stage or an earlier one
        changed = y + 3 * (1 - earlier - tinylic.stage_mask(y, stage)).clamp(0, 1)
        mask = tinylic.stage_mask(y, stage).bool().expand_as(y)
        with torch.no_grad():
            before = model.estimate_stages(y, features)[1][mask]
            after = model.estimate_stages(changed, features)[1][mask]
        assert torch.equal(before, after)


def test_masks_cover_every_latent_once():
    total = sum(tinylic.stage_mask(torch.zeros(1, 1, 6, 4), s) for s in range(4))
    assert torch.equal(total, torch.ones(1, 1, 6, 4))


@pytest.mark.parametrize("network", [TinyLIC, ScaleHyperprior])
def test_decoding_gives_the_encoders_symbols_and_the_forward_picture(network):
    torch.manual_seed(0)
    model = network("smoke").eval()
    model.update()
    x, rate = torch.rand(1, 3, 64, 128), torch.tensor([5.3])
    with torch.no_grad():
        out = model(x, rate)
        z, y, symbols = model.encode(model.analyse(x, rate))
        y_hat, again = model.decode(z, y, 64, 128)
        back = model.exact.synthesise(y_hat, rate)
    assert symbols.unique().numel() > 3
    assert torch.equal(symbols, again)
    assert torch.allclose(back, out["x_hat"].double(), atol=1e-4)


def test_the_rate_is_continuous():
    model = make()
    gains = [model.gain(torch.tensor([rate])) for rate in (2.0, 2.5, 2.999999, 3.0, 7.0)]
    assert torch.allclose(gains[1].log(), (gains[0].log() + gains[3].log()) / 2)
    assert torch.allclose(gains[2], gains[3], rtol=1e-4)
    assert torch.allclose(gains[4].flatten(), model.log_gain[7].exp())


@pytest.mark.parametrize("network, millions", [(TinyLIC, 15), (ScaleHyperprior, 5)])
def test_the_papers_size_runs(network, millions):
    with torch.no_grad():
        model = network("paper").eval()
        out = model(torch.rand(1, 3, 64, 64), torch.tensor([1.5]))
    assert out["x_hat"].shape == (1, 3, 64, 64)
    assert sum(p.numel() for p in model.parameters()) > millions * 1e6


def test_strays_have_a_price_and_a_gradient():
    model = StrayGaussian()
    scale = torch.tensor(0.11, requires_grad=True)
    values = torch.arange(-40.0, 41).view(1, 1, -1)
    _, likelihood = model(values, scale.expand(1, 1, 81), training=False)
    assert likelihood.sum().item() == pytest.approx(1, abs=1e-4)
    (-likelihood[..., 42].log2()).sum().backward()  # of a 2, 18 deviations away
    assert scale.grad < -1  # a larger scale would make it cheaper


def test_no_value_in_a_table_costs_more_than_its_share():
    """Every value has a step; all the others are divided as the likelihoods say."""
    model = StrayGaussian()
    model.update()
    for level, (row, length, offset) in enumerate(zip(*tables(model))):
        steps = torch.tensor(row).diff()
        assert len(row) == length and steps.sum() == 2**16 and steps.min() >= 1
        values = torch.arange(len(steps) - 1).float() + offset  # the last: escape
        scales = level_scale(torch.tensor(float(level))).expand_as(values)
        _, chance = model(values.view(1, 1, -1), scales.view(1, 1, -1), training=False)
        kept = chance.flatten().clamp(max=1) * (2**16 - len(steps))
        assert (steps[:-1] >= kept * (1 - 1e-4) - 1e-2).all()


def test_the_tables_cost_what_the_likelihoods_say():
    model = StrayGaussian()
    model.update()
    generator = torch.Generator().manual_seed(0)
    levels = torch.randint(LEVELS - 10, (20_000,), generator=generator)
    scales = level_scale(levels)
    stray = torch.rand(20_000, generator=generator) < 0.01
    values = torch.randn(20_000, generator=generator) * scales * (1 + 7 * stray)
    values = values.round()
    _, likelihood = model(values.view(1, 1, -1), scales.view(1, 1, -1), training=False)
    bits = -likelihood.log2().sum().item()
    string = RansEncoder().encode_with_indexes(
        values.int().tolist(), levels.tolist(), *tables(model)
    )
    assert 8 * len(string) == pytest.approx(bits, rel=0.005)


def test_a_string_longer_than_an_encoder_writes_is_refused():
    longest = b"\xff" * (LONGEST_SYMBOL * 5 + END)
    ready = padded(longest, 5)
    assert ready.startswith(longest)
    assert len(ready) >= 16 * len(longest)  # a nibble may ask for fifteen others
    with pytest.raises(InputError, match="more than its picture can need"):
        padded(longest + b"\xff", 5)


def test_the_rarest_symbols_are_not_refused():
    """None takes more bytes than are allowed for one."""
    model = StrayGaussian()
    model.update()
    values, levels = [2**26, -(2**26)] * 50, [0] * 100
    string = RansEncoder().encode_with_indexes(values, levels, *tables(model))
    assert len(string) > 4 * len(values)
    ready = padded(string, len(values))
    assert RansDecoder().decode_with_indexes(ready, levels, *tables(model)) == values
