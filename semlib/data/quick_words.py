"""Words drawn in a millisecond, and degraded, to train a reader on.

TRDG takes twenty times as long. Only what training may see is used: words and
typefaces of the training split and its pictures. Grey, uint8.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .text_images import CAPITALS, PICTURES, fonts, open_picture
from .words import dictionary

SIZES = range(28, 53, 4)  # of the letters, in pixels
MARGIN = (-0.04, 0.3)  # on each side, as a part of the letters' size
SLANT = 0.06  # rise over run: 3.4 degrees
CONTRAST = 50  # levels, at least, between the ink and the mean background


def draw_word(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A word, H×W with H about 32 to 64, and its text."""
    words = dictionary("train")
    text = str(words[rng.integers(len(words))])
    case = rng.random()  # 60 % lower case, 25 % capitalized, 15 % upper
    text = text if case < 0.6 else text.capitalize() if case < 0.85 else text.upper()
    path = fonts("train")[rng.integers(len(fonts("train")))]
    if path.name.startswith(CAPITALS):
        text = text.upper()
    mask = _mask(text, _font(path, int(rng.choice(SIZES))), rng)
    height, width = mask.shape
    back = _background(height, width, rng)
    return _blend(back, mask, _ink(float(back.mean()), rng)), text


def degrade_word(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of: another crop, fewer pixels, blur, contrast, noise, JPEG; or none."""
    height, width = image.shape
    if rng.random() < 0.4:
        image = _crop(image, rng)
    if rng.random() < 0.3:
        scale = rng.uniform(0.25, 0.8)
        size = max(8, round(width * scale)), max(8, round(height * scale))
        image = cv2.resize(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0))
    if rng.random() < 0.3:
        level, middle = rng.uniform(0.3, 1.2), rng.uniform(64, 192)
        image = cv2.convertScaleAbs(image, alpha=level, beta=(1 - level) * middle)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(2, 25), image.shape)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(5, 96))]
        _, file = cv2.imencode(".jpg", image, quality)
        image = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))
    return image


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def _mask(
    text: str, font: ImageFont.FreeTypeFont, rng: np.random.Generator
) -> np.ndarray:
    """Where the ink is, H×W in 0 to 255: margins, rotation and shear at random."""
    x0, y0, x1, y1 = font.getbbox(text)
    left, top, right, bottom = rng.uniform(*MARGIN, 4) * font.size
    width, height = (
        max(8, int(x1 - x0 + left + right)),
        max(8, int(y1 - y0 + top + bottom)),
    )
    drawn = Image.new("L", (width, height))
    ImageDraw.Draw(drawn).text((left - x0, top - y0), text, fill=255, font=font)
    mask = np.asarray(drawn)
    if rng.random() < 0.5:
        rise, shear = rng.uniform(-SLANT, SLANT), rng.uniform(-0.2, 0.2)
        move = np.array([[1, shear, -shear * height / 2], [rise, 1, -rise * width / 2]])
        mask = np.asarray(cv2.warpAffine(mask, move, (width, height)))
    return mask


def _background(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Plain, noisy, or a part of a picture, H×W."""
    kind = rng.choice(3, p=(0.3, 0.2, 0.5))
    if kind == 2:
        picture = _grey(PICTURES[rng.integers(len(PICTURES))])
        zoom = min(rng.uniform(1, 6), picture.shape[0] / height, picture.shape[1] / width)
        h, w = int(height * zoom), int(width * zoom)
        y, x = (rng.integers(a - b + 1) for a, b in zip(picture.shape, (h, w)))
        return cv2.resize(
            picture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA
        )
    # two of three are light, as paper is
    level = rng.uniform(180, 255) if rng.random() < 0.67 else rng.uniform(0, 255)
    back = np.full((height, width), level)
    if kind == 1:
        back += rng.normal(0, rng.uniform(3, 30), back.shape)
    return back.clip(0, 255).astype(np.uint8)


@cache
def _grey(name: str) -> np.ndarray:
    return np.asarray(open_picture(name).convert("L"))


def _ink(back: float, rng: np.random.Generator) -> float:
    """A grey level well off the background's; TRDG's own dark one half the time."""
    if rng.random() < 0.5 and back >= 40 + CONTRAST:
        return 40.0
    darker, lighter = max(0.0, back - CONTRAST), max(0.0, 255 - back - CONTRAST)
    at = rng.uniform(0, darker + lighter)
    return at if at < darker else back + CONTRAST + at - darker


def _blend(back: np.ndarray, mask: np.ndarray, ink: float) -> np.ndarray:
    share = mask.astype(np.float32) / 255
    return (back + share * (ink - back)).round().astype(np.uint8)


def _crop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to 4 % of the height cut from each side, or 12 % added by repetition."""
    height, width = image.shape
    sides = rng.uniform(-0.04, 0.12, 4) * height
    top, bottom, left, right = (int(side) for side in sides)
    image = image[
        max(0, -top) : height - max(0, -bottom), max(0, -left) : width - max(0, -right)
    ]
    return np.asarray(
        cv2.copyMakeBorder(
            image,
            max(0, top),
            max(0, bottom),
            max(0, left),
            max(0, right),
            cv2.BORDER_REPLICATE,
        )
    )
