"""Words drawn quickly."""

import numpy as np

from semlib.data.quick_words import degrade_word, draw_word


def test_drawn_words_stay_pictures():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        image, _ = draw_word(rng)
        worse = degrade_word(image, rng)
        assert image.dtype == worse.dtype == np.uint8
        assert min(worse.shape) >= 7 and image.std() > 0
