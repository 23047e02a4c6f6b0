"""The readers' weights, their comparison and their ablation, through the commands."""

import json
import sys

import pytest
import torch

from semlib import cli, zoo
from semlib.data import TextImage, make_text_image
from semlib.experiments import recognition, recognizer_ablation, recognizers
from semlib.images import InputError, to_tensor
from semlib.ocr import TRBAReader
from semlib.training import CodecRecipe, ReaderRecipe, export, preset, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A zoo with a reader and a codec, trained for six steps each."""
    place = tmp_path_factory.mktemp("zoo")
    for recipe, make, name in (
        ("reader", ReaderRecipe, "trba"),
        ("codec", CodecRecipe, "tinylic"),
    ):
        train(make(preset(recipe, "smoke")), place / recipe, devices=1)
        export(recipe, place / recipe / "checkpoint.pt", name, place)
    return place


@pytest.fixture(scope="module")
def images():
    return [make_text_image(index, "test") for index in range(2)]


def test_a_reader_is_loaded_as_it_was_exported(folder, images):
    reader, weights = zoo.load_reader("trba", folder)
    assert weights == zoo.card("trba", folder)["sha256"]
    trained = ReaderRecipe(preset("reader", "smoke")).model()
    state = torch.load(folder / "reader" / "checkpoint.pt", weights_only=True)["model"]
    trained.load_state_dict(state)
    own = TRBAReader(trained.network)
    pictures = [to_tensor(image.image) for image in images]
    texts = [image.text for image in images]
    assert torch.allclose(
        reader.loss(pictures, texts), own.loss(pictures, texts), rtol=1e-3
    )
    assert not any(
        p.requires_grad or p.dtype != torch.float32 for p in reader.parameters()
    )


def test_a_codec_is_no_reader_and_a_reader_no_codec(folder):
    with pytest.raises(InputError, match="recipe reader"):
        zoo.load("trba", folder)
    with pytest.raises(InputError, match="recipe codec"):
        zoo.load_reader("tinylic", folder)
    with pytest.raises(InputError, match="scene-tfic, reader, dncnn"):
        export("painter", folder / "reader" / "checkpoint.pt", "x", folder)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command: exit status, output, errors."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return command


@pytest.fixture
def two_images(images, monkeypatch):
    """Test sets of two images that need no cache."""
    for experiment in (recognizers, recognizer_ablation):
        monkeypatch.setattr(experiment, "TextImages", lambda split, count: images)


def test_the_comparison(run, folder, two_images, monkeypatch):
    load = zoo.load_reader
    monkeypatch.setattr(zoo, "load_reader", lambda name: load(name, folder))
    monkeypatch.setattr(recognizers, "REPEATS", 1)
    monkeypatch.setattr(recognizers, "ROWS", 8)
    status, out, _ = run("evaluate", "recognizers", "--subset", 2, "--pages", 1)
    result = json.loads(out)
    assert status == 0 and list(result["readers"]) == ["english_g2", "TRBA", "PP-OCRv6"]
    for row in result["readers"].values():
        assert row["parameters"] > 1000 and min(row["milliseconds"].values()) > 0
        assert row["hard"]["images"] == 2
        low, high = row["hard"]["exact"][1:]
        assert 0 <= low <= row["hard"]["exact"][0] <= high <= 1
    assert 3.7e6 < result["readers"]["english_g2"]["parameters"] < 3.9e6
    assert result["easyocr"]["same"] == 1
    page = result["page"]
    assert page["lines"] == 16
    assert page["PageReader"]["accuracy"][0] > 0.9 < page["readtext"]["accuracy"][0]
    assert {"command", "commit", "test_set_sha256"} <= result.keys()
    assert run("evaluate", "recognizers", "--pages", 0)[0] == 2


def test_a_new_reader_is_one_line(two_images, monkeypatch):
    """One class and one registration, and it is measured like the others."""

    class Blind:
        def read(self, images):
            return [""] * len(images)

    monkeypatch.setattr(zoo, "READERS", {"blind": Blind})
    monkeypatch.setattr(recognizers, "_parameters", lambda reader: 0)
    monkeypatch.setattr(recognizers, "_agreement", lambda *_: {})
    monkeypatch.setattr(recognizers, "_end_to_end", lambda *_: {})
    monkeypatch.setattr(recognizers, "EasyOCRReader", lambda: None)
    monkeypatch.setattr(recognizers, "_easyocr", lambda: None)
    rows = recognizers.run(2, 1)["readers"]
    assert list(rows) == ["blind"] and rows["blind"]["hard"]["accuracy"][0] == 0
    assert zoo.reader("blind").read([None]) == [""]
    with pytest.raises(InputError, match="reader must be one of blind, not deaf"):
        zoo.reader("deaf")


def test_a_score_is_by_background():
    class Echo:
        def read(self, images):
            return ["Right"] * len(images)

    picture = make_text_image(0, "test").image
    test = [
        TextImage(picture, text, "", kind)
        for text, kind in (("right", "plain"), ("RIGHT", "plain"), ("night", "noise"))
    ]
    rows = recognition.score_sets("echo", Echo(), test, test[2:])
    assert rows["plain"]["exact"] == [1, 0.3424, 1] and rows["plain"]["images"] == 2
    assert rows["noise"]["exact"] == rows["hard"]["exact"] == [0, 0, 0.7935]
    assert rows["noise"]["accuracy"][0] == 0.8  # four of five letters


def test_a_page_of_64_lines():
    image, text = recognizers._page(1)
    assert len(text.splitlines()) == 64 and image.shape == (536, 576)


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
