"""Words on all kinds of grounds: what they show, how they are spread, and that nothing
in them gives the text away."""

import hashlib
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy.stats import kstest

from semlib import data
from semlib.data import grounds, scenes, words
from semlib.images import InputError

pytestmark = pytest.mark.slow


COUNT = 240
SURE = 1e-3  # a test of chance fails by chance so often


@pytest.fixture(scope="module")
def drawn():
    return [scenes._drawn(index, "train") for index in range(COUNT)]


def test_the_boxes_hold_the_ink(drawn):
    for scene, ink in drawn:
        assert scene.image.shape == (256, 512, 3) and scene.image.dtype == np.uint8
        outside = ink.copy()
        for word in scene.words:
            left, top, right, bottom = word.box
            inside = ink[top:bottom, left:right]
            assert inside.max() > 0.5 and bottom - top > 4
            assert min(inside[0].max(), inside[-1].max()) > 0.15
            assert min(inside[:, 0].max(), inside[:, -1].max()) > 0.15
            outside[top:bottom, left:right] = 0
        assert outside.max() < 0.2


def test_where_there_is_no_ink_stands_the_ground(drawn):
    """Far from the words, the picture is no other than its ground would be."""
    scene, ink = drawn[0]
    rng = np.random.default_rng(0)
    image, contrast = scenes._inked(rng, np.full((256, 512, 3), 90.0, np.float32), ink)
    far = np.ones(ink.shape, bool)
    for word in scene.words:
        left, top, right, bottom = word.box
        far[max(0, top - 40) : bottom + 40, max(0, left - 40) : right + 40] = False
    assert abs(np.median(image[far]) - 90) <= 1
    level = image[ink > 0.9].mean(0) @ scenes.LUMA
    assert np.sign(level - 90) == np.sign(contrast)


def test_nothing_is_constant(drawn):
    found = [scene for scene, _ in drawn]
    contrast = np.array([scene.contrast for scene in found])
    assert 0.4 < (contrast > 0).mean() < 0.6
    assert np.percentile(abs(contrast), 5) < 45 and np.percentile(abs(contrast), 95) > 120
    assert {1, 2, 3} == set(Counter(len(scene.words) for scene in found))
    assert len({scene.typeface for scene in found}) > 60
    assert len({scene.ground for scene in found}) > 18
    heights = [w.box[3] - w.box[1] for scene in found for w in scene.words]
    assert np.percentile(heights, 5) < 32 and np.percentile(heights, 95) > 80
    for axis, side in ((0, 512), (1, 256)):  # one word's middle may lie anywhere
        middle = [
            sum(scene.words[0].box[axis::2]) / 2 / side
            for scene in found
            if len(scene.words) == 1
        ]
        assert min(middle) < 0.25 and max(middle) > 0.75
        assert kstest(np.mod(np.array(middle) * side, 8) / 8, "uniform").pvalue > SURE
    texts = [word.text for scene in found for word in scene.words]
    assert 0.1 < np.mean([any(c.isdigit() for c in text) for text in texts]) < 0.35
    for kind in (str.islower, str.isupper):
        assert 0.1 < np.mean([kind(text) for text in texts]) < 0.7


def test_no_key_tells_ink_from_ground(drawn):
    """The adversary: one threshold of one channel, the same for all pictures. Where it
    finds the ink, one bit a pixel would be all that a codec needs."""
    found: dict[tuple, list[bool]] = {}
    for scene, share in drawn:
        ink, image = share > 0.5, scene.image.astype(float)
        channels = {
            "luminance": image @ scenes.LUMA,
            "saturation": np.ptp(image, 2),
            **{name: image[..., at] for at, name in enumerate("RGB")},
        }
        for name, levels in channels.items():
            for threshold in range(8, 255, 8):
                for side, key in (
                    ("below", levels < threshold),
                    ("above", levels >= threshold),
                ):
                    both = (key & ink).sum() / (key | ink).sum()
                    found.setdefault((name, side, threshold), []).append(both > 0.5)
    caught = {key: sum(hits) / COUNT for key, hits in found.items()}
    assert max(caught.values()) <= 0.1, max(caught, key=lambda key: caught[key])


def test_splits_share_no_word_no_photograph_and_half_a_typeface():
    pictures = [set(names) for names in grounds.PHOTOGRAPHS.values()]
    assert len(set.union(*pictures)) == sum(map(len, pictures))
    made = {
        split: [data.make_scene(index, split) for index in range(80)]
        for split in scenes.SCENES
    }
    for split, found in made.items():
        listed = set(words.held_out(split)) | set(words.FUNCTION_WORDS)
        texts = [w.text.strip(".,!?").lower() for scene in found for w in scene.words]
        assert np.mean([text in listed for text in texts if text.isalpha()]) > 0.8
        never = [scenes.is_never_seen(scene.typeface) for scene in found]
        assert [not scene.seen for scene in found] == never
        assert 0.3 < np.mean(never) < 0.7 if split == "test" else not any(never)
        new = {scene.ground for scene in found} & set(grounds.NEVER_SEEN)
        assert bool(new) == (split == "test")


def test_a_picture_is_the_same_in_every_process(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMLIB_CACHE", str(tmp_path))
    kept = data.Scenes("validation", 3, workers=1)
    code = """
import hashlib
from semlib.data import make_scene
print(hashlib.sha256(make_scene(2, "validation").image.tobytes()).hexdigest())
"""
    there = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    scene = data.make_scene(2, "validation")
    assert np.array_equal(kept[2].image, scene.image) and kept[2].words == scene.words
    assert kept[2].typeface == scene.typeface and kept[2].contrast == scene.contrast
    assert there == hashlib.sha256(scene.image.tobytes()).hexdigest()


def test_errors():
    with pytest.raises(InputError, match="validation holds 1 to 600 pictures, not 700"):
        data.Scenes("validation", 700)
    with pytest.raises(ValueError, match="split must be one of"):
        data.make_scene(0, "hard")
    with pytest.raises(ValueError, match="0 or more"):
        data.make_scene(-1)
