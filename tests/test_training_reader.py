"""The four-stage reader's training."""

import numpy as np
import pytest
import torch

from semlib.data.quick_words import draw_word
from semlib.data.words import dictionary, is_test_word
from semlib.training import ReaderRecipe, load_checkpoint, preset, train


@pytest.fixture(scope="module")
def recipe():
    return ReaderRecipe(preset("reader", "smoke"))


def test_training_words_are_never_tests(recipe):
    assert not set(dictionary("train")) & set(dictionary("test"))
    texts = [draw_word(np.random.default_rng(seed))[1] for seed in range(100)]
    texts += [text for _, text in recipe._words]
    assert not any(is_test_word(text) for text in texts)


def test_shares_of_a_batch_are_the_batch(recipe):
    x, target = recipe.batch(3, 0, 1)
    assert x.shape == (4, 1, 32, 100) and x.abs().max() <= 1
    for rank in range(2):
        share, own = recipe.batch(3, rank, 2)
        assert torch.equal(share, x[rank::2])
        assert torch.equal(own, target[rank::2, : own.shape[1]])


def test_a_killed_run_ends_where_a_whole_one_does(recipe, tmp_path, monkeypatch):
    train(recipe, tmp_path / "whole", devices=1, accelerator="cpu")
    draw = recipe.batch

    def die(step, rank, ranks):
        if step == 5:
            raise KeyboardInterrupt
        return draw(step, rank, ranks)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recipe, "batch", die)
        train(recipe, tmp_path / "killed", devices=1, accelerator="cpu")
    train(recipe, tmp_path / "killed", devices=1, accelerator="cpu", resume=True)
    whole, killed = (
        load_checkpoint(tmp_path / name / "checkpoint.pt")["model"]
        for name in ("whole", "killed")
    )
    assert all(torch.equal(value, killed[key]) for key, value in whole.items())
