"""Stage 2's operating points, in small."""

import pytest

from semlib import data
from semlib.experiments import (
    operating_points,
    tfic,
)

pytestmark = pytest.mark.slow


def test_the_experiment(tmp_path, monkeypatch):
    result = tfic.run(3, tmp_path, (2, 3), {"JPEG": (5,)})
    points = result["points"]
    monkeypatch.setattr(operating_points, "_measure", None)  # all is kept
    assert tfic.run(3, tmp_path, (2, 3), {"JPEG": (5,)})["points"] == points
    assert result["images"]["all"] == 3 and set(data.STRANGE) < set(result["images"])
    assert [len(points[name]) for name in ("uncompressed", "tfic", "JPEG")] == [1, 2, 3]
    before, after = points["uncompressed"][0]["all"], points["tfic"][0]["all"]
    for name in operating_points.readers():
        gain = after["read"][name]["gain"]
        assert gain[1] <= gain[0] <= gain[2]
        assert gain[0] == pytest.approx(
            after["read"][name]["accuracy"][0] - before["read"][name]["accuracy"][0],
            abs=2e-4,
        )
    equal = result["equal_accuracy"]["english_g2"]["bpp"]
    assert equal.keys() == {"tinylic", "tfic", "JPEG"} and equal["tfic"] < 0.03
    assert result["readings"][0].keys() == {
        "text",
        "font",
        "background",
        "uncompressed",
        "tfic",
    }
    assert 20 < result["floor"]["bits"] < 60
    italian = [points[name][0]["Italian"]["read"] for name in ("uncompressed", "tfic")]
    assert all(read.keys() == operating_points.readers().keys() for read in italian)
    assert "Italian" not in points["tfic"][1] and "hard" not in points["JPEG"][0]
