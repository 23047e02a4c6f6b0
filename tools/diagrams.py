"""Draws the book's diagrams: `python -m tools.diagrams` writes semlib/diagrams/*.svg.

All are 360 units wide, about a phone, with type of 10 and 11 units; boxes are stacked so
that none has to be smaller. Lines and letters take the page's colour, grounds are mid
tones that suit light and dark.
"""

import re
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "semlib" / "diagrams"
WIDTH, LINE = 360, 14
Point = tuple[float, float]

# fill, its opacity, and more: what a box is, is seen without colours as well
KINDS = {
    "learned": ("#3b82c4", 0.25, 'stroke-width="2"'),
    "frozen": ("#808890", 0.22, 'stroke-dasharray="5 3"'),
    "fixed": ("none", 0, ""),
    "loss": ("#d9822b", 0.28, 'stroke-width="2"'),
    "data": ("none", 0, 'stroke-opacity="0.35"'),
}


class Drawing:
    """An SVG that grows; (x, y) is a box's upper left corner."""

    def __init__(self, name: str, title: str, description: str, height: int):
        self.name, self.height = name, height
        self.parts = [
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-desc">{escape(" ".join(description.split()))}</desc>',
        ]

    def box(self, kind: str, x, y, width, *lines: str, height: float = 0) -> None:
        """A box with centred lines, the first one bold unless it is data."""
        fill, opacity, more = KINDS[kind]
        height = height or LINE * len(lines) + 10
        corner = 12 if kind == "data" else 4
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{corner}" '
            f'fill="{fill}" fill-opacity="{opacity}" stroke="currentColor" {more}/>'
        )
        top = y + height / 2 - LINE * (len(lines) - 1) / 2 + 4
        for i, line in enumerate(lines):
            bold = i == 0 and kind != "data"
            self.text(x + width / 2, top + LINE * i, line, 10 + (i == 0), "middle", bold)

    def text(self, x, y, line: str, size=10, anchor="start", bold=False) -> None:
        """One line; what stands in _{} is lowered."""
        weight = ' font-weight="bold"' if bold else ""
        words = re.sub(
            r"_\{(.*?)\}([^_]*)",
            r'<tspan dy="3" font-size="10">\1</tspan><tspan dy="-3">\2</tspan>',
            escape(line),
        )
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f"{weight}>{words}</text>"
        )

    def note(self, x, y, *lines: str) -> None:
        for i, line in enumerate(lines):
            self.text(x, y + LINE * i, line)

    def heading(self, y, line: str) -> None:
        self.text(4, y, line, 11, bold=True)

    def arrow(self, *points: Point, dashed: bool = False) -> None:
        """A line through the points, with a head at the last one."""
        (x, y), (x_end, y_end) = points[-2:]
        dx, dy = (x_end > x) - (x_end < x), (y_end > y) - (y_end < y)
        self.line(*points[:-1], (x_end - 5 * dx, y_end - 5 * dy), dashed=dashed)
        back_x, back_y = x_end - 7 * dx, y_end - 7 * dy
        self.parts.append(
            f'<polygon points="{x_end},{y_end} {back_x + 4 * dy},{back_y + 4 * dx} '
            f'{back_x - 4 * dy},{back_y - 4 * dx}" fill="currentColor"/>'
        )

    def line(self, *points: Point, dashed: bool = False) -> None:
        more = ' stroke-dasharray="4 3"' if dashed else ""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="currentColor"{more}/>'
        )

    def legend(self, y, *kinds: str) -> None:
        """What the boxes' looks mean."""
        for i, kind in enumerate(kinds):
            x = 4 + 90 * i
            if kind == "gradient":
                self.arrow((x + 82, y + 18), (x, y + 18), dashed=True)
                self.text(x + 41, y + 11, kind, 10, "middle")
            else:
                self.box(kind, x, y, 82, height=22)
                self.text(x + 41, y + 15, kind, 10, "middle")

    def svg(self) -> str:
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 -1 {WIDTH} {self.height + 1}" role="img" '
            f'aria-labelledby="{self.name}-title" aria-describedby="{self.name}-desc" '
            f'font-family="sans-serif" fill="currentColor">\n{body}\n</svg>\n'
        )


def three_ways() -> Drawing:
    """The paper's Figure 1."""
    d = Drawing(
        "three-ways",
        "Three ways to have a picture's text read elsewhere",
        """Each way has a sender on the left and a receiver on the right. First: the
        picture is sent as it is, and a reader reads it: it reads well, but the picture
        costs many bits. Second: a codec for pixels, with encoder and decoder, then the
        reader: few bits, but at the lowest rates letters are lost with the rest. Third,
        TFIC: the codec has been trained for the reader, whose gradient flowed back into
        decoder and encoder; few bits, and they go to the letters.""",
        526,
    )
    left, right, wide = 8, 222, 130
    d.text(left + wide / 2, 14, "sender", 11, "middle")
    d.text(right + wide / 2, 14, "receiver", 11, "middle")

    def sent(y, bits):
        d.arrow((left + wide, y), (right, y))
        d.text(180, y - 6, bits, 10, "middle")

    d.heading(40, "1  No codec")
    d.box("data", left, 52, wide, "picture")
    sent(64, "many bits")
    d.box("data", right, 52, wide, "the same picture")
    d.arrow((right + 65, 76), (right + 65, 92))
    d.box("frozen", right, 92, wide, "reader", "gives the text")
    d.note(left, 104, "Reads well,", "and costs most.")

    def codec(y, kind, name, *note):
        d.box("data", left, y, wide, "picture")
        d.arrow((left + 65, y + 24), (left + 65, y + 42))
        d.box(kind, left, y + 42, wide, "encoder", name)
        sent(y + 61, "few bits")
        d.box(kind, right, y + 42, wide, "decoder", name)
        d.arrow((right + 65, y + 80), (right + 65, y + 100))
        d.box("frozen", right, y + 100, wide, "reader", "gives the text")
        d.note(left, y + 112, *note)

    d.line((4, 142), (356, 142))
    d.heading(159, "2  A codec for pixels")
    codec(
        168, "fixed", "for pixels", "At the lowest rates letters", "go as all else does."
    )
    d.line((4, 318), (356, 318))
    d.heading(335, "3  TFIC: a codec for the reader")
    codec(
        344,
        "learned",
        "for the reader",
        "The few bits that are left",
        "go to the letters.",
    )
    d.arrow((right + 108, 444), (right + 108, 424), dashed=True)
    d.arrow((right, 415), (left + wide, 415), dashed=True)
    d.legend(500, "fixed", "learned", "frozen", "gradient")
    return d


def tfic() -> Drawing:
    """The paper's Figure 2, with the shapes of the compact codec at 256×512."""
    d = Drawing(
        "tfic",
        "TFIC: a learned codec, and a frozen reader behind it",
        """The picture x, 3×256×512, goes through the encoder to the latents y, 96×16×32.
        From these the hyper-encoder makes the side information z, 64×4×8, which is
        rounded and sent first. From it the prior tells mean and scale of every latent,
        in four stages, each knowing the ones before. With them the rounded latents are
        coded, and decoded to the same values. The decoder makes the picture x̂ of them,
        3×256×512. Clamped, and made grey and small, 1×64×128, it goes to the recognizer,
        whose weights are frozen: 31 columns of scores for 97 classes. Three losses:
        the rate, estimated bits of y and z; the distortion between x̂ and x; the
        recognizer's loss against the true word. Stage 1 leaves out the reader, stage 2
        the distortion.""",
        644,
    )
    left, right, wide = 18, 208, 146
    a, b = left + wide / 2, right + wide / 2
    d.box("data", left, 0, wide, "picture x", "3 × 256 × 512")
    d.arrow((a, 38), (a, 52))
    d.box("learned", left, 52, wide, "encoder", "convolutions, attention")
    d.arrow((a, 90), (a, 106))
    d.box("data", left, 106, wide, "latents y", "96 × 16 × 32")
    d.arrow((left + wide, 125), (right, 125))
    d.box("learned", right, 106, wide, "hyper-encoder", height=38)
    d.arrow((b, 144), (b, 160))
    d.box("data", right, 160, wide, "side information z", "64 × 4 × 8")
    d.arrow((b, 198), (b, 212))
    d.box("fixed", right, 212, wide, "round and code z")
    d.arrow((b, 236), (b, 252))
    prior = ("mean and scale of y", "in four stages, each", "knows those before")
    d.box("learned", right, 252, wide, "prior", *prior)
    d.arrow((a, 144), (a, 252))
    d.box("fixed", left, 252, wide, "round and code y", "bits of y", height=66)
    d.arrow((right, 274), (left + wide, 274))
    d.arrow((left + wide, 300), (right, 300))
    d.arrow((a, 318), (a, 334))
    d.box("data", left, 334, wide, "rounded latents ŷ", "96 × 16 × 32")
    d.arrow((a, 372), (a, 386))
    d.box("learned", left, 386, wide, "decoder", "attention, convolutions")
    d.arrow((a, 424), (a, 440))
    d.box("data", left, 440, wide, "picture x̂", "3 × 256 × 512")
    d.arrow((a, 478), (a, 492))
    d.box("fixed", left, 492, wide, "clamp to 0 … 1", "grey, 1 × 64 × 128")
    d.arrow((a, 530), (a, 546))
    d.box("frozen", left, 546, wide, "recognizer", "31 columns × 97 scores")

    d.arrow((b, 318), (b, 342))
    d.box("loss", right, 342, wide, "L_{rate}", "bits per pixel of y, z")
    d.arrow((left + wide, 459), (right, 459))
    d.box("loss", right, 440, wide, "L_{dist}", "squared error to x")
    d.arrow((left + wide, 565), (right, 565))
    d.box("loss", right, 546, wide, "L_{OCR}", "against the true word")
    d.line((left, 565), (6, 565), (6, 405), dashed=True)
    d.arrow((6, 405), (left, 405), dashed=True)
    d.line((6, 405), (6, 71), dashed=True)
    d.arrow((6, 71), (left, 71), dashed=True)
    d.text(90, 604, "stage 1: L_{rate} + λ · L_{dist}", 11, "middle", True)
    d.text(270, 604, "stage 2: L_{rate} + γ · L_{OCR}", 11, "middle", True)
    d.legend(618, "learned", "frozen", "loss", "gradient")
    return d


def two_pipelines() -> Drawing:
    """The paper's Figure 6."""
    d = Drawing(
        "two-pipelines",
        "Two ways to read a ruined page",
        """A patch of a page of print, 64×256 pixels, goes through JPEG at quality 1. On
        the left, chapter 8: the network D1 repairs the patch, then the page reader,
        which is the detector CRAFT and a recognizer, reads it. On the right, chapter 9:
        after D1, CRAFT finds the words, and a second network D2, which has learned from
        a recognizer, repairs these once more; they are put back, and the same page
        reader reads the patch.""",
        512,
    )
    left, right, wide = 8, 206, 146
    a, b = left + wide / 2, right + wide / 2
    d.box("data", 107, 0, wide, "patch of a page", "1 × 64 × 256")
    d.arrow((180, 38), (180, 50))
    d.box("fixed", 107, 50, wide, "JPEG, quality 1")
    d.arrow((180, 74), (180, 88))
    d.box("data", 107, 88, wide, "ruined patch x", "1 × 64 × 256")
    d.arrow((107, 107), (a, 107), (a, 156))
    d.arrow((253, 107), (b, 107), (b, 156))
    for middle, name in ((a - 28, "chapter 8"), (b + 28, "chapter 9")):
        d.text(middle, 98, name, 11, "middle", True)
    for x, middle in ((left, a), (right, b)):
        d.box("learned", x, 156, wide, "D1", "DnCNN, from pixels")
        d.arrow((middle, 194), (middle, 210))
        d.box("data", x, 210, wide, "repaired patch", "1 × 64 × 256")
    d.arrow((b, 248), (b, 262))
    d.box("frozen", right, 262, wide, "CRAFT", "where the words are")
    d.arrow((b, 300), (b, 316))
    d.box("learned", right, 316, wide, "D2, on the words", "from a recognizer's loss")
    d.arrow((b, 354), (b, 370))
    d.box("data", right, 370, wide, "guided patch", "1 × 64 × 256")
    d.arrow((a, 248), (a, 422))
    d.arrow((b, 408), (b, 422))
    d.box("frozen", left, 422, 344, "page reader: CRAFT, then a recognizer")
    for middle in (a, b):
        d.arrow((middle, 446), (middle, 460))
        d.text(middle, 472, "text", 11, "middle", True)
    d.legend(486, "fixed", "learned", "frozen")
    return d


def dncnn() -> Drawing:
    """The paper's Figure 7."""
    d = Drawing(
        "dncnn",
        "DnCNN: seventeen convolutions that predict the damage",
        """The ruined patch x, 1×64×256, goes through a convolution with 64 filters and a
        rectifier; then fifteen times through a convolution, batch normalization and a
        rectifier, 64×64×256 all the way; then through a convolution back to one channel,
        the predicted damage. It is taken off x, which has gone past the chain unchanged:
        the result is the repaired patch. All convolutions are 3×3. A pixel sees 3×3
        pixels after the first, 33×33 after the sixteenth, 35×35 after the last.""",
        446,
    )
    x, wide = 70, 170
    a = x + wide / 2
    d.box("data", x, 0, wide, "ruined patch x", "1 × 64 × 256")
    d.arrow((a, 38), (a, 52))
    d.box("learned", x, 52, wide, "convolution 1 → 64", "ReLU")
    d.arrow((a, 90), (a, 116))
    d.text(a + 8, 106, "64 × 64 × 256")
    d.box("learned", x, 116, wide, "convolution 64 → 64", "batch normalization", "ReLU")
    d.line((x - 5, 116), (x - 11, 116), (x - 11, 168), (x - 5, 168))
    d.text(x - 16, 146, "15 ×", 11, "end", True)
    d.arrow((a, 168), (a, 202))
    d.text(a + 8, 188, "64 × 64 × 256")
    d.box("learned", x, 202, wide, "convolution 64 → 1")
    d.arrow((a, 226), (a, 242))
    d.box("data", x, 242, wide, "predicted damage r̂", "1 × 64 × 256")
    d.arrow((a, 280), (a, 294))
    d.box("fixed", x, 294, wide, "x − r̂")
    d.arrow((a, 318), (a, 334))
    d.box("data", x, 334, wide, "repaired patch x̂", "1 × 64 × 256")
    d.arrow((x, 19), (16, 19), (16, 306), (x, 306))
    d.note(262, 64, "a pixel sees", "3 × 3")
    d.note(262, 146, "33 × 33")
    d.note(262, 218, "35 × 35")
    d.text(a, 394, "17 convolutions, all 3 × 3", 11, "middle", True)
    d.legend(412, "learned", "fixed")
    return d


def guided() -> Drawing:
    """The paper's Figure 8."""
    d = Drawing(
        "guided",
        "How a second network learns from a recognizer",
        """The ruined patch, 1×64×256, goes through D1, frozen. In its result the detector
        CRAFT, frozen as well, finds boxes round the words. D2, the one network that
        learns, sees D1's whole result; what it changes counts in the boxes alone. From
        the blended patch the words are cut out, each 1×64×W as the recognizer takes
        it. The frozen recognizer gives W/4 − 1 columns of 97 scores. Its loss compares
        them with the true word that the box overlaps most. The gradient goes back
        through the recognizer and the words to D2.""",
        548,
    )
    left, right, wide = 18, 208, 146
    a, b = left + wide / 2, right + wide / 2
    d.box("data", left, 0, wide, "ruined patch x", "1 × 64 × 256")
    d.arrow((a, 38), (a, 52))
    d.box("frozen", left, 52, wide, "D1", "chapter 8's network")
    d.arrow((a, 90), (a, 106))
    d.box("data", left, 106, wide, "repaired patch", "1 × 64 × 256")
    d.arrow((left + wide, 125), (right, 125))
    d.box("frozen", right, 106, wide, "CRAFT", "two maps, 64 × 256")
    d.arrow((b, 144), (b, 160))
    d.box("data", right, 160, wide, "boxes of the words")
    d.arrow((a, 144), (a, 168))
    d.box("learned", left, 168, wide, "D2", "begins as D1")
    d.arrow((a, 206), (a, 232))
    d.arrow((b, 184), (b, 251), (left + wide, 251))
    d.box("fixed", left, 232, wide, "blend in the boxes", "fades over 3 pixels")
    d.arrow((a, 270), (a, 286))
    d.box("data", left, 286, wide, "guided patch", "1 × 64 × 256")
    d.arrow((a, 324), (a, 338))
    d.box("fixed", left, 338, wide, "cut out the words", "each 1 × 64 × W")
    d.arrow((a, 376), (a, 392))
    d.box("frozen", left, 392, wide, "recognizer", "a column: 97 scores")
    d.arrow((a, 430), (a, 456))
    d.box("loss", left, 456, wide, "L_{OCR}", "how unlike the truth")
    d.box("data", right, 392, wide, "true words G", "matched with the boxes")
    d.arrow((b, 430), (b, 475), (left + wide, 475))
    d.line((b, 251), (b, 392), dashed=False)
    d.line((left, 475), (6, 475), (6, 187), dashed=True)
    d.arrow((6, 187), (left, 187), dashed=True)
    d.legend(514, "learned", "frozen", "loss", "gradient")
    return d


DIAGRAMS = (three_ways, tfic, two_pipelines, dncnn, guided)


def main() -> None:
    for draw in DIAGRAMS:
        drawing = draw()
        (FOLDER / f"{drawing.name}.svg").write_text(drawing.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
