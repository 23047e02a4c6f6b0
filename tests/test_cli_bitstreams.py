"""The codec's commands, with a small codec."""

import pytest
from PIL import Image

from semlib import zoo
from semlib.data import make_text_image

pytestmark = pytest.mark.slow


@pytest.fixture
def run(run, small_zoo, monkeypatch):
    """Run a command against the small zoo."""
    load, find = zoo.load, zoo.find
    monkeypatch.setattr(zoo, "load", lambda name: load(name, small_zoo))
    monkeypatch.setattr(zoo, "find", lambda weights: find(weights, small_zoo))
    return run


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
