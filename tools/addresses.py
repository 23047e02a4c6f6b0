"""Where the book is read and opened: all from the repository that _config.yml names.

The pages are published as `_build/html` on the repository's branch gh-pages, and the
editions with them; without a repository there are no addresses.
"""

import re
from dataclasses import dataclass
from typing import Any

PACKAGE = "text-aware-compression-book"
COLAB = "https://colab.research.google.com/github"
BINDER = "https://mybinder.org/v2/gh"


@dataclass(frozen=True)
class Addresses:
    """Of the book in a repository on GitHub: its owner, its name, the branch."""

    owner: str
    name: str
    branch: str

    @property
    def pages(self) -> str:
        return f"https://{self.owner.lower()}.github.io/{self.name}"

    @property
    def package(self) -> str:
        """What pip installs."""
        return (
            f"{PACKAGE} @ git+https://github.com/{self.owner}/{self.name}@{self.branch}"
        )

    def colab(self, chapter: str) -> str:
        """The edition of a chapter, which is named as in the table of contents."""
        place = f"{self.owner}/{self.name}/blob/gh-pages/_sources/{chapter}.ipynb"
        return f"{COLAB}/{place}"

    def binder(self, chapter: str) -> str:
        """The same where postBuild has written it."""
        edition = chapter.replace("chapters/", "_build/editions/")
        place = f"{self.owner}/{self.name}/{self.branch}"
        return f"{BINDER}/{place}?urlpath=lab/tree/{edition}.ipynb"


def addresses(config: dict[str, Any]) -> Addresses | None:
    """All addresses, or none where the book's configuration names no repository.

    Raises:
        ValueError: the repository is not one on GitHub, which alone Colab opens.
    """
    repository = config.get("repository")
    if not repository:
        return None
    found = re.fullmatch(
        r"https://github\.com/([^/]+)/([^/]+?)(\.git)?/?", repository["url"]
    )
    if not found:
        raise ValueError(f"not a repository on GitHub: {repository['url']}")
    return Addresses(found[1], found[2], repository.get("branch", "main"))
