"""``python -m semlib``: the command line."""

from .cli import main

main()
