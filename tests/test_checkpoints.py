"""What a run's models could do on the way."""

import base64
import io
from itertools import product

import pytest
from PIL import Image

from semlib.experiments import (
    checkpoints,
    operating_points,
)
from semlib.images import InputError
from semlib.training import DnCNNRecipe, TFICRecipe, preset, train

pytestmark = pytest.mark.slow


def test_progress_of_a_run(tmp_path):
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoints.run([tmp_path])
    train(TFICRecipe(preset("tfic", "smoke")), tmp_path, devices=1)
    result = checkpoints.run([tmp_path], 4, folder=tmp_path / "kept")
    assert [step["step"] for step in result["steps"]] == [0, 2, 4]
    for step, kind in product(result["steps"], result["steps"][0]["samples"]):
        sample = step["samples"][kind]
        picture = Image.open(io.BytesIO(base64.b64decode(sample["webp"])))
        assert picture.format == "WEBP" and picture.size == (512, 256)
        assert (
            sample["text"] and sample["read"].keys() == operating_points.readers().keys()
        )
        assert step["bpp"] > 0 and all(
            low <= mean <= high for mean, low, high in step["accuracy"].values()
        )


def test_repairing_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="no checkpoint"):
        checkpoints.run([tmp_path])
    train(DnCNNRecipe(preset("dncnn", "smoke")), tmp_path / "run", devices=1)
    result = checkpoints.run(
        [tmp_path / "run", tmp_path / "run"], 2, folder=tmp_path / "kept"
    )
    assert [step["step"] for step in result["steps"]] == [0, 2, 4, 6, 8, 10, 12]
    first, *_, last = result["steps"]
    assert first["psnr"] != last["psnr"] and first["english_g2 exact"][0] < 0.2
    assert len(last["samples"]) == 2 and last["samples"][0]["webp"]
    monkeypatch.setattr(checkpoints, "_restorer", pytest.fail)  # nothing is read again
    again = checkpoints.run([tmp_path / "run"] * 2, 2, folder=tmp_path / "kept")
    assert again == result
