"""A few lines that let two old packages run on today's libraries.

craft-text-detector 0.4.3 (2022) imports ``torchvision.models.vgg.model_urls``,
gone since torchvision 0.13, and its ``get_prediction`` builds ragged arrays
that NumPy refuses. Its network and its box post-processing are sound: those
two are used, and `semlib.ocr.detect` does what ``get_prediction`` did.

TRDG 1.8.0 (2022) calls ``FreeTypeFont.getsize``, gone since Pillow 10, and picks
its background pictures by their place in ``os.listdir``, which differs between
machines: here a picture is handed over itself.
"""

import importlib
import warnings
from importlib.util import find_spec
from pathlib import Path


def package_folder(name: str) -> Path:
    """Where an installed package lies, without importing it.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(spec.origin).parent


def craft():
    """The CRAFT network class and the function that finds its boxes.

    Returns:
        A function without arguments that makes the network (a torch module with
        random weights), and ``getDetBoxes``.

    Raises:
        ImportError: craft-text-detector is not installed.
    """
    vgg = importlib.import_module("torchvision.models.vgg")
    if not hasattr(vgg, "model_urls"):
        vgg.model_urls = {"vgg16_bn": ""}  # read at import; nothing is downloaded
    try:
        network = importlib.import_module("craft_text_detector.models.craftnet")
        boxes = importlib.import_module("craft_text_detector.craft_utils")
    except ModuleNotFoundError as error:
        raise ImportError(
            "craft-text-detector is missing: pip install --no-deps "
            "craft-text-detector gdown"
        ) from error

    def make():
        with warnings.catch_warnings():  # it names torchvision's old arguments
            warnings.simplefilter("ignore", UserWarning)
            return network.CraftNet(pretrained=False)

    return make, boxes.getDetBoxes


def trdg():
    """TRDG's ``generators`` module, able to measure text on Pillow 10 and later.

    Its ``image_dir`` may be a Pillow picture: the background is a crop of it.

    Raises:
        ImportError: trdg is not installed.
    """
    from PIL import ImageFont

    if not hasattr(ImageFont.FreeTypeFont, "getsize"):
        ImageFont.FreeTypeFont.getsize = _getsize
    try:
        generators = importlib.import_module("trdg.generators")
    except ModuleNotFoundError as error:
        raise ImportError(
            "trdg is missing: pip install --no-deps trdg "
            "diffimg arabic-reshaper python-bidi wikipedia"
        ) from error
    backgrounds = importlib.import_module("trdg.background_generator")
    backgrounds.image = _crop
    return generators


def _getsize(font, text: str) -> tuple[int, int]:
    """What ``getsize`` returned: the advance from the origin to the ink's end."""
    _, _, right, bottom = font.getbbox(text)
    return right, bottom


def _crop(height: int, width: int, picture):
    """A crop of a Pillow picture, enlarged first where it is too small."""
    import random

    enlarge = max(1, width / picture.width, height / picture.height)
    if enlarge > 1:
        picture = picture.resize(
            (
                max(width, round(picture.width * enlarge)),
                max(height, round(picture.height * enlarge)),
            )
        )
    left = random.randint(0, picture.width - width)
    top = random.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))
