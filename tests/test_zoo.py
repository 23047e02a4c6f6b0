"""Weights and their cards."""

import numpy as np
import pytest
import torch

from semlib import codec, data, zoo
from semlib.codec.tinylic import TinyLIC
from semlib.data import make_text_image
from semlib.images import InputError, to_tensor
from semlib.metrics import accuracy
from semlib.ocr import EasyOCRReader, TRBAReader
from semlib.training import ReaderRecipe, export, preset

pytestmark = pytest.mark.slow


def test_what_is_loaded_codes_as_what_was_exported(small_zoo):
    model, weights = zoo.load("tinylic", small_zoo)
    card = zoo.card("tinylic", small_zoo)
    assert card["sha256"] == weights and card["steps"] == 6
    x = to_tensor(make_text_image(0, "test").image)[None]
    data = codec.compress(model, weights, x, 2.5)
    assert codec.decompress(model, weights, data).shape == x.shape
    fresh = TinyLIC("smoke")
    fresh.load_state_dict(
        {
            key: value
            for key, value in model.state_dict().items()
            if "cdf" not in key and "offset" not in key
        },
        strict=False,
    )
    fresh.update()
    assert codec.compress(fresh.eval(), weights, x, 2.5) == data


def test_changed_weights_are_refused(small_zoo, tmp_path):
    for name in ("tinylic.json", "tinylic.safetensors"):
        (tmp_path / name).write_bytes((small_zoo / name).read_bytes())
    file = tmp_path / "tinylic.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="card"):
        zoo.load("tinylic", tmp_path)
    for name in ("other", "", f"../{tmp_path.name}/tinylic"):
        with pytest.raises(InputError, match="there are: tinylic"):
            zoo.load(name, tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="no such file"):
        zoo.load("tinylic", tmp_path)
    with pytest.raises(InputError, match="no such file"):
        export("codec", tmp_path / "none.pt", "x", tmp_path)
    with pytest.raises(InputError, match="recipe must be"):
        export("other", tmp_path / "none.pt", "x", tmp_path)


def test_a_reader_is_loaded_as_it_was_exported(small_zoo):
    reader, weights = zoo.load_reader("trba", small_zoo)
    assert weights == zoo.card("trba", small_zoo)["sha256"]
    trained = ReaderRecipe(preset("reader", "smoke")).model()
    state = torch.load(small_zoo / "reader" / "checkpoint.pt", weights_only=True)["model"]
    trained.load_state_dict(state)
    own = TRBAReader(trained.network)
    images = [make_text_image(index, "test") for index in range(2)]
    pictures = [to_tensor(image.image) for image in images]
    texts = [image.text for image in images]
    assert torch.allclose(
        reader.loss(pictures, texts), own.loss(pictures, texts), rtol=1e-3
    )
    assert not any(
        p.requires_grad or p.dtype != torch.float32 for p in reader.parameters()
    )


def test_a_codec_is_no_reader_and_a_reader_no_codec(small_zoo):
    with pytest.raises(InputError, match="recipe reader"):
        zoo.load("trba", small_zoo)
    with pytest.raises(InputError, match="recipe codec"):
        zoo.load_reader("tinylic", small_zoo)
    with pytest.raises(InputError, match="scene-tfic, reader, dncnn"):
        export("painter", small_zoo / "reader" / "checkpoint.pt", "x", small_zoo)


def test_the_shipped_weights_are_what_their_card_says():
    load = {
        **dict.fromkeys(zoo.CODECS, zoo.load),
        **dict.fromkeys(zoo.RECOGNIZERS, zoo.load_reader),
        **dict.fromkeys(zoo.RESTORERS, zoo.load_restorer),
    }
    for path in zoo.FOLDER.glob("*.json"):
        _, weights = load[zoo.card(path.stem)["recipe"]](path.stem)
        assert len(weights) == 64 and zoo.card(path.stem)["licence"] == "MIT"


def test_the_shipped_tfic_keeps_text_and_nothing_else():
    """With fewer bits than stage 1 has, it is read better, and looks worse."""
    (stage_1, weights_1), (stage_2, weights_2) = map(zoo.load, ("tinylic", "tfic"))
    assert zoo.find(weights_2[:8]) == "tfic"
    reader, scores = EasyOCRReader(), []
    for image in data.TextImages("test", 24):
        x = to_tensor(image.image)[None]
        files = [
            codec.compress(stage_1, weights_1, x, 0),
            codec.compress(stage_2, weights_2, x, 2),
        ]
        backs = [
            codec.decompress(stage_1, weights_1, files[0]),
            codec.decompress(stage_2, weights_2, files[1]),
        ]
        scores.append(
            [
                (
                    len(file),
                    (back - x).square().mean().item(),
                    accuracy(image.text, *reader.read(back)),
                )
                for file, back in zip(files, backs)
            ]
        )
    (bytes_1, error_1, read_1), (bytes_2, error_2, read_2) = np.mean(scores, 0)
    assert bytes_2 < bytes_1 and error_2 > 2 * error_1 and read_2 > read_1 + 0.1
