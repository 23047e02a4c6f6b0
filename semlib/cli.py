"""The command line: ``semlib degrade``, ``read``, ``evaluate``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from .images import InputError, open_image, replace_file, to_tensor

app = typer.Typer(help="Text-aware image compression: the tools behind the book.",
                  no_args_is_help=True, add_completion=False,
                  pretty_exceptions_enable=False)
evaluate = typer.Typer(help="Measure what the chapters report.", no_args_is_help=True)
app.add_typer(evaluate, name="evaluate")

Picture = Annotated[Path, typer.Argument(help="A picture file.", show_default=False)]


@app.command()
def degrade(picture: Picture,
            output: Annotated[Path, typer.Argument(help="The JPEG file to write.",
                                                   show_default=False)],
            quality: Annotated[int, typer.Option(help="JPEG's, 1 to 100.")] = 1,
            scale: Annotated[float, typer.Option(help="Above 0, at most 1.")] = 1.0):
    """Reduce a picture and compress it as JPEG."""
    from . import data, evaluate

    if output.suffix.lower() not in (".jpg", ".jpeg"):
        raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
    image, file = data.degrade(open_image(picture), quality=quality, scale=scale)
    with replace_file(output) as out:
        out.write(file)
    height, width = image.shape[:2]
    bits = evaluate.bits_per_pixel(file, width * height)
    scan = evaluate.bits_per_pixel(len(file) - data.header_bytes(file), width * height)
    print(f"{output}: {width} × {height} pixels, {len(file)} bytes, "
          f"{bits:.3f} bits per pixel ({scan:.3f} without the header)")


@app.command()
def read(picture: Picture,
         as_json: Annotated[bool, typer.Option("--json",
                                               help="Words with their boxes.")] = False):
    """Find the words in a picture and read them."""
    from .ocr import PageReader

    image = to_tensor(open_image(picture))
    reading = PageReader().read(image[None])[0]
    if as_json:
        lines = [[{"text": word.text, "box": word.box} for word in line]
                 for line in reading.lines]
        print(json.dumps({"text": reading.text, "lines": lines}, ensure_ascii=False))
    else:
        print(reading.text)


@evaluate.command()
def jpeg(patches: Annotated[int, typer.Option(help="Test patches.")] = 200,
         choosing: Annotated[int, typer.Option(help="Training patches a size.")] = 40,
         output: Annotated[Path, typer.Option("--json", help="Where to write; - for "
                                              "standard output.")] = Path("-")):
    """Chapter 7: what is read after JPEG, at every size and quality."""
    from .evaluate import jpeg as experiment
    from .evaluate import results

    result = experiment.run(patches, choosing)
    if output == Path("-"):
        print(json.dumps(result, indent=1))
    else:
        results.save(output, result)


def main() -> None:
    """Run a command; what the user got wrong is one line and exit status 2."""
    try:
        status = app(standalone_mode=False)
    except InputError as error:
        status = str(error)
    except typer.Abort:
        sys.exit(130)
    except typer.TyperException as error:
        status = error.format_message()
    if isinstance(status, str):
        if status:  # empty where Typer has just printed the help
            print("semlib: " + " ".join(status.split()), file=sys.stderr)
        status = 2
    sys.exit(status)
