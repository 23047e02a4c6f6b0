"""What every reader can do, and reading from end to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from .detect import CRAFT, reading_order
from .easyocr import EasyOCRReader


class Reader(Protocol):
    """A recognizer of single words or lines."""

    def read(self, images: Sequence[Tensor]) -> list[str]:
        """The text in each picture, C×H×W in [0, 1], of any sizes."""


@runtime_checkable
class SureReader(Reader, Protocol):
    """A reader that says how sure it is."""

    def read_with_confidence(self, images: Sequence[Tensor]) -> list[tuple[str, float]]:
        """The text in each picture, and how sure the reader is of it, in [0, 1]."""


class Teacher(Reader, Protocol):
    """A reader that others can be trained against: a frozen torch module, through which
    gradients reach the images.

    What it reads in training is what it reads in scoring: both begin with the
    same differentiable preprocessing.
    """

    def loss(self, images: Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """How badly the pictures read as `texts`: a scalar to be minimized."""

    def losses(self, images: Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """The same for each picture, N; `loss` is their mean."""


@dataclass(frozen=True)
class ReadWord:
    """What was read in a box (left, top, right, bottom), in pixels."""

    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """What was read on a picture: words in reading order, a tuple for each line."""

    lines: tuple[tuple[ReadWord, ...], ...]

    @property
    def text(self) -> str:
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)


def _line_high(boxes: list[tuple], order: list[list[int]]) -> list[tuple]:
    """The boxes made as high as their lines, by at most half a box up and down.

    A word cut out by its own ink loses its size: «so» is read as «SO».
    """
    high = list(boxes)
    for line in order:
        top, bottom = min(boxes[i][1] for i in line), max(boxes[i][3] for i in line)
        for i in line:
            x0, y0, x1, y1 = boxes[i]
            more = (y1 - y0) // 2
            high[i] = x0, max(top, y0 - more), x1, min(bottom, y1 + more)
    return high


class PageReader:
    """Detection, reading order and recognition, for pages and for patches.

    Args:
        detector: finds the words.
        reader: reads them.
        margin: added round every box, as a part of its height (EasyOCR adds 0.1).
    """

    def __init__(
        self,
        detector: CRAFT | None = None,
        reader: Reader | None = None,
        margin: float = 0.1,
    ):
        self._detector, self._reader = detector, reader
        self.margin = margin

    @cached_property
    def detector(self) -> CRAFT:
        """Loaded when words are looked for: who wants `windows` alone needs none."""
        return self._detector or CRAFT(magnify=2)

    @cached_property
    def reader(self) -> Reader:
        """Loaded when something is read."""
        return self._reader or EasyOCRReader()

    def read(self, images: Tensor) -> list[Reading]:
        """Read whole pictures, N×1×H×W or N×3×H×W in [0, 1]."""
        return [
            self.read_found(image, corners)
            for image, corners in zip(images, self.detector.boxes(images))
        ]

    def read_found(self, image: Tensor, corners: np.ndarray) -> Reading:
        """Read the words that the detector found in one picture, C×H×W in [0, 1].

        Args:
            corners: n×4×2, as `CRAFT.boxes` gives them.
        """
        boxes = self._upright(corners, *image.shape[-2:])
        order = reading_order(np.array(boxes))
        crops = [image[:, y0:y1, x0:x1] for x0, y0, x1, y1 in _line_high(boxes, order)]
        texts = self.reader.read(crops)
        return Reading(
            tuple(tuple(ReadWord(texts[i], boxes[i]) for i in line) for line in order)
        )

    def windows(self, corners: np.ndarray, height: int, width: int) -> list[tuple]:
        """What the recognizer is shown of each found word: upright boxes (left, top,
        right, bottom), as high as their lines."""
        boxes = self._upright(corners, height, width)
        return _line_high(boxes, reading_order(np.array(boxes)))

    def _upright(self, corners: np.ndarray, height: int, width: int):
        """A box round each one's corners, with a margin, inside the picture, a pixel
        high and wide at least."""
        boxes = []
        for corner in corners:
            (x0, y0), (x1, y1) = corner.min(0), corner.max(0)
            margin = self.margin * min(x1 - x0, y1 - y0)
            left, top = (
                min(max(0, int(start - margin)), end - 1)
                for start, end in ((x0, width), (y0, height))
            )
            right, bottom = (
                max(min(end, int(np.ceil(stop + margin))), start + 1)
                for stop, end, start in ((x1, width, left), (y1, height, top))
            )
            boxes.append((left, top, right, bottom))
        return boxes
