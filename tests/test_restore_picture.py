"""Picture files repaired, and held to what they say."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from test_restore_unet import unruly

from semlib import data, zoo
from semlib.data.jpeg import read_luminance
from semlib.experiments import restoration
from semlib.images import to_tensor
from semlib.restore import contradictions, restore_picture, seen

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_repaired_page_could_have_been_the_original(tmp_path, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "page.jpg"
    image = Image.fromarray(data.make_book_page(3, "test").reduced()[60:265, 20:321])
    image.convert(mode).save(path, quality=1, exif=exif)
    better, share = restore_picture(unruly(), path)
    shown = ImageOps.exif_transpose(Image.open(path))
    assert share == 0 and better.size == shown.size and better.mode == mode
    known = read_luminance(path)
    pixels = torch.tensor(known.pixels)[None, None]
    luminance = (
        np.asarray(better.convert("YCbCr"))[..., 0]
        if mode == "RGB"
        else np.asarray(better)
    )
    whole = pixels.clone()
    whole[..., *known.inside] = to_tensor(luminance)
    wrong = contradictions(whole, pixels, torch.tensor(known.table))
    rows, columns = (
        slice(-(-part.start // 8), part.stop // 8) for part in known.inside
    )  # blocks that are seen whole
    assert not wrong[..., rows, columns].any()
    assert np.abs(luminance - np.asarray(shown.convert("L")).astype(int)).mean() > 3


def test_a_picture_without_a_file_is_restored_as_it_is(tmp_path, jpeg_page):
    Image.open(jpeg_page).save(tmp_path / "page.png")
    better, share = restore_picture(unruly(), tmp_path / "page.png")
    assert share is None and better.size == Image.open(jpeg_page).size


def test_what_cannot_be_held_is_said(tmp_path):
    """Colours beyond a screen's are cut, and luminance with them."""
    image = data.make_book_page(3, "test").reduced()[60:260, 20:320]
    cream = np.uint8(image[..., None] * (np.array([255, 248, 230]) / 255))
    Image.fromarray(cream).save(tmp_path / "page.jpg", quality=20)
    network, _ = zoo.load_restorer("dncnn")
    _, share = restore_picture(network, tmp_path / "page.jpg")
    assert 0 < share < 1


def test_every_restorer_is_shown_what_it_learned_from(tmp_path, jpeg_page):
    """The command and the experiment show a network the same."""
    network, _ = zoo.load_restorer("dncnn")
    better, _ = restore_picture(network, jpeg_page)
    known = read_luminance(jpeg_page)
    there = restoration.held(
        network, torch.tensor(known.pixels)[None, None], torch.tensor(known.table)
    )
    assert np.array_equal(
        np.asarray(better), restoration.levels(there[0][:, *known.inside])
    )
    file = torch.tensor(known.pixels)
    assert torch.equal(seen(unruly(), file, None), file) and file.max() > 1
    assert seen(network, file, None).max() == 1
