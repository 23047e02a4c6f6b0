"""Every kind of picture file: what a viewer shows, and what is said of it.

``python tests/kinds.py`` writes the book's page of them.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from files import (
    COLOUR,
    RAMP,
    chunk,
    oriented,
    pages,
    png,
    saved,
    swapping_profile,
    white_is_zero,
    ycck,
)
from PIL import Image, ImageCms

COMMANDS = (
    ("read",),
    ("degrade", "out.jpg"),
    ("compress", "out.sem"),
    ("restore", "out.png"),
)

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG's colour types
WIDE = RAMP.astype(np.uint16) * 257
FLOAT = RAMP.astype(np.float32)
HALF = np.where(np.arange(16)[:, None] < 8, 255, 0).astype(np.uint8).repeat(16, 1)
ON_WHITE = np.where(HALF > 0, 100, 255).astype(np.uint8)  # ink of 100, or nothing
CORNER = np.full((16, 8), 255, np.uint8)
CORNER[:4, :4] = 0
PALE = np.arange(4).repeat(64).reshape(16, 16)  # levels of two bits


def grey(bits):
    return (RAMP.astype(int) >> (8 - bits))[..., None]


def levels(bits):
    """What a viewer shows of `grey`."""
    return np.rint(grey(bits)[..., 0] * 255 / (2**bits - 1)).astype(np.uint8)


def behind(hidden, shown=RAMP):
    """A picture with white where something is hidden."""
    return np.where(hidden, 255, shown).astype(np.uint8)


def of_palette(bits):
    colours = (np.stack([np.arange(2**bits)] * 3, -1) * 9 % 256).astype(np.uint8)
    return chunk(b"PLTE", colours.tobytes()), colours[grey(bits)[..., 0]]


def both(image, alpha):
    return Image.merge("LA", [Image.fromarray(image), Image.fromarray(alpha)])


def coloured(alpha):
    return Image.fromarray(np.dstack([COLOUR, alpha]))


def half_seen(pixels):
    return np.where(HALF[..., None] > 0, pixels, 255).astype(np.uint8)


def turned(orientation, kind):
    return saved(CORNER, kind, exif=oriented(orientation), **EXACT[kind])


EXACT: dict = {"JPEG": {"quality": 100}, "PNG": {}, "TIFF": {}}


# how the corner of `CORNER` lies when it is upright: rows first
UPRIGHT = {
    1: CORNER,
    2: CORNER[:, ::-1],
    3: CORNER[::-1, ::-1],
    4: CORNER[::-1],
    5: CORNER.T,
    6: CORNER[::-1].T,
    7: CORNER[::-1, ::-1].T,
    8: CORNER.T[::-1],
}
LAID, FIRST, EXIF = "laid on white", "only the first of its 3 pages", "EXIF block"
ICC = "colour profile is none"
TAKEN = "samples are taken as 0 to "
WHITE_INK = both(np.full_like(RAMP, 255), HALF)

# name → the file's ending, its bytes, what a viewer shows, what is said to be left out
KINDS = {
    **{
        f"grey, {bits} bits": ("png", png(grey(bits), bits, GREY), levels(bits), None)
        for bits in (1, 2, 4, 8)
    },
    **{
        f"grey, {bits} bits, one of them transparent": (
            "png",
            png(grey(bits), bits, GREY, chunk(b"tRNS", bytes([0, 2**bits // 2]))),
            behind(grey(bits)[..., 0] == 2**bits // 2, levels(bits)),
            LAID,
        )
        for bits in (2, 4, 8)
    },
    **{
        f"a palette, {bits} bits": (
            "png",
            png(grey(bits), bits, PALETTE, of_palette(bits)[0]),
            of_palette(bits)[1],
            None,
        )
        for bits in (1, 2, 4, 8)
    },
    "one bit, black transparent": (
        "png",
        png(HALF[..., None] // 255, 1, GREY, chunk(b"tRNS", b"\0\0")),
        HALF,
        "laid on black",
    ),
    "a palette, one colour transparent": (
        "png",
        png(grey(2), 2, PALETTE, of_palette(2)[0], chunk(b"tRNS", b"\xff\0")),
        np.where(grey(2) == 1, 255, of_palette(2)[1]),
        LAID,
    ),
    "grey, 16 bits": ("png", png(WIDE[..., None], 16, GREY), RAMP, None),
    "grey, 16 bits, one transparent": (
        "png",
        png(WIDE[..., None], 16, GREY, chunk(b"tRNS", bytes([9, 9]))),
        behind(RAMP == 9),
        LAID,
    ),
    "colour": ("png", saved(COLOUR, "PNG"), COLOUR, None),
    "colour, one transparent": (
        "png",
        png(COLOUR, 8, RGB, chunk(b"tRNS", bytes([0, 1, 0, 241, 0, 16]))),
        np.where((COLOUR == [1, 241, 16]).all(-1)[..., None], 255, COLOUR),
        LAID,
    ),
    "colour, 16 bits, one transparent": (
        "png",
        png(
            COLOUR.astype(np.uint16) * 256 + 7,
            16,
            RGB,
            chunk(b"tRNS", bytes([1, 7, 241, 7, 16, 7])),
        ),
        np.where((COLOUR == [1, 241, 16]).all(-1)[..., None], 255, COLOUR),
        LAID,
    ),
    "grey and alpha": ("png", saved(both(ON_WHITE, HALF), "PNG"), ON_WHITE, LAID),
    "grey and alpha, nothing hidden": (
        "png",
        saved(both(RAMP, np.full_like(RAMP, 255)), "PNG"),
        RAMP,
        None,
    ),
    "grey and alpha, 16 bits": (
        "png",
        png(np.stack([WIDE, HALF.astype(np.uint16) * 257], -1), 16, GREY_ALPHA),
        half_seen(RAMP[..., None].repeat(3, 2)),
        LAID,
    ),
    "colour and alpha": ("png", saved(coloured(HALF), "PNG"), half_seen(COLOUR), LAID),
    "colour and alpha, 16 bits": (
        "png",
        png(
            np.dstack([COLOUR, HALF]).astype(np.uint16) * 257,
            16,
            RGBA,
        ),
        half_seen(COLOUR),
        LAID,
    ),
    "colour and alpha, WebP": (
        "webp",
        saved(coloured(HALF), "WEBP", lossless=True, exact=True),
        half_seen(COLOUR),
        LAID,
    ),
    "white on nothing": ("png", saved(WHITE_INK, "PNG"), HALF, "laid on black"),
    "nothing at all": (
        "png",
        saved(both(RAMP, np.zeros_like(RAMP)), "PNG"),
        np.full_like(RAMP, 255),
        LAID,
    ),
    "TIFF, one bit": ("tif", saved(RAMP > 99, "TIFF"), 255 * (RAMP > 99), None),
    "TIFF, 16 bits": ("tif", saved(WIDE, "TIFF"), RAMP, None),
    "TIFF, white is 0": ("tif", white_is_zero(255 - RAMP), RAMP, None),
    "TIFF, 16 bits, white is 0": ("tif", white_is_zero(65535 - WIDE), RAMP, None),
    "TIFF, 32 bits": ("tif", saved(WIDE.astype(np.int32), "TIFF"), RAMP, TAKEN + "65535"),
    "TIFF, 8 in 32 bits": (
        "tif",
        saved(RAMP.astype(np.int32), "TIFF"),
        RAMP,
        TAKEN + "255",
    ),
    "TIFF, floating-point": ("tif", saved(FLOAT / 255, "TIFF"), RAMP, TAKEN + "1"),
    "TIFF, levels": ("tif", saved(FLOAT, "TIFF"), RAMP, TAKEN + "255"),
    "PGM, 16 bits, dark": (
        "pgm",
        saved(WIDE // 64, "PPM"),
        np.rint(WIDE // 64 / 257),
        None,
    ),
    "CMYK": (
        "jpg",
        saved(Image.new("CMYK", (16, 16), (255, 0, 255, 0)), "JPEG", quality=100),
        np.full_like(COLOUR, [0, 255, 0]),
        None,
    ),
    "CMYK, TIFF": (
        "tif",
        saved(Image.new("CMYK", (16, 16), (0, 51, 102, 0)), "TIFF"),
        np.full_like(COLOUR, [255, 204, 153]),
        None,
    ),
    "YCCK": ("jpg", ycck(200), np.full_like(COLOUR, 55), None),
    "CMYK with a profile of RGB": (
        "tif",
        saved(Image.new("CMYK", (16, 16)), "TIFF", icc_profile=swapping_profile()),
        np.full_like(COLOUR, 255),
        ICC,
    ),
    "grey with a profile of RGB": (
        "png",
        saved(RAMP, "PNG", icc_profile=swapping_profile()),
        RAMP,
        ICC,
    ),
    "a broken profile": ("png", saved(COLOUR, "PNG", icc_profile=b"?"), COLOUR, ICC),
    "sRGB's profile": (
        "png",
        saved(
            COLOUR,
            "PNG",
            icc_profile=ImageCms.ImageCmsProfile(
                ImageCms.createProfile("sRGB")
            ).tobytes(),
        ),
        COLOUR,
        None,
    ),
    "a broken EXIF block": ("png", saved(RAMP, "PNG", exif=b"rubbish!"), RAMP, EXIF),
    "a broken EXIF block, WebP": (
        "webp",
        saved(COLOUR, "WEBP", lossless=True, exif=b"Exif\0\0rubbish!"),
        COLOUR,
        EXIF,
    ),
    "damaged beside the pixels": (
        "png",
        png(RAMP[..., None], 8, GREY, chunk(b"tEXt", b"a\0b", damaged=True)),
        RAMP,
        "beside its pixels",
    ),
    "a text that would be huge": (
        "png",
        png(
            RAMP[..., None],
            8,
            GREY,
            chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**7))),
        ),
        RAMP,
        "beside its pixels",
    ),
    **{
        f"TIFF, LZW, held as {way}": (
            "tif",
            saved(CORNER, "TIFF", exif=oriented(way), compression="tiff_lzw"),
            UPRIGHT[way],
            None,
        )
        for way in UPRIGHT
    },
    **{
        f"{kind}, held as {way}": (ending, turned(way, kind), UPRIGHT[way], None)
        for kind, ending in (("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tif"))
        for way in UPRIGHT
    },
    "an orientation that there is not": ("png", turned(9, "PNG"), CORNER, None),
    **{
        f"{kind} of three pages": (
            kind.lower(),
            pages(kind, 10, 200, 90),
            np.full_like(COLOUR if kind == "GIF" else RAMP, 10),
            FIRST,
        )
        for kind in ("TIFF", "GIF", "PNG", "MPO")
    },
    "WebP of three pages": (
        "webp",
        pages("WEBP", 10, 200, 90),
        np.full_like(COLOUR, 10),
        FIRST,
    ),
    "TIFF whose second page is broken": (
        "tif",
        white_is_zero(255 - RAMP, following=10**6),
        RAMP,
        "what follows is broken",
    ),
}

BLACK = saved(Image.new("L", (16, 16)), "PNG")
# files that hold no picture that can be used, and what is said of them
REFUSED = {
    "too large, and damaged besides": (
        BLACK[:8]
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", b"a\0b", damaged=True)
        + BLACK[33:],
        "9000 × 9000 pixels is more than 50 million",
    ),
    "empty": (b"", "not a readable picture"),
    "words": (b"just words", "not a readable picture"),
    "cut short": (saved(COLOUR, "PNG")[:-40], "not a readable picture"),
    "cut short, JPEG": (saved(COLOUR, "JPEG")[:-40], "not a readable picture"),
    "damaged pixels": (BLACK.replace(b"IDATx", b"IDATy"), "not a readable picture"),
    "below black": (saved(FLOAT - 1, "TIFF"), "samples from -1 to 254"),
    "not numbers": (saved(FLOAT * np.nan, "TIFF"), "samples from nan"),
    "of no known range": (saved(FLOAT / 85, "TIFF"), "samples from 0 to 3"),
    "beyond 16 bits": (
        saved(WIDE.astype(np.int32) * 9, "TIFF"),
        "samples from 0 to 589815",
    ),
}


def of_every_page(name: str) -> bool:
    """Whether `read` reads more pages of it than the first."""
    return name == "TIFF of three pages"


PAGE = Path(__file__).parents[1] / "book" / "pictures.md"
BEGIN = """# Kinds of picture files

What the commands make of every kind of file that their tests try. *Shown* is what a
viewer shows, turned upright; what has to be left out is said in a line on standard error,
here behind a colon. What cannot be used is refused: one line that ends so, and exit
status 2. This page is made from the tests' own list.

"""


def table() -> str:
    """The page of kinds against commands, as Markdown."""
    names = [f"`{command}`" for command, *_ in COMMANDS]
    rows = [("kind", names[0], ", ".join(names[1:])), ("---",) * 3]
    for name, (_, _, _, left_out) in KINDS.items():
        kind, held, way = name.partition(", held as ")
        if held and way != "1":
            continue
        cells = [f"shown: {left_out}" if left_out else "shown"] * 2
        if of_every_page(name):
            cells[0] = "every page"
        rows.append((kind + (", held as EXIF's 1 to 8" if held else ""), *cells))
    for name, (_, why) in REFUSED.items():
        rows.append((name, *[f"refused: {why}"] * 2))
    return BEGIN + "".join("| " + " | ".join(row) + " |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(table(), encoding="utf-8")
