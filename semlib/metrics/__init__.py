"""What is measured: of texts, pictures and bits."""

from .corrections import changes, false_friends
from .image import fidelity, psnr, psnr_b
from .interval import gains, grouped_interval, mean_interval, numbers, spread, summary
from .rate import bd_rate, bits_for, bits_per_pixel, frontier, text_bits
from .text import (
    accuracy,
    exact_words,
    real_word_errors,
    word_outcomes,
    kept_letters,
    known_words,
    normalize,
    read_as,
)

__all__ = [
    "accuracy",
    "bd_rate",
    "bits_for",
    "bits_per_pixel",
    "changes",
    "exact_words",
    "false_friends",
    "real_word_errors",
    "word_outcomes",
    "fidelity",
    "frontier",
    "gains",
    "grouped_interval",
    "kept_letters",
    "known_words",
    "mean_interval",
    "normalize",
    "numbers",
    "psnr",
    "psnr_b",
    "read_as",
    "spread",
    "summary",
    "text_bits",
]
