"""The command line: ``semlib degrade``, ``read``, ``compress``, ``train`` …"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from . import __version__, commands
from .images import InputError, open_image, replace_file, to_image, to_tensor

app = typer.Typer(
    help="Text-aware image compression: the tools behind the book.",
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
    from . import data
    from .metrics import bits_per_pixel

    if output.suffix.lower() not in (".jpg", ".jpeg"):
        raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
    image, file = data.degrade(open_image(picture), quality=quality, scale=scale)
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
    from .ocr import PageReader

    image = to_tensor(open_image(picture))
    reading = PageReader().read(image[None])[0]
    if as_json:
        lines = [
            [{"text": word.text, "box": word.box} for word in line]
            for line in reading.lines
        ]
        print(json.dumps({"text": reading.text, "lines": lines}, ensure_ascii=False))
    else:
        print(reading.text)


@app.command()
def compress(
    picture: Picture,
    output: Annotated[
        Path, typer.Argument(help="The .sem file to write.", show_default=False)
    ],
    codec: Annotated[str, typer.Option(help="tinylic, hyperprior or tfic.")] = "tinylic",
    rate: Annotated[float, typer.Option(help="0 to 7, not only whole.")] = 3,
):
    """Compress a picture with a learned codec."""
    from . import codec as codecs
    from . import zoo
    from .metrics import bits_per_pixel

    model, weights = zoo.load(codec)
    x = to_tensor(open_image(picture).convert("RGB"))[None]
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
    from . import codec as codecs
    from . import zoo

    kind = _format(output)
    data = _read(file)
    model, weights = zoo.load(zoo.find(codecs.read_header(data).weights))
    image = to_image(codecs.decompress(model, weights, data)[0])
    with replace_file(output) as out:
        image.save(out, kind)
    print(f"{output}: {image.width} × {image.height} pixels")


@app.command()
def restore(
    picture: Picture,
    output: Annotated[
        Path, typer.Argument(help="The picture to write.", show_default=False)
    ],
    model: Annotated[
        str,
        typer.Option(
            help="auto, which lets the file choose; unet, blind, dncnn, guided, …"
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
    from . import zoo
    from .data.jpeg import read_luminance
    from .restore import OCRGuided, choose, restore_picture

    kind = _format(output)
    if not caution >= 0:
        raise InputError(f"--caution must be 0 or more, not {caution}")
    names = zoo.DEFAULTS if model == "auto" else (model,)
    networks = [zoo.load_restorer(name)[0] for name in names]
    network = networks[0]
    if model == "auto" and (known := read_luminance(picture)):
        found = choose(networks, known)
        if found is None:
            image = open_image(picture)
            with replace_file(output) as out:
                image.save(out, kind)
            print(f"{output}: left as it is, no print that JPEG has ruined is seen in it")
            return
        network = found
    if isinstance(network, OCRGuided):
        network.caution = caution
    elif caution:
        raise InputError(f"{model} has no second network to be cautious with")
    image, wrong = restore_picture(network, picture, progress=sys.stderr.isatty())
    with replace_file(output) as out:
        image.save(out, kind)
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


def _format(output: Path) -> str:
    """The picture format that a file's name asks for."""
    kind = Image.registered_extensions().get(output.suffix.lower())
    if kind not in Image.SAVE:
        raise InputError(f"{output}: name it after a picture format, such as .png")
    return kind


@app.command()
def info(file: Bitstream):
    """Say what a .sem file holds."""
    from .codec import read_header
    from .metrics import bits_per_pixel

    data = _read(file)
    h = read_header(data)
    print(
        f"{file}: {h.width} × {h.height} pixels, {h.codec} at rate {h.rate:g}, "
        f"weights {h.weights}, {len(data)} bytes, "
        f"{bits_per_pixel(data, h.width * h.height):.3f} bits per pixel"
    )


def _read(file: Path) -> bytes:
    """A small file's bytes."""
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if file.stat().st_size > 100_000_000:
        raise InputError(f"{file}: too large for a .sem file")
    return file.read_bytes()


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
):
    """Make the shipped weights and their card from a training run."""
    from . import training

    known = training.export(recipe, checkpoint, name)
    print(f"{name}: {known['steps']} steps, SHA-256 {known['sha256']}")


def main() -> None:
    """Run a command; what the user got wrong is one line and exit status 2."""
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        status = str(error)
    except typer.Abort:
        sys.exit(130)
    except UsageError as error:
        status = error.format_message()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0].replace("_", "-")
        status = f"a package is missing: pip install --no-deps {package}"
    if isinstance(status, str):
        if status:  # empty where Typer has just printed the help
            print("semlib: " + " ".join(status.split()), file=sys.stderr)
        status = 2
    sys.exit(status)
