"""Ruined pages repaired in many ways: of the usual kind and of others."""

import json

import numpy as np
import pytest

from semlib import zoo
from semlib.experiments import conditions, end_to_end, generality, restoration, robustness
from semlib.images import InputError

pytestmark = pytest.mark.slow


def test_restoration_is_scored_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(restoration, "restorers", lambda: ["dncnn-book"])
    folder = tmp_path / "scores"
    result = restoration.run(folder, 2)
    rows = result["rows"]
    assert rows["clean"]["english_g2 accuracy"][0] > 0.9
    assert rows["degraded"]["english_g2 accuracy"][0] < 0.5
    assert rows["dncnn-book"]["contradicting"][0] == 0
    assert rows["median"]["contradicting"][0] > 0.01
    assert "psnr" not in rows["Lanczos, twice as large"]  # is of another size
    assert result["gains"]["dncnn-book"]["psnr"][0] == pytest.approx(
        rows["dncnn-book"]["psnr"][0] - rows["degraded"]["psnr"][0], abs=2e-4
    )
    assert set(result["changes"]) == {restoration.CAREFUL, restoration.GRAIN}
    assert result["changes"][restoration.GRAIN]["PP-OCRv6"]["right"] > 50
    assert rows[restoration.GRAIN]["psnr"] != rows["dncnn-book"]["psnr"]
    kept = folder / "clean.jsonl"
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text(lines[0] + lines[1][:20])  # as if killed while writing
    assert restoration.run(folder, 2, ["clean"])["rows"] == {"clean": rows["clean"]}
    dncnn = folder / "dncnn-book.jsonl"
    row = json.loads(dncnn.read_text().splitlines()[0])
    dncnn.write_text(json.dumps({**row, "of": "other weights"}) + "\n")
    assert (
        restoration.run(folder, 2, ["dncnn-book"])["rows"]["dncnn-book"]
        == rows["dncnn-book"]
    )
    assert len(dncnn.read_text().splitlines()) == 3
    monkeypatch.setattr(end_to_end, "score", pytest.fail)  # all is there already
    assert restoration.run(folder, 1, ["clean"])["rows"]["clean"]["patches"] == 1
    with pytest.raises(InputError, match="--only must be one of clean, degraded"):
        restoration.run(folder, 1, ["cleaned"])


def test_conditions():
    found = conditions.conditions(2)
    files = {name: ruin(chosen[0].image) for name, (chosen, ruin) in found.items()}
    usual = files.pop("as trained")
    assert usual not in files.values()
    turned = end_to_end.luminance(files["turned by EXIF"])
    assert turned.inside[1].start % 8 and turned.pixels[turned.inside].shape == (69, 261)
    assert files["progressive"] != files["OpenCV's encoder"]
    # an encoder that says the same in other words
    one, two = (
        end_to_end.luminance(file).pixels for file in (usual, files["progressive"])
    )
    assert np.array_equal(one, two)
    text = found["digits"][0][0].text
    assert "".join(text.split()).replace(".", "").replace("-", "").isdigit()
    grey = found["grey ink on grey paper"][0][0].image
    assert grey.max() == conditions.PAPER and grey.min() >= conditions.INK


def test_robustness_goes_on(tmp_path, monkeypatch):
    drawn = conditions.conditions(1)
    monkeypatch.setattr(
        robustness, "conditions", lambda subset: {"as trained": drawn["as trained"]}
    )
    monkeypatch.setattr(robustness, "MOVES", (0, 3))
    monkeypatch.setattr(robustness, "restorers", lambda: ["dncnn", *robustness.BOOK])
    first = robustness.run(tmp_path, 1)
    assert first["patches"] == 1
    known = {"clean", "degraded", *robustness.BOOK}
    assert set(first["rows"]["as trained"]) == {*known, "chosen"}
    assert set(first["gains"]["as trained"]) == {*robustness.BOOK, "chosen"}
    (taken,) = (way for way, count in first["chosen"]["as trained"].items() if count)
    assert first["rows"]["as trained"]["chosen"] == first["rows"]["as trained"][taken]
    assert set(first["moved"]["3"]) == {*known, "dncnn"}
    assert first["moved"]["0"]["dncnn"] != first["moved"]["3"]["dncnn"]
    monkeypatch.setattr(end_to_end, "score", pytest.fail)
    assert robustness.run(tmp_path, 1)["moved"] == first["moved"]


def test_generality(tmp_path, monkeypatch):
    drawn = conditions.conditions(2)
    monkeypatch.setattr(generality, "CONDITIONS", ("as trained", "quality 5"))
    monkeypatch.setattr(zoo, "PAIR", ("dncnn-book", "guided-book"))
    monkeypatch.setattr(generality, "conditions", lambda subset: drawn)
    result = generality.run(tmp_path, 2)
    worst, better = result["rows"].values()
    assert better["degraded"]["psnr"][0] > worst["degraded"]["psnr"][0] + 1
    for name, rows in result["rows"].items():
        one, two = (rows[way]["psnr"][0] for way in zoo.PAIR)
        gained = result["stages"][name]["guided-book"]["psnr"][0]
        assert gained == pytest.approx(two - one, abs=1e-3)
    monkeypatch.setattr(end_to_end, "score", pytest.fail)
    assert generality.run(tmp_path, 2)["stages"] == result["stages"]
