"""JPEG damage, and what a JPEG file says."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from scipy.fft import dctn, idctn

from semlib import data
from semlib.data.jpeg import read_luminance
from semlib.restore import (
    block_dct,
)


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


def test_a_crops_jpeg_is_the_patchs():
    """What the recipe relies on when it compresses crops alone."""
    image = data.spread_patches("train", 1)[0].image
    whole, _ = data.degrade(image, quality=1)
    crop, _ = data.degrade(image[16:48, 64:160], quality=1)
    assert np.array_equal(crop, whole[16:48, 64:160])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_files_luminance_is_upright_and_on_its_grid(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(data.make_book_page(3).reduced()[60:265, 20:321])
    image.save(tmp_path / "a.jpg", quality=5, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg")))
    known = read_luminance(tmp_path / "a.jpg")
    cut = known.pixels[known.inside].clip(0, 1) * 255
    assert cut.shape == shown.shape and np.abs(cut - shown).max() < 1.01
    pixels, table = torch.tensor(known.pixels)[None, None], torch.tensor(known.table)
    whole = block_dct(pixels - 128 / 255) * 255 / table
    assert (whole - whole.round()).abs().max() < 1e-2  # the grid begins at the corner


def test_what_says_nothing_of_luminance(tmp_path):
    image = Image.fromarray(data.make_book_page(0).reduced()[:64, :64])
    image.save(tmp_path / "a.png")
    image.convert("CMYK").save(tmp_path / "b.jpg")
    image.save(tmp_path / "two.mpo", save_all=True, append_images=[image], quality=10)
    assert read_luminance(tmp_path / "two.mpo").pixels.shape == (64, 64)
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8 no more")
    for name in ("a.png", "b.jpg", "c.jpg", "missing.jpg"):
        assert read_luminance(tmp_path / name) is None
    image.convert("RGB").save(tmp_path / "d.jpg", quality=10, subsampling="4:2:0")
    assert read_luminance(tmp_path / "d.jpg").pixels.shape == (64, 64)
