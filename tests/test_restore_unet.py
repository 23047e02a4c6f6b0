"""The network that sees further, and is told the file's table."""

import pytest
import torch
from torch import nn

from semlib import data
from semlib.images import to_tensor
from semlib.restore import (
    ResidualUNet,
    block_dct,
    restore,
    seen,
    table_picture,
)


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


def test_the_table_is_a_picture():
    table = torch.tensor(data.quantization_table(50))
    picture = table_picture(table, torch.zeros(2, 1, 16, 24))
    assert picture.shape == (2, 1, 16, 24)
    assert torch.equal(picture[1, 0, 8:, 16:], (table.float().log2() / 8))
    each = torch.stack([table, table * 2])[:, None, None, None]
    two = table_picture(each, torch.zeros(2, 1, 16, 24))
    assert torch.equal(two[0], picture[0])
    assert torch.allclose(two[1], picture[0] + 1 / 8)


def test_tiles_of_two_channels():
    torch.manual_seed(0)
    network = ResidualUNet([1, 1], [8, 8], told=True).eval()
    torch.nn.init.normal_(network.tail.weight, std=0.2)
    x = to_tensor(data.make_book_page(0).reduced()[:96, :136])
    shown = seen(network, x, torch.tensor(data.quantization_table(3)))
    whole = network(shown[None])[0].clamp(0, 1).detach()
    assert whole.shape == x.shape == (1, 96, 136) and block_dct(whole).shape[-1] == 8
    assert torch.allclose(restore(network, shown, tile=64), whole, atol=1e-5)
