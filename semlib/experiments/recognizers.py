"""Chapter 4's experiment: the readers on the same pictures, alone and end to end."""

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from torch import nn
from tqdm import tqdm

from .. import zoo
from ..data import PATCH_HEIGHT, TextImage, TextImages, make_page
from ..data.pages import MARGIN, lines
from ..images import to_tensor
from ..ocr import EasyOCRReader, PageReader, reading_order
from ..ocr.rapid import model_path
from ..ocr.weights import weights_path
from .recognition import score_sets, scores, tensors
from .results import test_set

ROWS = 32  # in each of a page's two columns
X_HEIGHT = 5.8  # at which every page has four lines to a patch
REPEATS = 3  # of what is timed; the fastest counts


def run(subset: int = 600, pages: int = 4) -> dict:
    """Read test images with every reader, and pages end to end.

    Args:
        subset: images of the test set, and as many of the harder set.
        pages: of 64 lines, read by `PageReader` and by EasyOCR's ``readtext``.

    Returns:
        ``readers``: for each its parameters, milliseconds an image at batch 1
        and 32, and accuracy and exact words (mean and 95 % interval) for each
        background of the test set and for the harder set. ``easyocr``: how
        often `EasyOCRReader` reads as EasyOCR itself, and both their times.
        ``page``: end to end, seconds a page and what was read.
    """
    test, hard = (list(TextImages(split, subset)) for split in ("test", "hard"))
    readers = {name: zoo.reader(name) for name in zoo.READERS}
    original = _easyocr()
    return {
        "images": subset,
        "weights": {"TRBA": zoo.load_reader("trba")[1]},
        "readers": {
            name: {
                "parameters": _parameters(reader),
                "milliseconds": _speeds(reader, test),
                **score_sets(name, reader, test, hard),
            }
            for name, reader in readers.items()
        },
        "easyocr": _agreement(EasyOCRReader(), original, test),
        "page": _end_to_end(original, pages),
        **test_set(image.image for image in [*test, *hard]),
    }


def _parameters(reader) -> int:
    """How many numbers were learned; RapidOCR's file is little but float32."""
    if isinstance(reader, nn.Module):
        return sum(weight.numel() for weight in reader.parameters())
    return model_path().stat().st_size // 4


def _seconds(action: Callable) -> float:
    """The fastest of a few times, after one that is not counted."""
    times = []
    for _ in range(REPEATS + 1):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return min(times[1:])


def _speeds(reader, images: Sequence[TextImage]) -> dict[str, float]:
    """Milliseconds an image, alone and 32 at a time (PP-OCR takes 6 of those)."""
    some = tensors(images[:32])
    alone = _seconds(lambda: [reader.read([image]) for image in some])
    together = _seconds(lambda: reader.read(some))
    return {
        batch: round(1000 * seconds / len(some), 2)
        for batch, seconds in (("1", alone), ("32", together))
    }


def _easyocr():
    """EasyOCR itself, with the weights that are used here."""
    import easyocr

    return easyocr.Reader(
        ["en"],
        gpu=False,
        quantize=False,
        download_enabled=False,
        verbose=False,
        model_storage_directory=str(weights_path("english_g2.pth").parent),
    )


def _agreement(reader: EasyOCRReader, original, images: Sequence[TextImage]) -> dict:
    """How often both read the same, the whole picture as one box, and their times."""
    grey = [cv2.cvtColor(image.image, cv2.COLOR_RGB2GRAY) for image in images]
    theirs = [original.recognize(image)[0][1] for image in grey]
    mine = reader.read(tensors(images))
    same = np.mean([one == other for one, other in zip(mine, theirs)])
    some = tensors(images[:64])
    batch = _seconds(lambda: reader.read(some))
    single = _seconds(lambda: [original.recognize(image) for image in grey[:64]])
    return {
        "same": round(float(same), 4),
        "milliseconds": {
            "64 together": round(1000 * batch / len(some), 2),
            "EasyOCR, one by one": round(1000 * single / len(some), 2),
        },
    }


def _end_to_end(original, pages: int) -> dict:
    """Pages of 64 lines, the detector given both times the same enlarged picture."""
    reader = PageReader()
    magnify = reader.detector.magnify

    def ours(image: np.ndarray) -> str:
        return reader.read(to_tensor(image)[None])[0].text

    def theirs(image: np.ndarray) -> str:
        return _in_order(original.readtext(image, mag_ratio=magnify))

    rows: dict[str, list] = {"PageReader": [], "readtext": []}
    for index in tqdm(range(pages), desc="end to end", unit="page"):
        image, text = _page(index)
        for name, read in (("PageReader", ours), ("readtext", theirs)):
            begun = time.perf_counter()
            rows[name].append(((text, read(image)), time.perf_counter() - begun))
    return {
        "lines": 2 * ROWS,
        "pages": pages,
        **{
            name: {
                "seconds": round(float(np.median([t for _, t in row])), 2),
                **scores([pair for pair, _ in row]),
            }
            for name, row in rows.items()
        },
    }


def _page(index: int) -> tuple[np.ndarray, str]:
    """The upper 64 lines of a page, H×W uint8, and their text."""
    page = make_page(index, "test", x_height=X_HEIGHT)
    column = (1 + max(word.line for word in page.words)) // 2
    words = [word for word in page.words if word.line % column < ROWS]
    height = MARGIN + ROWS // 4 * PATCH_HEIGHT
    return page.reduced()[:height], "\n".join(lines(words))


def _in_order(found: list[tuple]) -> str:
    """What ``readtext`` found, in the order that `PageReader` uses."""
    corners = np.array([corner for corner, _, _ in found], float).reshape(-1, 4, 2)
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1)
    return "\n".join(" ".join(found[i][1] for i in line) for line in reading_order(boxes))
