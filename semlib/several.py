"""Several files for one command: folders opened up, and where each result goes."""

import warnings
from collections.abc import Collection, Sequence
from os.path import isdir  # which raises nothing
from pathlib import Path

from PIL import Image

from .images import InputError, PictureWarning, check_output


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
        if left_out := len(inside) - len(own):
            warnings.warn(
                f"{path}: {left_out} others in it are left out, by their names",
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
