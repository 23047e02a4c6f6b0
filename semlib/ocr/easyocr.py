"""EasyOCR's recognizer english_g2: a CRNN with CTC, frozen and differentiable."""

import math
from collections.abc import Sequence
from operator import eq

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from .weights import load_weights

HEIGHT = 64  # of every picture that the network sees
LONGEST = 100  # times its height: a thin rule is no text, and would take gigabytes
GREY = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
UNSURE = 0.1  # below this confidence EasyOCR looks again, with more contrast,
PALE = 0.5  # where this contrast is not reached


def at_least_single(scores: Tensor) -> Tensor:
    """Scores as a loss needs them: half precision raised, double left as it is."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


class EasyOCRReader(nn.Module):
    """Reads pictures of one word or one line. Implements `semlib.ocr.Reader`.

    The preprocessing is EasyOCR's own, written in torch: grey, resized to a
    height of 64 with bilinear interpolation (EasyOCR passes Pillow's constant
    for Lanczos to OpenCV, where the same number means bilinear), padded to a
    multiple of 64 columns by repeating the last column, scaled to [-1, 1].

    Args:
        temperature: what the loss divides the scores by; reading does not. Above 1
            the reader is less sure of itself. One that is too sure, and wrong, is
            cheapest to please with words that it doubts.
    """

    def __init__(self, temperature: float = 1.0):
        super().__init__()
        from easyocr.config import recognition_models
        from easyocr.model.vgg_model import Model

        self.temperature = temperature
        self.alphabet = recognition_models["gen2"]["english_g2"]["characters"]
        network = Model(
            input_channel=1,
            output_channel=256,
            hidden_size=256,
            num_class=len(self.alphabet) + 1,
        )
        self.network = load_weights(network, "english_g2.pth")
        # nothing in it but LSTMs, and on a GPU only so can gradients pass them
        network.SequenceModeling.train()
        self.network.to(memory_format=torch.channels_last)  # a third faster on a CPU

    def train(self, mode: bool = True) -> "EasyOCRReader":
        return self  # frozen: what it reads in training it reads in scoring

    def prepare(self, image: Tensor) -> Tensor:
        """One picture, C×H×W in [0, 1], as the network's input, 1×64×W' in [-1, 1]."""
        grey = (image * GREY.to(image)).sum(0) if len(image) == 3 else image[0]
        size, columns = _fitted(*grey.shape)
        grey = F.interpolate(grey[None, None], size, mode="bilinear")
        if size[0] != HEIGHT:
            grey = F.interpolate(
                grey,
                (HEIGHT, -(-HEIGHT * HEIGHT // size[0])),
                mode="bicubic",
                antialias=True,
            ).clamp(0, 1)
        padding = columns - grey.shape[-1]
        return F.pad(grey[0], (0, padding), mode="replicate") * 2 - 1

    def logits(self, x: Tensor) -> Tensor:
        """Scores of the blank and every letter for each column, N×T×97."""
        return self.network(x, None)

    def read(self, images: Sequence[Tensor], batch: int = 64) -> list[str]:
        """The text in each picture (C×H×W in [0, 1], any sizes)."""
        return [text for text, _ in self.read_with_confidence(images, batch)]

    @torch.no_grad()
    def read_with_confidence(
        self, images: Sequence[Tensor], batch: int = 64
    ) -> list[tuple[str, float]]:
        """The text and EasyOCR's confidence in [0, 1] for each picture.

        What is read with less than 0.1 is read again with its contrast
        stretched, and the surer reading counts, as EasyOCR does. The resizing
        is OpenCV's own on whole levels, which `prepare` follows to a level or two.
        """
        small = [_resize(image) for image in images]
        found = self._read_prepared([_pad(*one) for one in small], batch)
        unsure = [
            i
            for i, (_, sure) in enumerate(found)
            if sure < UNSURE and _contrast(small[i][0]) < PALE
        ]
        again = [(_stretch(small[i][0]), small[i][1]) for i in unsure]
        again = self._read_prepared([_pad(*one) for one in again], batch)
        for i, second in zip(unsure, again):
            found[i] = max(found[i], second, key=lambda pair: pair[1])
        return found

    def _read_prepared(self, prepared: list[Tensor], batch: int):
        found: list[tuple[str, float]] = [("", 0.0)] * len(prepared)
        by_width = sorted(range(len(prepared)), key=lambda i: prepared[i].shape[-1])
        while by_width:
            width = prepared[by_width[0]].shape[-1]
            group = [i for i in by_width[:batch] if prepared[i].shape[-1] == width]
            by_width = by_width[len(group) :]
            x = torch.stack([prepared[i] for i in group])
            scores = self.logits(x.to(next(self.parameters())))
            for i, probability in zip(group, scores.softmax(-1)):
                found[i] = self._collapse(probability)
        return found

    def _collapse(self, probability: Tensor) -> tuple[str, float]:
        """CTC's greedy reading of T×97 probabilities, and the confidence in it."""
        best, index = probability.max(-1)
        sure = best[index != 0].double()
        if not len(sure):
            return "", 0.0
        kept = torch.unique_consecutive(index)
        text = "".join(self.alphabet[i - 1] for i in kept.tolist() if i)
        return text, float(sure.prod() ** (2 / len(sure) ** 0.5))

    def loss(self, images: Tensor | Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """CTC loss, in nats a character, averaged over the pictures."""
        return self.losses(images, texts).mean()

    def losses(self, images: Tensor | Sequence[Tensor], texts: Sequence[str]) -> Tensor:
        """CTC loss of each picture, N, in nats a character; infinite for a text that is
        too long for its picture.

        Args:
            images: pictures C×H×W in [0, 1]; gradients reach them.
            texts: what they should read; letters outside the alphabet are left out.
        """
        prepared = [self.prepare(image) for image in images]
        losses: list = [None] * len(prepared)
        for width in sorted({x.shape[-1] for x in prepared}):  # as when it reads
            group = [i for i, x in enumerate(prepared) if x.shape[-1] == width]
            found = self._ctc(
                torch.stack([prepared[i] for i in group]), [texts[i] for i in group]
            )
            for i, loss in zip(group, found):
                losses[i] = loss
        return torch.stack(losses)

    def _ctc(self, x: Tensor, texts: Sequence[str]) -> Tensor:
        """CTC loss of prepared pictures of one width, in nats a character."""
        scores = at_least_single(self.logits(x) / self.temperature).log_softmax(-1)
        labels = [
            [self.alphabet.index(c) + 1 for c in text if c in self.alphabet]
            for text in texts
        ]
        lengths = torch.tensor([len(label) for label in labels])
        steps = torch.full((len(labels),), scores.shape[1])
        flat = torch.tensor([i for label in labels for i in label], device=x.device)
        nats = F.ctc_loss(
            scores.transpose(0, 1),
            flat,
            steps,
            lengths,
            reduction="none",
            zero_infinity=True,
        )
        return cannot_say(nats, labels, scores.shape[1]) / lengths.clamp(min=1).to(nats)


def cannot_say(nats: Tensor, labels: Sequence[Sequence[int]], steps: int) -> Tensor:
    """CTC losses, N, of labels; infinite where they take more steps than there are: one
    for each letter, and one between two that are the same. No gradient comes from
    there."""
    needed = torch.tensor(
        [len(label) + sum(map(eq, label, label[1:])) for label in labels]
    )
    return torch.where(needed.to(nats.device) > steps, torch.inf, nats)


def _resize(image: Tensor) -> tuple[np.ndarray, int]:
    """Grey pixels as EasyOCR cuts them out, uint8, and the network's columns."""
    levels = (image.detach().clamp(0, 1) * 255).round().byte()
    shown = levels.permute(1, 2, 0).contiguous().cpu().numpy()
    pixels = cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY) if len(image) == 3 else shown[..., 0]
    (height, width), columns = _fitted(*pixels.shape)
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return small, columns


def _fitted(height: int, width: int) -> tuple[tuple[int, int], int]:
    """The height and width that a picture is brought to first, and the network's
    columns. EasyOCR turns the ratio round for a narrow picture."""
    ratio = min(max(width / height, height / width), LONGEST)
    long = int(HEIGHT * ratio)
    size = (long, HEIGHT) if width < height else (HEIGHT, long)
    return size, HEIGHT * math.ceil(ratio)


def _pad(pixels: np.ndarray, columns: int) -> Tensor:
    """EasyOCR's ``AlignCollate``: 64 high, padded on the right, in [-1, 1]."""
    height, width = pixels.shape
    if height != HEIGHT:
        size = math.ceil(HEIGHT * width / height), HEIGHT
        pixels = np.asarray(
            Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
        )
    x = torch.from_numpy(pixels.copy())[None].float() / 255
    return F.pad(x, (0, columns - x.shape[-1]), mode="replicate") * 2 - 1


def _contrast(pixels: np.ndarray) -> float:
    """EasyOCR's ``contrast_grey``: 0 where all pixels are alike, at most 1."""
    low, high = np.percentile(pixels, [10, 90])
    return (high - low) / max(10, high + low)


def _stretch(pixels: np.ndarray) -> np.ndarray:
    """What EasyOCR's ``adjust_contrast_grey`` makes of a pale picture."""
    low, high = np.percentile(pixels, [10, 90])
    stretched = (pixels.astype(int) - low + 25) * (200 / max(10, high - low))
    return stretched.clip(0, 255).astype(np.uint8)
