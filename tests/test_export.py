"""Weights and their card, made of a run."""

import pytest
import torch

from semlib import zoo
from semlib.codec import compress, decompress
from semlib.images import InputError
from semlib.training import export, preset, trained_part

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


def test_trained_weights_are_mixed_with_those_before_them(tmp_path):
    """A quarter of what was learned at α = ¼. What cannot be mixed is said, and nothing
    written."""
    settings = preset("unet", "smoke")
    (tmp_path / "log.jsonl").touch()
    checkpoint = tmp_path / "checkpoint.pt"

    def exported(different, shift, alpha, name="mixed"):
        state = zoo.build("unet", settings).state_dict()
        model = {f"network.{key}": torch.full_like(v, shift) for key, v in state.items()}
        run = {"step": 1, "seconds": 0.0, "settings": {**settings, **different}}
        torch.save({**run, "model": model}, checkpoint)
        return export("unet", checkpoint, name, tmp_path, replace=True, alpha=alpha)

    before = exported({}, 1.0, 1.0, "before")
    start = {"start": "before", "start_sha256": before["sha256"]}
    assert exported(start, 2.0, 0.25)["alpha"] == 0.25 and "alpha" not in before
    network, _ = zoo.load_restorer("mixed", tmp_path)
    assert {value.unique().item() for value in network.parameters()} == {1.25}
    exported(start, 2.0, 1.0, "whole")
    network, _ = zoo.load_restorer("whole", tmp_path)
    assert {value.unique().item() for value in network.parameters()} == {2.0}
    for different, alpha, said in (
        ({}, 0.5, "went on from no weights"),
        (start, 1.5, "alpha must be from 0 to 1"),
        ({**start, "start_sha256": "0"}, 0.5, "no longer here"),
    ):
        with pytest.raises(InputError, match=said):
            exported(different, 2.0, alpha, "other")
    assert not (tmp_path / "other.json").exists()


def test_a_codec_is_mixed_and_its_tables_made_of_the_mixture(small_zoo, tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    (tmp_path / "log.jsonl").touch()
    before = export("codec", small_zoo / "codec" / "checkpoint.pt", "tiny", tmp_path)
    old, _ = zoo.load("tiny", tmp_path)
    state = torch.load(small_zoo / "codec" / "checkpoint.pt")
    start = {"start": "tiny", "start_sha256": before["sha256"]}
    state["settings"] |= start
    for value in trained_part(state).values():
        if value.is_floating_point():
            value *= 1.02
    torch.save(state, checkpoint)
    assert export("codec", checkpoint, "half", tmp_path, alpha=0.5)["alpha"] == 0.5
    half, weights = zoo.load("half", tmp_path)
    for one, two in zip(old.parameters(), half.parameters()):
        assert torch.allclose(two, 1.01 * one, rtol=2e-3, atol=1e-5)
    picture = torch.rand(1, 3, 64, 64)
    back = decompress(half, weights, compress(half, weights, picture, 3.0))
    assert back.shape == picture.shape
    state["model"].popitem()
    torch.save(state, checkpoint)
    with pytest.raises(InputError, match="another network's"):
        export("codec", checkpoint, "other", tmp_path, alpha=0.5)
