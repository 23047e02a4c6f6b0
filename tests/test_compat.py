"""Older packages on newer ones."""

import numpy as np
import pytest

from semlib import compat

pytestmark = pytest.mark.slow


def test_trdg_draws_on_todays_pillow():
    generators = compat.trdg()
    image, text = next(
        iter(generators.GeneratorFromStrings(["semantic"], count=1, size=64))
    )
    assert text == "semantic" and image.height > 32
    assert np.asarray(image.convert("L")).std() > 20
