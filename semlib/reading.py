"""Pictures of any size, and however they lie, read: what ``semlib read`` does.

A picture that the detector sees whole at twice its size is read as `PageReader` reads
it. A larger one is looked at from afar first, then twice as near, in tiles, and again:
until words are many, or no more than before, and none of them small.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from .ocr import PageReader, ReadWord, SureReader, reading_order
from .tiles import tiles

SIDE, MARGIN = 768, 64  # of a tile, and what is seen round it, at `NEAREST`
NEAREST = 2.0  # times the picture's size
SMALL = 28  # a word's height, in pixels that the detector sees: below it, look nearer
MANY = 20  # words, of which some would be small if others were
LARGE = 64  # above it, nearer shows less of a word
SAME = 0.3  # of the smaller one's area: so much of two boxes in common is one word
ASKED = 12  # words that tell which way is up
UNSURE = 0.5  # confidence below which another way up is tried
STEEPEST = 6.0  # degrees of skew that are looked for
LINES = 8  # words at least that tell a skew

Corners = np.ndarray  # of words, n×4×2, (x, y) in pixels
Note = Callable[[str], None]  # is told what of a picture is unusual


@dataclass(frozen=True)
class SureWord(ReadWord):
    """A word, and how sure the reader is of it, in [0, 1]."""

    confidence: float


Lines = list[list[SureWord]]


class PictureReader(PageReader):
    """Reads whole pictures of any size, turned by quarters or a few degrees too.

    Args:
        side, overlap: a tile's side, and how far is seen round it, in pixels of a
            picture that is seen at `NEAREST`.
        options: those of `PageReader`; its reader must be a `SureReader`.
    """

    def __init__(self, side: int = SIDE, overlap: int = MARGIN, **options):
        super().__init__(**options)
        self.side, self.overlap = side, overlap

    def read_picture(
        self,
        image: Tensor,
        note: Note = lambda _: None,
        progress: Callable[[], object] = lambda: None,
    ) -> Lines:
        """The words of a picture, 1×H×W or 3×H×W in [0, 1], in reading order.

        Args:
            note: is told where a picture lies on its side or upside down.
            progress: is called after each tile.

        Returns:
            Words, a list for each line; their boxes are the picture's.
        """
        height, width = image.shape[-2:]
        corners = self.find(image, progress)
        quarters = self._quarters(image, corners)
        if quarters:
            note(f"is read turned by {90 * quarters} degrees, as its words lie so")
        turned = _quarter_turn(quarters, height, width)
        image, corners = torch.rot90(image, -quarters, (1, 2)), _moved(corners, turned)
        angle = skew(corners)
        straight, size = _rotation(angle, *image.shape[-2:])
        if angle:
            image, corners = _rotated(image, straight, size), _moved(corners, straight)
        back = cv2.invertAffineTransform(_after(straight, turned))
        return [
            [
                SureWord(text, _box_there(box, back, height, width), sure)
                for text, box, sure in line
            ]
            for line in self._read_found(image, corners)
        ]

    def find(self, image: Tensor, progress: Callable[[], object]) -> Corners:
        """The words' corners in a picture of any size."""
        longest = max(image.shape[-2:])
        ratio = min(NEAREST, NEAREST * (self.side + 2 * self.overlap) / longest)
        found = self._found_at(image, ratio, progress)
        enough = len(found) >= MANY
        while ratio < NEAREST and not (enough and _all_large(found, ratio)):
            ratio, before = min(NEAREST, 2 * ratio), len(found)
            near = self._found_at(image, ratio, progress)
            found = nearer(found, near, LARGE / ratio)
            enough = len(found) >= MANY or len(found) == before
        return found

    def _found_at(self, image: Tensor, ratio: float, progress) -> Corners:
        """The words that the detector sees at so many times the picture's size."""
        height, width = image.shape[-2:]
        side, margin = (
            int(NEAREST * length / ratio) for length in (self.side, self.overlap)
        )
        if max(height, width) <= side + 2 * margin:
            side = max(height, width)  # one tile
        self.detector.magnify = ratio
        parts = []
        for tile in tiles(height, width, side, margin):
            seen = tile.cut(image)
            if seen.max() > seen.min():  # else there is nothing
                boxes = self.detector.boxes(seen[None])[0]
                parts.append(_inside(boxes, tile, height, width))
            progress()
        return joined(parts)

    def _read_found(self, image: Tensor, corners: Corners):
        """Text, box and confidence of each word, in lines."""
        height, width = image.shape[-2:]
        boxes = self._upright(corners, height, width)
        order = reading_order(np.array(boxes))
        found = self._sure(image, self.windows(corners, height, width))
        return [[(found[i][0], boxes[i], found[i][1]) for i in line] for line in order]

    def _sure(self, image: Tensor, windows) -> list[tuple[str, float]]:
        assert isinstance(self.reader, SureReader)
        crops = [image[:, y0:y1, x0:x1] for x0, y0, x1, y1 in windows]
        return self.reader.read_with_confidence(crops)

    def _quarters(self, image: Tensor, corners: Corners) -> int:
        """By how many quarters, clockwise, the picture is to be turned to be read: 0
        unless its longest words cannot be read as they lie, and turned can."""
        longest = sorted(corners, key=_length)[-ASKED:]
        if not longest:
            return 0
        sizes = image.shape[-2:]
        certain = []
        for quarters in range(4):
            turned = torch.rot90(image, -quarters, (1, 2))
            there = _moved(np.array(longest), _quarter_turn(quarters, *sizes))
            read = self._sure(turned, self.windows(there, *turned.shape[-2:]))
            certain.append(np.mean([len(text) * sure for text, sure in read]))
            if not quarters and np.mean([sure for _, sure in read]) > UNSURE:
                return 0
        best = int(np.argmax(certain))
        return best if certain[best] > 2 * certain[0] + 1 else 0


def _all_large(found: Corners, ratio: float) -> bool:
    """Whether nearly all words are seen large enough to be seen well."""
    seen = [ratio * _height(box) for box in found]
    return bool(seen) and float(np.quantile(seen, 0.1)) >= SMALL


def _inside(boxes: Corners, tile, height: int, width: int) -> Corners:
    """The boxes in the whole picture, but for those that another tile sees better: cut
    at the edge of what is seen, their middle beyond the tile."""
    (rows, columns), (down, across) = tile.core, tile.seen
    boxes = boxes + np.array([across.start, down.start], np.float32)
    low, high = boxes.min(1), boxes.max(1)
    middle = (low + high) / 2
    cut = np.zeros(len(boxes), bool)
    for axis, (core, seen, end) in enumerate(
        ((columns, across, width), (rows, down, height))
    ):
        if seen.start:
            cut |= (low[:, axis] < seen.start + 2) & (middle[:, axis] < core.start)
        if seen.stop < end:
            cut |= (high[:, axis] > seen.stop - 2) & (middle[:, axis] >= core.stop)
    return boxes[~cut]


def joined(parts: Iterable[Corners]) -> Corners:
    """The words of several tiles: what is found by more than one, whole or in part, is
    one word."""
    found: list[np.ndarray] = []
    for part in parts:
        fresh: list[np.ndarray] = []
        for box in part:
            same = _overlapping(box, found)
            for other in same:
                box = _union(box, found[other])
            found = [other for at, other in enumerate(found) if at not in same]
            fresh.append(box)
        found += fresh
    return np.array(found, np.float32).reshape(-1, 4, 2)


def nearer(far: Corners, near: Corners, large: float) -> Corners:
    """What is found from afar and from nearer: words that are large are seen whole from
    afar, all others better from nearer.

    Args:
        large: a word's height, in pixels.
    """
    kept = [
        box for box in far if _height(box) >= large or not _overlapping(box, list(near))
    ]
    small = [box for box in near if not _overlapping(box, kept)]
    return np.array([*kept, *small], np.float32).reshape(-1, 4, 2)


def _overlapping(box: np.ndarray, others: list[np.ndarray]) -> set[int]:
    """Which boxes have so much of the smaller one's area in common with `box`."""
    if not others:
        return set()
    all_ = np.array(others)
    low, high = all_.min(1), all_.max(1)
    close = ((low < box.max(0)) & (high > box.min(0))).all(1)
    return {
        int(at)
        for at in np.flatnonzero(close)
        if cv2.intersectConvexConvex(box, all_[at])[0]
        > SAME * min(cv2.contourArea(box), cv2.contourArea(all_[at]))
    }


def _union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The larger of two boxes if the other lies within it, else one round both."""
    small, large = sorted((one, other), key=cv2.contourArea)
    common = cv2.intersectConvexConvex(small, large)[0]
    if common > 0.9 * cv2.contourArea(small):
        return large
    return cv2.boxPoints(cv2.minAreaRect(np.concatenate([one, other])))


def _sides(box: np.ndarray) -> list[float]:
    return sorted(float(np.linalg.norm(box[at] - box[at + 1])) for at in (0, 1))


def _height(box: np.ndarray) -> float:
    return _sides(box)[0]


def _length(box: np.ndarray) -> float:
    return _sides(box)[1]


def skew(corners: Corners) -> float:
    """By how many degrees lines sink to the right, at most `STEEPEST`; 0 where that is
    too little, or too few words, to matter.

    The angle by which most words come to stand on one height with others.
    """
    if len(corners) < LINES:
        return 0.0
    middles = corners.mean(1) - corners.mean((0, 1))
    step = float(np.median([_height(box) for box in corners])) / 4
    some = middles[:: -(-len(middles) // 300)]

    def agreeing(degrees: float) -> float:
        turn = np.deg2rad(degrees)
        heights = some[:, 1] * np.cos(turn) - some[:, 0] * np.sin(turn)
        return np.exp(-(((heights[:, None] - heights) / step) ** 2)).sum()

    angles = np.arange(-STEEPEST, STEEPEST + 0.05, 0.1)
    scores = [agreeing(angle) for angle in angles]
    best = float(angles[np.argmax(scores)])
    rise = abs(np.tan(np.deg2rad(best))) * np.ptp(corners[..., 0])
    matters = rise > 2 * step and max(scores) > 1.2 * agreeing(0)
    return best if matters else 0.0


def _quarter_turn(quarters: int, height: int, width: int) -> np.ndarray:
    """The 2×3 matrix that moves a point as so many quarter turns, clockwise, do."""
    return np.array(
        [
            [[1, 0, 0], [0, 1, 0]],
            [[0, -1, height], [1, 0, 0]],
            [[-1, 0, width], [0, -1, height]],
            [[0, 1, 0], [-1, 0, width]],
        ][quarters],
        np.float64,
    )


def _rotation(
    degrees: float, height: int, width: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """The 2×3 matrix that straightens lines which sink by so many degrees, and the
    (width, height) that then hold the whole picture."""
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    if not degrees:
        return matrix, (width, height)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = (
        int(np.ceil(side))
        for side in (width * cos + height * sin, width * sin + height * cos)
    )
    matrix[0, 2] += (wide - width) / 2
    matrix[1, 2] += (tall - height) / 2
    return matrix, (wide, tall)


def _rotated(image: Tensor, matrix: np.ndarray, size: tuple[int, int]) -> Tensor:
    """A picture moved by a matrix; what lies beyond it goes on as its edge."""
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    moved = cv2.warpAffine(
        pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return torch.from_numpy(np.atleast_3d(moved)).permute(2, 0, 1).clamp(0, 1)


def _moved(corners: Corners, matrix: np.ndarray) -> Corners:
    return (corners @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """One matrix for two, one after the other."""
    return second @ np.vstack([first, [0, 0, 1]])


def _box_there(box, matrix: np.ndarray, height: int, width: int):
    """The upright box round one that is moved by a matrix, inside the picture."""
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    there = corners @ matrix[:, :2].T + matrix[:, 2]
    low, high = np.floor(there.min(0) + 1e-6), np.ceil(there.max(0) - 1e-6)
    x0, y0, x1, y1 = np.clip([*low, *high], 0, [width, height] * 2).astype(int).tolist()
    return x0, y0, x1, y1
