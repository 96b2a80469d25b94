"""What `hpopt resume` advises where nothing is left to do: what the same state does not refuse."""

import shlex
from contextlib import closing

import pytest
from conftest import make_run, synthetic_run

from hpopt.cli.resume import _for_more_trials
from hpopt.runs.events import Ended
from hpopt.runs.folder import Run, now
from hpopt.space.dimensions import Categorical
from hpopt.space.space import Space

POINTS = Space([Categorical("layers", (1, 2, 3, 4), 1)])


def points(params, rng):
    return params["layers"] / 10


@pytest.mark.parametrize(
    ("reason", "settings"),
    [
        ("n_calls", ["search.n_calls=24"]),
        ("no_improvement", ["search.stop.no_improvement=null", "search.n_calls=24"]),
        ("target", ["search.stop.target=null", "search.n_calls=24"]),
        ("time_limit", ["search.time_limit=null", "search.n_calls=24"]),
    ],
)
def test_more_trials_take_what_ended_the_search(tmp_path, reason, settings):
    run = synthetic_run(tmp_path / "my runs")
    with closing(Run.reopen(run.path)) as writer:
        writer.append(Ended(reason, "it was so", now()))
    run = Run.open(run.path)
    options = [part for setting in settings for part in ("-s", setting)]
    assert shlex.split(_for_more_trials(run)) == ["hpopt", "resume", run.shown_path, *options]


def test_a_space_that_is_used_up_has_no_more_whatever_ended_the_search(tmp_path):
    run = synthetic_run(tmp_path, POINTS, trials=40, score=points)
    words = _for_more_trials(run)
    assert "hpopt resume" not in words
    assert "wider space" in words
    assert "training.repeats" in words
    some = synthetic_run(tmp_path, POINTS, trials=2, score=points)
    assert "search.n_calls=4" in _for_more_trials(some)


def test_the_command_says_so(hpopt, tmp_path):
    run = make_run(tmp_path / "runs" / "one", n_calls=4)
    done = hpopt("resume", run)
    assert done.code == 0
    assert "for more trials: hpopt resume runs/one -s search.n_calls=8" in done.err
