"""Weights with their card, the codec's commands, and its experiment."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from semlib import cli, codec, metrics, zoo
from semlib.codec.tinylic import TinyLIC
from semlib.data import make_text_image
from semlib.experiments import coding_speed
from semlib.experiments import rate_distortion as experiment
from semlib.images import InputError, to_tensor
from semlib.training import CodecRecipe, export, preset, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A zoo with one model, trained for six steps."""
    place = tmp_path_factory.mktemp("zoo")
    train(CodecRecipe(preset("codec", "smoke")), place / "run", devices=1)
    export("codec", place / "run" / "checkpoint.pt", "tinylic", place)
    return place


def test_what_is_loaded_codes_as_what_was_exported(folder):
    model, weights = zoo.load("tinylic", folder)
    card = zoo.card("tinylic", folder)
    assert card["sha256"] == weights and card["steps"] == 6
    x = to_tensor(make_text_image(0, "test").image)[None]
    data = codec.compress(model, weights, x, 2.5)
    assert codec.decompress(model, weights, data).shape == x.shape
    fresh = TinyLIC("smoke")
    fresh.load_state_dict(
        {
            key: value
            for key, value in model.state_dict().items()
            if "cdf" not in key and "offset" not in key
        },
        strict=False,
    )
    fresh.update()
    assert codec.compress(fresh.eval(), weights, x, 2.5) == data


def test_changed_weights_are_refused(folder, tmp_path):
    for name in ("tinylic.json", "tinylic.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    file = tmp_path / "tinylic.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="card"):
        zoo.load("tinylic", tmp_path)
    for name in ("other", "", f"../{tmp_path.name}/tinylic"):
        with pytest.raises(InputError, match="there are: tinylic"):
            zoo.load(name, tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="no such file"):
        zoo.load("tinylic", tmp_path)
    with pytest.raises(InputError, match="no such file"):
        export("codec", tmp_path / "none.pt", "x", tmp_path)
    with pytest.raises(InputError, match="recipe must be"):
        export("other", tmp_path / "none.pt", "x", tmp_path)


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run a command against the small zoo: exit status, output, errors."""
    load, find = zoo.load, zoo.find
    monkeypatch.setattr(zoo, "load", lambda name: load(name, folder))
    monkeypatch.setattr(zoo, "find", lambda weights: find(weights, folder))

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["semlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return command


def test_commands_there_and_back(run, tmp_path):
    picture, packed, back = (tmp_path / name for name in ("a.png", "a.sem", "b.png"))
    Image.fromarray(make_text_image(1, "test").image[:100, :90]).save(picture)
    status, out, _ = run("compress", picture, packed, "--rate", "1.5")
    assert status == 0 and "90 × 100 pixels" in out and "bits per pixel" in out
    status, out, _ = run("info", packed)
    assert status == 0 and "rate 1.5" in out and "90 × 100" in out
    assert run("decompress", packed, back)[0] == 0
    assert Image.open(back).size == (90, 100)


def test_commands_say_what_is_wrong_in_one_line(run, tmp_path):
    picture, packed = tmp_path / "a.png", tmp_path / "a.sem"
    Image.new("RGB", (40, 30), "white").save(picture)
    assert run("compress", picture, packed)[0] == 0
    damaged, text = tmp_path / "d.sem", tmp_path / "t.sem"
    damaged.write_bytes(packed.read_bytes()[:-3])
    text.write_text("no picture")
    for arguments, said in [
        (("compress", picture, packed, "--rate", "9"), "between 0 and 7"),
        (("compress", text, packed), "not a readable picture"),
        (("decompress", damaged, tmp_path / "b.png"), "damaged"),
        (("decompress", text, tmp_path / "b.png"), "not a .sem file"),
        (("decompress", packed, tmp_path / "b.xyz"), "picture format"),
        (("info", tmp_path / "none.sem"), "no such file"),
        (("export", "codec", tmp_path / "none.pt", "x"), "no such file"),
    ]:
        status, _, errors = run(*arguments)
        assert status == 2 and said in errors and errors.count("\n") == 1


def test_the_experiment(tmp_path, monkeypatch):
    result = experiment.run(2, tmp_path, (0, 7), {"JPEG": (1, 50)})
    monkeypatch.setattr(experiment, "_peer", None)  # all is kept
    again = experiment.run(2, tmp_path, (0, 7), {"JPEG": (1, 50)}, workers=1)
    assert again["bd_rate"] == result["bd_rate"]
    assert result["images"] == 2
    for name in experiment.LEARNED:
        low, high = result["curves"][name]
        assert (low["rate"], high["rate"]) == (0, 7)
        assert low["bpp"] < high["bpp"] and low["psnr"] < high["psnr"]
        for point in (low, high):
            assert point["most_bytes_above_estimate"] < 40
            assert point["most_bytes_below_estimate"] < 40
    assert [(p["setting"], p["scale"]) for p in result["curves"]["JPEG"]] == [
        (1, 1),
        (50, 1),
        (1, 2),
        (50, 2),
        (1, 4),
        (50, 4),
    ]
    mean, low, high = result["bd_rate"]["tinylic"]["JPEG"]["any size"]
    assert low <= mean <= high
    assert len(result["test_set_sha256"]) == 64


def test_bench():
    result = coding_speed.run("tinylic", 3, (0.05, 0.2))
    assert [size["megapixels"] for size in result["sizes"]] == [0.05, 0.2]
    for size in result["sizes"]:
        pixels = size["height"] * size["width"]
        assert pixels == pytest.approx(1e6 * size["megapixels"], rel=0.01)
        assert size["peak_mb"] > result["idle_mb"] > 100
        assert min(size["encode_s"], size["decode_s"]) > 0


def test_bd_rate_of_half_the_bits_is_minus_50():
    points = [{"bpp": 0.1 * 2**k, "psnr": 20.0 + 3 * k} for k in range(5)]
    halved = [{**p, "bpp": p["bpp"] / 2} for p in points]
    assert metrics.bd_rate(points, halved) == pytest.approx(-50)
    assert metrics.bd_rate(halved, points) == pytest.approx(100)
    far = [{"bpp": p["bpp"], "psnr": p["psnr"] + 50} for p in points]
    assert metrics.bd_rate(points, far) is None
    worse = {"bpp": 0.5, "psnr": 21.0}
    assert worse not in metrics.frontier([*points, worse])


def test_psnr():
    one = np.zeros((4, 4, 3), np.uint8)
    assert metrics.psnr(one, one + 255) == 0
    assert metrics.psnr(one, one + 51) == pytest.approx(20 * np.log10(5))


def test_the_shipped_weights_are_what_their_card_says():
    load = {
        **dict.fromkeys(zoo.CODECS, zoo.load),
        **dict.fromkeys(zoo.RECOGNIZERS, zoo.load_reader),
        **dict.fromkeys(zoo.RESTORERS, zoo.load_restorer),
    }
    for path in zoo.FOLDER.glob("*.json"):
        _, weights = load[zoo.card(path.stem)["recipe"]](path.stem)
        assert len(weights) == 64 and zoo.card(path.stem)["licence"] == "MIT"


def test_weights_remember_what_they_went_on_from(folder, tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    (tmp_path / "log.jsonl").write_bytes((folder / "run" / "log.jsonl").read_bytes())
    state = torch.load(folder / "run" / "checkpoint.pt")
    state["model"]["codec.log_gain"] += 1

    def exported(start_sha256):
        started = {"start": "tiny", "start_sha256": start_sha256}
        torch.save({**state, "settings": {**state["settings"], **started}}, checkpoint)
        return export("codec", checkpoint, "tiny", tmp_path, replace=True)

    before = export("codec", folder / "run" / "checkpoint.pt", "tiny", tmp_path)
    for _ in range(2):  # the second time «tiny» is no longer what it was
        assert exported(before["sha256"])["start"] == before
    with pytest.raises(InputError, match="no longer here"):
        exported("0")


def test_shipped_weights_are_replaced_only_when_told(folder, tmp_path):
    run = folder / "run" / "checkpoint.pt"
    export("codec", run, "tiny", tmp_path)
    files = [tmp_path / "tiny.safetensors", tmp_path / "tiny.json"]
    for file in files:
        file.write_bytes(b"older")
    with pytest.raises(InputError, match="--replace"):
        export("codec", run, "tiny", tmp_path)
    assert [file.read_bytes() for file in files] == [b"older"] * 2
    files[1].unlink()  # one of the two is enough
    with pytest.raises(InputError, match="--replace"):
        export("codec", run, "tiny", tmp_path)
    known = export("codec", run, "tiny", tmp_path, replace=True)
    assert zoo.load("tiny", tmp_path)[1] == known["sha256"]
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_what_is_no_checkpoint_is_not_exported(folder, tmp_path):
    (tmp_path / "log.jsonl").write_bytes((folder / "run" / "log.jsonl").read_bytes())
    broken = tmp_path / "checkpoint.pt"
    whole = (folder / "run" / "checkpoint.pt").read_bytes()
    for content in (b"", b"words", whole[:1000]):
        broken.write_bytes(content)
        with pytest.raises(InputError, match="no checkpoint of the recipe codec"):
            export("codec", broken, "x", tmp_path)
    broken.write_bytes(whole)
    with pytest.raises(InputError, match="no checkpoint of the recipe unet"):
        export("unet", broken, "x", tmp_path)
    for name in ("", "../x", ".x", "a/b", "x\n"):
        with pytest.raises(InputError, match="call the weights by letters"):
            export("codec", broken, name, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_weights_of_another_size_are_not_taken():
    recipe = CodecRecipe({**preset("codec", "further"), "size": "smoke", "images": 2})
    with pytest.raises(RuntimeError, match="size mismatch"):
        recipe.model()
