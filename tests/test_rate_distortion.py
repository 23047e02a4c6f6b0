"""The codecs' curves, in small."""

import pytest

from semlib.experiments import rate_distortion as experiment

pytestmark = pytest.mark.slow


def test_the_experiment(tmp_path, monkeypatch):
    result = experiment.run(2, tmp_path, (0, 7), {"JPEG": (1, 50)})
    monkeypatch.setattr(experiment, "_peer", None)  # all is kept
    again = experiment.run(2, tmp_path, (0, 7), {"JPEG": (1, 50)}, workers=1)
    assert again["bd_rate"] == result["bd_rate"]
    assert result["images"] == 2
    for name in experiment.LEARNED:
        low, high = result["curves"][name]
        assert (low["rate"], high["rate"]) == (0, 7)
        assert low["bpp"] < high["bpp"] and low["psnr"] < high["psnr"]
        for point in (low, high):
            assert point["most_bytes_above_estimate"] < 40
            assert point["most_bytes_below_estimate"] < 40
    assert [(p["setting"], p["scale"]) for p in result["curves"]["JPEG"]] == [
        (1, 1),
        (50, 1),
        (1, 2),
        (50, 2),
        (1, 4),
        (50, 4),
    ]
    mean, low, high = result["bd_rate"]["tinylic"]["JPEG"]["any size"]
    assert low <= mean <= high
    assert len(result["test_set_sha256"]) == 64
