"""Pictures of any size, and however they lie, read: by a detector and a reader of
painted words, and by the real ones."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from semlib import reading
from semlib.data import make_page
from semlib.images import to_tensor
from semlib.metrics import accuracy
from semlib.ocr import PageReader
from semlib.reading import PictureReader, joined, nearer, skew

MARK = 0  # the level at which every word begins
INVISIBLE, TOO_LARGE = 10, 160  # pixels high that the painted words' detector sees badly


def page(width, height, size=16, pitch=32, left=20):
    """A picture with words of unlike levels, each with a black beginning, and them in
    reading order: level, box."""
    pixels = np.full((height, width), 255, np.uint8)
    words = []
    for top in range(20, height - size - 10, pitch):
        x = left
        while x + 3 * size < width - 20:
            end = min(x + (2 + len(words) % 5) * size, width - 10)
            level = 60 + len(words) % 160
            pixels[top : top + size, x:end] = level
            pixels[top : top + size, x : x + 4] = MARK
            words.append((level, (x, top, end, top + size)))
            x = end + size // 2
    return pixels, words


class Painted:
    """Finds painted words as a detector does: none that it sees too small, and of those
    that are too large a part."""

    def __init__(self):
        self.magnify, self.sizes = 2.0, []

    def boxes(self, images):
        self.sizes.append((images.shape[-2], images.shape[-1], self.magnify))
        ink = (images[0].min(0).values * 255 < 235).byte().numpy()
        found = []
        for contour in cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
            if len(contour) < 3:
                continue
            rectangle = cv2.minAreaRect(contour)
            box, high = cv2.boxPoints(rectangle), min(rectangle[1]) * self.magnify
            if high < INVISIBLE:
                continue
            found.append(box if high <= TOO_LARGE else (box[0] + box) / 2)
        return [np.array(found, np.float32).reshape(-1, 4, 2)]


class Levels:
    """Reads a painted word's level; not one that lies on its side or upside down."""

    def read_with_confidence(self, images):
        found = []
        for image in images:
            pixels = (image[0] * 255).round().numpy()
            rows, columns = (np.flatnonzero((pixels < 235).any(at)) for at in (1, 0))
            word = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            tall, wide = word.shape
            inside = word[tall // 4 : -tall // 4]
            level = int(np.median(inside[:, wide // 4 : -wide // 4]))
            columns = inside.mean(0)
            first, last = columns[: wide // 5].min(), columns[-wide // 5 :].min()
            upright = first < 0.6 * level < last and wide > tall
            found.append((f"word{level}", 0.9) if upright else ("?", 0.2))
        return found

    def read(self, images):
        return [text for text, _ in self.read_with_confidence(images)]


@pytest.fixture
def reader():
    return PictureReader(side=128, overlap=32, detector=Painted(), reader=Levels())


def read(reader, pixels, **more):
    return reader.read_picture(torch.from_numpy(pixels.copy())[None] / 255, **more)


def texts(lines):
    return [word.text for line in lines for word in line]


def near(word, box, within):
    return np.abs(np.subtract(word.box, box)).max() <= within


@pytest.mark.parametrize("size", [(200, 2000), (900, 300), (150, 100), (180, 500)])
def test_all_words_are_read_once_and_whole(size, reader):
    pixels, words = page(*size)
    lines = read(reader, pixels)
    assert texts(lines) == [f"word{level}" for level, _ in words]
    for word, (_, box) in zip((word for line in lines for word in line), words):
        assert near(word, box, 4) and word.confidence == 0.9  # a margin is round it


def test_what_a_tile_holds_is_seen_as_ever(reader):
    pixels, words = page(180, 150)
    lines = read(reader, pixels)
    assert reader.detector.sizes == [(150, 180, 2.0)]
    plain = PageReader(detector=Painted(), reader=Levels())
    (expected,) = plain.read(torch.from_numpy(pixels)[None, None] / 255)
    found = [[(word.text, word.box) for word in line] for line in lines]
    assert found == [[(w.text, w.box) for w in line] for line in expected.lines]
    assert words


def test_large_print_needs_no_nearer_look(reader):
    pixels, words = page(1500, 900, size=120, pitch=240)
    assert texts(read(reader, pixels)) == [f"word{level}" for level, _ in words]
    assert max(near for *_, near in reader.detector.sizes) < 1


def test_small_print_beside_a_headline(reader):
    pixels, words = page(400, 700)
    top = np.full((300, 400), 255, np.uint8)
    top[60:220, 20:380], top[60:220, 20:30] = 10 + MARK, MARK
    top[60:220, 30:380] = 230
    lines = read(reader, np.concatenate([top, pixels]))
    assert texts(lines) == ["word230", *(f"word{level}" for level, _ in words)]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_pages_are_said_and_read(quarters, reader):
    pixels, words = page(300, 260)
    said = []
    lines = read(reader, np.rot90(pixels, quarters), note=said.append)
    assert texts(lines) == [f"word{level}" for level, _ in words]
    assert said == [f"is read turned by {90 * quarters} degrees, as its words lie so"]
    left, top, right, bottom = words[0][1]
    there = {
        1: (top, 300 - right, bottom, 300 - left),
        2: (300 - right, 260 - bottom, 300 - left, 260 - top),
        3: (260 - bottom, left, 260 - top, right),
    }[quarters]
    assert near(lines[0][0], there, 4)


@pytest.mark.parametrize("degrees", [-5, -2, -1, 1, 3, 5])
def test_skewed_pages_are_read_in_order(degrees, reader):
    pixels, words = page(600, 500)
    middle = 300, 250
    matrix = cv2.getRotationMatrix2D(middle, -degrees, 0.85)
    turned = cv2.warpAffine(pixels, matrix, (600, 500), borderValue=255)
    lines = read(reader, turned)
    assert texts(lines) == [f"word{level}" for level, _ in words]
    for word, (_, box) in zip((word for line in lines for word in line), words):
        middle = np.reshape(box, (2, 2)).mean(0)
        left, top, right, bottom = word.box
        there = matrix @ [*middle, 1]
        assert np.abs(there - [(left + right) / 2, (top + bottom) / 2]).max() < 5


def test_nothing_is_skewed_that_is_not():
    for index in range(8):
        for patch in make_page(index, "test").patches():
            assert skew(patch.corners) == 0


def test_nothing_to_read(reader):
    assert read(reader, np.full((500, 300), 200, np.uint8)) == []
    assert reader.detector.sizes == []


def box(left, top, right, bottom):
    return np.array(
        [(left, top), (right, top), (right, bottom), (left, bottom)], np.float32
    )


def test_tiles_words_are_joined():
    one = np.array([box(0, 0, 50, 10), box(60, 0, 90, 10)])
    other = np.array([box(80, 0, 140, 10), box(0, 20, 50, 30)])
    found = joined([one, other])
    spans = sorted((*word.min(0), *word.max(0)) for word in found)
    assert spans == [(0, 0, 50, 10), (0, 20, 50, 30), (60, 0, 140, 10)]


def test_what_is_nearer_is_better_but_for_large_words():
    far = np.array([box(0, 0, 400, 100), box(0, 200, 50, 210), box(0, 300, 50, 310)])
    near_ = np.array([box(0, 0, 180, 90), box(0, 200, 20, 210), box(25, 200, 50, 210)])
    found = nearer(far, near_, 64)
    spans = sorted((*word.min(0), *word.max(0)) for word in found)
    assert spans == [
        (0, 0, 400, 100),
        (0, 200, 20, 210),
        (0, 300, 50, 310),
        (25, 200, 50, 210),
    ]


@pytest.mark.slow
def test_a_tall_picture_is_read_as_a_short_one():
    patch = make_page(0, "test").patches()[0]
    reader = PictureReader(side=192, overlap=32)
    x = to_tensor(patch.image)
    (plain,) = PageReader(reader.detector, reader.reader).read(x[None])
    lines = reader.read_picture(x)
    assert [[word.text for word in line] for line in lines] == [
        [word.text for word in line] for line in plain.lines
    ]
    rows = [np.asarray(make_page(0, "test").patches()[at].image) for at in range(8)]
    tall = np.concatenate([np.pad(row, ((8, 8), (0, 0)), mode="edge") for row in rows])
    truth = "\n".join(p.text for p in make_page(0, "test").patches()[:8])
    found = reader.read_picture(to_tensor(Image.fromarray(tall)))
    text = "\n".join(" ".join(word.text for word in line) for line in found)
    assert accuracy(truth, text) > 0.9
    assert len(found) == len(truth.splitlines())
    assert reading.SIDE > 688  # pages of the book's measurements lie within a tile
