"""The commands for .sem files: ``semlib compress``, ``decompress``, ``info``."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from ..bitstream import Header, read_header
from ..images import (
    InputError,
    check_input,
    check_memory,
    check_side,
    open_image,
    picture_format,
    replace_file,
    save_image,
    to_image,
    to_srgb,
    to_tensor,
)
from .files import Bitstreams, Pictures, convert, each, expanded, picture_endings, result


def compress(
    pictures: Pictures,
    output: Annotated[Path, result(".sem file")],
    codec: Annotated[str, typer.Option(help="One of those below.")] = "tinylic",
    rate: Annotated[float, typer.Option(help="0 to 7, not only whole.")] = 3,
):
    """Compress a picture with a learned codec."""

    @cache
    def model():
        from .. import zoo

        return zoo.load(codec)

    def work(picture: Path, output: Path) -> None:
        image = to_srgb(open_image(picture)).convert("RGB")
        from .. import codec as codecs
        from ..metrics import bits_per_pixel

        x = to_tensor(image)[None]
        network, weights = model()
        data = codecs.compress(network, weights, x, rate)
        with replace_file(output) as out:
            out.write(data)
        height, width = x.shape[-2:]
        print(
            f"{output}: {width} × {height} pixels, {len(data)} bytes, "
            f"{bits_per_pixel(data, width * height):.3f} bits per pixel"
        )

    convert(expanded(pictures, picture_endings()), output, ".sem", work)


def decompress(
    files: Bitstreams,
    output: Annotated[Path, result("picture")],
):
    """Make the picture from a .sem file; in a folder, as PNG."""

    @cache
    def model(weights: str):
        from .. import zoo

        return zoo.load(zoo.find(weights))

    def work(file: Path, output: Path) -> None:
        kind = picture_format(output)
        data, header = _read(file)
        check_side(output, kind, header.width, header.height)
        check_memory(file, header.width, header.height)
        from .. import codec as codecs

        network, weights = model(header.weights)
        image = to_image(codecs.decompress(network, weights, data)[0])
        save_image(image, output)
        print(f"{output}: {image.width} × {image.height} pixels")

    convert(expanded(files, (".sem",)), output, ".png", work)


def info(
    files: Bitstreams,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as JSON, a line for each.")
    ] = False,
):
    """Say what a .sem file holds."""

    def work(file: Path) -> None:
        data, h = _read(file)
        bits = 8 * len(data) / (h.width * h.height)
        if as_json:
            found = {**asdict(h), "bytes": len(data), "bits_per_pixel": round(bits, 5)}
            print(json.dumps({"file": str(file), **found}, ensure_ascii=False))
            return
        print(
            f"{file}: {h.width} × {h.height} pixels, {h.codec} at rate {h.rate:g}, "
            f"weights {h.weights}, {len(data)} bytes, {bits:.3f} bits per pixel"
        )

    each(expanded(files, (".sem",)), work)


def _read(file: Path) -> tuple[bytes, Header]:
    """A .sem file's bytes, and what its header says."""
    check_input(file)
    if file.stat().st_size > 100_000_000:
        raise InputError(f"{file}: too large for a .sem file")
    try:
        data = file.read_bytes()
        return data, read_header(data)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
