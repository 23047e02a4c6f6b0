"""The claims, figures and tables of the paper, sections 2 to 4, and what it did not
ask."""

from collections.abc import Callable

from .numbers import (
    Read,
    above_floor,
    ahead,
    at,
    best_gain,
    best_gain_over_filters,
    best_weight,
    bits_against,
    decibels,
    difference,
    layers,
    of_seeds,
    repaired,
    share_of_bits,
    times,
)
from .rule import ANY_INK, BOOK, ONE_INK, Bound, Claim, Trial

LISTENED, JUDGE = "english_g2", "PP-OCRv6"
READERS = (LISTENED, "TRBA", JUDGE)
TFIC = ("tfic", "tinylic", "tfic")  # a result, its stage 1, its codec
SCENES = ("scene-text", "scenes", "scenes-tfic")

MORE, LESS = Bound(0.0, strict=True), Bound(0.0, above=False, strict=True)
# Table 1: milliseconds to encode, and to read
PAPER_MS = 12.9, 24.1
HALF = Bound(PAPER_MS[0] / PAPER_MS[1], above=False, strict=True)
WHOLE = Bound(1.0, above=False, strict=True)
UNLIKE = "TRBA of the paper's size; our encoder is smaller than the paper's"


def _by(
    make: Callable[[str], Read],
    data: str,
    bound: Bound | None = None,
    readers: tuple[str, ...] = (LISTENED, JUDGE),
) -> tuple[Trial, ...]:
    """A trial by each reader: by the one in the loss first, then by who was not."""
    return tuple(Trial(reader, data, make(reader), bound) for reader in readers)


def _after_d1(reader: str, metric: str) -> Read:
    """What the guided second network has over the first, page by page."""
    return at("restoration", "over_d1", "guided-book", f"{reader} {metric}")


CLAIMS = (
    Claim(
        "figure1",
        "1",
        "Figure 1",
        "Three frameworks for pictures that are read",
        5,
        diagram=True,
    ),
    Claim(
        "hyperprior",
        "2.1",
        "",
        "A note about where the bits are needed makes the file smaller",
        2,
        weights=("hyperprior",),
        note="Chapter 2 measures it on its page.",
    ),
    Claim(
        "recognizer", "2.2", "", "A recognizer is made of four stages", 4, diagram=True
    ),
    Claim(
        "figure2",
        "3.1",
        "Figure 2",
        "TinyLIC, and a frozen recognizer after it",
        5,
        diagram=True,
    ),
    Claim(
        "figure3",
        "3.4",
        "Figure 3",
        "At every rate TFIC is read better than the codec that was trained for pixels",
        6,
        (
            *_by(lambda reader: ahead(*TFIC, reader), ONE_INK, MORE, READERS),
            *_by(lambda reader: ahead(*SCENES, reader), ANY_INK, MORE),
        ),
        weights=("tinylic", "tfic", "scenes", "scenes-tfic"),
    ),
    Claim(
        "drop",
        "3.4",
        "Figure 3",
        "At low rates the codec that was trained for pixels loses its readers",
        6,
        (
            *_by(
                lambda reader: at(
                    "tfic", "points", "tinylic", 0, "all", "read", reader, "gain"
                ),
                ONE_INK,
                LESS,
            ),
            *_by(
                lambda reader: at("scene-text", "gains", reader, "scenes", 0, "gain"),
                ANY_INK,
                LESS,
            ),
        ),
        weights=("tinylic", "scenes"),
    ),
    Claim(
        "better",
        "3.4",
        "Figure 3",
        "TFIC's pictures are read better than the uncompressed ones",
        6,
        (
            *_by(
                lambda reader: best_gain("tfic", "tfic", reader), ONE_INK, MORE, READERS
            ),
            *_by(
                lambda reader: best_gain_over_filters("scenes-tfic", reader),
                ANY_INK,
                MORE,
            ),
        ),
        weights=("tfic", "scenes-tfic"),
    ),
    Claim(
        "figure4",
        "3.4",
        "Figure 4",
        "The text stays sharp and legible, the background goes",
        6,
        weights=("tinylic", "tfic"),
        note="For the eye. Chapter 6 shows words that are legible, and blurred.",
    ),
    Claim(
        "figure5",
        "3.4",
        "Figure 5",
        "The codec that was trained for pixels has the higher PSNR",
        6,
        (
            Trial("PSNR", ONE_INK, decibels(*TFIC), MORE),
            Trial("PSNR", ANY_INK, decibels(*SCENES), MORE),
        ),
        unit="dB",
        weights=("tinylic", "tfic", "scenes", "scenes-tfic"),
    ),
    Claim(
        "layers",
        "3.4",
        "",
        "Two layers, one for the eye and one for the reader, are "
        "read better than one picture of as many bits",
        6,
        (
            *_by(lambda reader: layers(*TFIC, reader), ONE_INK, MORE),
            *_by(lambda reader: layers(*SCENES, reader), ANY_INK, MORE),
        ),
        weights=("tinylic", "tfic", "scenes", "scenes-tfic"),
    ),
    Claim(
        "table1",
        "3.5",
        "Table 1",
        "Encoding takes about half as long as reading",
        6,
        (
            Trial(
                UNLIKE,
                ONE_INK,
                times("read, TRBA of the paper's size", "encode, tfic"),
                HALF,
            ),
            Trial(LISTENED, ONE_INK, times("read, english_g2", "encode, tfic"), HALF),
            Trial(
                "CRAFT and english_g2",
                ONE_INK,
                times("detect and read, english_g2", "encode, tfic"),
                HALF,
            ),
        ),
        paper=f"{PAPER_MS[0]} of {PAPER_MS[1]} ms",
        unit="times",
        weights=("tfic",),
    ),
    Claim(
        "together",
        "3.5",
        "Table 1",
        "Encoding both layers takes less time than reading",
        6,
        (
            Trial(
                UNLIKE,
                ONE_INK,
                times(
                    "read, TRBA of the paper's size", "encode, tinylic", "encode, tfic"
                ),
                WHOLE,
            ),
            Trial(
                "CRAFT and english_g2",
                ONE_INK,
                times("detect and read, english_g2", "encode, tinylic", "encode, tfic"),
                WHOLE,
            ),
        ),
        unit="times",
        weights=("tinylic", "tfic"),
    ),
    Claim(
        "ruined",
        "4.6",
        "Figure 9",
        "At the lowest quality JPEG leaves next to nothing to read",
        7,
        _by(
            lambda reader: repaired("restoration", "degraded", reader),
            BOOK,
            Bound(0.05, above=False),
        ),
        paper="below 5 %",
        unit="%",
    ),
    Claim(
        "traces",
        "4.2",
        "",
        "Traces of the text are still there",
        7,
        note="Chapter 7 looks for them on its page.",
    ),
    Claim("figure6", "4.2", "Figure 6", "The two pipelines", 8, diagram=True),
    Claim(
        "squared-error",
        "4.2",
        "",
        "A network that knows the squared error alone brings text back",
        8,
        _by(
            lambda reader: difference(of_seeds(1.0, reader), of_seeds(0.0, reader)),
            BOOK,
            MORE,
        ),
    ),
    Claim(
        "figure7",
        "4.3",
        "Figure 7",
        "DnCNN: 17 layers of 64 filters, and a residual",
        8,
        weights=("dncnn-book",),
        diagram=True,
    ),
    Claim(
        "lambda",
        "4.4",
        "",
        "0.8 is the best weight between the two losses",
        8,
        _by(
            lambda reader: best_weight(0.8, (0.2, 0.4, 0.6, 1.0), reader),
            BOOK,
            MORE,
        ),
        paper="λ = 0.8",
    ),
    Claim(
        "faithful",
        "4.4",
        "",
        "The repaired page is nearer to the clean one",
        8,
        (Trial("PSNR", BOOK, at("restoration", "gains", "dncnn-book", "psnr"), MORE),),
        unit="dB",
        weights=("dncnn-book",),
    ),
    Claim(
        "figure9",
        "4.6",
        "Figure 9",
        "DnCNN's pages are read at about 75 %",
        8,
        _by(
            lambda reader: repaired("restoration", "dncnn-book", reader),
            BOOK,
            Bound(0.75),
        ),
        paper="about 75 %",
        unit="%",
        weights=("dncnn-book",),
    ),
    Claim(
        "figure8",
        "4.5",
        "Figure 8",
        "DnCNN, CRAFT, a second network, a recognizer: all frozen but the second network",
        9,
        weights=("guided-book",),
        diagram=True,
    ),
    Claim(
        "guidance",
        "4.5",
        "",
        "A second network that listens to a recognizer makes the pages more readable",
        9,
        _by(lambda reader: _after_d1(reader, "accuracy"), BOOK, MORE),
        paper="from about 75 to about 90 %",
        weights=("dncnn-book", "guided-book"),
    ),
    Claim(
        "reader-only",
        "4.5",
        "",
        "The recognizer's loss is enough, with no other beside it",
        9,
        _by(
            lambda reader: at(
                "guided-ablation", "variants", "reader", "gains", f"{reader} accuracy"
            ),
            BOOK,
            MORE,
        ),
    ),
    Claim(
        "figure10",
        "4.6",
        "Figure 10",
        "The pages are then read at about 90 %",
        9,
        _by(
            lambda reader: repaired("restoration", "guided-book", reader),
            BOOK,
            Bound(0.9),
        ),
        paper="about 90 %",
        unit="%",
        weights=("guided-book",),
    ),
    Claim(
        "other-words",
        "4.6",
        "",
        "Fewer words turn into other words",
        9,
        _by(lambda reader: _after_d1(reader, "false"), BOOK, LESS),
        weights=("dncnn-book", "guided-book"),
    ),
)


def _at_rate(rate: int, kind: str):
    """TFIC's gain over the uncompressed pictures of a kind."""
    return lambda reader: at("tfic", "points", "tfic", rate, kind, "read", reader, "gain")


def _elsewhere(kind: str) -> Trial:
    """The judge's accuracy on pages that are not as in training."""
    return Trial(JUDGE, BOOK, at("robustness", "rows", kind, "unet", f"{JUDGE} accuracy"))


NOT_ASKED = (
    Claim(
        "lowest-rate",
        "3",
        "",
        "What is TFIC's gain over the uncompressed picture at its "
        "lowest rate, for who was in the loss and who was not?",
        6,
        _by(_at_rate(0, "all"), ONE_INK, readers=READERS),
        weights=("tfic",),
    ),
    Claim(
        "harder",
        "3",
        "",
        "Typefaces and photographs that training did not have",
        6,
        _by(_at_rate(2, "hard"), ONE_INK),
        weights=("tfic",),
    ),
    Claim(
        "letters",
        "3",
        "",
        "Random letters, which no word list can guess",
        6,
        _by(_at_rate(2, "letters"), ONE_INK),
        weights=("tfic",),
    ),
    Claim(
        "other-listener",
        "3",
        "",
        "The same codec, trained against TRBA instead",
        6,
        _by(
            lambda reader: at(
                "tfic-recognizers",
                "points",
                "tfic-trba",
                2,
                "all",
                "read",
                reader,
                "gain",
            ),
            ONE_INK,
            readers=READERS,
        ),
        weights=("tfic-trba",),
    ),
    Claim(
        "old-codecs",
        "3",
        "",
        "TFIC's bits for nine tenths of the accuracy, at most, of "
        "those of the best classical codec at any size",
        6,
        _by(lambda reader: share_of_bits("tfic", reader), ONE_INK),
        unit="times",
        weights=("tfic",),
    ),
    Claim(
        "fax",
        "3",
        "",
        "Its bits against those of a fax: one bit a pixel, nothing trained",
        6,
        _by(
            lambda reader: bits_against("fax", reader),
            ANY_INK,
        ),
        unit="per cent",
        weights=("scenes-tfic",),
    ),
    Claim(
        "regions",
        "3",
        "",
        "Its bits against those of WebP, the nearest of the classical codecs where the "
        "sender knows where the words are",
        6,
        _by(
            lambda reader: bits_against("WEBP, grey", reader, "scene-regions"),
            ANY_INK,
        ),
        unit="per cent",
        weights=("scenes-tfic",),
    ),
    Claim(
        "floor",
        "3",
        "",
        "Its shortest file, in times of the bits that the text alone takes",
        6,
        (Trial("a model of pairs of letters", ONE_INK, above_floor),),
        unit="times",
        weights=("tfic",),
    ),
    Claim(
        "moved",
        "4",
        "",
        "The paper's DnCNN, trained on lines at one height, where they lie anywhere",
        8,
        _by(lambda reader: repaired("restoration", "dncnn", reader), BOOK),
        unit="%",
        weights=("dncnn",),
    ),
    Claim(
        "other-network",
        "4",
        "",
        "A network that sees further, from pixels alone",
        8,
        _by(lambda reader: repaired("restoration", "unet", reader), BOOK),
        unit="%",
        weights=("unet",),
    ),
    Claim(
        "same-bytes",
        "4",
        "",
        "One bit a pixel, in no more bytes than the ruined page, nothing repaired",
        8,
        _by(
            lambda reader: at(
                "same-bytes", "rows", "one bit a pixel", f"{reader} accuracy"
            ),
            BOOK,
        ),
        unit="%",
    ),
    Claim(
        "typefaces",
        "4",
        "",
        "The repair, on typefaces that it never met",
        8,
        (_elsewhere("never-seen typefaces"),),
        unit="%",
        weights=("unet",),
    ),
    Claim(
        "capitals",
        "4",
        "",
        "On capitals",
        8,
        (_elsewhere("capitals"),),
        unit="%",
        weights=("unet",),
    ),
    Claim(
        "grey",
        "4",
        "",
        "On grey ink and grey paper",
        8,
        (_elsewhere("grey ink on grey paper"),),
        unit="%",
        weights=("unet",),
    ),
    Claim(
        "twin",
        "4",
        "",
        "What a second network gains that no reader has taught",
        9,
        _by(
            lambda reader: at(
                "restoration", "stages", "dncnn-book-second", f"{reader} accuracy"
            ),
            BOOK,
        ),
        weights=("dncnn-book-second",),
    ),
    Claim(
        "teacher",
        "4",
        "",
        "What the recognizer adds to a twin that was taught as long without one",
        9,
        _by(
            lambda reader: at(
                "restoration", "stages", "guided-book", f"{reader} accuracy"
            ),
            BOOK,
        ),
        weights=("guided-book", "guided-book-none"),
    ),
    Claim(
        "broken",
        "4",
        "",
        "Letters in 1,000 that were right before, and are wrong after it",
        9,
        _by(
            lambda reader: at(
                "restoration", "changes", "guided-book", reader, "broken_per_1000"
            ),
            BOOK,
        ),
        unit="letters",
        weights=("guided-book",),
    ),
)
