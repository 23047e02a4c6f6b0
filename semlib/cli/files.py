"""The files given to a command: folders opened up, and where each result goes."""

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from os.path import isdir  # which raises nothing
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from ..images import InputError, PictureWarning, check_output
from .messages import left_out, say

Pictures = Annotated[
    list[Path],
    typer.Argument(help="Picture files, or folders of them.", show_default=False),
]
Bitstreams = Annotated[
    list[Path],
    typer.Argument(help=".sem files, or folders of them.", show_default=False),
]


def result(kind: str) -> typer.models.ArgumentInfo:
    return typer.Argument(
        help=f"The {kind} to write; or a folder that exists, which several need.",
        show_default=False,
    )


def picture_endings() -> set[str]:
    """The endings of names that Pillow knows picture files by."""
    known = Image.registered_extensions()
    return {ending for ending, kind in known.items() if kind in Image.OPEN}


def expanded(given: Sequence[Path], endings: Collection[str]) -> list[Path]:
    """The files that are meant: a folder's are those with one of these endings, sorted
    by name. What else lies in a folder is left out with a `PictureWarning`.

    Raises:
        InputError: a folder holds none.
    """
    files = []
    for path in given:
        if not isdir(path):
            files.append(path)
            continue
        try:
            inside = sorted(path.iterdir())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        own = [file for file in inside if file.suffix.lower() in endings]
        if not own:
            raise InputError(f"{path}: holds no file that can be used, by their names")
        if others := len(inside) - len(own):
            warnings.warn(
                f"{path}: {others} others in it are left out, by their names",
                PictureWarning,
                stacklevel=2,
            )
        files += own
    return files


def outputs(files: Sequence[Path], output: Path, ending: str) -> list[Path]:
    """Where the result of each file goes: to `output`, or into it if it is a folder,
    named after the file with this ending. Asked before the work.

    Raises:
        InputError: there are several files, and `output` is no folder; two results would
            be one file, or a file that is read would be replaced; nothing can be written
            there.
    """
    if isdir(output):
        places = [output / (file.stem + ending) for file in files]
    elif len(files) == 1:
        places = [output]
    else:
        raise InputError(
            f"{output}: not a folder, which {len(files)} files are written to"
        )
    for at, place in enumerate(places):
        if place in places[:at]:
            raise InputError(f"{place}: would be written of two files")
        if place != output and place in files:
            raise InputError(f"{place}: is read, and would be replaced")
        check_output(place)
    return places


def convert(
    files: list[Path], output: Path, ending: str, work: Callable[[Path, Path], None]
) -> None:
    """Make one file of each; where, is asked before the work."""
    places = dict(zip(files, outputs(files, output, ending)))
    each(files, lambda file: work(file, places[file]))


def each(files: Iterable[Path], work: Callable[[Path], None]) -> None:
    """Do the work for each file. One that cannot be used does not stop the others: the
    exit status says it at the end."""
    refused = False
    for file in files:
        try:
            with left_out():
                work(file)
        except InputError as error:
            refused = True
            say(str(error))
        except MemoryError:
            refused = True
            say(f"{file}: not enough memory")
    if refused:
        raise typer.Exit(2)
