"""Repairs of what is ruined otherwise: it goes on, and makes nothing worse."""

import pytest

from semlib.experiments import (
    conditions,
    end_to_end,
    load,
    robustness,
)

pytestmark = pytest.mark.slow


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


def test_it_makes_nothing_worse():
    """By either reader, on any line of what was measured; but where the ruin is read
    better than the clean page, only not worse than that. Chapter 8 names the line."""
    found, below = load("robustness"), set()
    for name, ways in found["rows"].items():
        for reader in ("english_g2 accuracy", "PP-OCRv6 accuracy"):
            ruin, mended, clean = (
                ways[way][reader][0] for way in ("degraded", "chosen", "clean")
            )
            assert mended >= min(ruin, clean), name
            if mended < ruin:
                below.add(name)
        assert sum(found["chosen"][name].values()) == found["patches"]
    assert below == {"quality 20"}
