"""Damaged journals: lines in the middle are set aside, and nothing else is lost."""

import json

import pytest
from conftest import make_run

from hpopt.errors import RunError
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.journal import Journal
from hpopt.runs.repair import DAMAGED, repair


@pytest.fixture
def folder(tmp_path):
    return make_run(tmp_path / "run")


def damage(folder, number, line=b'{"kind":"fin') -> bytes:
    """Put something else in place of a line, and give what it was."""
    lines = (folder / JOURNAL).read_bytes().split(b"\n")
    was, lines[number - 1] = lines[number - 1], line
    (folder / JOURNAL).write_bytes(b"\n".join(lines))
    return was


def states(folder):
    return {trial.number: trial.state for trial in Run.open(folder).trials()}


def test_a_damaged_line_is_named_with_the_command_that_sets_it_aside(folder):
    damage(folder, 5)
    with pytest.raises(RunError, match="damaged in this line") as caught:
        Run.open(folder)
    [problem] = caught.value.problems
    assert str(problem.location) == f"{folder / JOURNAL}:5"
    assert f"`hpopt runs repair {folder}`" in problem.help


def test_no_repair_is_promised_where_there_is_none(folder):
    """What reading says of a damaged header is what repairing says of it."""
    damage(folder, 1)
    helps = []
    for function in (Run.open, repair):
        with pytest.raises(RunError, match="damaged") as caught:
            function(folder)
        [problem] = caught.value.problems
        assert str(problem.location) == f"{folder / JOURNAL}:1"
        helps.append(problem.help)
    assert helps[0] == helps[1]
    assert "runs repair" not in helps[0]
    (folder / JOURNAL).write_bytes(b"")
    with pytest.raises(RunError, match="is empty"):
        repair(folder)


def test_a_damaged_end_of_a_trial_lets_it_run_again_and_costs_nothing_else(folder):
    before = states(folder)
    damage(folder, 5)  # the end of trial 2
    done = repair(folder)
    assert (done.lines, done.unfinished) == ([5], [2])
    assert states(folder) == before | {2: "running"}
    assert (folder / DAMAGED).read_bytes() == b'{"kind":"fin\n'


def test_the_end_of_a_trial_goes_with_its_damaged_beginning(folder):
    before = states(folder)
    damage(folder, 4)
    done = repair(folder)
    assert (done.lines, done.unfinished) == ([4, 5], [2])
    assert states(folder) == {n: s for n, s in before.items() if n != 2}


@pytest.mark.parametrize(
    "line",
    [b"\x00" * 40, b"[]", b"1", b'{"kind":"started"}',
     b'{"kind":"failed","number":"x","reason":""}', b'{"kind":"failed","number":-1,"reason":""}',
     b"[" * 100_000,
     b'{"kind":"started","number":1,"params":[],"seed":1,"time":""}'],
)  # fmt: skip
def test_whatever_stands_in_a_line_it_can_be_set_aside(folder, line):
    damage(folder, 3, line)
    with pytest.raises(RunError, match="damaged"):
        Run.open(folder)
    assert repair(folder).lines == [3]
    assert states(folder)[2] == "finished"


def test_a_whole_journal_is_left_as_it_is(folder):
    before = (folder / JOURNAL).read_bytes()
    assert repair(folder).lines == []
    assert (folder / JOURNAL).read_bytes() == before
    assert not (folder / DAMAGED).exists()


def test_a_damaged_header_is_beyond_repair_and_left_alone(folder):
    damage(folder, 1)
    before = (folder / JOURNAL).read_bytes()
    with pytest.raises(RunError, match="header is damaged"):
        repair(folder)
    assert (folder / JOURNAL).read_bytes() == before


def test_a_journal_that_is_being_written_is_not_repaired(folder, monkeypatch):
    monkeypatch.setattr("hpopt.runs.lock._PATIENCE_S", 0.0)
    journal = Journal(folder / JOURNAL)
    with pytest.raises(RunError, match=r"process \d+ on .* is writing"):
        repair(folder)
    journal.close()


def test_the_command_says_what_it_did(folder, hpopt):
    damage(folder, 5)
    done = hpopt("runs", "repair", folder)
    assert done.code == 0
    assert f"set aside into {folder / DAMAGED}: line 5" in done.out
    assert "without an end now: trial 2" in done.out
    assert "is not damaged" in hpopt("runs", "repair", folder).out


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "..", "a/b", "", 3])
def test_no_name_in_a_journal_reaches_outside_of_its_folder(folder, name):
    lines = (folder / JOURNAL).read_text().splitlines()
    form = json.loads(lines[2])
    form["weights"] = name
    damage(folder, 3, json.dumps(form).encode())
    with pytest.raises(RunError, match="damaged"):
        Run.open(folder)


def test_numbers_that_no_run_reaches_are_damage_and_not_counted_up_to(folder):
    line = b'{"kind":"started","number":%d,"params":{},"seed":1,"time":""}\n'
    with (folder / JOURNAL).open("ab") as file:
        file.write(line % 10**12)
    with pytest.raises(RunError, match="damaged in this line"):
        Run.open(folder)
    assert repair(folder).unfinished == []
    assert states(folder).keys() == {1, 2, 3, 4}


def test_many_missing_trials_are_not_all_listed(folder, hpopt):
    line = b'{"kind":"started","number":900000,"params":{},"seed":1,"time":""}\n{}\n'
    with (folder / JOURNAL).open("ab") as file:
        file.write(line)
    done = hpopt("runs", "repair", folder)
    assert done.code == 0
    assert done.out.endswith("runs what is missing\n")
    assert "and 899946 more" in done.out
