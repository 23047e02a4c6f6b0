"""Muon for a network's middle convolutions, Adam for the rest."""

from collections.abc import Iterable

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
            for weights in alike(group["params"] if group.get("muon") else ()):
                self._turn(weights, group["lr"])
        return super().step(closure)

    def _turn(self, weights: list[Tensor], rate: float) -> None:
        """A step of weights of one shape, all at once: one by one, a GPU would wait."""
        grads = [weight.grad for weight in weights if weight.grad is not None]
        for weight in weights:  # Adam's names, as its checkpoints need them
            if not self.state[weight]:
                self.state[weight] = {
                    "step": torch.zeros(()),
                    "exp_avg": torch.zeros_like(weight),
                }
        means = [self.state[weight]["exp_avg"] for weight in weights]
        torch._foreach_lerp_(means, grads, 1 - MOMENTUM)
        ahead = torch.stack(torch._foreach_lerp(grads, means, MOMENTUM))
        changes = orthogonal(ahead.flatten(2)).view_as(ahead)
        torch._foreach_add_(weights, changes.unbind(), alpha=-rate)
        for weight in weights:
            weight.grad = None  # Adam passes over it


def alike(weights: Iterable[Tensor]) -> list[list[Tensor]]:
    """Tensors that have a gradient, those of one shape together."""
    found: dict[torch.Size, list[Tensor]] = {}
    for weight in weights:
        if weight.grad is not None:
            found.setdefault(weight.shape, []).append(weight)
    return list(found.values())


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices, N×m×n with m ≤ n, with the same singular vectors and values from 0.5
    to 1.5, by Newton and Schulz's iteration."""
    a, b, c = COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    # x is only ever multiplied from the left, so the iteration runs on m×m matrices
    gram, product, same = x @ x.mT, None, torch.eye(x.shape[1]).to(x)
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
