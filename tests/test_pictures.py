"""Every kind of picture file against every command: the right result, or one line."""

import json
import os
import struct
import subprocess
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
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

from semlib import cli, codec, data, images, ocr, zoo
from semlib.bitstream import CODECS, Header, read_header
from semlib.restore import Restorer

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


class Same(Restorer):
    """Repairs nothing."""

    reach, factor = 0, 1

    def forward(self, x):
        return x


@pytest.fixture
def semlib(monkeypatch, capsys):
    """Run a command in this process, with networks that do nothing: its status, output
    and errors, and what pictures the networks were given."""
    given = []

    def compress(model, weights, x, rate):
        given.append(x[0])
        header = Header("tinylic", "00000000", rate, *x.shape[-2:]).pack()
        return header + zlib.crc32(header).to_bytes(4, "little")

    class Reader:
        def read(self, x):
            given.append(x[0])
            return [SimpleNamespace(text="read", lines=())]

    monkeypatch.setattr(zoo, "load", lambda name: (None, "00000000"))
    monkeypatch.setattr(zoo, "find", lambda weights: "tinylic")
    monkeypatch.setattr(zoo, "load_restorer", lambda name: (Same(), ""))
    monkeypatch.setattr(codec, "compress", compress)
    monkeypatch.setattr(ocr, "PageReader", Reader)

    def run(*arguments):
        given.clear()
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr(), list(given)

    return run


def said(status, errors, expected):
    """It went well, and what was left out was said in one line, or nothing."""
    assert status == 0, errors
    if expected is None:
        assert errors == ""
    else:
        assert expected in errors and errors.startswith("semlib: ")
        assert errors.count("\n") == 1


def near(tensor, pixels, within):
    shown = torch.from_numpy(np.asarray(pixels, np.float32))
    shown = shown[None] if shown.ndim == 2 else shown.permute(2, 0, 1)
    assert (255 * tensor - shown).abs().max() <= within


@pytest.mark.parametrize("name", KINDS)
def test_every_command_sees_what_a_viewer_shows(name, tmp_path, semlib):
    ending, content, shown, left_out = KINDS[name]
    lossy = 2 if ending in ("jpg", "mpo") or name == "WebP of three pages" else 0
    shown = np.asarray(shown, np.uint8)
    file, out = tmp_path / f"a.{ending}", tmp_path / "out.sem"
    file.write_bytes(content)

    status, text, errors, (x,) = semlib("read", file)
    said(status, errors, left_out)
    assert text == "read\n" and len(x) == (1 if np.ndim(shown) == 2 else 3)
    near(x, shown, lossy)

    status, _, errors, (x,) = semlib("compress", file, out)
    said(status, errors, left_out)
    near(x, np.broadcast_to(np.atleast_3d(shown), (*np.shape(shown)[:2], 3)), lossy)
    found = json.loads(semlib("info", out, "--json")[1])
    assert (found["height"], found["width"]) == np.shape(shown)[:2]
    assert found["bytes"] == out.stat().st_size

    status, _, errors, _ = semlib("degrade", file, tmp_path / "out.jpg")
    said(status, errors, left_out)
    if not lossy:
        expected = data.jpeg_bytes(np.asarray(shown, np.uint8), 1)
        assert (tmp_path / "out.jpg").read_bytes() == expected

    out = tmp_path / "out.png"
    status, _, errors, _ = semlib("restore", file, out, "--model", "same")
    said(status, errors, left_out)
    if shown.ndim == 3 and not lossy:  # chroma is rounded on the way
        shown = np.asarray(Image.fromarray(shown).convert("YCbCr").convert("RGB"))
    with Image.open(out) as image:
        near(images.to_tensor(image), shown, lossy)


def test_colours_are_those_of_the_profile(tmp_path, semlib):
    file = tmp_path / "a.png"
    file.write_bytes(saved(COLOUR, "PNG", icc_profile=swapping_profile()))
    status, _, errors, (x,) = semlib("read", file)
    said(status, errors, None)
    near(x, COLOUR[..., ::-1], 2)
    for ending, kept in (("png", True), ("bmp", False)):
        out = tmp_path / f"out.{ending}"
        said(*semlib("restore", file, out, "--model", "same")[::2][:2], None)
        with Image.open(out) as image:
            assert ("icc_profile" in image.info) == kept
            near(images.to_tensor(image), COLOUR if kept else COLOUR[..., ::-1], 4)


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
COMMANDS = (
    ("read",),
    ("degrade", "out.jpg"),
    ("compress", "out.sem"),
    ("restore", "out.png"),
)


def refused(ran, *expected):
    status, output, errors, _ = ran
    assert status == 2 and output == "" and "Traceback" not in errors
    assert errors.startswith("semlib: ") and errors.count("\n") == 1, errors
    for word in expected:
        assert word in errors, errors


@pytest.mark.parametrize("name", REFUSED)
def test_every_command_refuses_in_one_line(name, tmp_path, semlib):
    content, why = REFUSED[name]
    file = tmp_path / "a.file"
    file.write_bytes(content)
    for command, *outputs in COMMANDS:
        outputs = [tmp_path / output for output in outputs]
        for output in outputs:
            output.write_bytes(b"old")
        refused(semlib(command, file, *outputs), str(file), why)
        assert all(output.read_bytes() == b"old" for output in outputs)
    assert len(list(tmp_path.iterdir())) == 4


def test_outputs_are_asked_before_the_work(tmp_path, semlib, monkeypatch):
    file, packed = tmp_path / "a.png", tmp_path / "a.sem"
    Image.new("L", (16500, 2)).save(file)
    assert semlib("compress", file, packed)[0] == 0
    folder = tmp_path / "folder.png"
    folder.mkdir()
    for out, why in (
        ("out", "name it after a picture format"),
        ("out.xyz", "name it after a picture format"),
        ("out.gif", "name it after a picture format"),  # which holds 256 colours
        ("out.pdf", "name it after a picture format"),
        ("out.webp", "16500 × 2 pixels; WEBP holds no more than 16383"),
        ("none/out.png", "does not exist"),
        ("folder.png", "is a folder"),
        ("a.png/out.png", "does not exist"),
        ("n" * 300 + ".png", "File name too long"),
    ):
        monkeypatch.setattr(zoo, "load_restorer", None)  # the work
        monkeypatch.setattr(codec, "decompress", None)
        refused(semlib("restore", file, tmp_path / out), why)
        refused(semlib("decompress", packed, tmp_path / out), why)
    Image.new("L", (66000, 1)).save(file)
    refused(semlib("degrade", file, tmp_path / "a.jpg"), "65500")
    monkeypatch.setattr(images.tempfile, "mkstemp", denied)
    for command in ("compress", "degrade", "restore"):
        out = tmp_path / ("a.jpg" if command == "degrade" else "out.png")
        refused(semlib(command, file, out), str(out), "Read-only file system")
    assert sorted(tmp_path.iterdir()) == sorted([file, packed, folder])


def denied(**_):
    raise OSError(30, "Read-only file system")


def test_only_ordinary_files_are_replaced(tmp_path, semlib):
    file, device = tmp_path / "a.png", tmp_path / "fifo.png"
    file.write_bytes(BLACK)
    os.mkfifo(device)
    refused(semlib("restore", file, device), "not an ordinary file")
    refused(semlib("read", device), "not a file")
    assert device.is_fifo()


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    file = tmp_path / "a.png"
    file.write_bytes(b"old")
    with pytest.raises(images.InputError, match=r"a\.png: No space left"):
        with images.replace_file(file) as out:
            out.write(b"half")
            raise OSError(28, "No space left on device")
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


def test_what_memory_does_not_hold_is_refused_before_it_is_decoded(
    tmp_path, semlib, monkeypatch
):
    file, packed = tmp_path / "a.png", tmp_path / "a.sem"
    Image.new("L", (300, 200)).save(file)
    assert semlib("compress", file, packed)[0] == 0
    needed = images.BYTES_PER_PIXEL * 300 * 200
    monkeypatch.setattr(images, "free_memory", lambda: needed)
    assert semlib("read", file)[0] == 0
    monkeypatch.setattr(images, "free_memory", lambda: needed - 1)
    monkeypatch.setattr(Image.Image, "load", None)  # the decoding
    for command in (("read", file), ("decompress", packed, tmp_path / "b.png")):
        refused(semlib(*command), "300 × 200 pixels need about", "GB are free")


def test_free_memory(tmp_path, monkeypatch):
    meminfo, cgroup = tmp_path / "meminfo", tmp_path / "memory.max"
    monkeypatch.setattr(images, "MEMINFO", meminfo)
    monkeypatch.setattr(images, "CGROUP", cgroup)
    assert 10**8 < images.free_memory() < 10**14  # the machine's
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:   5000 kB\n")
    assert images.free_memory() == 5000 * 1024
    cgroup.write_text("max\n")
    assert images.free_memory() == 5000 * 1024
    cgroup.write_text("4096\n")
    assert images.free_memory() == 4096


@pytest.mark.parametrize("ending", ["png", "tif", "webp", "jp2", "bmp", "ppm"])
def test_outputs_are_without_loss(ending, tmp_path):
    for pixels in (RAMP, COLOUR):
        images.save_image(Image.fromarray(pixels), tmp_path / f"a.{ending}")
        with Image.open(tmp_path / f"a.{ending}") as image:
            shown = np.asarray(image.convert("L" if pixels.ndim == 2 else "RGB"))
        assert np.array_equal(shown, pixels)


def test_interrupted(tmp_path, semlib, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    file, out = tmp_path / "a.png", tmp_path / "a.sem"
    file.write_bytes(BLACK)
    out.write_bytes(b"old")
    monkeypatch.setattr(zoo, "load", interrupted)
    assert semlib("compress", file, out)[0] == 130 and out.read_bytes() == b"old"


def test_a_lossy_output_is_said(tmp_path, semlib):
    file = tmp_path / "a.png"
    file.write_bytes(BLACK)
    status, _, errors, _ = semlib("restore", file, tmp_path / "a.jpg", "--model", "same")
    said(status, errors, "JPEG does not keep all")
    status, _, errors, _ = semlib("restore", file, tmp_path / "a.webp", "--model", "same")
    said(status, errors, None)


def test_a_header_comes_back():
    for name in CODECS:
        header = Header(name, "01234567", 2.5, 30, 40)
        packed = header.pack()
        packed += zlib.crc32(packed).to_bytes(4, "little")
        assert read_header(packed) == header
    assert set(CODECS) == {codec.TinyLIC.name, codec.ScaleHyperprior.name}


def test_help_names_every_model_that_is_shipped(semlib):
    from semlib import models

    shipped = {
        path.stem: zoo.card(path.stem)["recipe"] for path in zoo.FOLDER.glob("*.json")
    }
    for command, described, recipes in (
        ("compress", models.CODECS, zoo.CODECS),
        ("restore", models.RESTORERS, zoo.RESTORERS),
    ):
        names = {name for name, recipe in shipped.items() if recipe in recipes}
        assert set(described) == names
        text = semlib(command, "--help")[1]
        assert all(f"{name}: " in text for name in names)
    assert "Exit status: 0" in semlib("--help")[1]


def test_what_needs_no_network_loads_none(tmp_path):
    packed = Header("tinylic", "01234567", 2.5, 30, 40).pack()
    file = tmp_path / "a.sem"
    file.write_bytes(packed + zlib.crc32(packed).to_bytes(4, "little"))
    for arguments in (
        ["--help"],
        ["--version"],
        ["compress", "--help"],
        ["restore", "--help"],
        ["info", str(file)],
    ):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "semlib", *arguments],
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0 and run.stdout
        loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
        assert "PIL.Image" in loaded
        assert not loaded & {"torch", "scipy", "cv2", "compressai", "matplotlib"}
