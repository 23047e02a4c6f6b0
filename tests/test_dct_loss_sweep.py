"""The loss's two settings, in small."""

import pytest

from semlib.experiments import dct_loss_sweep

pytestmark = pytest.mark.slow


def test_the_sweep(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    monkeypatch.setattr(dct_loss_sweep, "LOSSES", ((0.0, 0.5), (1.0, 0.5)))
    result = dct_loss_sweep.run(tmp_path / "runs", 3, 2, 2, "smoke")
    nothing, pixels = result["losses"]
    # with λ = 0 the ruined picture is right as it is, and nothing is learned
    assert len(set(nothing["psnr"]["seeds"])) == 1
    assert len(set(pixels["psnr"]["seeds"])) == 2
