"""What is said on standard error."""

import sys
import warnings
from contextlib import contextmanager

from ..images import PictureWarning


def say(line: str) -> None:
    print("semlib: " + " ".join(line.split()), file=sys.stderr)


@contextmanager
def left_out():
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
        say(line)
