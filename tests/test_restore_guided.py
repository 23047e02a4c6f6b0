"""Words found, matched, repaired by themselves and put back."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from semlib import data
from semlib.images import to_tensor
from semlib.ocr import PageReader
from semlib.restore import DnCNN, OCRGuided, accepts, feather_mask, match_boxes
from semlib.restore.guided import FEATHER

pytestmark = pytest.mark.slow


class Blots:
    """A detector that finds black rectangles, however it cuts the picture."""

    def boxes(self, images):
        found = []
        for image in images:
            dark = (image[0].numpy() < 0.5).astype(np.uint8)
            _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
            found.append(
                np.array(
                    [
                        [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
                        for x, y, w, h, _ in stats[1:]
                    ],
                    np.float32,
                ).reshape(-1, 4, 2)
            )
        return found


def lightened(network: DnCNN) -> DnCNN:
    """The network, made to change every pixel."""
    nn.init.constant_(network.residual[-2].bias, -0.2)
    return network.eval()


def test_boxes_and_words_are_paired():
    words = [(0, 0, 10, 10), (20, 0, 40, 10), (60, 0, 80, 10)]
    found = [(21, 0, 41, 10), (0, 1, 10, 11), (100, 0, 110, 10), (55, 0, 100, 10)]
    assert match_boxes(found, words) == {
        0: 1,
        1: 0,
    }  # the last one's overlap is too small
    assert match_boxes([], words) == match_boxes(found, []) == {}


def test_a_real_detectors_boxes_are_the_words():
    pages, patch = PageReader(), data.spread_patches("train", 1)[0]
    corners = pages.detector.boxes(to_tensor(patch.image)[None])[0]
    pairs = match_boxes(
        pages.windows(corners, 64, 256), pages.windows(patch.corners, 64, 256)
    )
    assert len(pairs) == len(patch.words) == len(set(pairs.values()))


def test_a_mask_is_one_in_the_window_and_fades():
    mask = feather_mask([(10, 20, 30, 28), (0, 0, 4, 4)], 40, 50)[0]
    assert mask.shape == (40, 50)
    assert (mask[20:28, 10:30] == 1).all() and (mask[:4, :4] == 1).all()
    edge = mask[24, 30 : 30 + FEATHER + 1]
    assert (edge[:-1] > 0).all() and (edge.diff() < 0).all() and edge[-1] == 0
    assert mask[30:, 35:].max() == 0
    assert feather_mask([], 8, 8).max() == 0


def test_only_the_found_words_change():
    x = torch.ones(2, 1, 64, 96)
    x[0, 0, 20:30, 40:70] = 0
    guided = OCRGuided(
        DnCNN(3, 4), lightened(DnCNN(3, 4)), PageReader(Blots(), reader=None)
    )
    changed = (guided(x) - x).abs() > 1e-6
    assert changed[0, 0, 20:30, 40:70].all() and not changed[1].any()
    assert not changed[0, 0, :10].any() and not changed[0, 0, :, :30].any()


class Sure:
    """A recognizer that is the accepts the darker a picture is."""

    def read_with_confidence(self, images):
        return [("", 0.8 - 0.8 * image.clamp(0, 1).mean().item()) for image in images]

    def read(self, images):
        return [text for text, _ in self.read_with_confidence(images)]


def test_caution_leaves_a_word_that_did_not_get_better():
    x = torch.ones(1, 1, 64, 96)
    x[0, 0, 10:20, 10:40] = 0.12  # cannot get much darker
    x[0, 0, 40:50, 30:70] = 0.45
    darker = DnCNN(3, 4)
    nn.init.constant_(darker.residual[-2].bias, 0.3)

    def changed(caution):
        guided = OCRGuided(
            DnCNN(3, 4), darker.eval(), PageReader(Blots(), Sure()), caution
        )
        whole = guided(x)[0].clamp(0, 1)
        assert torch.allclose(whole, guided.restore(x[0]), atol=1e-6)
        moved = (whole - x[0]).abs()[0] > 0.1
        return moved[12:18, 12:38].all().item(), moved[42:48, 32:68].all().item()

    assert changed(0) == (True, True)
    assert changed(2) == (False, True)
    assert changed(5) == (False, False)


def test_surer_compares_odds():
    assert accepts(0.5, 0.7, 2) and not accepts(0.5, 0.65, 2)  # odds of 1, 2.3 and 1.9
    assert accepts(0.9, 0.95, 2) and not accepts(0.01, 0.019, 2)
    assert accepts(0, 0.01, 100) and accepts(0.9, 1, 100)
    assert not accepts(1, 1, 1) and not accepts(0, 0, 1)
    assert accepts(1, 0, 0)  # no caution


def test_a_large_picture_has_no_seams():
    x = torch.ones(1, 200, 232)
    for top in range(6, 190, 22):
        for left in range(5, 200, 41):
            x[0, top : top + 10, left : left + 30] = 0
    torch.manual_seed(0)
    second = DnCNN(3, 4)
    nn.init.normal_(second.residual[-2].weight, std=0.2)
    guided = OCRGuided(DnCNN(3, 4), second.eval(), PageReader(Blots(), reader=None))
    whole = guided(x[None])[0].detach()
    assert (whole - x).abs().max() > 0.05
    assert torch.allclose(
        guided.restore(x, tile=64).clamp(0, 1), whole.clamp(0, 1), atol=1e-5
    )
