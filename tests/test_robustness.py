"""Repairs of what is ruined otherwise: it goes on, and nothing is read worse."""

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


def test_nothing_is_read_worse_beyond_chance():
    """By either reader, on any line of what was measured: the interval of what is gained
    over the ruin reaches 0. On one line its mean is below; chapter 8 names it."""
    found, below = load("robustness"), set()
    for name, ways in found["gains"].items():
        for reader in ("english_g2 accuracy", "PP-OCRv6 accuracy"):
            mean, _, high = ways["chosen"][reader]
            assert high >= 0, name
            if mean < 0:
                below.add(name)
        assert sum(found["chosen"][name].values()) == found["patches"]
    assert below == {"quality 20"}
