"""The readers against EasyOCR itself."""

import socket

import cv2
import numpy as np
import pytest
import torch

from semlib.data import degrade, make_page, make_text_image, spread_patches
from semlib.images import to_tensor
from semlib.metrics import accuracy
from semlib.ocr import (
    CRAFT,
    EasyOCRReader,
    PageReader,
    RapidOCRReader,
    easyocr,
    reading_order,
    weights,
)
from semlib.ocr import reader as reader_module

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def easyocr_reader():
    import easyocr
    import easyocr_en_models

    return easyocr.Reader(
        ["en"],
        gpu=False,
        download_enabled=False,
        quantize=False,
        model_storage_directory=easyocr_en_models.model_dir(),
        verbose=False,
    )


@pytest.fixture(scope="module")
def reader():
    return EasyOCRReader()


@pytest.fixture(scope="module")
def patches():
    return spread_patches("test", 4)


def test_boxes_are_easyocrs(easyocr_reader, patches):
    """Same network, same weights: EasyOCR's boxes, which it cuts to integers."""
    from easyocr.detection import get_textbox

    images = torch.stack([to_tensor(patch.image) for patch in patches])
    found = CRAFT(magnify=2).boxes(images)
    for patch, mine in zip(patches, found):
        colour = np.repeat(patch.image[..., None], 3, 2)
        theirs = get_textbox(
            easyocr_reader.detector, colour, 2560, 2.0, 0.7, 0.4, 0.4, False, "cpu"
        )[0]
        theirs = np.array(theirs).reshape(-1, 4, 2)
        assert len(mine) == len(theirs) > 5
        # EasyOCR cuts to integers; craft-text-detector keeps corners inside
        assert np.abs(mine - theirs).max() <= 1


def test_a_batch_finds_what_single_pictures_give(patches):
    detector = CRAFT(magnify=2)
    images = torch.stack([to_tensor(patch.image) for patch in patches])
    together = detector.boxes(images)
    for image, boxes in zip(images, together):
        assert np.allclose(detector.boxes(image[None])[0], boxes, atol=0.51)


def crops(patch):
    image = to_tensor(patch.image)
    boxes = [
        (max(0, x0 - 2), max(0, y0 - 2), x1 + 2, y1 + 2)
        for x0, y0, x1, y1 in (word.box for word in patch.words)
    ]
    return boxes, [image[:, y0:y1, x0:x1] for x0, y0, x1, y1 in boxes]


def test_words_are_read_as_easyocr_reads_them(easyocr_reader, reader, patches):
    same = total = 0
    for patch in patches:
        boxes, pictures = crops(patch)
        mine = reader.read(pictures)
        for (x0, y0, x1, y1), text in zip(boxes, mine):
            theirs = easyocr_reader.recognize(patch.image, [[x0, x1, y0, y1]], [])
            same, total = same + (text == theirs[0][1]), total + 1
    assert same == total > 30


@pytest.fixture(scope="module")
def trdg_images():
    return [make_text_image(index, "test").image for index in range(10)]


def test_trdg_images_are_read_as_easyocr_reads_them(easyocr_reader, reader, trdg_images):
    """Text and confidence, the second look at what it is unsure of included."""
    mine = reader.read_with_confidence([to_tensor(image) for image in trdg_images])
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in trdg_images]
    theirs = [easyocr_reader.recognize(image)[0][1:] for image in grey]
    assert [text for text, _ in mine] == [text for text, _ in theirs]
    assert np.allclose(
        [sure for _, sure in mine], [sure for _, sure in theirs], atol=1e-4
    )
    assert min(sure for _, sure in mine) < 0.1


def test_what_gradients_cross_is_what_is_read(reader, trdg_images):
    """`prepare` within two of 256 levels of OpenCV's resizing, for any shape."""
    for image in map(to_tensor, trdg_images[:3]):
        for part in (
            image,
            image[:1, :40, :171],
            image[:, 20:90, 30:60],
            image[:1, :11, :50],
        ):
            read = easyocr._pad(*easyocr._resize(part))
            assert (reader.prepare(part) - read).abs().max() * 127.5 < 2


def test_reading_does_not_depend_on_the_batch(reader, patches):
    _, pictures = crops(patches[0])
    assert reader.read(pictures) == [reader.read([one])[0] for one in pictures]
    assert reader.read(pictures, batch=2) == reader.read(pictures)


def test_tall_narrow_and_tiny_pictures_are_read(reader):
    assert (
        len(
            reader.read(
                [torch.ones(1, 90, 20), torch.ones(3, 1, 1), torch.ones(1, 200, 3)]
            )
        )
        == 3
    )


def test_loss_falls_towards_the_right_text_and_reaches_the_pixels(reader, patches):
    _, pictures = crops(patches[0])
    picture = pictures[0].clone().requires_grad_()
    right = reader.loss([picture], [patches[0].words[0].text])
    wrong = reader.loss([picture], ["zzzzzz"])
    assert right < 0.5 < wrong
    wrong.backward()
    assert picture.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in reader.parameters())


def test_a_reader_less_sure_forgives_more_and_reads_the_same(reader, patches):
    _, pictures = crops(patches[0])
    warm = EasyOCRReader(temperature=4.0)
    assert warm.read(pictures) == reader.read(pictures)
    wrong = ["zzzzzz"] * len(pictures)
    assert warm.loss(pictures, wrong) < 0.6 * reader.loss(pictures, wrong)


def test_loss_gradient_agrees_with_finite_differences(reader, patches):
    _, pictures = crops(patches[0])
    model = reader.double()
    try:
        generator = torch.Generator().manual_seed(0)
        # a little noise: on flat paper max pooling ties, and has no derivative
        noise = 0.01 * torch.rand(pictures[0].shape, generator=generator)
        picture = (0.99 * pictures[0] + noise).double().requires_grad_()
        (gradient,) = torch.autograd.grad(model.loss([picture], ["wrong"]), picture)
        direction = torch.randn(picture.shape, generator=generator, dtype=torch.double)
        step = 1e-7
        with torch.no_grad():
            ahead, behind = (
                model.loss([picture + sign * step * direction], ["wrong"])
                for sign in (1, -1)
            )
        slope = (ahead - behind) / (2 * step)
        assert slope.item() == pytest.approx(
            (gradient * direction).sum().item(), rel=1e-3
        )
    finally:
        reader.float()


def test_clean_patches_read_well_and_ruined_ones_do_not(patches):
    page_reader = PageReader()
    for patch in patches:
        clean = page_reader.read(to_tensor(patch.image)[None])[0]
        ruined, _ = degrade(patch.image, quality=1)
        worse = page_reader.read(to_tensor(ruined)[None])[0]
        assert accuracy(patch.text, clean.text) > 0.85
        assert accuracy(patch.text, worse.text) < 0.6
        for line in clean.lines:
            for word in line:
                x0, y0, x1, y1 = word.box
                assert 0 <= x0 < x1 <= 256 and 0 <= y0 < y1 <= 64


def test_rapidocr_judges_alone_offline_and_in_silence(trdg_images, monkeypatch, capfd):
    def refuse(*_):
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    judge = RapidOCRReader()
    pictures = [to_tensor(image) for image in trdg_images]
    pictures += [pictures[0][:1], torch.cat([pictures[4]] * 5, 2), torch.ones(3, 1, 1)]
    texts = judge.read(pictures)
    truth = [make_text_image(index, "test").text for index in range(10)]
    assert sum(map(accuracy, truth, texts)) > 9
    assert texts == [judge.read([one])[0] for one in pictures]
    assert judge.read([]) == []
    assert capfd.readouterr() == ("", "")


def test_a_small_word_is_cut_out_as_high_as_its_line():
    boxes = [
        (0, 10, 30, 30),
        (35, 16, 50, 26),
        (55, 6, 90, 30),
        (0, 40, 20, 44),
        (25, 0, 40, 80),
    ]
    high = reader_module._line_high(boxes, [[0, 1, 2], [3, 4]])
    assert high == [
        (0, 6, 30, 30),
        (35, 11, 50, 30),
        (55, 6, 90, 30),
        (0, 38, 20, 46),
        (25, 0, 40, 80),
    ]
    assert reader_module._line_high([], []) == []


def test_reading_order_of_lines_and_columns():
    lines = [(0, 0, 30, 10), (40, 1, 70, 11), (0, 20, 30, 30), (35, 19, 60, 29)]
    assert reading_order(np.array(lines)[[3, 1, 2, 0]]) == [[3, 1], [2, 0]]
    column = [(0, 20 * row, 80, 20 * row + 10) for row in range(8)]
    other = [(120, 20 * row + 3, 200, 20 * row + 13) for row in range(8)]
    order = reading_order(np.array([box for pair in zip(column, other) for box in pair]))
    assert order == [[2 * row] for row in range(8)] + [[2 * row + 1] for row in range(8)]
    assert reading_order(np.zeros((0, 4))) == []


def test_reading_order_of_a_real_page():
    page = make_page(3)
    boxes = np.array([word.box for word in page.words])
    order = [index for line in reading_order(boxes) for index in line]
    assert order == list(range(len(boxes)))


def test_wrong_weights_are_refused(monkeypatch, tmp_path):
    import easyocr_en_models

    (tmp_path / "english_g2.pth").write_bytes(b"not the weights")
    monkeypatch.setattr(easyocr_en_models, "model_dir", lambda: str(tmp_path))
    weights.weights_path.cache_clear()
    with pytest.raises(RuntimeError, match="MD5"):
        weights.weights_path("english_g2.pth")
    weights.weights_path.cache_clear()


def test_a_text_too_long_for_its_picture_cannot_be_read_perfectly():
    """CTC has a letter in a column at most: a loss of 0 there would be praise."""
    reader = EasyOCRReader()
    picture = torch.rand(1, 64, 128, requires_grad=True)
    losses = reader.losses([picture, picture], ["a" * 20, "word"])
    assert losses[0] == torch.inf and losses[1].isfinite()
    losses.sum().backward()  # nor does it teach anything
    alone = torch.rand(1, 64, 128, requires_grad=True)
    reader.loss([alone], ["a" * 20]).backward()
    assert picture.grad.isfinite().all() and not alone.grad.any()
    assert easyocr.cannot_say(torch.ones(3), [[1, 2], [1, 1], []], 2).tolist() == [
        1,
        torch.inf,
        1,
    ]


def test_a_thin_rule_takes_no_memory(reader):
    """5,000 pixels wide and one high would be 320,000 columns."""
    rule = torch.zeros(1, 1, 5000)
    assert reader.prepare(rule).shape[-1] == 64 * 100
    assert reader.prepare(rule.mT).shape[-1] == 64 * 100
    [text] = reader.read([rule])
    assert len(text) < 10


def test_every_word_that_is_found_has_a_window():
    """Also where there is nothing of it in the picture: others keep their places."""
    inside = [(4, 4), (20, 4), (20, 12), (4, 12)]
    beyond = [(70, 4), (90, 4), (90, 12), (70, 12)]
    line = [(30, 6), (30, 6), (30, 6), (30, 6)]
    corners = np.array([beyond, inside, line], np.float32)
    windows = PageReader().windows(corners, 32, 64)
    assert len(windows) == 3
    for left, top, right, bottom in windows:
        assert 0 <= left < right <= 64 and 0 <= top < bottom <= 32
    left, _, right, _ = windows[1]
    assert left <= 4 and right >= 20
