"""The lock is complete, and what else names versions agrees with it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name as canonical

pytestmark = pytest.mark.slow

# Their metadata asks for versions that are too old for the rest: pyproject.toml
# overrides what they ask, and postBuild installs them without resolving.
OUTDATED = {"compressai", "trdg", "craft-text-detector"}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def locked(root):
    """Everything in the lock, without its hashes."""
    lines = (root / "requirements.lock").read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line[0].isalnum()]


@pytest.fixture(scope="module")
def versions(locked):
    """Name → locked version, on this machine."""
    here = [r for r in locked if r.marker is None or r.marker.evaluate()]
    assert all(re.fullmatch(r"==[^*,]+", str(r.specifier)) for r in here)
    found = {canonical(r.name): str(r.specifier)[2:] for r in here}
    assert len(found) == len(here), "a package is locked twice"
    return found


@pytest.fixture(scope="module")
def installed():
    return {canonical(d.metadata["Name"]): d for d in distributions()}


@pytest.fixture(scope="module")
def conda(root):
    """environment.yml: the conda packages, and pip's."""
    packages = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    return packages[:-1], [Requirement(line) for line in packages[-1]["pip"]]


def needs(distribution):
    """What a distribution asks for on this machine, without extras."""
    for line in distribution.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def direct(project, *extras):
    table = project["project"]
    lines = list(table["dependencies"])
    for extra in extras:
        lines += table["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def test_what_is_installed_is_what_is_locked(versions, installed):
    differs = {
        name: (version, installed[name].version if name in installed else "missing")
        for name, version in versions.items()
        if name not in installed or installed[name].version.split("+")[0] != version
    }
    assert not differs


def test_lock_holds_every_direct_dependency(project, versions):
    for requirement in direct(project, "paper", "book", "test"):
        version = versions[canonical(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_lock_is_complete(locked, versions, installed):
    names = {canonical(r.name) for r in locked}
    missing = [
        f"{name} needs {requirement}"
        for name in versions
        for requirement in needs(installed[name])
        if canonical(requirement.name) not in names
    ]
    assert not missing


def test_only_the_outdated_packages_contradict_the_lock(versions, installed):
    wrong = {
        name
        for name in versions
        for requirement in needs(installed[name])
        if canonical(requirement.name) in versions
        and not requirement.specifier.contains(
            versions[canonical(requirement.name)], prereleases=True
        )
    }
    assert wrong <= OUTDATED


def test_python_is_the_same_everywhere(root, project, conda):
    named = [
        kind.rpartition(" ")[2]
        for kind in project["project"]["classifiers"]
        if "Python :: " in kind
    ]
    allowed = SpecifierSet(project["project"]["requires-python"])
    assert all(allowed.contains(version + ".0") for version in named)
    assert not allowed.contains("3.10.19")
    fits = ", ".join(f"({version.replace('.', ', ')})" for version in named)
    assert f"[{fits}]" in (root / "Makefile").read_text()
    assert f"Python {', '.join(named[:-1])} or {named[-1]}" in (
        root / "README.md"
    ).read_text(encoding="utf-8")
    (python,) = [p for p in conda[0] if p.startswith("python=")]
    assert python.removeprefix("python=") in named


def test_every_locked_file_has_a_hash(root):
    text = (root / "requirements.lock").read_text()
    for entry in re.split(r"\n(?=[a-z])", text)[1:]:
        assert " --hash=sha256:" in entry, entry


def test_where_no_python_fits_make_says_what_to_do(root, tmp_path):
    run = subprocess.run(
        ["make", "PYTHON=false", f"VENV={tmp_path}", f"{tmp_path}/.packages"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2 and not list(tmp_path.iterdir())
    for system in ("Debian", "Ubuntu", "macOS"):
        assert system in run.stderr


def test_environment_yml_pins_what_is_locked(project, locked, conda):
    pins = {canonical(r.name): str(r.specifier) for r in conda[1]}
    (python,) = [p.removeprefix("python=") for p in conda[0] if p.startswith("python=")]
    there = {"python_version": python, "python_full_version": python + ".9"}
    lock = {
        canonical(r.name): str(r.specifier)
        for r in locked
        if r.marker is None or r.marker.evaluate(there)
    }
    assert pins == {name: lock[name] for name in pins}
    wanted = {canonical(r.name) for r in direct(project)} | {"jupyterlab"}
    assert set(pins) == wanted


def test_pip_can_resolve_environment_yml(versions, installed, conda):
    """Follow what each package asks: the locked versions must satisfy it all."""
    open_names, seen, broken = [canonical(r.name) for r in conda[1]], set(), []
    while open_names:
        name = open_names.pop()
        if name in seen:
            continue
        seen.add(name)
        for requirement in needs(installed[name]):
            other = canonical(requirement.name)
            open_names.append(other)
            if not requirement.specifier.contains(versions[other], prereleases=True):
                broken.append(f"{name} needs {requirement}, locked is {versions[other]}")
    assert not broken
    assert not seen & OUTDATED


def test_postbuild_installs_the_lock_without_resolving(root):
    installs = [
        line
        for line in (root / "postBuild").read_text().splitlines()
        if "pip install" in line
    ]
    assert all("--no-deps" in line for line in installs)
    assert any("-r requirements.lock" in line for line in installs)


def test_no_committed_file_names_a_registry(root):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    # Split, so that this file does not name them itself.
    hosts = re.compile(
        rb"registry\.npm" rb"js|pypi\." rb"org|deb\.deb" rb"ian|/wo" rb"rk/"
    )
    named = [
        path
        for path in listed.split("\0")
        if path and (root / path).is_file() and hosts.search((root / path).read_bytes())
    ]
    assert not named


INSTALLED = """
import json, sys
from pathlib import Path
import semlib
from semlib import zoo
from semlib.experiments import load, results
assert Path(semlib.__file__).is_relative_to(sys.argv[1]), semlib.__file__
found = sorted(path.stem for path in results.FOLDER.glob("*.json"))
for name in found:
    load(name)
models = sorted(path.stem for path in zoo.FOLDER.glob("*.json"))
for name in models:
    kind = zoo.card(name)["recipe"]
    (zoo.load if kind in zoo.CODECS else zoo.load_reader if kind in zoo.RECOGNIZERS
     else zoo.load_restorer)(name)
print(json.dumps([found, models]))
"""


def test_installed_elsewhere_results_and_weights_are_there(root, tmp_path):
    """Not with -e, as Binder, conda and Colab do."""
    sources = tmp_path / "sources"
    shutil.copytree(
        root,
        sources,
        ignore=shutil.ignore_patterns(
            ".*", "_build", "build", "node_modules", "chapters", "*.egg-info"
        ),
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--target",
            tmp_path / "site",
            sources,
        ],
        check=True,
    )
    run = subprocess.run(
        [sys.executable, "-c", INSTALLED, tmp_path / "site"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert run.returncode == 0, run.stderr
    found, models = json.loads(run.stdout)
    assert found == sorted(path.stem for path in (root / "results").glob("*.json"))
    assert models == sorted(path.stem for path in (root / "semlib/zoo").glob("*.json"))


TYPED = (
    ("--version", 0),
    ("read", 2),
    ("evaluate nothing", 2),
    ("evaluate same-bytes --subset 0", 2),
    ("evaluate restoration --subset x", 2),
    ("evaluate checkpoints --help", 0),
    ("degrade none.png out.jpg", 2),
)


def test_the_command_line_runs_with_the_lowest_typer(project, other_version):
    (lowest,) = (
        next(iter(requirement.specifier)).version
        for requirement in map(Requirement, project["project"]["dependencies"])
        if requirement.name == "typer"
    )
    there = other_version(f"typer=={lowest}")
    for typed, status in TYPED:
        run = subprocess.run(
            [sys.executable, "-m", "semlib", *typed.split()],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(there)},
        )
        assert run.returncode == status and "Traceback" not in run.stderr, run.stderr
        assert status == 0 or run.stderr.startswith("semlib: ")


def test_a_missing_package_is_one_line():
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['compressai'] = None\n"
            "sys.argv = ['semlib', 'train', 'codec']\nfrom semlib.cli import main; main()",
        ],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2 and run.stderr.count("\n") == 1
    assert "pip install --no-deps compressai" in run.stderr
