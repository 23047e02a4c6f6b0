"""How experiments are asked, kept and written."""

import re
import json
import subprocess
from collections.abc import Sequence

import pytest

from semlib import metrics, zoo
from semlib.experiments import EXPERIMENTS, dct_loss_sweep, guided_ablation, results
from semlib.images import InputError


def test_a_failed_write_leaves_the_old_result(tmp_path):
    path = tmp_path / "old.json"
    results.save(path, {"a": 1})
    with pytest.raises(TypeError):
        results.save(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["old.json"]


def test_every_result_is_an_experiments_and_every_weight_a_cards():
    """A result that nobody can make again, or that speaks of other weights, misleads."""
    files = {path.stem for path in results.FOLDER.glob("*.json")}
    for file in files - {"colab"}:  # tools/colab.py's
        assert any(file == name or file.startswith(f"{name}-") for name in EXPERIMENTS)
        for name, weights in weights_of(results.load(file)).items():
            assert weights == zoo.card(name)["sha256"], (file, name)


def weights_of(result: dict) -> dict[str, str]:
    known = result.get("weights", {})
    if isinstance(known, str):
        return {result["name"]: known}
    return {
        name.lower() if name == "TRBA" else name: weights
        for name, weights in known.items()
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_says_what_it_asks(name):
    experiment = EXPERIMENTS[name]
    assert experiment.question.endswith("?") and 1 <= experiment.chapter <= 9
    assert experiment.minutes > 0
    # what is not explained cannot be asked for
    assert experiment.options().keys() == experiment.help().keys()
    assert "subset" in experiment.options() or name in ("coding-speed", "jpeg-quality")


def test_an_experiment_is_measured(monkeypatch):
    experiment = EXPERIMENTS["same-bytes"]
    monkeypatch.setattr(f"{experiment.run.__module__}.run", found)
    result = experiment.measure(subset=3)
    assert result["found"] == 3 and len(result["commit"]) > 6
    assert result["command"] == "semlib evaluate same-bytes --subset 3 --only 'a b'"
    with pytest.raises(InputError, match="--subset must be 1 or more, not 0"):
        experiment.measure(subset=0)


def test_where_is_asked_before_the_work(monkeypatch):
    """Not after hours of it, where an error would lose them."""
    asked = []
    experiment = EXPERIMENTS["same-bytes"]
    monkeypatch.setattr(results, "provenance", lambda: asked.append("where") or {})
    monkeypatch.setattr(
        f"{experiment.run.__module__}.run", lambda: asked.append("work") or {}
    )
    experiment.measure()
    assert asked == ["where", "work"]


def test_a_result_says_when_it_was_measured_and_when_put_together(monkeypatch, tmp_path):
    experiment, file = EXPERIMENTS["same-bytes"], tmp_path / "scores.jsonl"

    def kept() -> dict:
        with results.Store(file) as store:
            return {"found": store.get("a", lambda: 1)}

    monkeypatch.setattr(f"{experiment.run.__module__}.run", kept)
    for commit in ("older", "newer"):
        monkeypatch.setattr(results, "commit", lambda commit=commit: commit)
        result = experiment.measure()
        assert (result["found"], result["commit"]) == (1, commit)
        assert result["measured"]["commits"] == ["older"]
    (row,) = map(json.loads, file.read_text().splitlines())
    assert row["commit"] == "older" and row["seconds"] >= 0


@pytest.mark.parametrize("experiment", [dct_loss_sweep, guided_ablation])
def test_what_is_chosen_is_not_chosen_on_test_pages(experiment, monkeypatch):
    class Asked(Exception):
        pass

    def asked(split, count=None):
        raise Asked(split)

    monkeypatch.setattr(experiment, "BookPatches", asked)
    with pytest.raises(Asked, match="validation"):
        experiment.run(subset=1)


def found(subset: int = 2, only: Sequence[str] = ("a b",), workers=None) -> dict:
    """Find."""
    return {"found": subset}


def test_an_output_is_checked_before_the_work(tmp_path, monkeypatch, capsys):
    from semlib import cli

    for place, why in (
        (tmp_path / "no" / "a.json", "does not exist"),
        (tmp_path, "is a folder"),
    ):
        monkeypatch.setattr(
            "sys.argv", ["semlib", "evaluate", "same-bytes", "--json", str(place)]
        )
        monkeypatch.setattr("semlib.experiments.Experiment.measure", pytest.fail)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2 and why in capsys.readouterr().err


def test_where_there_is_no_repository(monkeypatch, tmp_path):
    """In a slim container without git, in a ZIP of the sources, inside another's
    repository: no result is lost for that."""
    assert results.commit() != "unknown"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert results.commit() == results.provenance()["commit"] == "unknown"
    monkeypatch.undo()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    inner = tmp_path / "vendor" / "semlib" / "experiments" / "results.py"
    inner.parent.mkdir(parents=True)
    monkeypatch.setattr(results, "__file__", str(inner))
    assert results.commit() == "unknown"


def test_what_was_measured_is_kept_with_when(tmp_path):
    file = tmp_path / "new" / "scores.jsonl"
    with results.Store(file) as store:
        assert store.get("a", lambda: {"x": 1}) == {"x": 1}
        with pytest.raises(InputError, match="another run writes there"):
            results.Store(file).__enter__()
        store.get("b", lambda: 2)
    results.MEASURED.clear()
    file.write_text(file.read_text()[:-5])  # as if killed while writing
    with results.Store(file) as store:
        assert store.get("a", pytest.fail) == {"x": 1}
        assert store.get("b", lambda: 3) == 3  # measured anew
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["score"] for row in rows] == [{"x": 1}, 3]
    assert results.measured()["measured"]["commits"] == [results.commit()]


def test_what_code_does_is_hashed_not_what_it_says(tmp_path):
    def hashed(text: str) -> str:
        (tmp_path / "a.py").write_text(text)
        return results.code_of(tmp_path / "a.py")

    first = hashed('def f(x):\n    """Say."""\n    return x + 1\n')
    assert (
        hashed('def f(x):\n    """Say more."""\n    # and more\n    return x + 1\n')
        == first
    )
    assert hashed('def f(x):\n    """Say."""\n    return x + 2\n') != first


@pytest.mark.parametrize("package", results.FOREIGN)
def test_another_version_of_a_package_measures_anew(package, monkeypatch):
    measured_by = results.computed_by.__wrapped__  # it remembers what it said
    usual, real = measured_by(results.__file__, (metrics,)), results.version
    monkeypatch.setattr(
        results, "version", lambda name: "another" if name == package else real(name)
    )
    assert measured_by(results.__file__, (metrics,)) != usual


def test_a_result_names_the_processor():
    named, threads = results.provenance()["machine"].rsplit(", ", 1)
    assert named == results.processor() and len(named) > 3
    assert re.fullmatch(r"\d+ threads", threads)
