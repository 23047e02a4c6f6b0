"""One small training loop, the recipes that go through it, and their presets."""

from .codec import CodecRecipe
from .loop import load_checkpoint, preset, train

__all__ = ["CodecRecipe", "load_checkpoint", "preset", "train"]
