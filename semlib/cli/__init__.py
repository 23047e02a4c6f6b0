"""The command line: ``semlib degrade``, ``read``, ``compress``, ``train`` …"""

import sys
from typing import Annotated, Any

import typer

from .. import __version__, models
from ..images import InputError
from . import bitstreams, board, book, pictures
from .messages import left_out, say

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

# in the order of the help
app.command(epilog=_examples("degrade page.png page.jpg --scale 0.5 --quality 1"))(
    pictures.degrade
)
app.command(
    epilog=_examples(
        "read page.jpg",
        "read scan.tif more-scans > text.txt",
        "read page.jpg --json | jq .lines[0]",
    )
)(pictures.read)
app.command(
    epilog=_examples(
        "compress page.png page.sem --codec tfic --rate 2", "compress *.png packed"
    )
    + "\n\n"
    + models.listed("Codecs:", models.CODECS)
)(bitstreams.compress)
app.command(
    epilog=_examples("decompress page.sem back.png", "decompress *.sem pictures")
)(bitstreams.decompress)
app.command(
    epilog=_examples(
        "restore page.jpg better.png", "restore *.jpg better --model guided-book"
    )
    + "\n\n"
    + models.listed("Models:", models.RESTORERS)
)(pictures.restore)
app.command(epilog=_examples("info page.sem", "info packed --json"))(bitstreams.info)
app.command(
    epilog=_examples(
        "reproduce", "reproduce figure3 table1 --subset 60", "reproduce --quick"
    )
)(board.reproduce)
app.command(epilog=_examples("bundle unet unet.zip"))(book.bundle)
app.command()(book.export)
app.command()(book.grade)
for name, known, command, about in (
    ("train", book.recipes, book.training, "Train what the chapters use."),
    ("evaluate", book.experiments, book.measuring, "Measure what the chapters report."),
):
    app.add_typer(
        typer.Typer(callback=lambda: None, cls=book.group(known, command)),
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


def main() -> None:
    """Run a command; what the user got wrong is one line and exit status 2."""
    sys.exit(_status())


def _status() -> int:
    """The exit status of what was typed."""
    try:
        with left_out():
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
            say(status)
        return 2
    return status or 0
