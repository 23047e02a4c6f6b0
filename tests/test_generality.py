"""Both networks on other pages, in small."""

import pytest

from semlib import zoo
from semlib.experiments import conditions, end_to_end, generality

pytestmark = pytest.mark.slow


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
