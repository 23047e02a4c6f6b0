"""Words set in type, the same pixels on every machine.

Places come from the typeface's own units, by HarfBuzz, with kerning and ligatures;
outlines are filled without hinting, by FreeType, anywhere between two pixels. What a
drawing library makes of a font file differs between its versions, by pixels.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import freetype
import numpy as np
import uharfbuzz

from ..images import InputError

FONTS = Path(__file__).parent / "fonts"
AS_IT_IS = freetype.Matrix(0x10000, 0, 0, 0x10000)


@dataclass(frozen=True)
class Ink:
    """What a word leaves on the paper: ``pixels``, h×w uint8, 255 where all is ink,
    and where its corner is."""

    pixels: np.ndarray
    left: int
    top: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        height, width = self.pixels.shape
        return self.left, self.top, self.left + width, self.top + height


class Typeface:
    """A font file. All lengths are parts of an em.

    ``x_height`` is the height of a lower-case x. What is set or measured must lie in
    the font: a character that it lacks raises `InputError`.

    Args:
        name: a file of `FONTS`, without its ending.
        path: where the font lies, if not there.
    """

    def __init__(self, name: str, path: Path | None = None):
        path = path or FONTS / f"{name}_400Regular.ttf"
        self.name, self._face = name, freetype.Face(str(path))
        self._units = self._face.units_per_EM
        self._shaper = uharfbuzz.Font(uharfbuzz.Face(path.read_bytes()))
        self._shaped: dict[str, tuple[list, float]] = {}
        self._face.load_char("x", freetype.FT_LOAD_NO_SCALE)
        self.x_height = self._face.glyph.outline.get_bbox().yMax / self._units

    def lacks(self, text: str) -> str:
        """The text's characters that the font has no letter for."""
        return "".join(dict.fromkeys(c for c in text if not self._face.get_char_index(c)))

    def width(self, text: str) -> float:
        """How far a text advances."""
        return self._shape(text)[1]

    def ink(self, text: str, size: float, x: float, y: float) -> Ink:
        """A text's ink.

        Args:
            size: pixels of an em.
            x, y: where it begins on its baseline, in pixels, y downwards.
        """
        self._face.set_char_size(round(64 * size))
        parts = [
            self._glyph(glyph, x + size * right, y - size * up)
            for glyph, right, up in self._shape(text)[0]
        ]
        parts = [part for part in parts if part.pixels.size]
        if not parts:
            return Ink(np.zeros((0, 0), np.uint8), round(x), round(y))
        low = np.min([part.box[:2] for part in parts], 0)
        high = np.max([part.box[2:] for part in parts], 0)
        page = np.zeros((high - low)[::-1], np.uint8)
        for part in parts:
            lay(page, part, *low)
        return Ink(page, *map(int, low))

    def _shape(self, text: str) -> tuple[list[tuple[int, float, float]], float]:
        """Glyphs with their places, right and up, and the whole advance."""
        if text not in self._shaped:
            if missing := self.lacks(text):  # it would be drawn as an empty box
                raise InputError(f"{self.name} has no letter «{missing}»")
            buffer = uharfbuzz.Buffer()
            buffer.add_str(text)
            buffer.guess_segment_properties()
            uharfbuzz.shape(self._shaper, buffer)
            glyphs, pen = [], 0
            for info, at in zip(buffer.glyph_infos, buffer.glyph_positions):
                glyphs.append(
                    (
                        info.codepoint,
                        (pen + at.x_offset) / self._units,
                        at.y_offset / self._units,
                    )
                )
                pen += at.x_advance
            self._shaped[text] = glyphs, pen / self._units
        return self._shaped[text]

    def _glyph(self, glyph: int, x: float, y: float) -> Ink:
        """A glyph filled where it stands, in 1/64 of a pixel."""
        right, down = round(64 * x), round(64 * y)
        self._face.set_transform(AS_IT_IS, freetype.FT_Vector(right % 64, -down % 64))
        self._face.load_glyph(
            glyph,
            freetype.FT_LOAD_NO_HINTING
            | freetype.FT_LOAD_NO_BITMAP
            | freetype.FT_LOAD_RENDER,
        )
        slot = self._face.glyph
        bitmap = slot.bitmap
        pixels = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)
        return Ink(
            pixels[:, : bitmap.width],
            right // 64 + slot.bitmap_left,
            -(-down // 64) - slot.bitmap_top,
        )


@cache
def typeface(name: str) -> Typeface:
    """A typeface, opened once."""
    return Typeface(name)


def lay(page: np.ndarray, ink: Ink, left: int = 0, top: int = 0) -> None:
    """Add ink to a page of ink, H×W uint8, whose corner is at (left, top); what lies
    outside is lost."""
    x0, y0, x1, y1 = (
        side - corner for side, corner in zip(ink.box, (left, top, left, top))
    )
    rows, columns = slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1))
    part = page[rows, columns]
    height, width = part.shape
    own = ink.pixels[rows.start - y0 :, columns.start - x0 :][:height, :width]
    np.maximum(part, own, out=part)
