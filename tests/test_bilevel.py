"""One bit a pixel."""

import io

import numpy as np
import pytest
from PIL import Image

from semlib import data
from semlib.codec import bilevel
from semlib.images import InputError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (17, 9), (64, 64), (2, 300)])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_what_goes_in_comes_out(shape, share):
    rng = np.random.default_rng(0)
    image = np.where(rng.random(shape) < share, 0, 255).astype(np.uint8)
    file = bilevel.compress(image, 128)
    assert np.array_equal(bilevel.decompress(file), image)
    entropy = (
        0
        if share in (0, 1)
        else -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
    )
    # contexts learn; noise cannot be had for less than its entropy
    assert 8 * len(file) < entropy * image.size * 1.25 + 8 * 80
    if image.size > 4000:
        assert 8 * len(file) > 0.9 * entropy * image.size


def test_a_carry_runs_through():
    """Many files, so that some have a carry into bytes that are full."""
    rng = np.random.default_rng(1)
    for share in rng.uniform(0, 0.3, 200):
        image = np.where(rng.random((12, 40)) < share, 0, 255).astype(np.uint8)
        assert np.array_equal(bilevel.decompress(bilevel.compress(image, 1)), image)


def test_print_takes_fewer_bytes_than_group_4():
    """The standard that scanners write."""
    sheet = np.concatenate(
        [patch.image for patch in data.spread_book_patches("validation", 12)]
    )
    fax = io.BytesIO()
    Image.fromarray(sheet >= 180).save(fax, "TIFF", compression="group4")
    ours = bilevel.compress(sheet, 180)
    assert len(ours) < 0.6 * len(fax.getvalue())
    assert np.array_equal(bilevel.decompress(ours) > 0, sheet >= 180)


def test_no_file_and_half_a_file():
    with pytest.raises(InputError, match="not a file"):
        bilevel.decompress(b"no")
    image = np.tile(np.uint8([0, 255, 255]), (20, 10))
    file = bilevel.compress(image, 128)
    assert bilevel.decompress(file[:-2]).shape == image.shape  # ends otherwise
