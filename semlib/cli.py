"""The command line: ``semlib degrade``, ``read``, ``compress``, ``train`` …"""

import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__, commands, models
from .bitstream import Header, read_header
from .images import (
    InputError,
    PictureWarning,
    check_input,
    check_memory,
    check_output,
    check_side,
    open_image,
    picture_format,
    replace_file,
    save_image,
    to_image,
    to_srgb,
    to_tensor,
)

STATUSES = (
    "Exit status: 0, it is done, and what of a picture had to be left out is said on "
    "standard error; 2, what was given cannot be used: one line on standard error says "
    "why, and no file has changed; 130, it was interrupted; 1, a fault of the program."
)

app = typer.Typer(
    help="Text-aware image compression: the tools behind the book.",
    epilog=STATUSES,
    no_args_is_help=True,
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
for name, known, command, about in (
    ("train", commands.recipes, commands.training, "Train what the chapters use."),
    (
        "evaluate",
        commands.experiments,
        commands.measuring,
        "Measure what the chapters report.",
    ),
):
    app.add_typer(
        typer.Typer(callback=lambda: None, cls=commands.group(known, command)),
        name=name,
        help=about,
        no_args_is_help=True,
    )


@app.callback()
def _app(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True)
    ] = False,
):
    if version:
        print(f"semlib {__version__}")
        raise typer.Exit


# what was typed wrongly, of which class the name depends on Typer's version
UsageError: Any = typer.BadParameter.__mro__[2]


Picture = Annotated[Path, typer.Argument(help="A picture file.", show_default=False)]
Bitstream = Annotated[Path, typer.Argument(help="A .sem file.", show_default=False)]


@app.command()
def degrade(
    picture: Picture,
    output: Annotated[
        Path, typer.Argument(help="The JPEG file to write.", show_default=False)
    ],
    quality: Annotated[int, typer.Option(help="JPEG's, 1 to 100.")] = 1,
    scale: Annotated[float, typer.Option(help="Above 0, at most 1.")] = 1.0,
):
    """Reduce a picture and compress it as JPEG."""
    if output.suffix.lower() not in (".jpg", ".jpeg"):
        raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
    check_output(output)
    from . import data
    from .metrics import bits_per_pixel

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


@app.command()
def read(
    picture: Picture,
    as_json: Annotated[
        bool, typer.Option("--json", help="Words with their boxes.")
    ] = False,
):
    """Find the words in a picture and read them."""
    opened = to_srgb(open_image(picture))
    from .ocr import PageReader

    image = to_tensor(opened)
    reading = PageReader().read(image[None])[0]
    if as_json:
        lines = [
            [{"text": word.text, "box": word.box} for word in line]
            for line in reading.lines
        ]
        print(json.dumps({"text": reading.text, "lines": lines}, ensure_ascii=False))
    else:
        print(reading.text)


@app.command(epilog=models.listed("Codecs:", models.CODECS))
def compress(
    picture: Picture,
    output: Annotated[
        Path, typer.Argument(help="The .sem file to write.", show_default=False)
    ],
    codec: Annotated[str, typer.Option(help="One of those below.")] = "tinylic",
    rate: Annotated[float, typer.Option(help="0 to 7, not only whole.")] = 3,
):
    """Compress a picture with a learned codec."""
    check_output(output)
    image = to_srgb(open_image(picture)).convert("RGB")
    from . import codec as codecs
    from . import zoo
    from .metrics import bits_per_pixel

    model, weights = zoo.load(codec)
    x = to_tensor(image)[None]
    data = codecs.compress(model, weights, x, rate)
    with replace_file(output) as out:
        out.write(data)
    height, width = x.shape[-2:]
    print(
        f"{output}: {width} × {height} pixels, {len(data)} bytes, "
        f"{bits_per_pixel(data, width * height):.3f} bits per pixel"
    )


@app.command()
def decompress(
    file: Bitstream,
    output: Annotated[
        Path, typer.Argument(help="The picture to write.", show_default=False)
    ],
):
    """Make the picture from a .sem file."""
    kind = picture_format(output)
    check_output(output)
    data, header = _read(file)
    check_side(output, kind, header.width, header.height)
    check_memory(file, header.width, header.height)
    from . import codec as codecs
    from . import zoo

    model, weights = zoo.load(zoo.find(header.weights))
    image = to_image(codecs.decompress(model, weights, data)[0])
    save_image(image, output)
    print(f"{output}: {image.width} × {image.height} pixels")


@app.command(epilog=models.listed("Models:", models.RESTORERS))
def restore(
    picture: Picture,
    output: Annotated[
        Path, typer.Argument(help="The picture to write.", show_default=False)
    ],
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
            help="With guided: change a word only where a recognizer's odds that "
            "it reads it rightly get so many times better."
        ),
    ] = 0,
):
    """Repair a page that JPEG has ruined, of any size."""
    kind = picture_format(output)
    check_output(output)
    whole = open_image(picture)
    check_side(output, kind, *whole.size)
    profile = whole.info.get("icc_profile")
    from . import zoo
    from .data.jpeg import read_luminance
    from .restore import OCRGuided, choose, restore_picture

    if not caution >= 0:
        raise InputError(f"--caution must be 0 or more, not {caution}")
    names = zoo.DEFAULTS if model == "auto" else (model,)
    networks = [zoo.load_restorer(name)[0] for name in names]
    network = networks[0]
    if model == "auto" and (known := read_luminance(picture)):
        found = choose(networks, known)
        if found is None:
            save_image(whole, output, profile)
            print(f"{output}: left as it is, no print that JPEG has ruined is seen in it")
            return
        network = found
    if isinstance(network, OCRGuided):
        network.caution = caution
    elif caution:
        raise InputError(f"{model} has no second network to be cautious with")
    image, wrong = restore_picture(network, picture, progress=sys.stderr.isatty())
    save_image(image, output, profile)
    print(
        f"{output}: {image.width} × {image.height} pixels, "
        + (
            "held to nothing, as the file says nothing of luminance"
            if wrong is None
            else "contradicts nothing that the file says"
            if not wrong
            else f"contradicts the file in {wrong:.1%} of its blocks"
        )
    )


@app.command()
def info(
    file: Bitstream,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
):
    """Say what a .sem file holds."""
    data, h = _read(file)
    bits = 8 * len(data) / (h.width * h.height)
    if as_json:
        found = {**asdict(h), "bytes": len(data), "bits_per_pixel": round(bits, 5)}
        print(json.dumps(found))
        return
    print(
        f"{file}: {h.width} × {h.height} pixels, {h.codec} at rate {h.rate:g}, "
        f"weights {h.weights}, {len(data)} bytes, {bits:.3f} bits per pixel"
    )


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


@app.command()
def export(
    recipe: Annotated[
        str, typer.Argument(help="As in semlib train.", show_default=False)
    ],
    checkpoint: Annotated[
        Path, typer.Argument(help="checkpoint.pt of a run.", show_default=False)
    ],
    name: Annotated[
        str, typer.Argument(help="What to call the weights.", show_default=False)
    ],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Replace weights of that name; what they compressed cannot be "
            "decompressed any more.",
        ),
    ] = False,
):
    """Make the shipped weights and their card from a training run."""
    from . import training

    known = training.export(recipe, checkpoint, name, replace=replace)
    print(f"{name}: {known['steps']} steps, SHA-256 {known['sha256']}")


@app.command()
def grade(
    folder: Annotated[
        Path, typer.Argument(help="With a notebook a student.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="The table.")] = Path("grades.csv"),
    seconds: Annotated[int, typer.Option(help="For each notebook, at most.")] = 600,
    megabytes: Annotated[int, typer.Option(help="Of memory for each, at most.")] = 8000,
):
    """Grade a class's exercises. This runs the students' code, each in a process of its
    own that may write in its own folder only and, on Linux, has no network."""
    from .grade import grade as graded

    for one in graded(folder, output, seconds, megabytes):
        right = sum(outcome.kind == "right" for outcome in one.outcomes.values())
        print(f"{one.student}: {right} of {len(one.outcomes)} right, {one.ended}")


def main() -> None:
    """Run a command; what the user got wrong is one line and exit status 2, what had
    to be left out of a picture a line more where all went well."""
    left_out: dict[str, None] = {}
    show = warnings.showwarning

    def showwarning(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, PictureWarning):
            left_out[str(message)] = None
        else:
            show(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", PictureWarning)
        warnings.showwarning = showwarning
        status = _status()
    if not status:
        for line in left_out:
            _say(line)
    sys.exit(status)


def _status() -> int:
    """The exit status of what was typed."""
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        status = str(error)
    except typer.Abort:
        return 130
    except UsageError as error:
        status = error.format_message()
    except MemoryError:
        status = "not enough memory"
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0].replace("_", "-")
        status = f"a package is missing: pip install --no-deps {package}"
    if isinstance(status, str):
        if status:  # empty where Typer has just printed the help
            _say(status)
        return 2
    return status or 0


def _say(line: str) -> None:
    print("semlib: " + " ".join(line.split()), file=sys.stderr)
