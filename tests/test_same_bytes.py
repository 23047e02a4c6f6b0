"""What else a ruined page's bytes would buy."""

import pytest

from semlib.experiments import same_bytes

pytestmark = pytest.mark.slow


def test_codecs_at_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(same_bytes, "SCALES", (1.0, 0.75))
    result = same_bytes.run(2, 2, tmp_path)
    assert set(result["rows"]) <= set(same_bytes.CODECS)
    jpeg, fax = result["rows"]["JPEG"], result["rows"]["one bit a pixel"]
    assert fax["english_g2 accuracy"][0] > jpeg["english_g2 accuracy"][0] + 0.3
    assert (jpeg["setting"] == 1) == (jpeg["scale"] == 1)
    for tried in result["tried"].values():
        assert all(
            row["bpp"] <= result["tried"]["JPEG"][0]["bpp"] + 1e-4 for row in tried
        )
    monkeypatch.setattr(same_bytes, "_measured", pytest.fail)  # nothing is read again
    assert same_bytes.run(2, 2, tmp_path) == result
