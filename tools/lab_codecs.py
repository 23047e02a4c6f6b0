"""The codecs of the live lab: exported, and the pictures that they are tried on.

A codec is two graphs. The first one's latents do not depend on the rate: at a step of
the page's slider only the second runs.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, numpy_helper
from PIL import Image
from torch import Tensor, nn
from torch.export import Dim

from semlib.codec.entropy import LEVELS, level_scale
from semlib.codec.tinylic import STAGES, TinyLIC, _on_grid
from semlib.data import grounds
from semlib.data.scenes import HEIGHT, WIDTH, make_scene
from semlib.experiments.scene_text import STAGE_ONE, TFIC
from semlib.zoo import load

CODECS = STAGE_ONE, TFIC
GRAPHS = "analysis", "rest"
SPLIT = "test"
SCENES = 71, 47, 53, 50, 39  # of that split: coins, rocket, astronaut, grass, marble
GROUNDS = {
    "a rocket": "skimage/data/rocket.jpg",
    "coins": "skimage/data/coins.png",
    "grass": "skimage/data/grass.png",
    "paper": "paper",
}
FARTHEST = 1024  # steps from the mean: a latent farther away costs as much
LIKELY = 1e-9  # at least: CompressAI's bound


class Analysis(nn.Module):
    """A picture, 1×3×H×W in [0, 1], to its latents before their gain."""

    def __init__(self, model: TinyLIC):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.g_a(x - 0.5)


class Rest(nn.Module):
    """Those latents and a rate to the decoded picture, not yet cut to [0, 1], and the
    bits of every 16×16 pixels: minus the logarithm of what is coded there.

    `TinyLIC.estimate` once more, so that it can be exported. What a latent costs is
    looked up: it depends on two whole numbers alone, its scale's level and its distance
    from its mean.
    """

    price: Tensor

    def __init__(self, model: TinyLIC):
        super().__init__()
        self.model = model
        scales = level_scale(torch.arange(LEVELS).double())[:, None]
        likely = model.gaussian._likelihood(torch.arange(FARTHEST).double(), scales)
        self.register_buffer("price", _bits(likely).float().flatten())

    def forward(self, latents: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        y = latents * self.model.gain(rate)
        z_hat, z_bits = self._code_z(self.model.h_a(y))
        features = self.model.prior.features(z_hat)
        y_hat, bits = torch.zeros_like(y), torch.zeros_like(y)
        rows = torch.arange(y.shape[2])[:, None] % 2
        columns = torch.arange(y.shape[3]) % 2
        for stage, (row, column) in enumerate(STAGES):
            means, levels = _on_grid(*self.model.prior.predict(features, y_hat, stage))
            mask = ((rows == row) & (columns == column)).to(y)
            away = (y - means).round()
            place = levels * FARTHEST + away.abs().clamp(max=FARTHEST - 1)
            bits = bits + mask * self.price[place.long()]
            y_hat = y_hat + mask * (means + away)
        z_bits = z_bits.repeat_interleave(4, 2).repeat_interleave(4, 3) / 16
        return self.model.synthesise(y_hat, rate), bits.sum(1, keepdim=True) + z_bits

    def _code_z(self, z: Tensor) -> tuple[Tensor, Tensor]:
        model = self.model.entropy_bottleneck
        medians = model._get_medians()[None, :, 0, :, None]
        z_hat = (z - medians).round() + medians
        likely, _, _ = model._likelihood(z_hat[0].flatten(1)[:, None])
        return z_hat, _bits(likely).sum(0).reshape(1, 1, *z.shape[2:])


def _bits(likely: Tensor) -> Tensor:
    return -likely.clamp(min=LIKELY).log2()


def export_codecs(folder: Path) -> dict[str, str]:
    """Write every codec's two graphs; the SHA-256 of the weights.

    The graphs are traced once: the codecs differ in their weights only.
    """
    found = {name: load(name) for name in CODECS}
    first = found[CODECS[0]][0]
    assert isinstance(first, TinyLIC)
    rows, columns = Dim("rows", min=1, max=16), Dim("columns", min=1, max=16)
    latents = torch.rand(1, first.log_gain.shape[1], 8, 16)
    graphs = (
        traced(
            Analysis(first),
            {"x": torch.rand(1, 3, 128, 256)},
            ({2: 64 * rows, 3: 64 * columns},),
            ["latents"],
        ),
        traced(
            Rest(first),
            {"latents": latents, "rate": torch.ones(1)},
            ({2: 4 * rows, 3: 4 * columns}, {}),
            ["picture", "bits"],
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model, _) in found.items():
        for part, graph in zip(GRAPHS, graphs):
            onnx.save(_with_weights(graph, model), folder / f"{name}-{part}.onnx")
    return {name: weights for name, (_, weights) in found.items()}


def traced(
    network: nn.Module,
    inputs: dict[str, Tensor],
    axes: tuple[dict, ...],
    outputs: list[str],
) -> onnx.ModelProto:
    """A network as a graph, its operations as they are: fused, normalizations would be
    rounded. ``axes``: of each input those that may have another length."""
    program = torch.onnx.export(
        network.eval(),
        tuple(inputs.values()),
        dynamo=True,
        input_names=list(inputs),
        output_names=outputs,
        dynamic_shapes=axes,
        optimize=False,
        verbose=False,
    )
    assert program is not None
    return program.model_proto


def _with_weights(graph: onnx.ModelProto, model: nn.Module) -> onnx.ModelProto:
    """The graph with a model's weights, all that is constant computed, and without the
    exporter's notes on every node."""
    whole = onnx.ModelProto()
    whole.CopyFrom(graph)
    state = model.state_dict()
    for tensor in whole.graph.initializer:
        key = tensor.name.removeprefix("model.")
        if key in state:
            values = state[key].detach().numpy()
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for node in whole.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    del whole.graph.value_info[:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/graph.onnx"
        onnxruntime.InferenceSession(whole.SerializeToString(), options)
        return onnx.load(options.optimized_model_filepath)


def pictures(folder: Path) -> tuple[dict[str, Path], dict[str, list]]:
    """Draw the pictures, and the grounds for words that are typed: their files, and
    what the page has to know of them."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}

    def keep(name: str, pixels: np.ndarray) -> str:
        files[name] = folder / f"{name}.png"
        Image.fromarray(pixels).save(files[name], optimize=True)
        return name

    scenes = []
    for index in SCENES:
        scene = make_scene(index, SPLIT)
        words = [{"text": word.text, "box": word.window} for word in scene.words]
        on = Path(scene.ground).stem if "/" in scene.ground else scene.ground
        part = keep(f"scene-{index}", scene.image)
        scenes.append({"part": part, "on": on, "words": words})
    empty = []
    for number, (name, kind) in enumerate(GROUNDS.items()):
        rng = np.random.default_rng(number)
        draw = grounds.TEXTURES.get(kind)
        levels = (
            draw(rng, HEIGHT, WIDTH)
            if draw
            else grounds.photograph(rng, kind, HEIGHT, WIDTH)
        )
        pixels = levels.round().clip(0, 255).astype(np.uint8)
        empty.append({"part": keep(f"ground-{number}", pixels), "name": name})
    return files, {"scenes": scenes, "grounds": empty}


def halved_exactly(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor's values are all in half precision, as the weights' files are."""
    if tensor.data_type != TensorProto.FLOAT:
        return False
    values = numpy_helper.to_array(tensor)
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16).astype(np.float32) == values).all())
