"""Damaged files: refused in one line or opened, and nothing that was there is lost."""

import sys
import zlib

import numpy as np
import pytest
from files import COLOUR, RAMP, chunk, oriented, png, saved, swapping_profile
from PIL import Image

from semlib import cli, codec, zoo
from semlib.bitstream import HEADER, read_header
from semlib.codec.tinylic import TinyLIC
from semlib.data.jpeg import read_luminance
from semlib.images import InputError, open_image, to_tensor
from semlib.restore import Restorer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(60),  # seconds: none of these files may hang
    pytest.mark.filterwarnings("ignore::semlib.images.PictureWarning"),
]
MUTATIONS = 100  # of each file, for what opens files
COMMANDS = 12  # of each file, for whole commands
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

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
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


@pytest.mark.parametrize("name", FILES)
def test_commands_on_damaged_pictures(name, tmp_path, semlib):
    for data in mutations(name + "!", FILES[name], COMMANDS):
        path = tmp_path / name
        path.write_bytes(data)
        for command, ending in (
            ("degrade", "jpg"),
            ("compress", "sem"),
            ("restore", "png"),
        ):
            output = tmp_path / f"out.{ending}"
            output.write_bytes(b"old")
            held_to(semlib(command, path, output), output)
            output.unlink()


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
