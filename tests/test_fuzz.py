"""A few of the cases of `python -m tests.fuzz`, and that it finds what is wrong."""

import gc
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.append(str(ROOT))
from tests.fuzz.case import ACTIONS, Case, run
from tests.fuzz.smaller import smaller
from tests.fuzz.targets import TARGETS, make

_CASES = 120  # a target; `.ci/long` goes on for minutes


@pytest.fixture(autouse=True)
def _garbage_is_found_quickly():
    """Each case collects garbage, which takes a second where TensorFlow has been loaded."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("target", TARGETS)
def test_no_case_ends_in_anything_but_words(target):
    failures = [
        f"python -m tests.fuzz --case {target}:{seed}: {failure.kind}\n{failure.text}"
        for seed in range(_CASES)
        if (failure := run(make(target, seed))) is not None
    ]
    assert not failures, "\n".join(failures)


def test_a_case_is_the_same_each_time():
    for target in TARGETS:
        assert make(target, 3) == make(target, 3) != make(target, 4)


def _says_nothing(command):
    sys.exit(2)


def test_what_fails_is_kept_as_small_as_it_can_be(monkeypatch):
    monkeypatch.setitem(ACTIONS, ":quiet", _says_nothing)
    monkeypatch.setitem(ACTIONS, ":open", lambda command: _open(command[1]))
    lines = b"".join(b"line %d\n" % n for n in range(2)) + b"a bad one\nmore\n"
    case = Case("x:1", [["runs"], [":open", "x"], ["runs"]], {"x": lines}, smaller="x")
    failure = run(case)
    assert failure.kind.startswith("KeyError")
    least = smaller(case, failure)
    assert (least.commands, least.files) == ([[":open", "x"]], {"x": b"bad"})
    assert run(Case("x:2", [[":quiet"]])).kind == "exit code 2 without a word"
    assert run(Case("x:3", [["nonsense"]], codes=frozenset({0}))).kind == "exit code 2"


def _open(name):
    with open(name, "rb") as file:
        if b"bad" in file.read():
            raise KeyError("bad")


def test_it_is_run_by_hand(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0", "--seed", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed 5: python -m tests.fuzz --seed 5\n")
    again = [*command[:3], "--case", "configs:17", "--failures", tmp_path]
    assert subprocess.run(again, cwd=ROOT, capture_output=True).returncode == 0
