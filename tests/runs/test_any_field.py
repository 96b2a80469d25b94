"""Journals from anybody: each field of each event as it could not be, and all that reads a run."""

import copy
import json
import math
import random
from pathlib import Path

import pytest
from conftest import ROOT, make_run

from hpopt.cli import show
from hpopt.cli.runs import _row
from hpopt.cli.trials import _csv
from hpopt.errors import HpoptError
from hpopt.jsonline import json_line
from hpopt.report.record import overview, run_record, trial_record
from hpopt.report.standings import Standing, as_record, repetitions, show_standings
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.steps import Findings

GOLDEN = sorted((ROOT / "tests" / "golden" / "0.1" / "runs").iterdir())
OTHERS = [
    None, True, 0, -1, 1, 2, 10**12, 10**400, 0.5, math.inf, math.nan, "", "x", "1",
    "2026-11-23", "9999-12-31T23:59:59", "../../x", "\ud800", [], {}, [None], ["x"], [[]],
    {"x": None}, {"x": []}, {"": {}}, [{}],
]  # fmt: skip


def readers(run: Run):
    """All that people and programs are told of a run."""
    trials = run.trials()
    yield lambda: repr(run)
    yield lambda: _row(run, [run.path])
    yield lambda: json_line(overview(run))
    yield lambda: json_line(run_record(run))
    yield lambda: list(show._run_lines(run))
    yield lambda: _csv(run, str)
    yield lambda: summarise(run, Findings((), None))
    yield lambda: conclude(run)
    yield lambda: show_standings([Standing.of(run)], run.metric, repetitions([run]))
    yield lambda: json_line(as_record(Standing.of(run), run.metric))
    for trial in trials:
        yield lambda trial=trial: list(show._trial_lines(run, trial))
        yield lambda trial=trial: json_line(trial_record(run, trial))


def places(form, path=()):
    """The paths of all that stands in a form; of long lists the first alone."""
    if path:
        yield path
    items = form.items() if isinstance(form, dict) else ()
    if isinstance(form, list):
        items = list(enumerate(form))[:1]
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutants(events):
    """The events with one thing in them changed, of each kind of event the first and the last."""
    by_kind = {}
    for index, event in enumerate(events):
        by_kind.setdefault((event["kind"], event.get("name")), []).append(index)
    for indices in by_kind.values():
        for index in {indices[0], indices[-1]}:
            for path in places(events[index]):
                if path == ("kind",):
                    continue
                for other in [*OTHERS, places]:
                    changed = copy.deepcopy(events[index])
                    inner = changed
                    for step in path[:-1]:
                        inner = inner[step]
                    if other is places:
                        del inner[path[-1]]
                    else:
                        inner[path[-1]] = other
                    yield index, path, other, changed


def fault_of(path: Path) -> str | None:
    """The exception that no user should see, if reading the run ends in one."""
    try:
        run = Run.open(path)
        for read in readers(run):
            read()
    except HpoptError:
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def faults(folder: Path, events, share, seed=0):
    """What goes wrong of a random share of all that could be changed."""
    rng = random.Random(seed)
    lines = [json.dumps(event).encode() for event in events]
    for index, path, other, changed in mutants(events):
        if rng.random() > share:
            continue
        text = [*lines[:index], json.dumps(changed).encode(), *lines[index + 1 :]]
        (folder / JOURNAL).write_bytes(b"\n".join(text) + b"\n")
        if fault := fault_of(folder):
            yield f"{changed.get('kind')}.{'.'.join(map(str, path))} = {other!r}: {fault}"


def events_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in (path / JOURNAL).read_bytes().splitlines()]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name.split("_")[-1])
def test_no_field_of_a_journal_ends_in_a_traceback(golden, tmp_path):
    assert not list(faults(tmp_path, events_of(golden), share=0.02))


def test_no_field_of_a_small_journal_ends_in_a_traceback(tmp_path):
    events = events_of(make_run(tmp_path / "run"))
    assert not list(faults(tmp_path, events, share=0.2))
