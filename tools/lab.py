"""What `make lab` does: the live lab's networks exported, and all that its page loads.

A page that is opened from a folder may not fetch a file, but may run a script. So every
part (the networks, the program that runs them, the typefaces) is compressed, written in
base 64, and cut into scripts of about a megabyte.
"""

import base64
import gzip
import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from semlib.data import typeset
from semlib.data.book import NEVER_SEEN
from semlib.ocr import EasyOCRReader
from semlib.ocr.weights import weights_path
from semlib.zoo import DEFAULTS, load_restorer

from . import lab_codecs

ROOT = Path(__file__).parent.parent
NETWORKS = ROOT / "_build" / "networks"  # the exports, as onnxruntime reads them
PICTURES = ROOT / "_build" / "lab-pictures"
PARTS = ROOT / "_build" / "lab" / "lab"  # the scripts that the page loads
BUNDLES = ROOT / "book" / "vendor" / ".lab"  # what npm made: the worker, and the wasm

RESTORER, READER = DEFAULTS[0], "english_g2.pth"
TYPEFACES = (
    "Lora",
    "LibreBaskerville",
    "Lato",
    "LibreFranklin",
    "Roboto",
    "Cabin",
    "LibreBodoni",
)
LETTERS = range(0x21, 0x2100)  # of which the page is told those that a typeface has
SCRIPT = 1 << 20  # characters of base 64 in a script

warnings.filterwarnings("ignore", module="torch|contextlib")
warnings.filterwarnings("ignore", "_check_is_size")  # PyTorch asks itself for less


class _Scores(nn.Module):
    """The reader's network as a function of its picture alone."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x, None)


def export(network: nn.Module, dynamic: Iterable[int], path: Path) -> None:
    """Write a network as ONNX, its weights in half precision and computed in single.

    Args:
        network: from pictures N×1×H×W.
        dynamic: which of the input's axes may have any length.
    """
    axes = dict.fromkeys(dynamic, torch.export.Dim.DYNAMIC)
    model = lab_codecs.traced(network, {"x": torch.rand(1, 1, 64, 256)}, (axes,), ["y"])
    _halve(model, _is_matrix)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def _is_matrix(tensor: onnx.TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1


def _halve(model: onnx.ModelProto, which: Callable[[onnx.TensorProto], bool]) -> None:
    """Keep some of a model's tensors in half precision; a cast after each restores its
    type."""
    casts = []
    for tensor in model.graph.initializer:
        if not which(tensor):
            continue
        values = numpy_helper.to_array(tensor)
        name = tensor.name
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)


def pack(name: str, path: Path, of: str) -> dict:
    """Write a part as scripts; what the page has to know of it.

    ``of`` names the half of the page that needs it, or both.

    Numbers in half precision compress better when their first bytes stand together and
    their second ones: so a network is ``split`` into even and odd bytes.
    """
    data, split = path.read_bytes(), path.suffix == ".onnx"
    if split:
        data = data[::2] + data[1::2]
    small = gzip.compress(data, 9, mtime=0)
    text = base64.b64encode(small).decode()
    pieces = [text[at : at + SCRIPT] for at in range(0, len(text), SCRIPT)]
    for number, piece in enumerate(pieces):
        script = f'semlibLab.piece("{name}", {number}, "{piece}");\n'
        (PARTS / f"{name}-{number}.js").write_text(script, encoding="ascii")
    return {
        "name": name,
        "pieces": len(pieces),
        "bytes": len(small),
        "version": hashlib.sha256(small).hexdigest()[:16],
        "split": split,
        "of": of,
    }


def typefaces() -> list[dict]:
    """The page's typefaces: name, the letters that each has, and whether the restorer
    learned from it."""
    return [
        {
            "name": name,
            "seen": name not in NEVER_SEEN,
            "letters": "".join(c for c in map(chr, LETTERS) if not _lacks(name, c)),
        }
        for name in TYPEFACES
    ]


def _lacks(name: str, letter: str) -> str:
    return typeset.typeface(name).lacks(letter)


def export_codecs() -> tuple[dict[str, Path], dict[str, str]]:
    """Every graph of every codec, and the SHA-256 of the weights."""
    weights = lab_codecs.export_codecs(NETWORKS)
    files = {
        path.stem: path
        for name in weights
        for path in (NETWORKS / f"{name}-{part}.onnx" for part in lab_codecs.GRAPHS)
    }
    for path in files.values():
        model = onnx.load(path)
        _halve(model, lab_codecs.halved_exactly)
        onnx.checker.check_model(model)
        onnx.save(model, path)
    return files, weights


def main() -> None:
    logging.disable(logging.WARNING)
    reader = EasyOCRReader()
    restorer, weights = load_restorer(RESTORER)
    export(_Scores(reader.network), [3], NETWORKS / "reader.onnx")
    export(restorer, [2, 3], NETWORKS / "restorer.onnx")
    codecs, of_codecs = export_codecs()
    pictures, drawn = lab_codecs.pictures(PICTURES)

    shutil.rmtree(PARTS, ignore_errors=True)
    PARTS.mkdir(parents=True)
    files = {
        "both": {
            "worker": BUNDLES / "worker.js",
            "wasm": BUNDLES / "ort-wasm-simd-threaded.wasm",
            "reader": NETWORKS / "reader.onnx",
            **{name: typeset.FONTS / f"{name}_400Regular.ttf" for name in TYPEFACES},
        },
        "mending": {"restorer": NETWORKS / "restorer.onnx"},
        "keeping": {**codecs, **pictures},
    }
    manifest = {
        "parts": [
            pack(name, path, of)
            for of, paths in files.items()
            for name, path in paths.items()
        ],
        "weights": {
            "restorer": {"name": RESTORER, "sha256": weights},
            "reader": {
                "name": "english_g2",
                "sha256": hashlib.sha256(weights_path(READER).read_bytes()).hexdigest(),
            },
            **{name: {"name": name, "sha256": sha} for name, sha in of_codecs.items()},
        },
        "alphabet": reader.alphabet,
        "typefaces": typefaces(),
        **drawn,
    }
    script = f"semlibLab.manifest({json.dumps(manifest)});\n"
    (PARTS / "manifest.js").write_text(script, encoding="utf-8")
    shutil.copy(typeset.FONTS / "OFL.txt", PARTS)
    for of in files:
        total = sum(part["bytes"] for part in manifest["parts"] if part["of"] == of)
        print(f"{PARTS}, {of}: {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
