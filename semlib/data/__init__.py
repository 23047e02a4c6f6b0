"""Pictures of text with their ground truth, and what damages them."""

from ..images import reduce_image
from .book import (
    BOOK_PAGES,
    NEVER_SEEN,
    SEEN,
    BookPage,
    make_book_page,
    set_patch,
    spread_book_patches,
)
from .jpeg import degrade, jpeg_bytes, jpeg_scan, quantization_table
from .page_patches import BookPages, BookPatches, MixedBookPatches, PagePatches
from .pages import (
    PAGES,
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PATCHES_PER_PAGE,
    SCALE,
    TYPEFACES,
    UNSEEN_TYPEFACES,
    X_HEIGHT,
    Page,
    Patch,
    Word,
    make_page,
    spread_patches,
)
from .scenes import SCENES, Scene, Scenes, SceneWord, make_scene
from .text_images import TextImage, TextImages, make_text_image
from .words import STRANGE, dictionary

__all__ = [
    "BOOK_PAGES",
    "NEVER_SEEN",
    "PAGES",
    "PATCHES_PER_PAGE",
    "PATCH_HEIGHT",
    "PATCH_WIDTH",
    "SCALE",
    "SCENES",
    "SEEN",
    "STRANGE",
    "Scene",
    "SceneWord",
    "Scenes",
    "TYPEFACES",
    "UNSEEN_TYPEFACES",
    "X_HEIGHT",
    "BookPage",
    "BookPages",
    "BookPatches",
    "MixedBookPatches",
    "Page",
    "PagePatches",
    "Patch",
    "TextImage",
    "TextImages",
    "Word",
    "degrade",
    "dictionary",
    "jpeg_bytes",
    "jpeg_scan",
    "make_book_page",
    "make_page",
    "make_scene",
    "make_text_image",
    "quantization_table",
    "reduce_image",
    "set_patch",
    "spread_book_patches",
    "spread_patches",
]
