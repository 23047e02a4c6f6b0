"""What a second repair makes of the first: letters and words, won and lost."""

from collections import Counter
from collections.abc import Sequence

from .interval import mean_interval
from .text import FALSE, OUTCOMES, RIGHT, word_outcomes, kept_letters, normalize, read_as

SHOWN = 10  # examples


def changes(
    truths: Sequence[Sequence[str]],
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
) -> dict:
    """Compare two readings of the same texts.

    Args:
        truths, before, after: for each page its patches' texts; as they are, and as
            they are read before and after the second repair.

    Returns:
        ``letters`` in all; ``right`` of them before; ``corrected``, wrong before
        and right after; ``broken``, right before and wrong after;
        ``broken_per_1000`` of the right ones, mean over pages and 95 % interval;
        and ``words``, their number by fate before and after: "broken, false" are
        those that were no words, and became wrong ones.
    """
    counts: Counter[str] = Counter()
    words: Counter[tuple[str, str]] = Counter()
    rates = []
    for page in zip(truths, before, after):
        own: Counter[str] = Counter()
        for truth, one, two in zip(*page):
            had, has = kept_letters(truth, one), kept_letters(truth, two)
            own += Counter(
                letters=len(normalize(truth)),
                right=len(had),
                corrected=len(has - had),
                broken=len(had - has),
            )
            words.update(zip(word_outcomes(truth, one), word_outcomes(truth, two)))
        counts += own
        if own["right"]:
            rates.append(1000 * own["broken"] / own["right"])
    names = ("letters", "right", "corrected", "broken")
    return {
        **{name: counts[name] for name in names},
        "broken_per_1000": [round(end, 2) for end in mean_interval(rates)]
        if rates
        else None,
        "words": {
            f"{one}, {two}": words[one, two] for one in OUTCOMES for two in OUTCOMES
        },
    }


def false_friends(
    truths: Sequence[Sequence[str]],
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
) -> list[dict]:
    """Words that were read right, and after the second repair as another word.

    Args:
        truths, before, after: as those of `changes`.

    Returns:
        The first `SHOWN`: their ``page`` and the ``patch`` on it, counted from 0,
        the ``word``, and what it was ``read`` as.
    """
    found = [
        {"page": page, "patch": patch, "word": word, "read": other}
        for page, texts in enumerate(zip(truths, before, after))
        for patch, (truth, one, two) in enumerate(zip(*texts))
        for (word, other), had, has in zip(
            read_as(truth, two), word_outcomes(truth, one), word_outcomes(truth, two)
        )
        if (had, has) == (RIGHT, FALSE)
    ]
    return found[:SHOWN]
