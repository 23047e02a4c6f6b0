"""The commands for pictures: ``semlib degrade``, ``read``, ``restore``."""

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from ..images import (
    InputError,
    PictureWarning,
    check_side,
    count_pages,
    open_image,
    picture_format,
    replace_file,
    save_image,
    to_srgb,
    to_tensor,
)
from .files import Pictures, convert, each, expanded, picture_endings, result


def degrade(
    pictures: Pictures,
    output: Annotated[Path, result("JPEG file")],
    quality: Annotated[int, typer.Option(help="JPEG's, 1 to 100.")] = 1,
    scale: Annotated[float, typer.Option(help="Above 0, at most 1.")] = 1.0,
):
    """Reduce a picture and compress it as JPEG."""

    def work(picture: Path, output: Path) -> None:
        if output.suffix.lower() not in (".jpg", ".jpeg"):
            raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
        from .. import data
        from ..metrics import bits_per_pixel

        whole = to_srgb(open_image(picture))
        if 0 < scale <= 1:  # what else is refused below
            check_side(output, "JPEG", *(round(side * scale) for side in whole.size))
        image, file = data.degrade(whole, quality=quality, scale=scale)
        with replace_file(output) as out:
            out.write(file)
        height, width = image.shape[:2]
        bits = bits_per_pixel(file, width * height)
        scan = bits_per_pixel(data.jpeg_scan(file), width * height)
        print(
            f"{output}: {width} × {height} pixels, {len(file)} bytes, "
            f"{bits:.3f} bits per pixel ({scan:.3f} without the header)"
        )

    convert(expanded(pictures, picture_endings()), output, ".jpg", work)


def read(
    pictures: Pictures,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="For each page a line of JSON: its words with their boxes (left, top, "
            "right, bottom) and how sure the reader is of them, and the seconds.",
        ),
    ] = False,
):
    """Find the words in pictures and read them, in reading order.

    Of a TIFF file every page is read. Where there are several pages, a line before
    each names it.
    """
    files = expanded(pictures, picture_endings())

    @cache
    def reader():
        from ..reading import PictureReader

        return PictureReader()

    def work(picture: Path) -> None:
        pages = count_pages(picture)
        for page in range(pages):
            began = time.monotonic()
            name = str(picture) if pages == 1 else f"{picture}, page {page + 1}"
            image = _page(picture, page, pages)
            lines = _lines_of(reader, image, name)
            text = "\n".join(" ".join(word.text for word in line) for line in lines)
            if as_json:
                known = {
                    "file": str(picture),
                    "page": page + 1,
                    "width": image.width,
                    "height": image.height,
                    "seconds": round(time.monotonic() - began, 2),
                    "text": text,
                    "lines": [[asdict(word) for word in line] for line in lines],
                }
                print(json.dumps(known, ensure_ascii=False), flush=True)
            else:
                if len(files) > 1 or pages > 1:
                    print(f"==> {name} <==")
                print(text, flush=True)

    each(files, work)


def _page(picture: Path, page: int, pages: int) -> Image.Image:
    """A page, from 0, of a picture file with so many."""
    try:
        return to_srgb(open_image(picture, page if pages > 1 else None))
    except InputError as error:
        if not page:
            raise
        raise InputError(f"{error}: page {page + 1}, and no later one") from error


def _lines_of(reader: Callable, image, name: str):
    """What is read; in a terminal with its progress, which leaves the time there."""
    from tqdm import tqdm

    with tqdm(desc=name, unit="tile", disable=not sys.stderr.isatty()) as bar:

        def note(line: str) -> None:
            warnings.warn(f"{name}: {line}", PictureWarning, stacklevel=2)

        return reader().read_picture(to_tensor(image), note, bar.update)


def restore(
    pictures: Pictures,
    output: Annotated[Path, result("picture")],
    model: Annotated[
        str,
        typer.Option(
            help="auto, which lets the file choose of unet and blind; or one of those "
            "below."
        ),
    ] = "auto",
    caution: Annotated[
        float,
        typer.Option(
            help="With a second network: change a word only where a recognizer's odds "
            "that it reads it rightly get so many times better."
        ),
    ] = 0,
):
    """Repair a page that JPEG has ruined, of any size; in a folder, as PNG."""

    @cache
    def networks():
        return _restorers(model, caution)

    def work(picture: Path, output: Path) -> None:
        kind = picture_format(output)
        whole = open_image(picture)
        check_side(output, kind, *whole.size)
        profile = whole.info.get("icc_profile")
        from ..data.jpeg import read_luminance
        from ..restore import choose, restore_picture

        network = networks()[0]
        if model == "auto" and (known := read_luminance(picture)):
            network = choose(networks(), known)
            if network is None:
                save_image(whole, output, profile)
                print(f"{output}: left as it is, no print ruined by JPEG is seen in it")
                return
        image, wrong = restore_picture(network, picture, progress=sys.stderr.isatty())
        save_image(image, output, profile)
        print(f"{output}: {image.width} × {image.height} pixels, {_held(wrong)}")

    convert(expanded(pictures, picture_endings()), output, ".png", work)


def _restorers(model: str, caution: float) -> list:
    """The networks that are meant; `auto` chooses among several."""
    from .. import zoo
    from ..restore import OCRGuided

    if not caution >= 0:
        raise InputError(f"--caution must be 0 or more, not {caution}")
    names = zoo.DEFAULTS if model == "auto" else (model,)
    found = [zoo.load_restorer(name)[0] for name in names]
    if isinstance(found[0], OCRGuided):
        found[0].caution = caution
    elif caution:
        raise InputError(f"{model} has no second network to be cautious with")
    return found


def _held(wrong: float | None) -> str:
    """What is said of the share of blocks in which the result contradicts the file."""
    if wrong is None:
        return "held to nothing, as the file says nothing of luminance"
    if not wrong:
        return "contradicts nothing that the file says"
    return f"contradicts the file in {wrong:.1%} of its blocks"
