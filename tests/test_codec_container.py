"""The .sem file: any size there and back, and what is wrong is said."""

import json
import os
import random
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from semlib import codec, zoo
from semlib.codec import container
from semlib.codec.tinylic import TinyLIC
from semlib.data import make_text_image
from semlib.experiments.coding_speed import peak_bytes
from semlib.images import InputError, to_tensor

pytestmark = pytest.mark.slow


WEIGHTS = "0123456789abcdef" * 4
MODEL = """
import sys, torch
torch.set_num_threads({threads})
torch.manual_seed(0)
from semlib.codec.tinylic import TinyLIC
model = TinyLIC("smoke").eval()
model.update()
"""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = TinyLIC("smoke").eval()
    model.update()
    return model


@pytest.fixture(scope="module")
def x():
    return torch.rand(1, 3, 70, 100, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def data(model, x):
    return codec.compress(model, WEIGHTS, x, 4.5)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (65, 3)])
def test_any_size_comes_back(model, size):
    x = torch.rand(1, 3, *size)
    back = codec.decompress(model, WEIGHTS, codec.compress(model, WEIGHTS, x, 0))
    assert back.shape == x.shape


def test_header_says_what_it_holds(data):
    header = codec.read_header(data)
    assert (header.codec, header.weights, header.rate, header.height, header.width) == (
        "tinylic",
        WEIGHTS[:8],
        4.5,
        70,
        100,
    )


@pytest.mark.parametrize("words", [0, 1, 127, 128, 16383, 16384, 2**21 - 1])
def test_short_strings_have_short_lengths(words):
    string = bytes(4 * words)
    length = container._length(string)
    assert len(length) == (words > 127) + (words > 16383) + 1
    data = bytes(container.HEADER.size + 4) + length + string + b"rest" + bytes(4)
    assert list(container._split(data, [None])) == [(0, string, b"rest")]


def test_another_process_with_other_threads_decodes_the_same(model, data, tmp_path):
    (tmp_path / "x.sem").write_bytes(data)
    here = codec.decompress(model, WEIGHTS, data)
    for threads in (1, 3):
        script = MODEL.format(threads=threads) + (
            "from semlib import codec\n"
            "x = codec.decompress(model, sys.argv[2], open(sys.argv[1],'rb').read())\n"
            "sys.stdout.buffer.write((x * 255).round().byte().numpy().tobytes())\n"
        )
        there = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore",
                "-c",
                script,
                str(tmp_path / "x.sem"),
                WEIGHTS,
            ],
            capture_output=True,
            check=True,
        ).stdout
        assert there == (here * 255).round().byte().numpy().tobytes()


def test_other_weights_and_other_latents_are_refused(model, data):
    with pytest.raises(InputError, match="weights"):
        codec.decompress(model, "f" * 64, data)
    for at in (9, 11, 13, 15):  # rate, height, width, and the latents' checksum
        with pytest.raises(InputError, match="latents"):
            codec.decompress(model, WEIGHTS, resealed(data, at))


def resealed(data: bytes, at: int, bit: int = 0) -> bytes:
    """A flipped bit, and a file checksum that says all is well."""
    body = bytearray(data[:-4])
    body[at] ^= 1 << bit
    return bytes(body) + zlib.crc32(bytes(body)).to_bytes(4, "little")


def mutants(data: bytes, rng: random.Random):
    """A bit flipped, cut, extended, or a hostile byte under a right checksum."""
    at, bit = rng.randrange(len(data)), rng.randrange(8)
    flipped = bytearray(data)
    flipped[at] ^= 1 << bit
    yield bytes(flipped)
    yield data[:at]
    yield data + rng.randbytes(rng.randrange(1, 40))
    yield resealed(data, rng.randrange(len(data) - 4), bit)
    yield resealed(data[:at] + bytes(4), 0, 0) if at else b""
    cut = data[: container.HEADER.size + rng.randrange(30)]
    yield cut + zlib.crc32(cut).to_bytes(4, "little")
    hostile = bytearray(data[:-4])  # any size, any lengths
    for _ in range(rng.randrange(1, 4)):
        hostile[rng.randrange(11, container.HEADER.size + 10)] = rng.randrange(256)
    yield bytes(hostile) + zlib.crc32(bytes(hostile)).to_bytes(4, "little")


def hostile(data: bytes, header: container.Header, rng: random.Random):
    """Strings longer than they can be, under right checksums, in a picture of any size:
    nibbles that ask for others, and noise."""
    length = int(10 ** rng.uniform(0, 7.7))  # up to 50 MB
    long = rng.choice([b"\xff" * length, b"\xf0" * length, rng.randbytes(length)])
    side = 64 * rng.randrange(1, 9)
    other = replace(header, height=side, width=side)
    ((crc, z, y),) = container._split(data, container._tiles(header))
    for strings in ((z, long), (long[: 2**23 - 4], y), (long[: 2**20], long)):
        z_string = strings[0][: len(strings[0]) // 4 * 4]
        for known in (header, other):
            body = (
                known.pack()
                + crc.to_bytes(4, "little")
                + container._length(z_string)
                + z_string
                + strings[1]
            )
            yield body + zlib.crc32(body).to_bytes(4, "little")


def fuzzed(name: str, rounds: int) -> None:
    """Decode what is damaged and what is hostile: each is refused in one line, or is
    the right picture, or, where a checksum was made for it, one of its size."""
    model, weights = zoo.load(name)
    x = to_tensor(make_text_image(0, "test").image[:70, :100])[None]
    data = codec.compress(model, weights, x, 2.5)
    right, header = codec.decompress(model, weights, data), codec.read_header(data)
    rng, slowest, counts = random.Random(0), 0.0, {"refused": 0, "decoded": 0}
    before = peak_bytes()
    for at in range(rounds):
        files = [(mutant, True) for mutant in mutants(data, rng)]
        if at < 3 + rounds // 40:
            files += [(file, False) for file in hostile(data, header, rng)]
        for file, ours in files:
            started = time.monotonic()
            try:
                got = codec.decompress(model, weights, file)
            except InputError as error:
                counts["refused"] += 1
                assert "\n" not in str(error)
            else:
                counts["decoded"] += 1
                assert not ours or torch.equal(got, right)
            slowest = max(slowest, time.monotonic() - started)
    print(json.dumps({**counts, "slowest": slowest, "bytes": peak_bytes() - before}))


@pytest.mark.parametrize("name", ["tinylic", "hyperprior"])
def test_no_file_crashes_or_gives_a_wrong_picture(name):
    """In a process of its own, as a decoder that reads beyond its buffer takes all down.
    ``FUZZ_ROUNDS=1429`` makes ten thousand mutants and two hundred hostile files."""
    rounds = int(os.environ.get("FUZZ_ROUNDS", 15))
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from test_codec_container import fuzzed\nfuzzed({name!r}, {rounds})",
        ],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["refused"] > 6 * rounds
    assert found["slowest"] < 2 and found["bytes"] < 1e9


def test_tiles_show_no_seam(model, monkeypatch):
    """Decoded in tiles the picture is the one decoded in one piece."""
    x = torch.rand(1, 3, 200, 300, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(container, "TILE", 64)
    data = codec.compress(model, WEIGHTS, x, 5)
    tiled = codec.decompress(model, WEIGHTS, data)
    monkeypatch.setattr(container, "MARGIN", 1024)  # every tile sees all
    assert len(container._tiles(codec.read_header(data))) == 4 * 5
    assert torch.equal(tiled, codec.decompress(model, WEIGHTS, data))
    assert codec.compress(model, WEIGHTS, x, 5) == data
    for cut in range(container.HEADER.size, len(data) - 4, 211):  # in any tile
        short = data[:cut] + zlib.crc32(data[:cut]).to_bytes(4, "little")
        with pytest.raises(InputError):
            codec.decompress(model, WEIGHTS, short)


def test_what_cannot_be_compressed_is_refused(model, x):
    for rate in (-0.1, 7.01, float("nan")):
        with pytest.raises(InputError, match="rate"):
            codec.compress(model, WEIGHTS, x, rate)
    with pytest.raises(InputError, match="pixels"):
        codec.compress(model, WEIGHTS, torch.zeros(1, 3, 1, 70_000), 1)


def test_no_bar_is_drawn_where_nobody_looks(model, monkeypatch, capfd):
    """Standard error may be a file, and this is not a terminal."""
    monkeypatch.setattr(container, "TILE", 64)
    data = codec.compress(model, WEIGHTS, torch.rand(1, 3, 64, 200), 5)
    assert len(container._tiles(codec.read_header(data))) > 1
    codec.decompress(model, WEIGHTS, data)
    assert capfd.readouterr() == ("", "")
