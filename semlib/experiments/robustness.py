"""Chapter 8: what restorers do with pages that they were not trained on."""

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from .. import zoo
from ..data import NEVER_SEEN, Patch, jpeg_bytes, make_page, spread_book_patches
from ..data.words import prose_words, sentences, strange_words
from ..metrics import gains, summary
from ..restore import Restorer, choose
from .end_to_end import Ruin, held, luminance, ruined, stored, untouched
from .results import test_set

OLD = ("dncnn", "guided")  # learned from pages whose lines all lie at one height
BOOK = zoo.DEFAULTS
CHOSEN = "chosen"  # of these, by `choose`, which may also leave a patch as it is


def capitals(rng: np.random.Generator, count: int, *, split: str) -> list[str]:
    """`prose_words` in capitals."""
    return [word.upper() for word in prose_words(rng, count, split)]


DRAWN: dict[str, dict] = {
    "as trained": {},
    "never-seen typefaces": {"typefaces": NEVER_SEEN},
    "sentences": {"text": sentences},
    "sentences, never-seen typefaces": {"text": sentences, "typefaces": NEVER_SEEN},
    "random letters": {"text": partial(strange_words, kind="letters")},
    "digits": {"text": partial(strange_words, kind="digits")},
    "Italian": {"text": partial(strange_words, kind="Italian")},
    "capitals": {"text": capitals},
    **{f"x-height {size}": {"x_height": size} for size in (5, 7, 8, 9, 10)},
}
QUALITIES = (2, 3, 5, 10, 20)
FLAT_STEP = 160  # of a table that rounds all waves alike, unlike the standard's
TABLES = {
    "flat table": [FLAT_STEP] * 64,
    "finer low waves": [min(255, 40 + 16 * (u + v)) for v in range(8) for u in range(8)],
}
INK, PAPER = 50, 225  # levels of grey
CREAM = np.array([255, 248, 230]) / 255
TURN = 1.0  # degree
EXIF_TURNED = 6  # a quarter, as a phone held upright writes it
MOVES = range(8)  # pixels, down
OLD_HEIGHT = 72  # of an old patch with room for that


def run(folder: Path = Path("runs/robustness"), subset: int = 60) -> dict:
    """Ruin test patches in ways that training has not seen, repair and read them.

    Args:
        folder: keeps every patch's scores; an interrupted run goes on from there.
        subset: test pages, one patch of each.

    Returns:
        ``rows``: for every condition and each of ``degraded``, ``clean`` and the shipped
        restorers that learned from book pages, held to the file: what
        `end_to_end.score` measures, means and 95 % intervals; the same for ``chosen``,
        what `semlib restore` does. ``gains``: the same of what each has over JPEG alone.
        ``chosen``: for how many patches which was chosen. ``moved``: the same as
        ``rows`` for patches of the old pages, all lines of which lie at one height of
        JPEG's grid, moved down by 0 to 7 pixels; and for the restorers that learned from
        those.
    """
    networks = {name: zoo.load_restorer(name)[0] for name in restorers()}
    ways = {
        "clean": None,
        "degraded": untouched,
        **{name: partial(held, network) for name, network in networks.items()},
    }
    keys = {name: zoo.card(name)["sha256"] for name in restorers()}

    def measured(
        name: str, patches: list[Patch], ruin: Ruin, without: Sequence[str] = ()
    ) -> dict:
        return {
            way: [
                [row]
                for row in stored(
                    folder / f"{name}, {way}.jsonl", keys.get(way), patches, repair, ruin
                )
            ]
            for way, repair in ways.items()
            if way not in without
        }

    rows, gained, chosen, moved, drawn = {}, {}, {}, {}, conditions(subset)
    for name, (patches, ruin) in tqdm(drawn.items(), unit="condition"):
        scores = measured(name, patches, ruin, without=OLD)
        picked = _chosen({name: networks[name] for name in BOOK}, patches, ruin)
        chosen[name] = {way: picked.count(way) for way in ("degraded", *BOOK)}
        scores[CHOSEN] = [scores[way][at] for at, way in enumerate(picked)]
        rows[name] = {way: summary(pages) for way, pages in scores.items()}
        gained[name] = {
            way: gains(scores["degraded"], scores[way]) for way in (*BOOK, CHOSEN)
        }
    for pixels in tqdm(MOVES, unit="move"):
        patches = [
            _moved(make_page(index, "test").patches()[0], pixels)
            for index in range(subset)
        ]
        scores = measured(f"moved by {pixels}", patches, partial(jpeg_bytes, quality=1))
        moved[str(pixels)] = {way: summary(pages) for way, pages in scores.items()}
    return {
        "patches": subset,
        "rows": rows,
        "gains": gained,
        "chosen": chosen,
        "moved": moved,
        "weights": keys,
        **test_set([patch.image for patches, _ in drawn.values() for patch in patches]),
    }


def restorers() -> list[str]:
    """The names of the shipped ones that this experiment compares."""
    return [*OLD, *BOOK]


def _chosen(
    networks: dict[str, Restorer], patches: Sequence[Patch], ruin: Ruin
) -> list[str]:
    """For each patch the network that `choose` takes, or «degraded»."""
    names = {id(network): name for name, network in networks.items()}
    found = (
        choose(list(networks.values()), luminance(ruined(patch, ruin)))
        for patch in patches
    )
    return [names[id(one)] if one else "degraded" for one in found]


def conditions(subset: int) -> dict[str, tuple[list[Patch], Ruin]]:
    """For every condition its patches, and what ruins them."""
    usual = spread_book_patches("test", subset)
    worst = partial(jpeg_bytes, quality=1)
    return {
        **{
            name: (spread_book_patches("test", subset, **options), worst)
            for name, options in DRAWN.items()
        },
        **{
            f"quality {quality}": (usual, partial(jpeg_bytes, quality=quality))
            for quality in QUALITIES
        },
        **{
            name: (usual, partial(_saved, qtables=[table]))
            for name, table in TABLES.items()
        },
        "grey ink on grey paper": (
            [_with(patch, _grey(patch.image)) for patch in usual],
            worst,
        ),
        "turned by a degree": (
            [_with(patch, _turned(patch.image)) for patch in usual],
            worst,
        ),
        "progressive": (usual, partial(_saved, quality=1, progressive=True)),
        "OpenCV's encoder": (usual, _by_opencv),
        "colour, 4:2:0": (
            [_with(patch, _cream(patch.image).convert("L")) for patch in usual],
            _coloured,
        ),
        "turned by EXIF": (
            [
                _with(patch, np.pad(patch.image, ((0, 5), (0, 5)), constant_values=255))
                for patch in usual
            ],
            _turned_by_exif,
        ),
    }


def _with(patch: Patch, image: np.ndarray | Image.Image) -> Patch:
    return Patch(np.ascontiguousarray(image), patch.words, patch.page, patch.cell)


def _moved(patch: Patch, pixels: int) -> Patch:
    """The patch with so many white rows above, of one height whatever they are."""
    image = np.full((OLD_HEIGHT, patch.image.shape[1]), 255, np.uint8)
    image[pixels : pixels + len(patch.image)] = patch.image
    return _with(patch, image)


def _grey(image: np.ndarray) -> np.ndarray:
    return np.round(INK + image / 255 * (PAPER - INK)).astype(np.uint8)


def _turned(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), TURN, 1)
    return cv2.warpAffine(
        image, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=255
    )


def _saved(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **options)
    return file.getvalue()


def _by_opencv(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 1])[1].tobytes()


def _cream(image: np.ndarray) -> Image.Image:
    """A black page on cream paper."""
    return Image.fromarray(np.uint8(np.round(image[..., None] * CREAM)))


def _coloured(image: np.ndarray) -> bytes:
    """A colour JPEG with chroma at half the resolution, of the page on cream paper that
    has this luminance."""
    white = np.asarray(_cream(np.full((1, 1), 255)).convert("L")).item()
    return _saved(
        np.asarray(_cream(image.clip(max=white) / white * 255)),
        quality=1,
        subsampling="4:2:0",
    )


def _turned_by_exif(image: np.ndarray) -> bytes:
    """Compressed lying on its side, with a note how to turn it: the grid begins at
    another corner of what is shown, and not at a whole block."""
    exif = Image.Exif()
    exif[0x0112] = EXIF_TURNED
    return _saved(np.rot90(image), quality=1, exif=exif)
