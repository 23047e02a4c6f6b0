"""Every kind of picture file against every command: the right result, or one line."""

import json
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
import torch
from files import COLOUR, RAMP, pages, saved, swapping_profile
from kinds import BLACK, COMMANDS, KINDS, PAGE, REFUSED, of_every_page, table
from PIL import Image

from semlib import cli, codec, data, images, reading, zoo
from semlib.bitstream import Header
from semlib.restore import Restorer


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
        def read_picture(self, x, note, progress):
            given.append(x)
            return [[reading.SureWord("read", (0, 0, 1, 1), 0.5)]]

    monkeypatch.setattr(zoo, "load", lambda name: (None, "00000000"))
    monkeypatch.setattr(zoo, "find", lambda weights: "tinylic")
    monkeypatch.setattr(zoo, "load_restorer", lambda name: (Same(), ""))
    monkeypatch.setattr(codec, "compress", compress)
    monkeypatch.setattr(reading, "PictureReader", Reader)

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

    status, text, errors, (x, *others) = semlib("read", file)
    said(status, errors, None if of_every_page(name) else left_out)
    assert text.splitlines()[-1] == "read" and len(x) == (1 if shown.ndim == 2 else 3)
    assert len(others) == (2 if of_every_page(name) else 0)
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
    for out, why in (
        ("out", "name it after a picture format"),
        ("out.xyz", "name it after a picture format"),
        ("out.gif", "name it after a picture format"),  # which holds 256 colours
        ("out.pdf", "name it after a picture format"),
        ("out.webp", "16500 × 2 pixels; WEBP holds no more than 16383"),
        ("none/out.png", "does not exist"),
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
    assert sorted(tmp_path.iterdir()) == sorted([file, packed])


def denied(**_):
    raise OSError(30, "Read-only file system")


def test_only_ordinary_files_are_replaced(tmp_path, semlib):
    file, device = tmp_path / "a.png", tmp_path / "fifo.png"
    file.write_bytes(BLACK)
    os.mkfifo(device)
    refused(semlib("restore", file, device), "not an ordinary file")
    refused(semlib("read", device), "not a file")
    assert device.is_fifo()


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


def test_the_page_of_kinds_is_the_list_of_these_tests():
    assert PAGE.read_text(encoding="utf-8") == table(), "python tests/kinds.py renews it"


def test_a_damaged_jpeg_that_decodes_is_said(tmp_path, semlib):
    file = tmp_path / "a.jpg"
    whole = saved(np.full((64, 64), 100, np.uint8), "JPEG")
    file.write_bytes(whole)
    said(*semlib("read", file)[::2][:2], None)
    file.write_bytes(whole[:-6] + whole[-2:])  # its last bits are lost
    for command, *outputs in COMMANDS:
        more = ("--model", "same") if command == "restore" else ()
        ran = semlib(command, file, *(tmp_path / output for output in outputs), *more)
        said(*ran[::2][:2], "is damaged; what could be decoded is used")


def test_all_pages_of_a_tiff_are_read(tmp_path, semlib):
    file = tmp_path / "a.tif"
    file.write_bytes(pages("TIFF", 10, 200, 90))
    status, text, errors, given = semlib("read", file)
    assert (status, errors) == (0, "")
    assert text == "".join(f"==> {file}, page {at} <==\nread\n" for at in (1, 2, 3))
    for x, level in zip(given, (10, 200, 90)):
        near(x, np.full((16, 16), level), 0)
    found = [json.loads(line) for line in semlib("read", file, "--json")[1].splitlines()]
    assert [one["page"] for one in found] == [1, 2, 3]
    word = {"text": "read", "box": [0, 0, 1, 1], "confidence": 0.5}
    for one in found:
        assert (one["text"], one["lines"]) == ("read", [[word]])
        assert (one["file"], one["width"], one["height"]) == (str(file), 16, 16)
        assert one["seconds"] >= 0


def test_a_bad_file_does_not_lose_the_others(tmp_path, semlib):
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir(), out.mkdir()
    (scans / "a.png").write_bytes(BLACK)
    (scans / "b.png").write_bytes(b"no picture")
    (scans / "c.tif").write_bytes(pages("WEBP", 10))
    (scans / "notes.txt").write_bytes(b"not meant")
    for command, ending in (
        ("degrade", ".jpg"),
        ("compress", ".sem"),
        ("restore", ".png"),
        ("read", ""),
    ):
        more = ("--model", "same") if command == "restore" else ()
        places = (out,) if ending else ()
        status, text, errors, _ = semlib(command, scans, *places, *more)
        assert status == 2 and len(text.splitlines()) == (2 if ending else 4)
        lines = errors.splitlines()
        assert len(lines) == 2 and all(line.startswith("semlib: ") for line in lines)
        assert "b.png: not a readable picture" in lines[0]
        assert "1 others in it are left out" in lines[1]
        if ending:
            assert {file.name for file in out.iterdir()} >= {"a" + ending, "c" + ending}
            assert not (out / ("b" + ending)).exists()
    assert len(semlib("info", out, "--json")[1].splitlines()) == 2


def test_where_several_go_is_asked_before_the_work(tmp_path, semlib):
    out, empty = tmp_path / "out", tmp_path / "empty"
    out.mkdir(), empty.mkdir()
    one, two, same = tmp_path / "a.png", out / "b.png", out / "a.tif"
    for file in (one, two, same):
        file.write_bytes(BLACK)
    refused(semlib("compress", one, two, tmp_path / "c.sem"), "c.sem: not a folder")
    refused(semlib("compress", one, same, out), "a.sem: would be written of two")
    refused(semlib("restore", out, out), "b.png: is read, and would be replaced")
    refused(semlib("read", empty), "empty: holds no file that can be used")
    assert sorted(out.iterdir()) == [same, two] and two.read_bytes() == BLACK


def test_the_second_picture_costs_no_start_up(tmp_path, semlib, monkeypatch):
    loaded = []
    monkeypatch.setattr(zoo, "load", lambda name: (loaded.append(name), "0" * 8))
    monkeypatch.setattr(
        zoo, "load_restorer", lambda name: (loaded.append(name) or Same(), "")
    )
    out = tmp_path / "out"
    out.mkdir()
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(BLACK)
    files = [tmp_path / f"{name}.png" for name in "abc"]
    assert semlib("compress", *files, out)[0] == 0 and loaded == ["tinylic"]
    assert semlib("restore", *files, out, "--model", "same")[0] == 0
    assert loaded == ["tinylic", "same"] and len(list(out.iterdir())) == 6


def test_help_shows_examples_and_completion(semlib):
    for command in ("read", "degrade", "compress", "decompress", "restore", "info"):
        assert f"semlib {command} " in semlib(command, "--help")[1].split("Examples:")[1]
    assert "--install-completion" in semlib("--help")[1]
