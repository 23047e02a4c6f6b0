"""Metrics, and the experiments that the chapters report."""

from .metrics import (accuracy, bits_per_pixel, exact_words, mean_interval,
                      normalize)

__all__ = ["accuracy", "bits_per_pixel", "exact_words", "mean_interval", "normalize"]
