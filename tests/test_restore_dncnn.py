"""The paper's DnCNN, whole and in tiles."""

import pytest
import torch
from torch import nn

from semlib.restore import DnCNN, restore


def unruly(network: DnCNN) -> DnCNN:
    """The network with weights that change every pixel, ready to use."""
    torch.manual_seed(0)
    for layer in network.residual:
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.2)
    return network.eval()


def test_dncnn_is_the_papers():
    network = DnCNN()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 17 and network.reach == 17
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == 15
    assert {m.kernel_size for m in convolutions} == {(3, 3)}
    assert {m.out_channels for m in convolutions[:-1]} == {64}
    x = torch.rand(1, 1, 24, 40)
    assert torch.equal(network.eval()(x), x)  # begins as the identity


@pytest.mark.parametrize("factor", [1, 4])
def test_a_pixel_depends_on_those_within_reach(factor):
    network = unruly(DnCNN(5, 8, factor))
    x = torch.rand(1, 1, 64, 64, requires_grad=True)
    (seen,) = torch.autograd.grad(network(x)[0, 0, 32, 32], x)
    far = (seen[0, 0] != 0).nonzero() - 32
    assert network.reach >= far.abs().max() > network.reach - 2 * factor


@pytest.mark.parametrize("factor", [1, 4])
def test_tiles_have_no_seams(factor):
    network = unruly(DnCNN(5, 8, factor))
    x = torch.rand(1, 203, 131)
    with torch.no_grad():
        whole = network(x[None])[0].clamp(0, 1)
    assert (whole - x).abs().mean() > 0.05
    assert torch.allclose(restore(network, x, tile=64), whole, atol=1e-5)
