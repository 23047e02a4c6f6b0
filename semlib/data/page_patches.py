"""Pages and their patches, kept: 2,285 pages, ten patches each (section 4.6)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from . import book, pages, words
from .book import BOOK_PAGES, make_book_page
from .pages import (
    PAGES,
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PATCHES_PER_PAGE,
    Patch,
    Word,
    make_page,
)
from .shards import Items, Shards, cache_folder, checked, recipe_hash

SIZE = PATCH_HEIGHT * PATCH_WIDTH


class PagePatches(Items[Patch]):
    """The patches of a split's first pages, made once and kept in a cache folder.

    Interrupted, the making goes on where it stopped. ``sha256`` is the hash of
    all pixels and words, ``recipe`` one of how they are drawn.

    Args:
        count: how many pages, ten patches each; all of the split when None.
        workers: processes that draw; as many as the machine has cores if None.
        folder: where they are kept; `cache_folder` when None.

    Raises:
        InputError: the split is unknown or holds fewer pages.
    """

    whole = PAGES  # how many pages each split has
    name = "pages"
    make: Callable = staticmethod(make_page)
    drawn: tuple = (
        pages.TYPEFACES,
        pages.X_HEIGHT,
        pages.SCALE,
        pages.MARGIN,
        pages.GUTTER,
        pages.ROWS,
    )  # a page is made by these
    packages: tuple[str, ...] = ("pillow",)  # which draw, each version in its way

    def __init__(
        self,
        split: str,
        count: int | None = None,
        *,
        workers: int | None = None,
        folder: Path | None = None,
    ):
        count, whole = checked(split, count, self.whole, "pages"), self.whole[split]
        self.split, self._count = split, count * PATCHES_PER_PAGE
        self.recipe = recipe_hash([self.drawn, words.digest()], *self.packages)
        folder = (folder or cache_folder()) / f"{self.name}-{self.recipe}" / split
        self._shards = Shards(
            folder,
            partial(_draw, split=split, make=self.make),
            count,
            whole,
            workers=workers,
            name=f"{split} {self.name}",
        )
        self.sha256 = self._shards.sha256

    def _item(self, index: int) -> Patch:
        page, at = divmod(index, PATCHES_PER_PAGE)
        record = self._shards.record(page)
        kept = record["patches"][at]
        image = self._shards.pixels(page, record["offset"] + at * SIZE, SIZE)
        found = tuple(Word(text, tuple(box), line) for text, box, line in kept["words"])
        return Patch(image.reshape(PATCH_HEIGHT, PATCH_WIDTH), found, page, kept["cell"])

    def firsts(self) -> list[Patch]:
        """The first patch of every page: independent draws."""
        return [self[index] for index in range(0, self._count, PATCHES_PER_PAGE)]


class BookPatches(PagePatches):
    """The same of pages laid out as books are; a third split, ``validation``, is
    there to choose by."""

    whole = BOOK_PAGES
    name = "book"
    make = staticmethod(make_book_page)
    drawn = book.SEEN, book.X_HEIGHT, book.SCALE, book.WIDTH, book.HEIGHT, book.VERSION
    packages = "freetype-py", "uharfbuzz"  # Pillow only reduces: a test compares two


class MixedBookPatches(BookPatches):
    """The same with random letters, digits and capitals among the words."""

    name = "book-mixed-2"  # the first ones had no capitals
    make = staticmethod(partial(make_book_page, text=words.mixed_words))


class BookPages(Items[np.ndarray]):
    """A split's first pages, whole, as they are before JPEG: 800×592 uint8 each.

    Made once and kept in a cache folder (470 kB a page). ``sha256`` is the hash of all
    pixels.

    Args:
        count: how many; all of the split when None.
        x_heights: the range that each page's is drawn from, in pixels.
        mixed: whether random letters, digits and capitals stand among the words.
        workers: processes that draw; as many as the machine has cores if None.

    Raises:
        InputError: the split is unknown or holds fewer pages.
    """

    def __init__(
        self,
        split: str,
        count: int | None = None,
        *,
        x_heights: tuple[float, float] = (book.X_HEIGHT, book.X_HEIGHT),
        mixed: bool = False,
        workers: int | None = None,
    ):
        self._count = checked(split, count, BOOK_PAGES, "pages")
        drawn = [BookPatches.drawn, words.digest(), *x_heights, *["mixed, 2"] * mixed]
        recipe = recipe_hash(drawn, *BookPatches.packages)
        self._shards = Shards(
            cache_folder() / f"book-whole-{recipe}" / split,
            partial(_whole, split=split, x_heights=x_heights, mixed=mixed),
            self._count,
            BOOK_PAGES[split],
            workers=workers,
            size=10,
            name=f"{split} whole pages",
        )
        self.sha256 = self._shards.sha256

    def _item(self, index: int) -> np.ndarray:
        offset = self._shards.record(index)["offset"]
        pixels = self._shards.pixels(index, offset, book.HEIGHT * book.WIDTH)
        return pixels.reshape(book.HEIGHT, book.WIDTH)


def _whole(
    index: int, split: str, x_heights: tuple[float, float], mixed: bool
) -> tuple[np.ndarray, dict]:
    x_height = np.random.default_rng([index]).uniform(*x_heights)
    text = words.mixed_words if mixed else words.prose_words
    page = make_book_page(index, split, x_height=x_height, text=text)
    return page.reduced(), {}


def _draw(page: int, split: str, make: Callable) -> tuple[np.ndarray, dict]:
    """A page's ten patches, and their words."""
    patches = make(page, split).patches()
    return np.stack([patch.image for patch in patches]), {
        "patches": [
            {
                "cell": patch.cell,
                "words": [[w.text, list(w.box), w.line] for w in patch.words],
            }
            for patch in patches
        ]
    }
