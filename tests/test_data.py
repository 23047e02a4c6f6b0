"""Pages, patches and JPEG damage."""

import hashlib
import io
import subprocess
import sys
from string import ascii_letters, digits

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn, idctn

from semlib import data
from semlib.data import text_images, words
from semlib.data.typeset import FONTS, Typeface, typeface
from semlib.images import InputError
from semlib.metrics import normalize

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


def test_no_test_word_is_trained_on():
    train, test = words.dictionary("train"), words.dictionary("test")
    assert len(train) > 150_000 and len(test) > 40_000
    assert not set(train) & set(test)
    known = {normalize(word) for word in words.FUNCTION_WORDS}
    for word in data.make_page(2, "test").words:
        text = normalize(word.text)
        assert text in known or text.isdigit() or words.is_test_word(text)


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


def test_degrade_returns_what_the_file_holds():
    patch = data.make_page(1).patches()[0].image
    image, file = data.degrade(patch, quality=1)
    assert np.array_equal(image, np.asarray(Image.open(io.BytesIO(file))))
    assert image.shape == patch.shape
    page = data.make_page(1).image
    image, file = data.degrade(page, quality=1, scale=0.5)
    assert image.shape == tuple(side // 2 for side in page.shape)


def test_jpeg_at_quality_1_is_the_dct_divided_by_255():
    """The whole codec, by hand: DCT, division, rounding, and back."""
    patch = data.make_page(1).patches()[0].image
    image, _ = data.degrade(patch, quality=1)
    table = data.quantization_table(1)
    assert (table == 255).all()
    blocks = patch.reshape(8, 8, 32, 8).swapaxes(1, 2).astype(float) - 128
    kept = np.round(dctn(blocks, axes=(2, 3), norm="ortho") / table) * table
    back = np.clip(idctn(kept, axes=(2, 3), norm="ortho") + 128, 0, 255)
    back = back.swapaxes(1, 2).reshape(64, 256)
    wrong = np.abs(back - image.astype(float)) > 2  # integer DCT: a tie may tip over
    assert wrong.mean() < 0.01


def test_grey_patches_and_their_page_lose_the_same():
    """JPEG's blocks know nothing of each other: a patch is a cut of the page."""
    page = data.make_page(4)
    patch = page.patches()[0]
    whole, _ = data.degrade(page.reduced(), quality=5)
    left, top = 24 + (patch.cell // 10) * 272, 24 + (patch.cell % 10) * 64
    alone, _ = data.degrade(patch.image, quality=5)
    assert np.array_equal(alone, whole[top : top + 64, left : left + 256])


def test_the_scan_is_what_follows_the_header():
    flat = data.jpeg_bytes(np.full((64, 256), 255, np.uint8), 50)
    scan = data.jpeg_scan(flat)
    # 256 flat blocks: a few bits each; the header is some hundred bytes
    assert 0 < len(scan) < 150 and len(flat) - len(scan) > 100
    # the end of the scan's header before it, the end marker behind
    assert flat.endswith(b"\x00\x3f\x00" + scan + b"\xff\xd9")
    with pytest.raises(ValueError):
        data.jpeg_scan(b"no JPEG")


@pytest.mark.parametrize(
    "bad",
    [
        dict(quality=0),
        dict(quality=101),
        dict(quality=1, scale=0),
        dict(quality=1, scale=1.5),
    ],
)
def test_degrade_refuses(bad):
    with pytest.raises(ValueError):
        data.degrade(np.zeros((8, 8), np.uint8), **bad)


def test_no_typeface_draws_a_box_for_a_letter():
    """Every character that pages, words and TRDG's pictures are made of."""
    trdg = [*text_images.fonts("train"), *text_images.fonts("hard")]
    own = sorted(FONTS.glob("*.ttf"))
    for path in (*trdg, *own):
        face = Typeface(path.stem, path)
        letters = ascii_letters + digits + (".,-" if path in own else "")
        assert face.lacks(letters) == "", path.name
        face.ink("x", 40, 0, 0)  # the size
        box = face._glyph(0, 0, 0).pixels
        for letter in letters:
            pixels = face.ink(letter, 40, 0, 0).pixels
            if box.size:
                assert pixels.size and not np.array_equal(pixels, box), (path, letter)


def test_a_letter_that_a_typeface_lacks_is_refused():
    face = typeface("Lora")
    for text in ("漢", "a漢b"):
        with pytest.raises(InputError, match="Lora has no letter «漢»"):
            face.width(text)
        with pytest.raises(InputError, match="Lora has no letter «漢»"):
            face.ink(text, 20, 0, 0)
