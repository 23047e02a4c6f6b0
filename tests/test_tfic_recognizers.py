"""Stage 2 heard by other readers, in small."""

import pytest

from semlib.experiments import operating_points, tfic_recognizers

pytestmark = pytest.mark.slow


def test_listeners(monkeypatch, tmp_path):
    known = {"tfic-both": tfic_recognizers.LISTENED["tfic-both"]}
    monkeypatch.setattr(tfic_recognizers, "LISTENED", known)
    result = tfic_recognizers.run(tmp_path, 2, (1, 2))
    monkeypatch.setattr(operating_points, "_measure", None)  # all is kept
    assert tfic_recognizers.run(tmp_path, 2, (1, 2))["points"] == result["points"]
    first, second = result["points"]["tfic-both"]
    assert first["all"]["bpp"] < second["all"]["bpp"] and second["rate"] == 2
    assert result["images"] == {"all": 2, "hard": 1}
    assert second["hard"]["read"] and "hard" not in first
    assert result["equal_accuracy"]["TRBA"]["bpp"].keys() == known.keys()
