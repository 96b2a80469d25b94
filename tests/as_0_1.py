"""Holds a journal against the fold of hpopt 0.1: it reads the same of it, or refuses it."""

from dataclasses import asdict
from pathlib import Path

from fold_0_1 import RefusedError, fold_0_1

from hpopt.errors import RunError
from hpopt.runs.journal import read_journal
from hpopt.runs.legality import moment_of
from hpopt.runs.objectives import goals_of
from hpopt.runs.state import RunState
from hpopt.trials import repeats

# What later versions say of a result besides, which 0.1 passes over.
_ADDED = ("is_constant", "state")


def check_as_0_1(path: Path) -> bool:
    """Whether 0.1 reads the journal; fails where it would misread what this hpopt reads."""
    try:
        state = RunState.of(*read_journal(path))
    except RunError:
        return False  # damaged, or of a later format: nobody reads it
    try:
        then = fold_0_1(path)
    except RefusedError:
        return False
    assert len(goals_of(state.header)) == 1, "0.1 would rank by the first objective alone"
    times = {n: {"started": moment_of(trial["started"])} for n, trial in then.trials.items()}
    trials = {n: trial | times[n] for n, trial in then.trials.items()}
    for number, trial in state.by_number.items():
        if trial.partial:  # what was written of going on, which 0.1 passes over, is laid over it
            trials[number]["info"] = trial.info
    assert trials == {n: _as_then(asdict(trial)) for n, trial in state.by_number.items()}
    if all(len(repeats(trial, state.trials)) < 2 for trial in state.trials):  # 0.1 knew no means
        assert then.best == (state.best and state.best.number)
    assert list(then.steps) == list(state.steps)
    assert then.steps == {name: asdict(step) for name, step in state.steps.items()}
    assert then.fits == [asdict(fit) for fit in state.fits]
    assert then.end == (state.end and asdict(state.end))
    assert then.known == (state.known and asdict(state.known))
    assert then.resumed == [asdict(resumed) for resumed in state.resumed]
    assert (then.seen, then.n_calls) == (state.seen_test_after, state.n_calls)
    assert then.state == state.status(is_written=False)
    [goal] = goals_of(state.header)
    assert then.header["metric"] == state.header.metric == goal.name
    assert then.header["greater_is_better"] == (goal.direction == "maximize")
    return True


def _as_then(trial: dict) -> dict:
    """A trial as 0.1 has it: one that is cut or paused has never ended, and levels are unknown."""
    trial = {name: value for name, value in trial.items() if name not in ("level", "partial")}
    if trial["state"] in ("cut", "paused"):
        return trial | {"state": "running", "reason": None}
    result = trial["result"]
    if result is None:
        return trial
    return trial | {"result": {n: value for n, value in result.items() if n not in _ADDED}}
