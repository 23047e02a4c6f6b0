"""How like two pictures are."""

import numpy as np
from skimage.metrics import structural_similarity


def fidelity(clean: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """PSNR and PSNR-B in dB, and SSIM, of H×W uint8 pictures."""
    return {
        "psnr": psnr(clean, other),
        "psnr_b": psnr_b(clean, other),
        "ssim": float(structural_similarity(clean, other)),
    }


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two uint8 pictures."""
    error = np.square(one.astype(float) - other.astype(float)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-4)))


def psnr_b(clean: np.ndarray, other: np.ndarray) -> float:
    """PSNR with the blocking that `other` has between 8×8 blocks counted as error
    (Yim and Bovik, IEEE TIP 20(1), 2011, equations 4 to 11), in dB."""
    shown = other.astype(np.float64)
    error = np.square(clean - shown).mean() + _blocking(shown)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def _blocking(image: np.ndarray) -> float:
    """By how much steps across blocks' edges exceed those inside blocks."""
    edge, inside = [], []
    for picture in (image, image.T):
        steps = np.square(np.diff(picture, axis=1))
        across = np.arange(steps.shape[1]) % 8 == 7
        edge.append(steps[:, across].ravel())
        inside.append(steps[:, ~across].ravel())
    edge, inside = np.concatenate(edge).mean(), np.concatenate(inside).mean()
    share = 3 / np.log2(min(image.shape))  # log of the block's side over the picture's
    return share * (edge - inside) if edge > inside else 0.0
