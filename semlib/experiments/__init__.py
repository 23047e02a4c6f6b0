"""The questions that the chapters report on, a module each; see `registry`."""

from .registry import EXPERIMENTS, Experiment
from .results import load

__all__ = ["EXPERIMENTS", "Experiment", "load"]
