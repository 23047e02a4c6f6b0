"""Where our weights were trained otherwise than the paper's, read out of their cards."""

from dataclasses import dataclass

from .. import zoo
from ..training import preset

# the weights of the paper's networks, and those on honest pictures
WEIGHTS = (
    "tinylic", "tfic", "scenes", "scenes-tfic", "trba",
    "dncnn-book", "dncnn-book-second", "guided-book",
)  # fmt: skip

# what it may do that a setting is another; settings that are not here change no result
MEANINGS = {
    "size": "A smaller network: more bits, or less accuracy, for the same; quicker, too.",
    "images": "Fewer pictures: words and grounds that it has not met are harder for it.",
    "pages": "Other pages, or fewer: typefaces and words that it has not met are harder.",
    "batch": "A noisier gradient, and fewer examples in all.",
    "crop": "Smaller pieces: less of a line is seen at once.",
    "words": "Fewer words a step: a noisier complaint.",
    "steps": "Trained for a fraction of the time: the curves still rise at their end.",
    "decay": "The learning rate falls from another step on.",
    "learning_rate": "Chosen for the shorter training.",
    "muon_rate": "Smaller steps, as it goes on from trained weights.",
    "precision": "Half the digits in training: quicker; no difference that we can see.",
    "gammas": "A network for all rates, γ is the rate; the paper has a γ of 0.1 and a "
    "network a rate.",
    "distortion": "A share of the squared error is kept: other readers gain by it.",
    "flat": "Of some pictures only the words are sent: the codec learns both kinds.",
    "reader": "Another recognizer in the loss, and CTC in place of cross-entropy.",
    "image": "A share of the squared error beside the reader's complaint: nearer pages.",
    "start": "Begins at other weights: here, at a network that pixels have taught.",
}  # fmt: skip

# what no setting says
ANY_GROUND = zoo.card("scenes-tfic")["data"]["images"]
OF_THE_DATA = (
    ("pages", "scans of printed books", "drawn, of random words",
     "No folds, no shadows, no ink seen through: easier. No sense in the text: harder."),
    ("words", "20,000 drawn by TRDG", f"4,000 of them; and {ANY_GROUND:,} on any ground",
     "Those of TRDG have one ink; a filter of one line reads them as well as TFIC does."),
    ("test pages", "patches of the same scans", "other pages, other words",
     "Harder: no page and no rare word is in both."),
    ("optimizer", "Adam", "Muon for DnCNN's middle layers",
     "More learned in a step, so fewer steps do."),
    ("accuracy", "as it is read", "letters and digits only, in lower case",
     "Higher, by the commas and capitals that are not counted, for every codec alike."),
)  # fmt: skip


@dataclass(frozen=True)
class Deviation:
    """A setting: the paper's value and ours, for the weights where they differ."""

    setting: str
    values: str
    meaning: str


def deviations() -> list[Deviation]:
    """The settings of our weights that are not the paper's, and may matter. «The paper's»
    are those of the preset called so; where the paper gives none, they are our guess."""
    pairs: dict[str, dict[tuple[str, str], list[str]]] = {key: {} for key in MEANINGS}
    for name in WEIGHTS:
        for key, paper, ours in _of(zoo.card(name)):
            pairs[key].setdefault((paper, ours), []).append(name)
    return [
        Deviation(
            key,
            "; ".join(
                f"{paper} → {ours} ({', '.join(names)})"
                for (paper, ours), names in found.items()
            ),
            MEANINGS[key],
        )
        for key, found in pairs.items()
        if found
    ]


def _of(card: dict) -> list[tuple[str, str, str]]:
    """Setting, the paper's, ours. Older cards do not say what the paper's are."""
    trainings = _trainings(card)
    settings = {
        **card["settings"],
        "start": trainings[-1]["settings"].get("start"),
        "steps": sum(each["steps"] for each in trainings),
    }
    paper = card.get("paper", preset(card["recipe"], "paper"))
    return [
        (key, _written(value), _written(settings.get(key)))
        for key, value in paper.items()
        if key in MEANINGS and value not in (settings.get(key), _large(settings.get(key)))
    ]


def _trainings(card: dict) -> list[dict]:
    """The cards of a training and of those of the same recipe that it went on from, the
    last one first."""
    found = [card]
    while found[-1].get("start", {}).get("recipe") == card["recipe"]:
        found.append(found[-1]["start"])
    return found


def _large(name) -> str:
    """What the same stage's weights are called in the paper's size."""
    return f"{name}-paper"


def _written(value) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return " × ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
