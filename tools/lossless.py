"""Figures go into the pages as WebP without loss: PNG's pixels in fewer bytes."""

from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

RESOLUTION = 282  # EXIF's XResolution, dots per inch


def lossless(png: Path) -> Path:
    """The WebP file beside a PNG file: its pixels and resolution, made where it lacks."""
    webp = png.with_suffix(".webp")
    if not webp.exists():
        with Image.open(png) as picture:
            exif = Image.Exif()
            if "dpi" in picture.info:
                exif[RESOLUTION] = picture.info["dpi"][0]
            picture.save(webp, lossless=True, exact=True, exif=exif)
    return webp


class Lossless(SphinxTransform):
    default_priority = 400  # before the pictures are collected

    def apply(self, **kwargs: Any) -> None:
        for image in self.document.findall(nodes.image):
            if "/jupyter_execute/" in image["uri"] and image["uri"].endswith(".png"):
                webp = lossless(Path(self.app.srcdir, image["uri"].lstrip("/")))
                image["uri"] = image["uri"].replace(".png", webp.suffix)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(Lossless)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
