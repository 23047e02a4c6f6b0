"""What the shipped models are for, said without loading any of them."""

CODECS = {
    "tinylic": "the paper's codec, true to the picture",
    "hyperprior": "a smaller and older codec, true to the picture",
    "tfic": "keeps the text that EasyOCR reads, and lets the rest go",
    "tfic-trba": "the same, for chapter 4's reader",
    "tfic-both": "the same, for both readers",
    "tfic-further": "the same, trained further, to fewer bits",
    "scenes": "tinylic, for words in any ink on any ground",
    "scenes-tfic": "keeps such words, and lets the rest go",
}
RESTORERS = {
    "unet": "print as small as chapter 7's, at JPEG quality 1",
    "blind": "print of 5 to 12 pixels, at JPEG qualities from 1 to 30",
    "dncnn": "the paper's network, for lines at one height of JPEG's grid",
    "dncnn-second": "dncnn and a second network after it, which learned from pixels",
    "dncnn-book": "the paper's network, for pages as printers make them",
    "dncnn-book-second": "dncnn-book and a second network after it",
    "guided": "dncnn, and then the words again, with a recognizer's loss",
    "guided-book": "dncnn-book, and then the words again, with a recognizer's loss",
    "guided-book-none": "guided-book's control, which learned from pixels alone",
}


def listed(title: str, models: dict[str, str]) -> str:
    """Names and uses for a command's help, a paragraph each."""
    return "\n\n".join([title, *(f"{name}: {about}" for name, about in models.items())])
