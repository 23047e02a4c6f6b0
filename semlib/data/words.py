"""The words that pages are made of, split so that test words are never trained on.

TRDG's English dictionary gives the rare words; a short list of function words
gives English its rhythm. A dictionary word belongs to the test split when the
CRC-32 of its lower-case form says so; the function words occur in both.
"""

import hashlib
import json
import zlib
from functools import cache
from pathlib import Path
from string import ascii_lowercase, digits

import numpy as np

from ..compat import package_folder

TEST_SHARE = 20  # per cent of the dictionary's words
VALIDATION_SHARE = 5
FUNCTION_SHARE = 0.4  # of running English text is words like these

FUNCTION_WORDS = tuple(
    """
a about after again all also an and any are as at back be because been before
being between both but by can could did do down each even every first for from
had has have he her here him his how if in into is it its just last like long
made make many may me more most much must my never no not now of on one only or
other our out over own part said same see she should so some still such than
that the their them then there these they this those though through time to too
two under until up upon us very was way we well were what when where which while
who will with without would year you your
""".split()
)

SPLITS = ("train", "test")
STRANGE = {"Italian": "", "letters": ascii_lowercase, "digits": digits}


@cache
def digest() -> str:
    """A hash of all word lists, and of which word is in which split."""
    lists = [
        FUNCTION_WORDS,
        FUNCTION_SHARE,
        _novel(),
        _italian().tolist(),
        *(held_out(split) for split in ("train", "validation", "test")),
    ]
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()


def is_test_word(word: str) -> bool:
    """Whether a dictionary word is kept out of training."""
    return zlib.crc32(word.lower().encode()) % 100 < TEST_SHARE


@cache
def dictionary(split: str) -> tuple[str, ...]:
    """TRDG's English words of 3 to 11 lower-case letters, of one split."""
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    return tuple(word for word in _words("en") if is_test_word(word) == (split == "test"))


@cache
def _words(language: str) -> tuple[str, ...]:
    """TRDG's words of a language: 3 to 11 lower-case letters from a to z."""
    path = package_folder("trdg") / "dicts" / f"{language}.txt"
    words = sorted(set(path.read_text(encoding="utf-8").split()))
    return tuple(
        word
        for word in words
        if 3 <= len(word) <= 11 and word.isascii() and word.isalpha() and word.islower()
    )


def sentences(rng: np.random.Generator, count: int, split: str) -> list[str]:
    """`count` words of English that somebody wrote: five chapters of Melville's
    Moby-Dick, from a place on; the same in every split."""
    text = _novel()
    start = rng.integers(len(text))
    return [text[(start + at) % len(text)] for at in range(count)]


@cache
def _novel() -> tuple[str, ...]:
    return tuple(Path(__file__).with_name("sentences.txt").read_text().split())


def strange_words(
    rng: np.random.Generator, count: int, split: str, *, kind: str
) -> list[str]:
    """`count` times `strange_text`, every twelfth with a full stop."""
    return [strange_text(rng, kind) + "." * (at % 12 == 11) for at in range(count)]


def strange_text(rng: np.random.Generator, kind: str) -> str:
    """A text that no word list of ours holds, as long as the words are.

    Args:
        kind: one of `STRANGE`: an Italian word that is not an English one too,
            random small letters, or random digits.
    """
    if kind == "Italian":
        return str(rng.choice(_italian()))
    length = rng.choice(_english_lengths())
    return "".join(rng.choice(list(STRANGE[kind]), length))


@cache
def _english_lengths() -> np.ndarray:
    return np.array([len(word) for word in _words("en")])


@cache
def _italian() -> np.ndarray:
    return np.array(sorted(set(_words("it")) - set(_words("en"))))


@cache
def held_out(split: str) -> tuple[str, ...]:
    """The dictionary's words of one of three splits: those of ``validation`` are
    taken from the training's.

    Raises:
        ValueError: there is no such split.
    """
    if split == "test":
        return dictionary("test")
    if split not in ("train", "validation"):
        raise ValueError(f"split must be train, validation or test, not {split!r}")
    return tuple(
        word
        for word in dictionary("train")
        if is_validation_word(word) == (split == "validation")
    )


def is_validation_word(word: str) -> bool:
    """Whether a word is kept out of training, to choose by."""
    return (
        TEST_SHARE
        <= zlib.crc32(word.lower().encode()) % 100
        < TEST_SHARE + VALIDATION_SHARE
    )


def prose_words(rng: np.random.Generator, count: int, split: str) -> list[str]:
    """`running_text` of one of three splits."""
    return _running(rng, count, held_out(split))


def mixed_words(rng: np.random.Generator, count: int, split: str) -> list[str]:
    """`prose_words`, of which random letters and digits take the place of some: from
    none to all, a quarter on the whole, so that no word list can be learned by heart.
    From none to all are in capitals, a fifth on the whole."""
    strange, upper = rng.random() ** 3, rng.random() ** 4
    mixed = [
        _strange_like(rng, word) if rng.random() < strange else word
        for word in prose_words(rng, count, split)
    ]
    return [word.upper() if rng.random() < upper else word for word in mixed]


def _strange_like(rng: np.random.Generator, word: str) -> str:
    """Random letters or digits, with the word's full stop or comma."""
    kind = "letters" if rng.random() < 0.5 else "digits"
    return strange_text(rng, kind) + word[len(word.rstrip(".,")) :]


def running_text(rng: np.random.Generator, count: int, split: str) -> list[str]:
    """`count` words that look like prose: sentences, commas, numbers, capitals.

    The words mean nothing together on purpose: a reader that guesses from
    context gains nothing, so what is measured is what it sees.
    """
    return _running(rng, count, dictionary(split))


def _running(rng: np.random.Generator, count: int, rare: tuple[str, ...]) -> list[str]:
    text: list[str] = []
    left = 0  # words until the sentence ends
    for _ in range(count):
        start = left == 0
        if start:
            left = int(rng.integers(6, 17))
        left -= 1
        kind = rng.random()
        if kind < FUNCTION_SHARE:
            word = FUNCTION_WORDS[rng.integers(len(FUNCTION_WORDS))]
        elif kind < 0.98:
            word = rare[rng.integers(len(rare))]
        else:
            word = str(rng.integers(1, 2000))
        if start:
            word = word.capitalize()
        if left == 0:
            word += "."
        elif rng.random() < 0.06:
            word += ","
        text.append(word)
    return text
