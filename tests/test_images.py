"""Every kind of picture is read correctly; every kind of rubbish is refused."""

import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from semlib import images
from semlib.images import InputError, open_image, replace_file, to_image, to_tensor

pytestmark = pytest.mark.filterwarnings("ignore::semlib.images.PictureWarning")
RAMP = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)


def saved(path, image, **options):
    image.save(path, **options)
    return open_image(path)


def test_grey(tmp_path):
    image = saved(tmp_path / "a.png", Image.fromarray(RAMP))
    assert image.mode == "L" and np.array_equal(np.asarray(image), RAMP)


def test_sixteen_bits(tmp_path):
    wide = RAMP.astype(np.uint16) * 257
    image = saved(tmp_path / "a.png", Image.fromarray(wide))
    assert image.mode == "L" and np.array_equal(np.asarray(image), RAMP)


def test_sixteen_bit_tiff(tmp_path):
    wide = RAMP.astype(np.uint16) * 257
    image = saved(tmp_path / "a.tif", Image.fromarray(wide))
    assert np.array_equal(np.asarray(image), RAMP)


def test_one_bit(tmp_path):
    image = saved(tmp_path / "a.png", Image.fromarray(RAMP > 100))
    assert np.array_equal(np.asarray(image), np.where(RAMP > 100, 255, 0))


def test_colour(tmp_path):
    pixels = np.stack([RAMP, RAMP[::-1], RAMP.T], -1)
    image = saved(tmp_path / "a.png", Image.fromarray(pixels))
    assert image.mode == "RGB" and np.array_equal(np.asarray(image), pixels)


def test_transparent_is_white(tmp_path):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4] = [200, 0, 0, 255]
    image = np.asarray(saved(tmp_path / "a.png", Image.fromarray(pixels)))
    assert (image[:4] == [200, 0, 0]).all() and (image[4:] == 255).all()


def test_grey_with_alpha(tmp_path):
    pixels = np.stack([RAMP, np.full_like(RAMP, 255)], -1)
    image = saved(tmp_path / "a.png", Image.fromarray(pixels, "LA"))
    assert np.array_equal(np.asarray(image.convert("L")), RAMP)


def test_palette_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 255, 0, 0])
    image.putpixel((0, 0), 1)
    pixels = np.asarray(saved(tmp_path / "a.png", image, transparency=1))
    assert (pixels[0, 0] == 255).all() and (pixels[1, 1] == [10, 20, 30]).all()


def test_cmyk(tmp_path):
    image = saved(
        tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), quality=100
    )
    assert image.mode == "RGB"
    red = np.asarray(image).astype(int)
    assert (abs(red - [255, 0, 0]) < 12).all()


def test_exif_rotation(tmp_path):
    image = Image.new("RGB", (20, 10), "white")
    image.putpixel((0, 0), (0, 0, 0))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held upright: turn right by 90 degrees
    turned = saved(tmp_path / "a.png", image, exif=exif)
    assert turned.size == (10, 20)
    assert turned.getpixel((9, 0)) == (0, 0, 0)


def test_one_pixel(tmp_path):
    assert saved(tmp_path / "a.png", Image.new("L", (1, 1), 7)).getpixel((0, 0)) == 7


def huge_png():
    """A PNG whose header claims 30,000 × 30,000 pixels."""
    import struct

    body = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (body, data, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def cut_jpeg(tmp_path):
    path = tmp_path / "whole.jpg"
    Image.fromarray(np.tile(RAMP, (20, 20))).save(path)
    data = path.read_bytes()
    return data[: len(data) // 2]


@pytest.mark.parametrize("content", ["empty", "text", "cut", "huge", "folder", "none"])
def test_rubbish_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "a.png"
    if content == "folder":
        path.mkdir()
    elif content != "none":
        path.write_bytes(
            {
                "empty": b"",
                "text": b"just words",
                "huge": huge_png(),
                "cut": cut_jpeg(tmp_path),
            }[content]
        )
    with pytest.raises(InputError) as caught:
        open_image(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_replace_file_keeps_the_old_when_writing_fails(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replace_file(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    with replace_file(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["a.bin"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """And it may be read by whom the system's settings say, not by its owner alone."""
    done = []
    monkeypatch.setattr(images.os, "fsync", lambda file: done.append("content"))
    rename = images.os.replace
    monkeypatch.setattr(
        images.os, "replace", lambda *names: (done.append("name"), rename(*names))
    )
    with replace_file(tmp_path / "a.bin") as file:
        file.write(b"new")
    (tmp_path / "b.bin").write_bytes(b"new")
    assert done == ["content", "name"]
    modes = {(tmp_path / name).stat().st_mode for name in ("a.bin", "b.bin")}
    assert len(modes) == 1


def test_replace_file_refuses_a_missing_folder(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        with replace_file(tmp_path / "no" / "a.bin"):
            pass


def test_tensors_and_back():
    pixels = np.stack([RAMP, RAMP[::-1], RAMP.T], -1)
    tensor = to_tensor(pixels)
    assert tensor.shape == (3, 8, 8) and tensor.dtype == torch.float32
    assert tensor.max() == RAMP.max() / 255
    assert np.array_equal(np.asarray(to_image(tensor)), pixels)
    assert np.array_equal(np.asarray(to_image(to_tensor(RAMP))), RAMP)
    with pytest.raises(TypeError):
        to_tensor(RAMP.astype(float))


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    file = tmp_path / "a.png"
    file.write_bytes(b"old")
    with pytest.raises(images.InputError, match=r"a\.png: No space left"):
        with images.replace_file(file) as out:
            out.write(b"half")
            raise OSError(28, "No space left on device")
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


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
