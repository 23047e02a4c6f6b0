"""One small training loop, the recipes that go through it, and their presets."""

from .codec import CodecRecipe, HyperpriorRecipe
from .loop import load_checkpoint, preset, train
from .tfic import TFICRecipe

__all__ = ["CodecRecipe", "HyperpriorRecipe", "TFICRecipe", "load_checkpoint",
           "preset", "train"]
