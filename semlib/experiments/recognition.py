"""Pictures of words, read whole and scored."""

from collections.abc import Sequence

from torch import Tensor
from tqdm import tqdm

from ..data import TextImage
from ..images import to_tensor
from ..metrics import accuracy, exact_words, mean_interval


def score_sets(
    name: str, reader, test: Sequence[TextImage], hard: Sequence[TextImage]
) -> dict:
    """Each background of the test set, and the harder set: accuracy, exact words."""
    sets: dict[str, list[TextImage]] = {}
    for image in test:
        sets.setdefault(image.background, []).append(image)
    rows = {}
    for kind, images in {**sets, "hard": list(hard)}.items():
        texts: list[str] = []
        for at in tqdm(range(0, len(images), 64), desc=f"{name}, {kind}", leave=False):
            texts += reader.read(tensors(images[at : at + 64]))
        pairs = [(image.text, text) for image, text in zip(images, texts)]
        rows[kind] = {"images": len(images), **scores(pairs)}
    return rows


def scores(pairs: Sequence[tuple[str, str]]) -> dict:
    """Means and 95 % intervals over pairs of what is there and what was read."""
    return {
        name: [round(end, 4) for end in mean_interval([metric(*pair) for pair in pairs])]
        for name, metric in (("accuracy", accuracy), ("exact", exact_words))
    }


def tensors(images: Sequence[TextImage]) -> list[Tensor]:
    return [to_tensor(image.image) for image in images]
