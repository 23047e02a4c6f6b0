"""Kept patches are cuts of the pages that are drawn."""

import numpy as np
import pytest

from semlib import data
from semlib.images import InputError

pytestmark = pytest.mark.slow


def test_page_patches_are_the_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    kept = data.PagePatches("test", 3, workers=1, folder=tmp_path)
    assert len(kept) == 30
    for index in (0, 17, 29):
        page, at = divmod(index, 10)
        drawn = data.make_page(page, "test").patches()[at]
        assert np.array_equal(kept[index].image, drawn.image)
        assert kept[index].words == drawn.words and kept[index].page == page
    assert [(p.page, p.cell) for p in kept.firsts()] == [
        (page, kept[10 * page].cell) for page in range(3)
    ]
    with pytest.raises(InputError, match="1 to 457"):
        data.PagePatches("test", 458, folder=tmp_path)


def test_kept_patches_are_the_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("semlib.data.shards.SHARD", 2)
    kept = data.BookPatches("validation", 3, workers=1, folder=tmp_path)
    drawn = data.make_book_page(1, "validation").patches()[7]
    assert np.array_equal(kept[17].image, drawn.image) and kept[17].words == drawn.words
    assert len(kept.firsts()) == 3
    with pytest.raises(InputError, match="1 to 128"):
        data.BookPatches("validation", 129, folder=tmp_path)
    spread_out = data.spread_book_patches("validation", 2)
    assert [patch.page for patch in spread_out] == [0, 1]
