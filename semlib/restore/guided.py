"""Section 4.5: repaired once, the words found, and these repaired for the reader."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from tqdm import tqdm

from ..ocr import PageReader, SureReader
from ..tiles import tiles
from .tiles import TILE, Restorer, restore

FEATHER = 3  # pixels over which a word's window fades into the page
WORD = 128  # pixels; a longer word may be cut where two tiles meet
IOU_THRESHOLD = 0.5  # intersection over union from which a found box is a word's

Window = tuple[int, int, int, int]  # left, top, right, bottom


class OCRGuided(Restorer):
    """D1, the detector, D2 on the words that it finds (the paper's Figure 8).

    D2 sees the words with their surroundings, as a chain of convolutions needs,
    and changes them alone: what it takes off is weighted by windows that fade out
    over a few pixels, so that a word is put back without a seam.

    Args:
        first: D1, frozen.
        second: D2.
        pages: the detector, the windows that it makes of what it finds, and a
            recognizer.
        caution: a word is changed only where it makes the recognizer's odds more
            than so many times better (see `accepts`); 0 changes all words. Needs a
            recognizer with `read_with_confidence`.
    """

    def __init__(
        self, first: Restorer, second: Restorer, pages: PageReader, caution: float = 0.0
    ):
        super().__init__()
        self.first: Restorer = first.eval().requires_grad_(False)
        self.second, self.pages, self.caution = second, pages, caution

    def forward(self, x: Tensor) -> Tensor:
        """Restored pictures, N×1×H×W, of damaged ones in [0, 1]; not clipped."""
        with torch.no_grad():
            first = self.first(x).clamp(0, 1)
        second = self.second(first)
        masks = [
            self._mask(one, two, corners)
            for one, two, corners in zip(first, second, self.pages.detector.boxes(first))
        ]
        return blend(first, second, torch.stack(masks).to(x))

    @torch.no_grad()
    def restore(self, x: Tensor, tile: int = TILE, progress: bool = False) -> Tensor:
        """A picture of any size, 1×H×W in [0, 1], restored in bounded memory.

        Each tile's words are looked for with what stands round it, and a word
        belongs to the tile that its middle lies in.
        """
        first = restore(self.first, x, tile, progress)
        height, width = x.shape[-2:]
        found: list[np.ndarray] = []
        for part in tqdm(
            list(tiles(height, width, tile, WORD)),
            unit="tile",
            desc="words",
            disable=not progress,
        ):
            corners = self.pages.detector.boxes(part.cut(first)[None])[0]
            corners += [part.seen[1].start, part.seen[0].start]
            found += [word for word in corners if _within(word.mean(0), part.core)]
        second = restore(self.second, first, tile, progress)
        mask = self._mask(first, second, np.array(found).reshape(-1, 4, 2))
        return blend(first, second, mask)

    def _mask(self, first: Tensor, second: Tensor, corners: np.ndarray) -> Tensor:
        """Where one picture's words, found after D1, are to be changed, 1×H×W."""
        windows = self.pages.windows(corners, *first.shape[-2:])
        if self.caution:
            reader = self.pages.reader
            assert isinstance(reader, SureReader), "this reader cannot be cautious"
            before, after = (
                reader.read_with_confidence(crops(picture, windows))
                for picture in (first, second)
            )
            windows = [
                window
                for window, (_, one), (_, two) in zip(windows, before, after)
                if accepts(one, two, self.caution)
            ]
        return feather_mask(windows, *first.shape[-2:])


def accepts(before: float, after: float, caution: float) -> bool:
    """Whether a reader would bet on a word at better odds: if its odds, confidence
    p in [0, 1] to 1 - p, are more than `caution` times what they were."""
    return not caution or after * (1 - before) > caution * before * (1 - after)


def crops(picture: Tensor, windows: Sequence[Window]) -> list[Tensor]:
    """What is seen in the windows of a picture, C×H×W."""
    return [picture[:, top:bottom, left:right] for left, top, right, bottom in windows]


def blend(first: Tensor, second: Tensor, masks: Tensor) -> Tensor:
    """The first pictures, the second ones where the masks are 1; of one shape."""
    return first + masks * (second - first)


def feather_mask(windows: Sequence[Window], height: int, width: int) -> Tensor:
    """1×H×W: 1 in the windows, 0 beyond `FEATHER` pixels round them."""
    mask = np.zeros((height, width), np.float32)
    for left, top, right, bottom in windows:
        rows = slice(max(0, top - FEATHER), bottom + FEATHER)
        columns = slice(max(0, left - FEATHER), right + FEATHER)
        y, x = np.arange(height)[rows, None], np.arange(width)[None, columns]
        away = np.hypot(
            np.maximum(0, np.maximum(top - y, y - bottom + 1)),
            np.maximum(0, np.maximum(left - x, x - right + 1)),
        )
        part = mask[rows, columns]
        np.maximum(part, 1 - away / (FEATHER + 1), out=part)
    return torch.from_numpy(mask)[None].clamp(min=0)


def match_boxes(found: Sequence[Window], words: Sequence[Window]) -> dict[int, int]:
    """Which found box is which word: the pairs with the largest overlap in sum.

    A pair counts from `IOU_THRESHOLD` on, intersection over union. A box without a
    word, and a word without a box, have no partner.

    Returns:
        From the index of a found box to that of its word.
    """
    one = np.asarray(found, float).reshape(-1, 1, 4)
    two = np.asarray(words, float).reshape(1, -1, 4)
    low = np.maximum(one[..., :2], two[..., :2])
    high = np.minimum(one[..., 2:], two[..., 2:])
    common = (high - low).clip(min=0).prod(-1)
    areas = sum((box[..., 2:] - box[..., :2]).prod(-1) for box in (one, two))
    overlap = common / (areas - common)
    return {
        int(i): int(j)
        for i, j in zip(*linear_sum_assignment(-overlap))
        if overlap[i, j] >= IOU_THRESHOLD
    }


def _within(point: np.ndarray, inside: tuple[slice, slice]) -> bool:
    rows, columns = inside
    return columns.start <= point[0] < columns.stop and rows.start <= point[1] < rows.stop
