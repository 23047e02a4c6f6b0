"""Pages laid out as books are: where things lie on them, and what they are made of."""

import hashlib
import os
import subprocess
import sys
from string import ascii_lowercase

import numpy as np
import pytest
from scipy.stats import chisquare

from semlib import data
from semlib.data import words
from semlib.images import InputError
from semlib.metrics import normalize

pytestmark = pytest.mark.slow


DIGEST = """
import hashlib, PIL
from semlib.data import make_book_page
page = make_book_page(5, "test", seed=3)
found = hashlib.sha256(page.image.tobytes() + repr(page.words).encode())
for patch in page.patches():
    found.update(patch.image.tobytes() + repr(patch.words).encode())
print(PIL.__version__, found.hexdigest())
"""
PAGES = 120
SURE = 1e-3  # a test of chance fails by chance so often


@pytest.fixture(scope="module")
def pages():
    return [data.make_book_page(index) for index in range(PAGES)]


def digest(**environment) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", DIGEST],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=True,
    )
    return run.stdout.split()


def test_the_same_pixels_from_another_pillow(other_version):
    """Colab's Pillow hints and places text otherwise than the lock's."""
    here, found = digest()
    other = "11.3.0" if here != "11.3.0" else "12.0.0"
    there = other_version("--no-deps", f"pillow=={other}")
    assert digest(PYTHONPATH=str(there)) == [other, found]


def spread(values: list[float], step: float = 8.0, bins: int = 8) -> float:
    """The chance of so uneven a spread of independent values over a step, if they lie
    anywhere."""
    return chisquare(np.histogram(np.mod(values, step), bins, (0, step))[0]).pvalue


def test_nothing_lies_at_one_place_of_the_grid(pages):
    """One line of each page, as those of a page hang together."""
    rng = np.random.default_rng(0)
    lines = [rng.integers(len(page.baselines)) for page in pages]
    assert spread([page.baselines[at] for page, at in zip(pages, lines)]) > SURE
    assert (
        spread(
            [
                next(word.box[0] for word in page.set if word.line == at)
                for page, at in zip(pages, lines)
            ]
        )
        > SURE
    )
    assert spread([page.set[rng.integers(len(page.set))].box[0] for page in pages]) > SURE
    # between two pixels, too
    assert spread([page.baselines[-1] for page in pages], 1.0) > SURE


def test_the_old_pages_would_have_failed():
    """Every line at one height: what this test is here to find."""
    bottoms = []
    for index in range(PAGES):
        page = data.make_page(index)
        plain = [word for word in page.words if not set(word.text) & set("gjpqy,Q(;")]
        bottoms.append(plain[index].box[3] * data.SCALE)
    assert spread(bottoms) < 1e-9


def test_no_two_pages_have_one_leading(pages):
    leading = [page.leading / page.x_height for page in pages]
    assert min(leading) > 2 and max(leading) < 5
    assert len({round(value, 3) for value in leading}) > 0.9 * PAGES
    assert spread([page.leading for page in pages], 1.0, 5) > SURE


@pytest.mark.parametrize("index", range(8))
def test_no_word_of_the_text_is_lost(index):
    """Breaking lines leaves none out, long or short: the page is the text's beginning,
    but for titles, which have words of their own."""
    given = []

    def recorded(*arguments, **options):
        given.append(words.prose_words(*arguments, **options))
        return given[-1]

    page = data.make_book_page(index, text=recorded)
    text, *titles = given
    other = {word.strip(".,").lower() for title in titles for word in title}
    at, begun = 0, ""
    for word in (word.text for word in page.set):
        if word.endswith("-") and text[at].startswith(begun + word[:-1]):
            begun += word[:-1]
        elif begun + word == text[at]:
            at, begun = at + 1, ""
        else:
            assert not begun and (word.strip(".,").lower() in other or word.isdigit())
    assert at > 0.9 * (len(page.set) - sum(map(len, titles)))


def test_random_letters_digits_and_capitals_stand_among_the_words():
    """From none to all of them, a quarter on the whole, and as many of one as of the
    other; the text keeps its full stops. Of capitals a fifth on the whole, letters
    drawn at random as well as words."""
    listed = set(words.held_out("train")) | set(words.FUNCTION_WORDS)
    shares, capitals, found, ends = [], [], "", 0
    for seed in range(60):
        text = words.mixed_words(np.random.default_rng(seed), 400, "train")
        strange = [word for word in text if word.strip(".,").lower() not in listed]
        shares.append(len(strange) / len(text))
        spelled = [word for word in text if word.strip(".,").isalpha()]
        capitals.append(np.mean([word.isupper() for word in spelled]))
        found += "".join(strange).lower()
        ends += sum(word.endswith(".") for word in text)
    assert min(shares) < 0.05 and max(shares) > 0.8 and 0.15 < np.mean(shares) < 0.35
    assert min(capitals) < 0.02 < 0.8 < max(capitals)
    assert 0.12 < np.mean(capitals) < 0.28
    letters, digits = (
        sum(map(found.count, kind)) for kind in (ascii_lowercase, "0123456789")
    )
    assert 0.8 < letters / digits < 1.25
    assert 1 / 17 < ends / (60 * 400) < 1 / 6  # sentences of 6 to 16 words


def test_splits_share_no_word_and_no_typeface():
    lists = {split: set(words.held_out(split)) for split in data.BOOK_PAGES}
    assert all(len(own) > 10_000 for own in lists.values())
    assert not lists["train"] & lists["validation"] and not lists["train"] & lists["test"]
    assert lists["train"] | lists["validation"] == set(words.dictionary("train"))
    assert sum(data.BOOK_PAGES.values()) == 2285 and data.BOOK_PAGES["test"] == 457
    assert not set(data.SEEN) & set(data.NEVER_SEEN)
    assert len(data.SEEN) == 24 and len(data.NEVER_SEEN) == 12
    known = {normalize(word) for word in words.FUNCTION_WORDS} | lists["test"]
    found = [normalize(word.text) for word in data.make_book_page(2, "test").set]
    strange = [text for text in found if text not in known and not text.isdigit()]
    assert len(strange) < 0.3 * len(found)  # the two parts of hyphenated words


def test_patches_lie_on_the_grid_and_hold_whole_words(pages):
    for page in pages[:20]:
        assert len(page.corners) == data.PATCHES_PER_PAGE == len(set(page.corners))
        assert {side % 8 for corner in page.corners for side in corner} == {0}
        whole = page.reduced()
        for patch, (left, top) in zip(page.patches(), page.corners):
            assert patch.image.shape == (64, 256) and patch.words
            ink = 255 - patch.image.astype(int)
            for word in patch.words:
                x0, y0, x1, y1 = word.box
                assert 0 <= x0 < x1 <= 256 and 0 <= y0 < y1 <= 64
                assert ink[y0:y1, x0:x1].max() > 40
                # as it stands on the page, but for a neighbour's skirt
                there = whole[top + y0 : top + y1, left + x0 : left + x1].astype(int)
                assert np.mean(abs(there - patch.image[y0:y1, x0:x1]) > 25) < 0.05
            for x0, y0, x1, y1 in (word.box for word in patch.words):
                ink[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2] = 0
            assert ink.max() < 8  # no other word's ink
            assert [word.line for word in patch.words] == sorted(
                word.line for word in patch.words
            )
        overlaps = [
            abs(a - c) < 256 and abs(b - d) < 64
            for i, (a, b) in enumerate(page.corners)
            for c, d in page.corners[:i]
        ]
        assert not any(overlaps)


def test_lines_and_hyphens(pages):
    page = pages[0]
    assert " ".join(page.lines).split() == [word.text for word in page.set]
    broken = [word.text for page in pages for word in page.set if word.text.endswith("-")]
    assert len(broken) > PAGES and all(len(text) > 2 for text in broken)


@pytest.mark.parametrize("x_height", [5, 12])
def test_other_sizes_have_patches_too(x_height):
    page = data.make_book_page(1, "test", x_height=x_height)
    assert all(patch.words for patch in page.patches())
    assert abs(page.x_height / x_height - 1) <= 0.08


@pytest.mark.parametrize(
    "wrong", [dict(split="valid"), dict(index=-1), dict(x_height=1), dict(x_height=17)]
)
def test_book_pages_refuse_what_they_cannot_draw(wrong):
    with pytest.raises(ValueError):
        data.make_book_page(**{"index": 0, **wrong})


def test_a_pages_pixels_are_these():
    """They change with the code that draws them alone: `book.VERSION` says so."""
    found = hashlib.sha256()
    for split in data.BOOK_PAGES:
        page = data.make_book_page(0, split)
        found.update(page.image.tobytes())
        for patch in page.patches():
            found.update(patch.image.tobytes() + repr(patch.words).encode())
    assert (data.book.VERSION, found.hexdigest()[:16]) == (2, "e197222d6ed07c2c")


def test_lines_of_ones_own():
    patch = data.set_patch(["Two lines", "of my own"], "Lora", left=5)
    assert patch.image.shape == (64, 256) and patch.lines == ["Two lines", "of my own"]
    assert min(word.box[0] for word in patch.words) in (4, 5, 6)
    assert patch.words[0].box[3] < patch.words[2].box[1]
    one = data.set_patch(["x" * 9], "Lora", x_height=7).words[0].box
    assert abs(one[3] - one[1] - 7) <= 2
    for rows, why in (
        ([""], "at least one word"),
        (["word " * 30], "wider than a patch"),
        (["naïve 猫"], "Lora has no letter «猫»"),
    ):
        with pytest.raises(InputError, match=why):
            data.set_patch(rows, "Lora")


def test_no_two_lines_of_ones_own_lie_alike():
    """Four lines of 16 pixels each would all lie at one place of JPEG's grid."""
    for count in range(2, 5):
        patch = data.set_patch(["nun"] * count)
        places = {word.box[3] % 8 for word in patch.words}
        assert len(places) == count
