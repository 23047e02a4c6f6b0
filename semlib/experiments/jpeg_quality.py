"""Chapter 7's experiment: what is read after JPEG, at every size and quality."""


from tqdm import tqdm

from ..data import Patch, degrade, jpeg_scan, spread_patches
from ..images import to_tensor
from ..metrics import accuracy, bits_per_pixel, exact_words, mean_interval
from ..ocr import PageReader
from .results import test_set

QUALITIES = (None, 50, 20, 10, 5, 1)  # None: not compressed
X_HEIGHTS = (5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0)


def score_patch(reader: PageReader, patch: Patch, quality: int | None) -> dict:
    """Degrade one patch, read it from end to end, and score it.

    Args:
        quality: JPEG's, or None for the patch as it is.

    Returns:
        ``read``, ``accuracy``, ``exact``, and where compressed ``bpp`` (of the
        whole file) and ``bpp_scan`` (without its header and end).
    """
    image, row = patch.image, {}
    if quality is not None:
        image, data = degrade(patch.image, quality=quality)
        row = {"bpp": bits_per_pixel(data, image.size),
               "bpp_scan": bits_per_pixel(jpeg_scan(data), image.size)}
    read = reader.read(to_tensor(image)[None])[0].text
    return {"read": read, "accuracy": accuracy(patch.text, read),
            "exact": exact_words(patch.text, read), **row}


def summarize(scores: list[dict]) -> dict:
    """Mean and 95 % interval of every number in the patches' scores."""
    keys = [key for key in scores[0] if key != "read"]
    return {key: [round(end, 4) for end in
                  mean_interval([score[key] for score in scores])] for key in keys}


def run(patches: int = 200, choosing: int = 40) -> dict:
    """Measure accuracy, exact words and bits, detection included.

    Args:
        patches: test patches for the table over qualities, each of another page.
        choosing: training patches for each x-height, to choose the resolution.
    """
    reader = PageReader()
    test = spread_patches("test", patches)
    by_quality = [{"quality": quality, **_measure(reader, test, quality)}
                  for quality in QUALITIES]
    by_size = []
    for x_height in X_HEIGHTS:
        train = spread_patches("train", choosing, x_height=x_height)
        by_size.append({"x_height": x_height,
                        "clean": _measure(reader, train, None),
                        "quality 1": _measure(reader, train, 1)})
    return {"patches": patches, "choosing": choosing,
            "x_height": by_size, "quality": by_quality,
            **test_set([patch.image for patch in test])}


def _measure(reader, patches: list[Patch], quality) -> dict:
    label = "clean" if quality is None else f"quality {quality}"
    return summarize([score_patch(reader, patch, quality) for patch
                      in tqdm(patches, desc=label, unit="patch")])
