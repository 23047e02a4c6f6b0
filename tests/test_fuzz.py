"""Damaged and odd files: refused in one line or opened, and nothing that was there is
lost.

A sample of them, unless ``SEMLIB_FUZZ`` says how many: ``SEMLIB_FUZZ=2000 pytest
tests/test_fuzz.py`` takes half an hour of a core.
"""

import io
import os
import resource
import sys
import time
import zlib

import numpy as np
import pytest
from files import COLOUR, RAMP, chunk, oriented, png, saved, swapping_profile
from PIL import Image

from semlib import cli, codec, images, reading, zoo
from semlib.bitstream import HEADER, read_header
from semlib.codec.tinylic import TinyLIC
from semlib.data.jpeg import read_luminance
from semlib.images import InputError, open_image, to_tensor
from semlib.restore import Restorer

WANTED = int(os.environ.get("SEMLIB_FUZZ", "0"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200 if WANTED else 120),
    pytest.mark.filterwarnings("ignore::semlib.images.PictureWarning"),
]
MUTATIONS = 100  # of each file, for what opens files
COMMANDS = WANTED // 18 or 5  # of each file, for whole commands
ODD = WANTED // 2 or 40
SECONDS = 60  # that a command may take, on a busy machine
EXIF, PROFILE = oriented(6), swapping_profile()
PAGE = Image.fromarray(COLOUR[:8])
FILES = {
    "grey.png": png(RAMP[..., None] // 64, 2, 0, chunk(b"tRNS", b"\0\1")),
    "colour.png": saved(COLOUR, "PNG", exif=EXIF, icc_profile=PROFILE),
    "pages.png": saved(PAGE, "PNG", save_all=True, append_images=[PAGE.rotate(180)]),
    "grey.jpg": saved(RAMP, "JPEG", exif=EXIF),
    "colour.jpg": saved(COLOUR, "JPEG", icc_profile=PROFILE, progressive=True),
    "pages.tif": saved(PAGE, "TIFF", save_all=True, append_images=[PAGE], exif=EXIF),
    "lzw.tif": saved(RAMP, "TIFF", compression="tiff_lzw"),
    "colour.webp": saved(COLOUR, "WEBP", exif=EXIF, icc_profile=PROFILE),
    "pages.gif": saved(PAGE, "GIF", save_all=True, append_images=[PAGE.rotate(180)]),
}


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bytes changed, lost or there twice."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if not out:
            break
        at = int(rng.integers(len(out)))
        to = min(len(out), at + int(rng.integers(1, 40)))
        match rng.integers(5):
            case 0:
                out[at] ^= 1 << int(rng.integers(8))
            case 1:
                out[at : at + 4] = rng.bytes(4)
            case 2:
                del out[at:to]
            case 3:
                out[at:at] = out[at:to]
            case 4:
                del out[max(at, 1) :]
    return bytes(out)


def mutations(name: str, data: bytes, count: int):
    rng = np.random.default_rng(list(name.encode()))
    return [mutated(data, rng) for _ in range(count)]


def sealed(data: bytes) -> bytes:
    """A .sem file whose checksum is right, whatever it holds."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_picture_is_opened_or_refused(name, tmp_path):
    opened = 0
    for number, data in enumerate(mutations(name, FILES[name], MUTATIONS)):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(data)
        try:
            image = open_image(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert image.mode in ("L", "RGB") and np.asarray(image).dtype == np.uint8
            opened += 1
        known = read_luminance(path)
        assert known is None or np.isfinite(known.pixels).all()
        assert path.read_bytes() == data
    assert 0 < opened < MUTATIONS


class Boxes:
    """Sees words anywhere."""

    def boxes(self, images):
        height, width = images.shape[-2:]
        rng = np.random.default_rng([height, width])
        middle = rng.random((12, 1, 2)) * (width, height)
        sides = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * rng.random((12, 1, 2))
        return [(middle + sides * (30, 8)).astype(np.float32)]


class Letters:
    """Reads something in everything."""

    def read_with_confidence(self, images):
        assert all(min(image.shape) > 0 for image in images)
        return [("a" * (image.shape[-1] % 9), 0.4) for image in images]

    def read(self, images):
        return [text for text, _ in self.read_with_confidence(images)]


class Same(Restorer):
    reach, factor = 0, 1

    def forward(self, x):
        return x


@pytest.fixture(scope="module")
def small():
    model = TinyLIC("smoke")
    model.update()
    model.eval()
    model.prepare()
    return model


@pytest.fixture
def semlib(monkeypatch, capfd, small):
    """A command with networks that take no time; what even C libraries print counts."""
    monkeypatch.setattr(zoo, "load", lambda name: (small, "0" * 64))
    monkeypatch.setattr(zoo, "find", lambda weights: "small")
    monkeypatch.setattr(zoo, "load_restorer", lambda name: (Same(), ""))
    whole = reading.PictureReader
    monkeypatch.setattr(
        reading,
        "PictureReader",
        lambda: whole(256, 32, detector=Boxes(), reader=Letters()),
    )

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        began = time.monotonic()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert time.monotonic() - began < SECONDS
        return ended.value.code or 0, *capfd.readouterr()

    return run


def held_to(ran, output) -> bool:
    """Whether it went well; else there is one line, and the output is as before."""
    status, text, errors = ran
    lines = errors.splitlines()
    assert all(line.startswith("semlib: ") for line in lines) and len(lines) <= 1, errors
    assert len(list(output.parent.iterdir())) == 2  # and no file besides
    if status == 0:
        assert text and output.read_bytes() != b"old"
        return True
    assert status == 2 and len(lines) == 1 and output.read_bytes() == b"old"
    return False


def all_commands(path, semlib) -> bool:
    """Every command on a picture; whether one of them went well."""
    data = path.read_bytes()
    status, text, errors = semlib("read", path)
    lines = errors.splitlines()
    assert all(line.startswith("semlib: ") for line in lines), errors
    assert (status, bool(text or lines)) in ((0, True), (2, True))
    went = [status == 0]
    for command, ending in (("degrade", "jpg"), ("compress", "sem"), ("restore", "png")):
        output = path.parent / f"out.{ending}"
        output.write_bytes(b"old")
        went.append(held_to(semlib(command, path, output), output))
        output.unlink()
    assert path.read_bytes() == data and list(path.parent.iterdir()) == [path]
    return any(went)


def peak() -> int:
    """Bytes of memory that this process has had at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("name", FILES)
def test_commands_on_damaged_pictures(name, tmp_path, semlib):
    for data in mutations(name + "!", FILES[name], COMMANDS):
        path = tmp_path / name
        path.write_bytes(data)
        all_commands(path, semlib)


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "TIFF": (
        "1",
        "L",
        "LA",
        "P",
        "RGB",
        "RGBA",
        "CMYK",
        "LAB",
        "YCbCr",
        "I;16",
        "F",
        "I",
    ),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "WEBP": ("L", "RGB", "RGBA", "LA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "PPM": ("1", "L", "RGB", "I;16", "F"),
    "TGA": ("L", "P", "RGB", "RGBA"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA"),
    "ICO": ("L", "RGB", "RGBA"),
    "PCX": ("1", "L", "P", "RGB"),
}


def odd(rng: np.random.Generator) -> bytes:
    """A picture file of any kind and shape; one in four is damaged besides."""
    kind = str(rng.choice(list(MODES)))
    mode = str(rng.choice(MODES[kind]))
    width, height = (int(side) for side in np.exp(rng.uniform(0, np.log(300), 2)))
    if rng.random() < 0.1:
        width = int(rng.integers(1000, 3000))
    if rng.random() < 0.5:
        width, height = height, width
    noise = rng.integers(0, 256, (height, width, 4), np.uint8)
    noise[: height // 2] = noise[0, 0]  # half of it is plain
    image = Image.fromarray(noise)
    if mode in ("I;16", "I", "F"):
        top = rng.choice([1, 255, 3000, 65535])
        image = Image.fromarray((noise[..., 0] / 255 * top).astype(DEEP[mode]))
    elif mode not in ("RGBA", "CMYK", "LAB"):
        image = image.convert("RGB").convert(mode) if mode == "P" else image.convert(mode)
    else:
        image = (
            image
            if mode == "RGBA"
            else Image.frombytes(
                mode,
                image.size,
                image.convert("RGB" if mode == "LAB" else "RGBA").tobytes(),
            )
        )
    options: dict = {}
    if kind in ("PNG", "TIFF", "JPEG", "WEBP"):
        options["exif"] = oriented(int(rng.integers(0, 12)))
        options["icc_profile"] = rng.choice([PROFILE, rng.bytes(90), b""])
    if kind in ("TIFF", "GIF", "WEBP") and rng.random() < 0.3:
        options |= {"save_all": True, "append_images": [image] * int(rng.integers(1, 4))}
    if kind == "JPEG":
        options |= {
            "progressive": rng.random() < 0.5,
            "quality": int(rng.integers(1, 101)),
        }
    out = io.BytesIO()
    image.save(out, kind, **options)
    data = out.getvalue()
    return mutated(data, rng) if rng.random() < 0.25 else data


DEEP = {"I;16": np.uint16, "I": np.int32, "F": np.float32}


def test_commands_on_odd_pictures(tmp_path, semlib):
    rng, went, before = np.random.default_rng(25), [], peak()
    path = tmp_path / "odd"
    while len(went) < ODD:
        try:
            data = odd(rng)
        except (OSError, ValueError):  # what Pillow itself does not write
            continue
        path.write_bytes(data)
        went.append(all_commands(path, semlib))
    assert sum(went) > ODD / 2
    assert peak() - before < images.BYTES_PER_PIXEL * images.MAX_PIXELS


def test_damaged_bitstreams(tmp_path, semlib, small):
    x = to_tensor(COLOUR)[None]
    whole = codec.compress(small, "0" * 64, x, 3)
    file, output = tmp_path / "a.sem", tmp_path / "out.png"
    went = []
    for number, data in enumerate(mutations("a.sem", whole, 60)):
        data = sealed(data) if number % 4 and len(data) > HEADER.size + 4 else data
        file.write_bytes(data)
        output.write_bytes(b"old")
        try:
            header = read_header(data)
        except InputError:
            known = False
        else:
            known = header.width * header.height < 10**6  # what takes no time
        if known or len(went) < 40:
            went.append(held_to(semlib("decompress", file, output), output))
        status, text, errors = semlib("info", file)
        assert (status, bool(text), errors.count("\n")) in ((0, True, 0), (2, False, 1))
    assert False in went and len(went) >= 40
    assert went.count(True) < len(went)
