"""Running the editions with Colab's versions: their versions, and what is compared."""

import re

from conftest import ROOT
from nbformat.v4 import new_code_cell, new_notebook, new_output
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import front
from tools.colab import VERSIONS, WIDGETS, example, printed, problems, right, table


def test_the_list_pins_what_colab_has_of_what_the_book_needs():
    lines = VERSIONS.read_text(encoding="utf-8").splitlines()
    assert re.search(r"Colab's list of \d{4}-\d{2}-\d{2}", lines[0])
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"==[^*,]+", str(pin.specifier)) for pin in pins)
    versions = {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in pins}
    assert {"torch", "torchvision", "ipykernel", "ipywidgets", "pillow"} <= {*versions}
    for need in map(Requirement, front.needs(ROOT / "pyproject.toml")):
        name = canonicalize_name(need.name)
        assert name not in versions or need.specifier.contains(versions[name]), need


def notebook(*outputs, dd=()):
    values = [{"state": {"value": f"<dl><dd>{number}</dd></dl>"}} for number in dd]
    state = {WIDGETS: {"state": dict(enumerate(values))}}
    cells = [
        new_code_cell(id=str(number), outputs=[output])
        for number, output in enumerate(outputs)
    ]
    return new_notebook(cells=cells, metadata={"widgets": state} if dd else {})


def test_numbers_in_text_tables_and_sliders_are_compared():
    made = notebook(
        new_output("stream", text="in 3.5 s: 2.51 dB\n"),
        new_output("stream", name="stderr", text="a warning\n"),
        new_output("display_data", {"text/html": "<style>a{b:1}</style><td>7</td>"}),
        new_output("display_data", {"image/png": "AA==", "text/plain": "<Figure>"}),
        new_output("execute_result", {"text/plain": "8"}),
        dd=(1, 2),
    )
    assert printed(made, {"4"}) == {
        "0": "in TIME: 2.51 dB",
        "2": "7",
        "sliders": "1 2",
    }


def test_the_first_word_that_differs_is_told():
    assert example("a b c d e 1 2", "a b c d e 3 2") == "b c d e 1 → 3"
    assert example("a", "a b") == "1 → 2 words"


def test_exercises_that_a_check_calls_right():
    made = notebook(
        new_output("execute_result", {"text/plain": "✓ Right. Half the bits."}),
        new_output("execute_result", {"text/plain": "✗ Not right. The bits."}),
        new_output("stream", text="✓ Right."),
    )
    assert right(made) == {"0"}


def found(**other):
    chapter = {"chapter": "07-extreme-jpeg", "processor_seconds": 21, "peak_mib": 1024}
    chapter |= {"differ": ["a"], "compared": 9, "solved": 0, "not_right": [], **other}
    return {
        "python": "3.13",
        "chapters": [chapter],
        "replaced": [],
        "install_seconds": 60,
    }


def test_the_table_has_a_line_for_each_chapter():
    made = table({"colab": found(), "venv": found(differ=[])}).split("\n")
    assert made[0].startswith("| chapter | seconds: Colab, Python 3.13 | MiB |")
    assert made[2:] == ["| 7 | 21 | 1024 | 1 of 9 | 21 | 1024 | 0 of 9 |"]


def test_what_must_not_be_is_said():
    assert not [*problems(found())]
    assert not [*problems(found(peak_mib=3000, solved=9))]
    [line] = problems(found(peak_mib=3000))
    assert "needs more than 2048 MiB" in line
    [line] = problems(found(solved=9, not_right=["bits"]))
    assert "not right: bits" in line
    assert [
        *problems(found() | {"replaced": ["torch==2.11"], "install_seconds": 121})
    ] == [
        "replaced: torch==2.11",
        "the installation takes two minutes or more",
    ]
