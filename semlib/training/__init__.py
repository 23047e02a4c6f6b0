"""One small training loop, the recipes that go through it, and their presets."""

from .alone import train_preset
from .blind import BlindRecipe
from .bundle import bundle
from .codec import CodecRecipe, HyperpriorRecipe
from .dncnn import DnCNNRecipe
from .export import RECIPES, export, trained_part
from .guided import GuidedRecipe
from .listening import ListeningRecipe
from .loop import load_checkpoint, preset, presets, train
from .reader import ReaderRecipe
from .unet import UNetRecipe
from .tfic import TFICRecipe

__all__ = [
    "BlindRecipe",
    "CodecRecipe",
    "DnCNNRecipe",
    "GuidedRecipe",
    "HyperpriorRecipe",
    "ListeningRecipe",
    "RECIPES",
    "ReaderRecipe",
    "TFICRecipe",
    "UNetRecipe",
    "bundle",
    "export",
    "load_checkpoint",
    "preset",
    "presets",
    "train",
    "train_preset",
    "trained_part",
]
