"""How well text was kept."""

import unicodedata
from functools import cache

import Levenshtein

from ..data import dictionary
from ..data.words import FUNCTION_WORDS

RIGHT, FALSE, BROKEN = OUTCOMES = ("right", "false", "broken")


def normalize(text: str) -> str:
    """Letters and digits only, of any script, upper and lower case as one: what the
    paper's accuracy compares. An accent counts, composed or not (NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", folded)
        if c.isalnum() or unicodedata.combining(c) or unicodedata.category(c) == "Mc"
    )


def accuracy(truth: str, read: str) -> float:
    """1 - lev(G, T) / max(len(G), len(T)) over letters and digits, in [0, 1].

    The paper's accuracy (section 3.3), one minus the normalized edit distance; upper
    and lower case are equal here. Two texts without any letter or digit agree: 1.
    """
    truth, read = normalize(truth), normalize(read)
    longest = max(len(truth), len(read))
    return 1 - Levenshtein.distance(truth, read) / longest if longest else 1.0


def exact_words(truth: str, read: str) -> float:
    """Word accuracy: the share of the true words that were read without any error, in
    order.

    Both texts are split at white space and normalized; the two lists are
    aligned with the fewest insertions, deletions and substitutions, and the
    words left as they are count. A text without words gives 1 if nothing was
    read, else 0.
    """
    words = word_outcomes(truth, read)
    return words.count(RIGHT) / len(words) if words else float(not _words(read))


def real_word_errors(truth: str, read: str) -> float:
    """The share of the true words in whose place another word was read, one that
    the dictionary knows: an error that nobody sees. Aligned as in `exact_words`."""
    words = word_outcomes(truth, read)
    return words.count(FALSE) / max(1, len(words))


def word_outcomes(truth: str, read: str) -> list[str]:
    """What became of each true word: read right; false, another word in its place;
    or broken, read as what is no word, or not at all. Aligned as in `exact_words`."""
    return [
        RIGHT if other == word else FALSE if _known(other) else BROKEN
        for word, other in read_as(truth, read)
    ]


def read_as(truth: str, read: str) -> list[tuple[str, str]]:
    """Each true word and what was read in its place, "" where nothing was, both
    normalized. Aligned as in `exact_words`."""
    words, others = _words(truth), _words(read)
    found = list(words)
    for kind, word, at in Levenshtein.editops(words, others):
        if kind != "insert":
            found[word] = others[at] if kind == "replace" else ""
    return list(zip(words, found))


def _known(word: str) -> bool:
    return word in known_words() or word in FUNCTION_WORDS


@cache
def known_words() -> frozenset[str]:
    """Every word of the dictionary, lower case, of both splits."""
    return frozenset((*dictionary("train"), *dictionary("test")))


def kept_letters(truth: str, read: str) -> set[int]:
    """Which of the truth's letters and digits, counted from 0, were read right, both
    texts normalized and aligned with the fewest edits."""
    truth, read = normalize(truth), normalize(read)
    blocks = Levenshtein.matching_blocks(
        Levenshtein.editops(truth, read), len(truth), len(read)
    )
    return {at for begin, _, size in blocks for at in range(begin, begin + size)}


def _words(text: str) -> list[str]:
    return [word for word in map(normalize, text.split()) if word]
