"""The command line: ``semlib degrade``, ``read``, ``compress``, ``train`` …"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
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
    check_side,
    count_pages,
    open_image,
    picture_format,
    replace_file,
    save_image,
    to_image,
    to_srgb,
    to_tensor,
)
from .several import expanded, outputs, picture_endings

STATUSES = (
    "Exit status: 0, it is done, and what of a picture had to be left out is said on "
    "standard error; 2, what was given cannot be used: one line on standard error says "
    "why, and no file has changed, but of several pictures the others are done; 130, it "
    "was interrupted; 1, a fault of the program."
)


def _examples(*lines: str) -> str:
    return "\n\n".join(["Examples:", *(f"semlib {line}" for line in lines)])


app = typer.Typer(
    help="Text-aware image compression: the tools behind the book.",
    epilog=_examples(
        "read page.jpg",
        "compress page.png page.sem --codec tfic --rate 2",
        "decompress page.sem back.png",
        "restore scans better",
        "COMMAND --help",
    )
    + "\n\n"
    + STATUSES,
    no_args_is_help=True,
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


Pictures = Annotated[
    list[Path],
    typer.Argument(help="Picture files, or folders of them.", show_default=False),
]
Bitstreams = Annotated[
    list[Path],
    typer.Argument(help=".sem files, or folders of them.", show_default=False),
]


def _output(kind: str) -> typer.models.ArgumentInfo:
    return typer.Argument(
        help=f"The {kind} to write; or a folder that exists, which several need.",
        show_default=False,
    )


@app.command(epilog=_examples("degrade page.png page.jpg --scale 0.5 --quality 1"))
def degrade(
    pictures: Pictures,
    output: Annotated[Path, _output("JPEG file")],
    quality: Annotated[int, typer.Option(help="JPEG's, 1 to 100.")] = 1,
    scale: Annotated[float, typer.Option(help="Above 0, at most 1.")] = 1.0,
):
    """Reduce a picture and compress it as JPEG."""

    def work(picture: Path, output: Path) -> None:
        if output.suffix.lower() not in (".jpg", ".jpeg"):
            raise InputError(f"{output}: the output is a JPEG file, name it .jpg")
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

    _convert(expanded(pictures, picture_endings()), output, ".jpg", work)


@app.command(
    epilog=_examples(
        "read page.jpg",
        "read scan.tif more-scans > text.txt",
        "read page.jpg --json | jq .lines[0]",
    )
)
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
        from .reading import PictureReader

        return PictureReader()

    def work(picture: Path) -> None:
        pages = count_pages(picture)
        for page in range(pages):
            began = time.monotonic()
            name = str(picture) if pages == 1 else f"{picture}, page {page + 1}"
            try:
                image = to_srgb(open_image(picture, page if pages > 1 else None))
            except InputError as error:
                if not page:
                    raise
                raise InputError(f"{error}: page {page + 1}, and no later one") from error
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

    _each(files, work)


def _lines_of(reader: Callable, image, name: str):
    """What is read; in a terminal with its progress, which leaves the time there."""
    from tqdm import tqdm

    with tqdm(desc=name, unit="tile", disable=not sys.stderr.isatty()) as bar:

        def note(line: str) -> None:
            warnings.warn(f"{name}: {line}", PictureWarning, stacklevel=2)

        return reader().read_picture(to_tensor(image), note, bar.update)


@app.command(
    epilog=_examples(
        "compress page.png page.sem --codec tfic --rate 2", "compress *.png packed"
    )
    + "\n\n"
    + models.listed("Codecs:", models.CODECS)
)
def compress(
    pictures: Pictures,
    output: Annotated[Path, _output(".sem file")],
    codec: Annotated[str, typer.Option(help="One of those below.")] = "tinylic",
    rate: Annotated[float, typer.Option(help="0 to 7, not only whole.")] = 3,
):
    """Compress a picture with a learned codec."""

    @cache
    def model():
        from . import zoo

        return zoo.load(codec)

    def work(picture: Path, output: Path) -> None:
        image = to_srgb(open_image(picture)).convert("RGB")
        from . import codec as codecs
        from .metrics import bits_per_pixel

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

    _convert(expanded(pictures, picture_endings()), output, ".sem", work)


@app.command(
    epilog=_examples("decompress page.sem back.png", "decompress *.sem pictures")
)
def decompress(
    files: Bitstreams,
    output: Annotated[Path, _output("picture")],
):
    """Make the picture from a .sem file; in a folder, as PNG."""

    @cache
    def model(weights: str):
        from . import zoo

        return zoo.load(zoo.find(weights))

    def work(file: Path, output: Path) -> None:
        kind = picture_format(output)
        data, header = _read(file)
        check_side(output, kind, header.width, header.height)
        check_memory(file, header.width, header.height)
        from . import codec as codecs

        network, weights = model(header.weights)
        image = to_image(codecs.decompress(network, weights, data)[0])
        save_image(image, output)
        print(f"{output}: {image.width} × {image.height} pixels")

    _convert(expanded(files, (".sem",)), output, ".png", work)


@app.command(
    epilog=_examples("restore page.jpg better.png", "restore *.jpg better --model guided")
    + "\n\n"
    + models.listed("Models:", models.RESTORERS)
)
def restore(
    pictures: Pictures,
    output: Annotated[Path, _output("picture")],
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
    """Repair a page that JPEG has ruined, of any size; in a folder, as PNG."""

    @cache
    def networks():
        from . import zoo
        from .restore import OCRGuided

        if not caution >= 0:
            raise InputError(f"--caution must be 0 or more, not {caution}")
        names = zoo.DEFAULTS if model == "auto" else (model,)
        found = [zoo.load_restorer(name)[0] for name in names]
        if isinstance(found[0], OCRGuided):
            found[0].caution = caution
        elif caution:
            raise InputError(f"{model} has no second network to be cautious with")
        return found

    def work(picture: Path, output: Path) -> None:
        kind = picture_format(output)
        whole = open_image(picture)
        check_side(output, kind, *whole.size)
        profile = whole.info.get("icc_profile")
        from .data.jpeg import read_luminance
        from .restore import choose, restore_picture

        network = networks()[0]
        if model == "auto" and (known := read_luminance(picture)):
            network = choose(networks(), known)
            if network is None:
                save_image(whole, output, profile)
                print(f"{output}: left as it is, no print ruined by JPEG is seen in it")
                return
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

    _convert(expanded(pictures, picture_endings()), output, ".png", work)


@app.command(epilog=_examples("info page.sem", "info packed --json"))
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

    _each(expanded(files, (".sem",)), work)


def _convert(
    files: list[Path], output: Path, ending: str, work: Callable[[Path, Path], None]
) -> None:
    """Make one file of each; where, is asked before the work."""
    places = dict(zip(files, outputs(files, output, ending)))
    _each(files, lambda file: work(file, places[file]))


def _each(files: Iterable[Path], work: Callable[[Path], None]) -> None:
    """Do the work for each file. One that cannot be used does not stop the others: the
    exit status says it at the end."""
    refused = False
    for file in files:
        try:
            with _left_out():
                work(file)
        except InputError as error:
            refused = True
            _say(str(error))
        except MemoryError:
            refused = True
            _say(f"{file}: not enough memory")
    if refused:
        raise typer.Exit(2)


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
    """Run a command; what the user got wrong is one line and exit status 2."""
    sys.exit(_status())


@contextmanager
def _left_out():
    """What of a picture has to be left out is a line more where all goes well."""
    lines: dict[str, None] = {}
    show = warnings.showwarning

    def showwarning(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, PictureWarning):
            lines[str(message)] = None
        else:
            show(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", PictureWarning)
        warnings.showwarning = showwarning
        yield
    for line in lines:
        _say(line)


def _status() -> int:
    """The exit status of what was typed."""
    try:
        with _left_out():
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
