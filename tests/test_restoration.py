"""Ruined pages repaired in many ways."""

import json

import pytest

from semlib.experiments import end_to_end, restoration
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
