"""Pages and their patches."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from semlib import data
from semlib.data import pages

DIGEST = """
import hashlib
from semlib.data import make_page
page = make_page({index}, "{split}", seed=3)
print(hashlib.sha256(page.image.tobytes() + repr(page.words).encode()
                     + repr(page.cells).encode()).hexdigest())
"""


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_same_seed_gives_the_same_bytes_in_another_process(split):
    page = data.make_page(5, split, seed=3)
    here = hashlib.sha256(
        page.image.tobytes() + repr(page.words).encode() + repr(page.cells).encode()
    ).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", DIGEST.format(index=5, split=split)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert here == there


def test_seed_split_and_index_each_give_another_page():
    images = [
        data.make_page(0),
        data.make_page(1),
        data.make_page(0, seed=1),
        data.make_page(0, "test"),
    ]
    assert len({page.image.tobytes() for page in images}) == 4


@pytest.mark.slow
def test_typefaces_are_split():
    assert not set(data.TYPEFACES) & set(data.UNSEEN_TYPEFACES)
    seen = {data.make_page(index, "test").typeface for index in range(30)}
    assert seen == set(data.TYPEFACES)


def test_patches_are_disjoint_cuts_of_the_reduced_page():
    page = data.make_page(7)
    patches = page.patches()
    assert len(patches) == data.PATCHES_PER_PAGE == len({p.cell for p in patches})
    rest = page.reduced()
    for patch in patches:
        assert patch.image.shape == (data.PATCH_HEIGHT, data.PATCH_WIDTH)
        left = 24 + (patch.cell // 10) * 272
        top = 24 + (patch.cell % 10) * 64
        assert top % 8 == left % 8 == 0
        assert np.array_equal(patch.image, rest[top : top + 64, left : left + 256])


def test_word_boxes_hold_the_ink_of_the_patch():
    for patch in data.make_page(8, "test").patches():
        left_over = 255 - patch.image.astype(int)
        assert patch.words
        for word in patch.words:
            x0, y0, x1, y1 = word.box
            assert 0 <= x0 < x1 <= 256 and -1 <= y0 < y1 <= 65
            assert left_over[max(0, y0) : y1, x0:x1].max() > 60
        for word in patch.words:  # one pixel around, for the filter's skirt
            x0, y0, x1, y1 = word.box
            left_over[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1] = 0
        # a neighbouring cell's ascender may reach in by a pixel row or two
        assert left_over[3:-3].max() < 60


def test_lines_are_the_words_in_order():
    patch = data.make_page(9).patches()[0]
    assert " ".join(patch.lines).split() == [word.text for word in patch.words]
    assert patch.text == "\n".join(patch.lines)
    assert 3 <= len(patch.lines) <= 12


def test_spread_patches_come_from_different_pages():
    found = data.spread_patches("test", 12)
    assert [patch.page for patch in found] == list(range(12))


@pytest.mark.parametrize(
    "arguments",
    [dict(split="validation"), dict(index=-1), dict(x_height=1), dict(x_height=9)],
)
def test_pages_refuse_what_they_cannot_draw(arguments):
    with pytest.raises(ValueError):
        data.make_page(**{"index": 0, **arguments})


def test_spread_patches_refuses_more_than_there_are():
    with pytest.raises(ValueError, match="4570"):
        data.spread_patches("test", 4571)


def test_sizes_that_were_drawn_are_forgotten():
    """Every page has a size of its own, and there are 2,285."""
    for tenth in range(100):
        pages._font("Lora", 20 + tenth / 10)
    assert pages._font.cache_info().currsize < 100
