"""The classical codecs that the learned one must beat, through Pillow."""

import io

import numpy as np
from PIL import Image

from ..images import reduce_image


# Pillow's name and its quality settings, lowest rate first. JPEG 2000 is asked
# for a compression ratio instead of a quality.
SETTINGS = {
    "JPEG": (1, 5, 10, 20, 35, 50, 70),
    "JPEG2000": (800, 400, 200, 100, 50, 25),
    "WEBP": (0, 10, 25, 45, 65, 80),
    "AVIF": (0, 10, 20, 30, 45, 60, 75),
}
SCALES = (1, 2, 4)  # reduced before, enlarged after


def peer(
    image: np.ndarray, name: str, setting: int, scale: int = 1
) -> tuple[np.ndarray, bytes]:
    """Compress and decode with a classical codec.

    Args:
        image: H×W×3 uint8.
        setting: one of `SETTINGS`.
        scale: the picture is reduced by it first (bicubic), and enlarged after.

    Returns:
        The decoded picture, H×W×3 uint8, and the whole file.
    """
    small = Image.fromarray(reduce_image(Image.fromarray(image), 1 / scale))
    options: dict[str, dict] = {
        "JPEG": {"quality": setting, "optimize": True},
        "JPEG2000": {
            "quality_mode": "rates",
            "quality_layers": [setting],
            "irreversible": True,
        },
        "WEBP": {"quality": setting, "method": 6},
        "AVIF": {"quality": setting, "speed": 6},
    }
    out = io.BytesIO()
    small.save(out, name, **options[name])
    back = Image.open(io.BytesIO(out.getvalue())).convert("RGB")
    if scale > 1:
        back = back.resize(image.shape[1::-1], Image.Resampling.BICUBIC)
    return np.asarray(back), out.getvalue()
