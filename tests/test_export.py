"""Weights and their card, made of a run."""

import pytest
import torch

from semlib import zoo
from semlib.images import InputError
from semlib.training import export

pytestmark = pytest.mark.slow


def test_weights_remember_what_they_went_on_from(small_zoo, tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    (tmp_path / "log.jsonl").write_bytes((small_zoo / "codec" / "log.jsonl").read_bytes())
    state = torch.load(small_zoo / "codec" / "checkpoint.pt")
    state["model"]["codec.log_gain"] += 1

    def exported(start_sha256):
        started = {"start": "tiny", "start_sha256": start_sha256}
        torch.save({**state, "settings": {**state["settings"], **started}}, checkpoint)
        return export("codec", checkpoint, "tiny", tmp_path, replace=True)

    before = export("codec", small_zoo / "codec" / "checkpoint.pt", "tiny", tmp_path)
    for _ in range(2):  # the second time «tiny» is no longer what it was
        assert exported(before["sha256"])["start"] == before
    with pytest.raises(InputError, match="no longer here"):
        exported("0")


def test_shipped_weights_are_replaced_only_when_told(small_zoo, tmp_path):
    run = small_zoo / "codec" / "checkpoint.pt"
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


def test_what_is_no_checkpoint_is_not_exported(small_zoo, tmp_path):
    (tmp_path / "log.jsonl").write_bytes((small_zoo / "codec" / "log.jsonl").read_bytes())
    broken = tmp_path / "checkpoint.pt"
    whole = (small_zoo / "codec" / "checkpoint.pt").read_bytes()
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
