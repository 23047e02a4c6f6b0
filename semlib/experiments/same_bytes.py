"""Chapter 8: what else could have been done with the bytes of a ruined page."""

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image
from tqdm import tqdm

from .. import codec, metrics, ocr
from ..codec import bilevel
from ..data import BookPatches, Patch, jpeg_bytes
from ..images import to_tensor
from ..metrics import accuracy, bits_per_pixel, exact_words, mean_interval
from .end_to_end import READERS, read_end_to_end
from .results import Store, computed_by, key_of, test_set

SCALES = (1.0, 0.9375, 0.875, 0.75)
THRESHOLDS = (150, 180, 210)  # of one bit a pixel
FINEST = 60  # quality that is tried

# from a grey picture and a setting to a file, and back
Encode = Callable[[np.ndarray, int], bytes]


def run(
    subset: int = 120, choosing: int = 48, folder: Path = Path("runs/same-bytes")
) -> dict:
    """Compress the test patches in one file, in as few bytes as JPEG at quality 1
    takes, with each codec at its best, and read them.

    Args:
        subset: test pages, one patch of each.
        choosing: validation pages, on which scale and setting are chosen by
            english_g2.
        folder: keeps what was measured; an interrupted run goes on from there.

    Returns:
        ``rows``: for each codec its ``setting`` and ``scale``, ``bpp``, bits per pixel
        of the whole file, and by each reader accuracy and exact words, means and 95 %
        intervals. ``tried``: what each setting gave on the validation pages.
    """
    test = BookPatches("test", subset).firsts()
    known = BookPatches("validation", choosing).firsts()
    rows, tried = {}, {}
    with Store(folder / "measured.jsonl") as store:
        for name, (encode, settings) in CODECS.items():
            tried[name] = [
                _kept(store, known, name, setting, scale, READERS[:1])
                for setting, scale in tqdm(
                    list(_fitting([known, test], encode, settings)), desc=name
                )
            ]
            best = max(
                tried[name],
                key=lambda row: row[f"{READERS[0]} accuracy"][0],
                default=None,
            )
            if best:
                rows[name] = _kept(store, test, name, best["setting"], best["scale"])
    return {
        "patches": subset,
        "choosing": choosing,
        "rows": rows,
        "tried": tried,
        **test_set([patch.image for patch in test]),
    }


def _fitting(
    sets: list[list[Patch]], encode: Encode, settings: Sequence[int]
) -> Iterator[tuple[int, float]]:
    """At each scale the settings that take no more than JPEG at quality 1 does, on
    either set of patches: all thresholds, or the finest quality. (A size is no label.)"""
    sheets = [_sheet(patches) for patches in sets]
    for scale in SCALES:

        def excess(setting: int, scale: float = scale) -> float:
            return max(
                len(encode(_resized(sheet, scale), setting)) / len(jpeg_bytes(sheet, 1))
                for sheet in sheets
            )

        if settings is THRESHOLDS:
            fitting: Sequence[int] = [
                setting for setting in settings if excess(setting) <= 1
            ]
        else:
            last = bisect_right(settings, 1, key=cast(Callable, excess))
            fitting = settings[:last][-1:]
        for setting in fitting:
            yield setting, scale


def _kept(
    store: Store,
    patches: list[Patch],
    name: str,
    setting: int,
    scale: float,
    readers: tuple[str, ...] = READERS,
) -> dict:
    """`_measured`, if the store has not got it."""
    code = computed_by(__file__, (codec, metrics, ocr))
    pixels = _sheet(patches).tobytes()
    return store.get(
        key_of(code, name, setting, scale, readers, pixels),
        lambda: _measured(patches, CODECS[name][0], setting, scale, readers),
    )


def _measured(
    patches: list[Patch],
    encode: Encode,
    setting: int,
    scale: float,
    readers: tuple[str, ...],
) -> dict:
    """Bits per pixel, and how well the patches are read."""
    sheet = _sheet(patches)
    file = encode(_resized(sheet, scale), setting)
    back = Image.fromarray(_decode(file)).resize(
        sheet.shape[::-1], Image.Resampling.BICUBIC
    )
    row: dict[str, object] = {
        "setting": setting,
        "scale": scale,
        "bpp": round(bits_per_pixel(file, sheet.size), 4),
    }
    height = len(sheet) // len(patches)
    pictures = np.asarray(back).reshape(len(patches), height, -1)
    texts: dict[str, list[str]] = {name: [] for name in READERS}
    for picture in pictures:
        for name, found in read_end_to_end(to_tensor(picture)[None]).items():
            texts[name] += found
    for name in readers:
        for what, measure in (("accuracy", accuracy), ("exact", exact_words)):
            row[f"{name} {what}"] = [
                round(end, 4)
                for end in mean_interval(
                    [
                        measure(patch.text, text)
                        for patch, text in zip(patches, texts[name])
                    ]
                )
            ]
    return row


def _sheet(patches: list[Patch]) -> np.ndarray:
    """The patches below one another: one file, so one header."""
    return np.concatenate([patch.image for patch in patches])


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    height, width = (round(side * scale) for side in image.shape)
    return np.asarray(
        Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    )


def _by_pillow(name: str, **options) -> Encode:
    def encode(image: np.ndarray, quality: int) -> bytes:
        out = io.BytesIO()
        Image.fromarray(image).save(out, name, quality=quality, **options)
        return out.getvalue()

    return encode


def _decode(file: bytes) -> np.ndarray:
    try:
        return np.asarray(Image.open(io.BytesIO(file)).convert("L"))
    except OSError:
        return bilevel.decompress(file)


CODECS: dict[str, tuple[Encode, Sequence[int]]] = {
    "JPEG": (_by_pillow("JPEG", optimize=True), range(1, FINEST)),
    "WebP": (_by_pillow("WEBP", method=6), range(0, FINEST)),
    "AVIF": (_by_pillow("AVIF", speed=6, subsampling="4:0:0"), range(0, FINEST)),
    "one bit a pixel": (bilevel.compress, THRESHOLDS),
}
