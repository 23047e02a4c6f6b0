"""The first code cell of every edition: it makes the notebook run anywhere."""

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from string import Template

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Found in the machine: pip must not choose between the builds of PyTorch, and a kernel
# that can run the cell has its own packages.
GIVEN = ("torch", "torchvision", "ipykernel")
BESIDE = ["pandas", "jinja2"]  # the chapters' tables; the package needs neither
DECIDING = ("pillow", "torch")  # another version draws and computes other pixels

CELL = Template('''\
#@title semlib, the package of this book
import platform
import shutil
import subprocess
import sys
from importlib import invalidate_caches, metadata, util
from pathlib import Path

from packaging.requirements import Requirement

SOURCE = $source
PAGE = $page  # what the page was made with
NEEDS = """
$needs
"""


def lacking(need):
    try:
        return not metadata.version(Requirement(need).name)
    except metadata.PackageNotFoundError:
        return True


def compiled():
    """Whether CompressAI has no wheel for this machine."""
    machine = platform.system(), platform.machine()
    return sys.version_info >= (3, 13) or machine not in [
        ("Linux", "x86_64"), ("Darwin", "x86_64"), ("Darwin", "arm64")]


def prepare():
    found = util.find_spec("semlib")
    if found:
        places = found.submodule_search_locations or []
        if any(Path(place, "zoo").is_dir() for place in places):
            return "semlib is installed."
        raise ImportError("Another project's semlib is installed. Remove it"
                          " with `pip uninstall semlib`, then run this cell"
                          " again.")
    if SOURCE is None:
        raise ImportError("semlib is missing. In a clone of the book's"
                          " repository run `make setup`, and open this"
                          " notebook with the Python of its .venv.")
    if lacking("torch") or lacking("torchvision"):
        raise ImportError("PyTorch is missing. Run `pip install torch"
                          " torchvision`, then this cell again.")
    compiler = any(map(shutil.which, ["c++", "g++", "clang++", "cl"]))
    if lacking("compressai") and compiled() and not compiler:
        raise ImportError("CompressAI is compiled here, and there is no C++"
                          " compiler. Install one (Debian, Ubuntu: `apt-get"
                          " install g++`; macOS: `xcode-select --install`),"
                          " then run this cell again.")
    wanted = [need for need in NEEDS.split() if lacking(need)]
    print(f"Installing semlib and {len(wanted)} packages that this machine"
          " lacks, which takes about a minute ...", flush=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet",
                    "--no-deps", SOURCE, *wanted], check=True)
    invalidate_caches()
    return "semlib has been installed."


def others():
    here = {name: metadata.version(name) for name in PAGE}
    return ", ".join(f"{name} {here[name]} (the page: {PAGE[name]})"
                     for name in PAGE if here[name] != PAGE[name])


print(prepare())
if others():
    print("Some numbers will differ from the page's:", others())
''')


def cell(project: Path, source: str | None) -> str:
    """The code of the cell; source: what pip installs the package from, if anything."""
    page = {name: version(name) for name in DECIDING}
    return CELL.substitute(source=repr(source), page=page, needs=wrapped(needs(project)))


def needs(project: Path) -> list[str]:
    """Everything that the package and the chapters import, with all that it needs in
    turn, without what is given. What the project asks of a package is kept."""
    asked = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    direct = [*asked["dependencies"], *asked["optional-dependencies"]["paper"], *BESIDE]
    whole = {name: name for name in needed(direct) - needed(GIVEN)}
    for need in map(Requirement, direct):
        name = canonicalize_name(need.name)
        if name in whole:
            whole[name] = f"{name}{need.specifier}"
    return sorted(whole.values())


def needed(asked: Iterable[str]) -> set[str]:
    """The packages that are asked for, and what those need, as far as installed here:
    what is not is replaced by another (pyproject.toml says which)."""
    found: set[str] = set()
    waiting = [*asked]
    while waiting:
        need = Requirement(waiting.pop())
        name = canonicalize_name(need.name)
        if name in found or (need.marker and not need.marker.evaluate({"extra": ""})):
            continue
        with suppress(PackageNotFoundError):
            waiting += requires(name) or []
            found.add(name)
    return found


def wrapped(words: list[str], width: int = 78) -> str:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
