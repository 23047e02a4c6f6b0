"""DnCNN (Zhang et al., arXiv 1608.03981): the network that predicts the damage."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .tiles import Restorer


class DnCNN(Restorer):
    """x̂ = x - r̂(x), r̂ a chain of 3×3 convolutions (section 4.3).

    Convolution and ReLU; `depth` - 2 times convolution, batch normalization and
    ReLU; convolution.

    Args:
        depth: convolutions, 17 in the paper.
        width: filters of each but the last, 64 in the paper.
        factor: pixels are first unshuffled into factor² channels (and shuffled
            back at the end), so that every convolution sees that much further
            at 1/factor² of the cost. 1 in the paper.
    """

    def __init__(self, depth: int = 17, width: int = 64, factor: int = 1):
        super().__init__()
        self.factor = factor
        # pixels that a result depends on, on each side of its own
        self.reach = (depth + 1) * factor - 1
        middle = [
            layer
            for _ in range(depth - 2)
            for layer in (
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            )
        ]
        self.residual = nn.Sequential(
            nn.PixelUnshuffle(factor),
            nn.Conv2d(factor**2, width, 3, padding=1),
            nn.ReLU(),
            *middle,
            nn.Conv2d(width, factor**2, 3, padding=1),
            nn.PixelShuffle(factor),
        )
        for layer in self.residual:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
        self.zero_last_layer()
        self.to(memory_format=torch.channels_last)

    def zero_last_layer(self) -> None:
        """Set the last layer to zero: the network is the identity, as it begins."""
        for parameter in self.residual[-2].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Restored pictures, N×1×H×W, of damaged ones in [0, 1]; not clipped."""
        height, width = x.shape[-2:]
        padded = F.pad(
            x, (0, -width % self.factor, 0, -height % self.factor), mode="replicate"
        )
        damage = self.residual(padded)[..., :height, :width]
        return x - damage.to(x)
