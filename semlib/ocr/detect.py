"""Where the words are: CRAFT (Baek et al., CVPR 2019), on real pictures, batched."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from .. import compat
from .weights import load_weights

MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]  # ImageNet's
DEVIATION = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


class CRAFT(nn.Module):
    """CRAFT with EasyOCR's weights and thresholds; finds one box for each word.

    Args:
        magnify: how much a picture is enlarged before the network sees it
            (EasyOCR's ``mag_ratio``). Letters of 5 pixels need 2 or more.
        canvas: the longest side, in pixels, that the network is given.
    """

    def __init__(
        self,
        magnify: float = 1.0,
        canvas: int = 2560,
        text_threshold: float = 0.7,
        link_threshold: float = 0.4,
        low_text: float = 0.4,
    ):
        super().__init__()
        network, self._find = compat.craft()
        self.network = load_weights(network(), "craft_mlt_25k.pth")
        self.network.to(memory_format=torch.channels_last)  # a sixth faster on a CPU
        self.magnify, self.canvas = magnify, canvas
        self.thresholds = text_threshold, link_threshold, low_text

    @torch.no_grad()
    def maps(self, images: Tensor) -> tuple[Tensor, float]:
        """Region and affinity scores.

        Args:
            images: N×1×H×W or N×3×H×W in [0, 1].

        Returns:
            N×2×h×w scores, about in [0, 1], and the factor from a pixel of the
            picture to one of the map.
        """
        ratio = min(self.magnify, self.canvas / max(images.shape[-2:]))
        x = torch.stack([self._enlarge(image, ratio) for image in images])
        scores, _ = self.network((x - MEAN) / DEVIATION)
        return scores.float().permute(0, 3, 1, 2), ratio / 2

    @staticmethod
    def _enlarge(image: Tensor, ratio: float) -> Tensor:
        """Resize as EasyOCR does, and pad with black to a multiple of 32."""
        pixels = (image.expand(3, -1, -1) * 255).round().byte().permute(1, 2, 0)
        height, width = (max(1, int(side * ratio)) for side in image.shape[-2:])
        resized = cv2.resize(
            pixels.numpy(), (width, height), interpolation=cv2.INTER_LINEAR
        )
        padded = torch.zeros(3, -(-height // 32) * 32, -(-width // 32) * 32)
        padded[:, :height, :width] = torch.from_numpy(resized).permute(2, 0, 1) / 255
        return padded

    def boxes(self, images: Tensor) -> list[np.ndarray]:
        """The words' boxes, for each picture an n×4×2 array of corners.

        Corners are (x, y) in pixels of the picture, clockwise from the top left.
        """
        scores, factor = self.maps(images)
        return [self._boxes(score.numpy(), factor) for score in scores]

    def _boxes(self, score: np.ndarray, factor: float) -> np.ndarray:
        found, _ = self._find(score[0], score[1], *self.thresholds, poly=False)
        return np.array(found, np.float32).reshape(-1, 4, 2) / factor


def reading_order(boxes: np.ndarray) -> list[list[int]]:
    """Sort words as a person reads them: columns, lines, then left to right.

    Two columns are told apart by a gap, wider than a line is high, that no word
    bridges and that has at least six lines on both sides.

    Args:
        boxes: n×4 array of (left, top, right, bottom).

    Returns:
        The indices of the words, a list for each line.
    """
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    return _columns(boxes, list(range(len(boxes))))


def _columns(boxes: np.ndarray, indices: Sequence[int]) -> list[list[int]]:
    rows = _lines(boxes, indices)
    if len(rows) < 6:
        return rows
    height = np.median(boxes[indices, 3] - boxes[indices, 1])
    by_left = sorted(indices, key=lambda i: boxes[i, 0])
    reach = -np.inf
    for at, index in enumerate(by_left):
        if at and boxes[index, 0] - reach > height:
            halves = by_left[:at], by_left[at:]
            if all(len(_lines(boxes, half)) >= 6 for half in halves):
                return [row for half in halves for row in _columns(boxes, half)]
        reach = max(reach, boxes[index, 2])
    return rows


def _lines(boxes: np.ndarray, indices: Sequence[int]) -> list[list[int]]:
    """Group words whose middles lie within each other's height."""
    rows: list[list[int]] = []
    for index in sorted(indices, key=lambda i: boxes[i, 1] + boxes[i, 3]):
        middle = (boxes[index, 1] + boxes[index, 3]) / 2
        tops, bottoms = (boxes[rows[-1], 1], boxes[rows[-1], 3]) if rows else ((), ())
        if rows and np.median(tops) < middle < np.median(bottoms):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [sorted(row, key=lambda i: boxes[i, 0]) for row in rows]
