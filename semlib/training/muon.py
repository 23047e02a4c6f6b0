"""Muon for a network's middle convolutions, Adam for the rest."""

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
# of the polynomial that pulls all singular values towards 1, and how often it is used
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5


class MuonAdam(torch.optim.Adam):
    """Adam, but Muon for the groups that have "muon" set.

    Muon (Jordan et al., kellerjordan.github.io/posts/muon) makes every step of a
    matrix orthogonal, so that rare directions are learned as fast as common ones.
    A convolution's kernel is taken as a matrix: filters × what each of them sees.
    torch's own Muon takes matrices only, and without Adam beside it.
    """

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"] if group.get("muon") else ():
                # Adam's names, as its checkpoints need them
                state = self.state[weight]
                if not state:
                    state.update(step=torch.zeros(()), exp_avg=torch.zeros_like(weight))
                mean = state["exp_avg"].lerp_(weight.grad, 1 - MOMENTUM)
                change = orthogonal(weight.grad.lerp(mean, MOMENTUM).flatten(1))
                weight.sub_(change.view_as(weight), alpha=group["lr"])
                weight.grad = None  # Adam passes over it
        return super().step(closure)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix with the same singular vectors and values from 0.5 to 1.5, by
    Newton and Schulz's iteration; of a shape m×n with m ≤ n."""
    a, b, c = COEFFICIENTS
    x = matrix / (matrix.norm() + 1e-7)
    # x is only ever multiplied from the left, so the iteration runs on m×m matrices
    gram, product, same = x @ x.T, None, torch.eye(len(x)).to(x)
    for _ in range(ITERATIONS):
        factor = a * same + b * gram + c * gram @ gram
        gram = factor @ gram @ factor
        product = factor if product is None else factor @ product
    return product @ x


def groups(network: nn.Module, settings: dict) -> list[dict]:
    """A restorer's parameters: Adam's; and for Muon, which does not mind how large they
    are, those of the convolutions that a normalization follows, which have no bias."""
    middle = [
        m.weight for m in network.modules() if isinstance(m, nn.Conv2d) and m.bias is None
    ]
    known = {id(weight) for weight in middle}
    rest = [p for p in network.parameters() if id(p) not in known]
    return [
        {"params": rest, "peak": settings["learning_rate"]},
        {"params": middle, "peak": settings["muon_rate"], "muon": True},
    ]
