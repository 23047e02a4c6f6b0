"""What words stand on: photographs that come with packages, and textures drawn here.

No photograph is in two splits, and test has kinds of texture that training has not. All
pictures are H×W×3 float32, 0 to 255.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from .text_images import open_picture

# free ones: TRDG's and scikit-image's (their licences name them), and matplotlib's
PHOTOGRAPHS = {
    "train": (
        "trdg/images/bricks.jpg",
        "trdg/images/city.jpg",
        "trdg/images/water.jpg",
        "skimage/data/brick.png",
        "skimage/data/camera.png",
        "skimage/data/cell.png",
        "skimage/data/chelsea.png",
        "skimage/data/coffee.png",
        "skimage/data/gravel.png",
        "skimage/data/hubble_deep_field.jpg",
        "skimage/data/motorcycle_left.png",
        "skimage/data/retina.jpg",
    ),
    "validation": (
        "skimage/data/ihc.png",
        "skimage/data/moon.png",
        "trdg/images/containers.jpg",
    ),
    "test": (
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "skimage/data/astronaut.png",
        "skimage/data/coins.png",
        "skimage/data/grass.png",
        "skimage/data/rocket.jpg",
    ),
}
Texture = Callable[[np.random.Generator, int, int], np.ndarray]


def ground(
    rng: np.random.Generator, height: int, width: int, split: str
) -> tuple[np.ndarray, str]:
    """A ground, and what it is: a photograph's name or a texture's.

    Two of five are parts of photographs, half are textures, the rest plain or nearly.
    """
    kind = rng.choice(["photograph", "texture", "plain"], p=(0.4, 0.5, 0.1))
    if kind == "photograph":
        names = PHOTOGRAPHS[split]
        name = names[rng.integers(len(names))]
        picture = photograph(rng, name, height, width)
    else:
        name = "plain"
        if kind == "texture":
            known = [key for key in TEXTURES if split == "test" or key not in NEVER_SEEN]
            name = known[rng.integers(len(known))]
        picture = TEXTURES.get(name, plain)(rng, height, width)
    return lit(rng, picture).clip(0, 255), name


def photograph(
    rng: np.random.Generator, name: str, height: int, width: int
) -> np.ndarray:
    """A part of a photograph, from anywhere on it: 0.3 to 1 of what fits, perhaps
    mirrored, its channels in another order."""
    picture = _levels(name)
    most = min(picture.shape[0] / height, picture.shape[1] / width)
    scale = most * rng.uniform(0.3, 1)
    tall, wide = int(height * scale), int(width * scale)
    top, left = (
        int(rng.integers(whole - side + 1))
        for whole, side in zip(picture.shape, (tall, wide))
    )
    part = picture[top : top + tall, left : left + wide][:, :: rng.choice([-1, 1])]
    part = cv2.resize(
        np.ascontiguousarray(part[..., rng.permutation(3)]),
        (width, height),
        interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC,
    )
    return part.astype(np.float32)


@cache
def _levels(name: str) -> np.ndarray:
    return np.asarray(open_picture(name))


def lit(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Light that falls from one side, another contrast, and noise; each some of the
    time."""
    height, width = picture.shape[:2]
    if rng.random() < 0.5:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        fall, side = rng.uniform(-0.6, 0.6, 2)
        picture = picture * (1 + fall * y + side * x)[..., None]
    if rng.random() < 0.4:
        middle, contrast = rng.uniform(20, 235), rng.uniform(0.3, 1.2)
        picture = middle + contrast * (picture - picture.mean())
    if rng.random() < 0.3:
        picture = picture + rng.normal(0, rng.uniform(2, 15), picture.shape)
    return picture.astype(np.float32)


def colour(rng: np.random.Generator) -> np.ndarray:
    """Any colour, one of three times a grey: 3 levels."""
    levels = rng.uniform(0, 255, 3)
    return np.full(3, levels.mean()) if rng.random() < 1 / 3 else levels


def between(rng: np.random.Generator, share: np.ndarray) -> np.ndarray:
    """Two colours, mixed by a share in [0, 1], H×W."""
    one, two = colour(rng), colour(rng)
    return (one + share[..., None] * (two - one)).astype(np.float32)


def plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One colour, or one that becomes another from side to side."""
    if rng.random() < 0.5:
        return np.broadcast_to(colour(rng), (height, width, 3)).astype(np.float32)
    return between(rng, _ramp(rng, height, width))


def _ramp(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """From 0 to 1 in some direction."""
    y, x = np.mgrid[0:height, 0:width]
    turn = rng.uniform(0, 2 * np.pi)
    return _whole(np.cos(turn) * x + np.sin(turn) * y)


def _whole(values: np.ndarray) -> np.ndarray:
    """Moved and stretched to [0, 1]."""
    return (values - values.min()) / max(np.ptp(values), 1e-6)


def clouds(
    rng: np.random.Generator, height: int, width: int, roughness: float | None = None
) -> np.ndarray:
    """Fractal noise in [0, 1], H×W: octaves, each so much weaker than the one before."""
    roughness = rng.uniform(0.4, 0.9) if roughness is None else roughness
    total = np.zeros((height, width), np.float32)
    for octave in range(1, 8):
        rows = rng.normal(
            size=(2 + (height >> (8 - octave)), 2 + (width >> (8 - octave)))
        )
        grown = cv2.resize(
            rows.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        total += roughness**octave * grown
    return _whole(total)


def marble(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return between(rng, clouds(rng, height, width))


def wood(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Rings, bent by clouds."""
    rings = _ramp(rng, height, width) + 0.3 * clouds(rng, height, width, 0.4)
    return between(rng, 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(4, 30) * rings))


def stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Stripes, or a cloth of two directions."""
    waves = np.sin(2 * np.pi * rng.uniform(3, 40) * _ramp(rng, height, width))
    if rng.random() < 0.5:
        waves = waves * np.sin(2 * np.pi * rng.uniform(3, 40) * _ramp(rng, height, width))
    return between(rng, np.clip(0.5 + rng.uniform(0.5, 4) * waves, 0, 1))


def cells(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Voronoi's cells, each of its own colour, with or without joints."""
    count = int(rng.integers(10, 300))
    points = rng.uniform(0, 1, (count, 2)) * (height, width)
    paper = np.full((height, width), 255, np.uint8)
    paper[tuple(points.astype(int).T)] = 0
    away, labels = cv2.distanceTransformWithLabels(
        paper, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    shades = rng.uniform(0, 1, labels.max() + 1)
    share = shades[labels]
    if rng.random() < 0.5:
        share = _whole(share - rng.uniform(0, 2) * _whole(away))
    return between(rng, share)


def bricks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Bricks or tiles, rough, with joints."""
    tall = int(rng.integers(12, 80))
    wide, joint = int(tall * rng.uniform(1, 3)), int(rng.integers(1, 1 + tall // 6))
    y, x = np.mgrid[0:height, 0:width]
    row = y // tall
    x = x + (row % 2) * (wide // 2) * int(rng.integers(2))
    shades = rng.uniform(0.6, 1, (height // tall + 1, (width + wide) // wide + 2))
    share = shades[row, x // wide] * (1 - 0.3 * clouds(rng, height, width, 0.8))
    share[(y % tall < joint) | (x % wide < joint)] = 0
    return between(rng, share)


def leaves(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Dead leaves: ellipses of all sizes, each over those before it (Lee, Mumford and
    Huang 2001: their statistics are those of natural scenes)."""
    picture = np.broadcast_to(colour(rng), (height, width, 3)).astype(np.float32).copy()
    for _ in range(int(rng.integers(50, 500))):
        radius = min(width / 2, 4 * rng.uniform(0, 1) ** (-1 / 2))
        axes = int(radius) + 1, int(radius * rng.uniform(0.3, 1)) + 1
        place = int(rng.integers(width)), int(rng.integers(height))
        turn, fill = rng.uniform(0, 180), colour(rng).tolist()
        cv2.ellipse(picture, place, axes, turn, 0, 360, fill, -1)
    return picture


def screen(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Panels and lines, as on a screen or a poster."""
    picture = np.broadcast_to(colour(rng), (height, width, 3)).astype(np.float32).copy()
    for _ in range(int(rng.integers(2, 14))):
        x, y = rng.integers(0, (width, height))
        far = int(x + rng.integers(4, width)), int(y + rng.integers(2, height))
        thickness = -1 if rng.random() < 0.6 else int(rng.integers(1, 4))
        cv2.rectangle(picture, (int(x), int(y)), far, colour(rng).tolist(), thickness)
    return picture


def paper(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Light paper, with fibres and stains."""
    tone = rng.uniform(170, 250) + rng.uniform(-25, 5, 3)
    stains = rng.uniform(0, 60) * clouds(rng, height, width, 0.5) ** 2
    fibres = rng.uniform(0, 12) * (clouds(rng, height, width, 0.95) - 0.5)
    return (tone - stains[..., None] + fibres[..., None]).astype(np.float32)


def halftone(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Clouds or a ramp, printed in dots."""
    tone = (clouds if rng.random() < 0.5 else _ramp)(rng, height, width)
    turn, pitch = rng.uniform(0, np.pi / 2), rng.uniform(4, 12)
    y, x = np.mgrid[0:height, 0:width] * (2 * np.pi / pitch)
    right, down = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    dots = 0.5 + 0.25 * (np.cos(right) + np.cos(down))
    return between(rng, np.clip(0.5 + 4 * (tone - dots), 0, 1))


def water(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Waves that run through one another."""
    y, x = np.mgrid[0:height, 0:width] / 64
    total = np.zeros((height, width))
    for _ in range(12):
        turn, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 2)
        phase = rng.uniform(0, 2 * np.pi)
        wave = np.cos(turn) * x + np.sin(turn) * y
        total += length * np.sin(2 * np.pi * wave / length + phase)
    return between(rng, _whole(total) ** rng.uniform(0.5, 2))


TEXTURES: dict[str, Texture] = {
    "marble": marble,
    "stripes": stripes,
    "cells": cells,
    "bricks": bricks,
    "leaves": leaves,
    "screen": screen,
    "paper": paper,
    "wood": wood,
    "halftone": halftone,
    "water": water,
}
NEVER_SEEN = "wood", "halftone", "water"  # neither in training nor in validation
