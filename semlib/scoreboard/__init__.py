"""Every claim of the paper on one board, judged by a rule from `results/` alone."""

from .claims import CLAIMS, NOT_ASKED
from .rule import VERDICTS, Claim, Trial, asked, conditions, scale, verdict, written

__all__ = [
    "CLAIMS",
    "NOT_ASKED",
    "VERDICTS",
    "Claim",
    "Trial",
    "asked",
    "conditions",
    "scale",
    "verdict",
    "written",
]
