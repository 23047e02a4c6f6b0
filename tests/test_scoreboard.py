"""The scoreboard: its rule, what it reads, and that it stands where it is shown."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

from semlib import experiments, zoo
from semlib.images import InputError
from semlib.scoreboard import CLAIMS, NOT_ASKED, VERDICTS, Claim, Trial, tables, verdict
from semlib.scoreboard import reproduce as measuring
from semlib.scoreboard.deviations import WEIGHTS, deviations
from semlib.scoreboard.numbers import ahead, apart, at, decibels
from semlib.scoreboard.rule import BOOK, ONE_INK, Bound, conditions, written
from tools import board

SEMLIB = Path(sys.executable).with_name("semlib")
EVERY = [*CLAIMS, *NOT_ASKED]
MORE = Bound(0.0, strict=True)


def trial(mean, data=BOOK, bound=MORE, by="a reader"):
    def read(load):
        if mean is None:
            raise FileNotFoundError
        return mean

    return Trial(by, data, read, bound)


def judged(*trials):
    return verdict(Claim("a", "3", "", "It is", 6, trials))


# the rule


def test_bounds_are_passed_or_reached():
    assert MORE.holds([0.2, 0.1, 0.3]) and not MORE.holds([0.2, -0.1, 0.5])
    assert not MORE.holds([0.1, 0.0, 0.2])
    less = Bound(0.0, above=False, strict=True)
    assert less.holds([-0.2, -0.3, -0.1]) and not less.holds([-0.2, -0.5, 0.1])
    ninety = Bound(0.9)
    assert ninety.holds([0.88, 0.86, 0.9]) and not ninety.holds([0.86, 0.85, 0.89])
    few = Bound(0.05, above=False)
    assert few.holds([0.053, 0.046, 0.06]) and not few.holds([0.2, 0.18, 0.22])


def test_each_verdict_has_its_case():
    yes, no = [0.2, 0.1, 0.3], [0.2, -0.1, 0.5]
    assert judged(trial(yes), trial(yes)) == "reproduced"
    assert judged(trial(yes, ONE_INK), trial(yes)) == "reproduced"
    assert judged(trial(yes, ONE_INK), trial(yes, ONE_INK)) == "partly"
    assert judged(trial(yes), trial(no)) == "partly"
    assert judged(trial(yes), trial(None)) == "partly"
    assert judged(trial(no), trial(yes)) == "not reproduced"
    assert judged(trial(None), trial(yes)) == "not tested"
    assert judged() == "not tested"
    assert verdict(Claim("a", "3", "", "It is", 6, diagram=True)) == "nothing to test"


def test_what_is_missing_is_said():
    yes, no = [0.2, 0.1, 0.3], [0.2, -0.1, 0.5]
    claim = Claim(
        "a", "3", "", "It is", 6,
        (trial(yes), trial(no, by="the judge"), trial(None, ONE_INK)),
    )  # fmt: skip
    assert conditions(claim) == [
        f"not by the judge on {BOOK}",
        f"not yet asked on {ONE_INK}",
    ]


def test_a_difference_of_intervals_is_no_narrower_than_they_are():
    assert apart([3, 2, 5], [1, 0, 2]) == [2, 0, 5]


def test_reduced_pictures_are_no_points_of_the_curve():
    def point(bpp, accuracy, **label):
        read = {"PP-OCRv6": {"accuracy": [accuracy] * 3}}
        return {**label, "all": {"bpp": bpp, "psnr": 100 * bpp, "read": read}}

    whole = [point(0.1, 0.2, rate=0), point(0.3, 0.6, rate=7)]
    codec = [point(0.05, 0.3, rate=0), point(0.2, 0.5, rate=1)]
    reduced = [point(0.04, 0.9, rate=0, scale=2), point(0.2, 0.9, rate=7, scale=2)]
    found = [
        [
            ahead("a", "base", "codec", "PP-OCRv6")(lambda _, p=points: {"points": p}),
            decibels("a", "base", "codec")(lambda _, p=points: {"points": p}),
        ]
        for points in (
            {"base": whole, "codec": codec},
            {"base": whole + reduced, "codec": codec},
        )
    ]
    assert found[0] == found[1]
    assert found[0][0] == pytest.approx([0.1] * 3)


def test_numbers_are_written_with_their_unit():
    assert written([0.119, 0.101, 0.138], "points") == "+11.9 [+10.1, +13.8] points"
    assert written([0.8629, 0.856, 0.87], "%") == "86.3 [85.6, 87.0] %"
    assert written([13.5, 13.5, 13.5], "dB") == "13.5 dB"
    assert written(None, "dB") == "no result"


# the claims


def test_names_are_those_of_one_claim():
    names = [claim.name for claim in EVERY]
    assert len(set(names)) == len(names) > 35


def test_every_figure_and_table_of_the_paper_is_there():
    items = {claim.item for claim in CLAIMS}
    assert items >= {"Table 1", *(f"Figure {number}" for number in range(1, 11))}
    assert {claim.section[0] for claim in CLAIMS} == {"1", "2", "3", "4"}


@pytest.mark.parametrize("claim", EVERY, ids=lambda claim: claim.name)
def test_a_claim_is_shown_and_tried(claim):
    (chapter,) = (ROOT / "chapters").glob(f"{claim.chapter:02}-*.ipynb")
    assert nbformat.read(chapter, as_version=4).cells
    assert bool(claim.trials) != bool(claim.note or claim.diagram)
    for name in claim.weights:
        assert zoo.card(name)["sha256"]
    for each in claim.trials:
        assert (each.bound is None) == (claim in NOT_ASKED)
        mean = each.mean()
        if mean is not None:
            middle, low, high = mean
            assert low <= middle <= high
            assert all(measuring.experiment_of(file) for file in each.files())


def test_no_result_is_overlooked():
    """A row that was renamed would look as if nobody had measured it."""
    waits = {
        claim.name for claim in EVERY for each in claim.trials if each.mean() is None
    }
    assert not waits
    assert not [
        claim.name for claim in CLAIMS if claim.trials and verdict(claim) == "not tested"
    ]


# each is one number of a stored result, moved so that the board must change
CHANGES = {
    "figure9": (-0.5, "restoration", "rows", "dncnn-book", "english_g2 accuracy"),
    "figure10": (0.5, "restoration", "rows", "guided-book", "english_g2 accuracy"),
    "ruined": (-0.5, "restoration", "rows", "degraded", "english_g2 accuracy"),
    "table1": (0.5, "tfic-speed", "seconds_per_image", "encode, tfic"),
    "faithful": (-10, "restoration", "gains", "dncnn-book", "psnr"),
    "reader-only": (
        0.5,
        "guided-ablation",
        "variants",
        "reader",
        "gains",
        "english_g2 accuracy",
    ),
    "drop": (0.5, "tfic", "points", "tinylic", 0, "all", "read", "english_g2", "gain"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_number_changes_the_board(name):
    """What stands on the front page and in chapter 10 would no longer be what is written."""
    moved, file, *path, last = CHANGES[name]

    def load(asked):
        found = experiments.load(asked)
        if asked == file:
            found = copy.deepcopy(found)
            place = found
            for key in path:
                place = place[key]
            place[last] = [value + moved for value in place[last]]
        return found

    rows, changed = (tables.numbers(load=how) for how in (experiments.load, load))
    assert rows != changed
    assert {row["claim"] for row, other in zip(rows, changed) if row != other} >= {name}
    assert tables.short(load) != tables.short()
    claim = next(claim for claim in CLAIMS if claim.name == name)
    if name != "table1":
        assert verdict(claim, load) != verdict(claim)


def test_what_stands_in_front_is_what_is_written():
    """`python -m tools.board` was run after the last change of a result."""
    for place in board.PLACES:
        text = place.read_text(encoding="utf-8")
        assert board.written(text) == text, f"run python -m tools.board: {place.name}"


def test_chapter_10_has_todays_board():
    """Its stored tables are those that the results give."""
    notebook = nbformat.read(ROOT / "chapters" / "10-scoreboard.ipynb", as_version=4)
    stored = [
        "".join(output.data["text/html"])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {}) and "semlib-board" in str(output.data)
    ]
    expected = [
        *(tables.html(tables.board(s)) for s in "234"),
        tables.html(tables.numbers()),
    ]
    bodies = [re.search("<tbody>.*</tbody>", page, re.S).group() for page in expected]
    assert [
        re.search("<tbody>.*</tbody>", page, re.S).group() for page in stored[:4]
    ] == bodies


def test_every_row_has_a_command_that_is_taken():
    for section in "234":
        for row in tables.board(section):
            *_, command, name = row["again"].rjust(20).split(" ")
            if command == "reproduce":
                assert measuring.chosen([name])
            elif command == "evaluate":
                assert name in experiments.EXPERIMENTS


def test_a_place_without_marks_is_refused():
    with pytest.raises(ValueError, match="no place for the board"):
        board.written("# A page\n")


def test_the_front_page_counts_what_the_rule_counts():
    counts = tables.counted()
    assert list(counts) == list(VERDICTS) and sum(counts.values()) == len(CLAIMS)
    for name in VERDICTS[:4]:
        assert f"- **{name.capitalize()}, {counts[name]}**:" in board.board()


def test_tables_name_their_rows_and_columns():
    page = tables.html([{"a": "<b>", "c": "1"}])
    assert '<th scope="col">a</th>' in page and '<th scope="row">&lt;b&gt;</th>' in page
    grouped = tables.html([{"a": "one", "c": "1"}, {"a": "one", "c": "2"}])
    assert grouped.count('<th scope="rowgroup" rowspan="2">one</th>') == 1
    assert grouped.endswith("<tr><td>2</td></tr></tbody></table>")


def test_deviations_are_read_out_of_the_cards():
    rows = {row.setting: row.values for row in deviations()}
    ours = zoo.card("tfic")["settings"]
    assert f"→ {ours['steps']:,} (tfic)" in rows["steps"]
    assert "0.1 × 0.1 → 0.02 × 0.5 (tfic)" in rows["gammas"]
    assert "trba → easyocr (tfic" in rows["reader"]
    assert not any("-paper" in values for values in rows.values())
    assert all(zoo.card(name) for name in WEIGHTS)


# semlib reproduce


def names(claims):
    return [claim.name for claim in claims]


def test_claims_are_found_by_name_and_item():
    assert names(measuring.chosen(["Fig 9", "figure9", "Table 1"])) == [
        "ruined", "figure9", "table1", "together",
    ]  # fmt: skip
    for name, why in (
        ("figure77", "no claim is called figure77"),
        ("lambda", "networks are trained for it: semlib evaluate dct-loss-sweep"),
        ("figure1", "a diagram"),
        ("traces", "Chapter 7"),
    ):
        with pytest.raises(InputError, match=why):
            measuring.chosen([name])


def test_numbers_agree_where_their_intervals_meet():
    stored = [0.8, 0.79, 0.81]
    assert measuring.agree(stored, [0.78, 0.7, 0.85], 600, 600)
    assert measuring.agree(stored, [0.75, 0.72, 0.788], 3, 600)  # so few tell little
    assert not measuring.agree(stored, [0.75, 0.72, 0.788], 600, 600)
    assert measuring.agree(stored, [0.77, 0.77, 0.77], 60, 600)  # alike by chance
    assert not measuring.agree(stored, [0.5, 0.45, 0.55], 60, 600)
    assert measuring.agree([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], 60, 600) is None


def test_few_numbers_are_less_sure():
    point = [0.5, 0.5, 0.5]
    low, high = measuring.widened([0.5, 0.4, 0.6], 3, point, 600)[1:]
    assert low == pytest.approx(0.5 - 0.1 * 4.3027 / 1.95996 * 1.5**0.5, abs=1e-4)
    assert high - 0.5 == pytest.approx(0.5 - low)
    wide = measuring.widened([0.5, 0.4, 0.6], 600, point, 600)
    assert wide == pytest.approx([0.5, 0.4, 0.6], abs=1e-3)
    # ten times fewer pictures: a spread of the root of ten
    wide = measuring.widened(point, 60, [0.8, 0.79, 0.82], 600)
    assert wide == pytest.approx([0.5, 0.5 - 0.01 * 10**0.5, 0.5 + 0.02 * 10**0.5])


def test_what_can_be_measured_again_says_on_how_many_it_was():
    for claim in EVERY:
        if measuring.experiments_of(claim):
            for each in claim.trials:
                if each.mean() is not None:
                    assert measuring.pictures_of(each) >= 16


@pytest.fixture
def measured(monkeypatch):
    """What experiments find, in the place of measuring it."""
    found = {}
    monkeypatch.setattr(measuring, "_measured", lambda name, *_: found[name])
    return found


def test_stored_numbers_agree_with_themselves(measured):
    measured["tfic"] = experiments.load("tfic")
    claims = measuring.chosen(["better", "figure5"])
    said = []
    found = list(measuring.reproduce(claims, 60, said.append))
    assert [one.agrees for one in found] == [True, True, True, None]
    assert said == ["tfic, 1 of 1; about 8.2 minutes left"]


def test_another_number_does_not(measured, monkeypatch, capsys):
    from semlib import cli

    other = experiments.load("restoration")
    row = other["rows"]["dncnn-book"]
    row["english_g2 accuracy"] = [value - 0.2 for value in row["english_g2 accuracy"]]
    measured["restoration"] = other
    monkeypatch.setattr("sys.argv", ["semlib", "reproduce", "figure9", "--subset", "60"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out = capsys.readouterr().out
    assert ended.value.code == 1 and out.count("DOES NOT AGREE") == 1
    assert re.search(r"\d+ of \d+ numbers agree", out.splitlines()[-1])


def test_bad_input_is_one_line(monkeypatch, capsys):
    from semlib import cli

    for words, why in (
        (["nothing"], "no claim is called nothing"),
        (["figure3", "--subset", "1"], "--subset must be 2 or more"),
        (["figure3", "--quick"], "give names, or one of"),
        (["lambda"], "networks are trained for it"),
    ):
        monkeypatch.setattr("sys.argv", ["semlib", "reproduce", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert ended.value.code == 2 and why in said.err and not said.out
        assert said.err.count("\n") == 1


def test_the_list_has_every_claim_and_its_minutes(monkeypatch, capsys):
    from semlib import cli

    monkeypatch.setattr("sys.argv", ["semlib", "reproduce"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0 and len(lines) == len(EVERY) + 1
    assert re.match(r"figure3: .*\. Partly\. \[\d+ minutes\]", lines[4])


def test_renewing_all_is_said_before_it_is_done(monkeypatch, capsys):
    from semlib import cli

    monkeypatch.setattr(measuring, "renew", pytest.fail)
    monkeypatch.setattr("sys.argv", ["semlib", "reproduce", "--all"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code == 0 and "--yes does it" in said.err
    assert "tfic: 120 minutes" in said.out and "hours on two cores" in said.out


def test_trainings_come_after_what_they_go_on_from():
    lines = measuring.trainings()
    exported = [line.split()[4] for line in lines if "export" in line]
    assert set(exported) == {path.stem for path in zoo.FOLDER.glob("*.json")}
    for name in exported:
        settings = zoo.card(name)["settings"]
        for key in ("start", "first"):
            if settings.get(key):
                assert exported.index(settings[key]) <= exported.index(name)
    assert exported.index("trba") < exported.index("tfic-trba")
    assert "semlib train tfic --preset cpu --reader easyocr" in lines
    last = {line.split()[4]: line for line in lines if "export" in line}
    for name, line in last.items():  # mixed as the card says, or not at all
        _, _, alpha = line.partition(" --alpha ")
        assert float(alpha or 1) == zoo.card(name).get("alpha", 1), name


def in_small(trial):
    return all(measuring.experiment_of(file) in measuring.SMALL for file in trial.files())


@pytest.mark.slow
def test_a_quick_pass_agrees_with_what_is_stored(tmp_path):
    """Everything that a few pictures can tell, from the shipped weights: under three
    minutes of one core."""
    done = subprocess.run(
        [SEMLIB, "reproduce", "--quick"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "restoration, 2 of 2; about" in done.stderr
    agreed, count = re.search(r"(\d+) of (\d+) numbers agree", done.stdout).groups()
    trials = [trial for claim in measuring.quick() for trial in claim.trials]
    sure = [t for t in trials if t.mean()[1] != t.mean()[2] and in_small(t)]
    assert agreed == count and int(count) == len(sure) > 30


def test_paths_lead_to_numbers():
    assert at("a", "b", 0)(lambda name: {"b": [[1, 0, 2]]}) == [1, 0, 2]
