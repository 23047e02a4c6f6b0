"""From which confidence on a repair is taken, in small."""

import pytest

from semlib import data
from semlib.experiments import acceptance
from semlib.images import InputError

pytestmark = pytest.mark.slow


def test_caution_is_weighed(tmp_path, monkeypatch):
    monkeypatch.setattr(acceptance, "BookPatches", lambda split, count=None: Few(split))
    result = acceptance.run(subset=2, folder=tmp_path)
    levels = result["levels"]
    assert [row["caution"] for row in levels] == list(acceptance.LEVELS)
    for split in ("validation", "test"):
        for reader in ("english_g2", "PP-OCRv6"):
            rows = [row[split][reader] for row in levels]
            assert rows[0]["accuracy"][0] > 0.5 and rows[0]["right"] > 50
            assert len({row["right"] for row in rows}) == 1  # of D1, at every level
            assert rows[-1]["broken"] <= rows[0]["broken"]
    monkeypatch.setattr(acceptance, "_readings", pytest.fail)  # nothing is read again
    assert acceptance.run(subset=2, folder=tmp_path) == result
    with pytest.raises(InputError, match="dncnn has no second network"):
        acceptance.run("dncnn", 2)


class Few:
    """Two patches of a split."""

    def __init__(self, split):
        self.split = split

    def firsts(self):
        return data.spread_book_patches(self.split, 2)
