"""The readers' stages compared, through the command."""

import json

import pytest

from semlib.experiments import recognizer_ablation
from semlib.training import ReaderRecipe

pytestmark = pytest.mark.slow


def test_the_ablation_goes_on_where_it_stopped(run, two_images, tmp_path, monkeypatch):
    monkeypatch.setattr(
        recognizer_ablation, "STAGES", ("None-VGG-BiLSTM-CTC", "TPS-ResNet-BiLSTM-Attn")
    )
    command = (
        "evaluate",
        "recognizer-ablation",
        "--steps",
        2,
        "--seeds",
        2,
        "--subset",
        2,
        "--preset",
        "smoke",
        "--folder",
        tmp_path / "runs",
    )
    (tmp_path / "runs").mkdir()
    first = json.loads(run(*command)[1])
    assert len(list((tmp_path / "runs").iterdir())) == 4
    drawn = []
    monkeypatch.setattr(ReaderRecipe, "batch", lambda *_: drawn.append(1))
    again = json.loads(run(*command)[1])
    assert not drawn and again["stages"] == first["stages"]
    for row in first["stages"].values():
        assert len(row["hard"]["exact"]["seeds"]) == 2 and row["parameters"] > 1000
    assert run("evaluate", "recognizer-ablation", "--seeds", 0)[0] == 2


def test_every_choice_of_stages_is_compared():
    assert len(set(recognizer_ablation.STAGES)) == 8
    assert recognizer_ablation.STAGES[0] == "None-VGG-BiLSTM-CTC"
    assert recognizer_ablation.STAGES[-1] == "TPS-ResNet-BiLSTM-Attn"
