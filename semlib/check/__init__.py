"""The chapters' exercises, and what answers them.

A file a chapter. Who is asked writes something in the place of `todo` and gives it to
the exercise, which says one of three things: that nothing was tried yet; that it is not
right, and what seems to have happened; that it is right, and why that matters.
"""

from .answers import Exercise, Outcome, exercise
from .placeholder import todo

__all__ = ["Exercise", "Outcome", "exercise", "todo"]
