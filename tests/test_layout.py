"""The package's floors: an upper one imports lower ones, never the other way."""

import ast
from pathlib import Path

import pytest

import semlib

ROOT = Path(semlib.__file__).parent
FLOORS = (
    {"samples"},
    {"compat", "confine", "images", "models", "tiles"},
    {"bitstream"},
    {"ocr", "data"},
    {"codec", "restore", "metrics", "reading"},
    {"zoo"},
    {"training"},
    {"experiments"},
    {"check", "scoreboard"},
    {"grade"},
    {"cli"},
)
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}
BESIDE = {"show", "__init__", "__main__"}
SHARED = {
    "registry",
    "results",
    "conditions",
    "end_to_end",
    "operating_points",
    "recognition",
    "rivals",
}


def imported(file: Path) -> set[tuple[str, ...]]:
    """What a file imports of the package, anywhere in it: paths from the root."""
    here = file.relative_to(ROOT).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) + 1 - node.level]
            path = (*base, *(node.module or "").split(".")) if node.module else base
            found |= {(*path, name.name) for name in node.names}
    return found


FILES = [
    file
    for file in ROOT.rglob("*.py")
    if file.relative_to(ROOT).parts[0].removesuffix(".py") not in BESIDE
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_arrow_runs_up(file):
    part = file.relative_to(ROOT).parts[0].removesuffix(".py")
    for path in imported(file):
        if path[0] != part and path[0] in FLOOR:
            assert FLOOR[path[0]] < FLOOR[part], (file, path)
        assert path[0] in FLOOR or path == ("__version__",), (file, path)


def test_no_experiment_imports_another():
    for file in (ROOT / "experiments").glob("*.py"):
        for path in imported(file):
            if path[0] == "experiments" and len(path) > 2 and file.stem not in SHARED:
                assert path[1] in SHARED or file.stem == "__init__", (file, path)


def test_measures_stand_on_pictures_and_the_word_list_alone():
    for file in (ROOT / "metrics").glob("*.py"):
        for path in imported(file):
            assert path[0] in ("metrics", "images") or path[:2] in (
                ("data", "dictionary"),
                ("data", "words"),
            ), (file, path)
