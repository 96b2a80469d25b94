"""`hpopt compare`: runs in one table and on one picture."""

import json
import shutil

import pytest
from conftest import make_run, synthetic_run
from typer.testing import CliRunner

from hpopt.cli.main import app
from hpopt.cli.text import wrapped
from hpopt.errors import ConfigError, RunError
from hpopt.plots.comparison import draw_comparison
from hpopt.report.standings import notes_on_comparing, repetitions
from hpopt.runs.events import Step
from hpopt.runs.folder import Run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return [
        synthetic_run(tmp_path / "runs", trials=8, name="gp", score=lambda p, rng: 0.9),
        synthetic_run(
            tmp_path / "runs", trials=5, name="random", failed=[2], score=lambda p, rng: 0.8
        ),
    ]


def compare(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_the_table_has_a_line_for_each_run(runs, tmp_path):
    done = compare("gp", "random")
    assert done.exit_code == 0
    head, gp, rand, *_, path = done.stdout.splitlines()
    assert head.split() == [
        *("run", "trials", "failed", "accuracy", "on", "validation", "on", "test", "fitting"),
    ]
    assert gp.split() == [runs[0].path.name, "8", "0", "0.9000", "–", "4", "s"]
    assert rand.split() == [runs[1].path.name, "5", "1", "0.8000", "–", "2", "s"]
    assert path == "comparison.png"
    assert (tmp_path / "comparison.png").stat().st_size > 5000


def test_the_test_score_is_the_runs_own(runs, tmp_path):
    tested = Step("test", "", {"best": {"accuracy": 0.85}})
    synthetic_run(
        tmp_path / "runs", trials=3, name="tested", score=lambda p, rng: 0.7, steps=[tested]
    )
    done = compare("tested", "gp", "--json")
    first, second, picture = map(json.loads, done.stdout.splitlines())
    assert (first["name"], first["test"], first["best_trial"]) == ("tested", 0.85, 1)
    assert first["validation"] == pytest.approx(0.7)
    assert (second["name"], second["test"]) == ("gp", None)
    assert picture == {"picture": "comparison", "path": "comparison.png"}


def test_the_picture_has_a_line_for_each_run_as_long_as_it_is(runs):
    [axes] = draw_comparison(runs).axes
    lines = {line.get_label(): line.get_xydata() for line in axes.get_lines()}
    assert set(lines) == {"gp", "random"}
    assert len(lines["gp"]) == 8
    assert len(lines["random"]) == 5
    assert axes.get_ylabel() == "best accuracy on validation so far"


def test_runs_of_one_name_are_repetitions(tmp_path):
    scores = (0.9, 0.5, 0.6)
    runs = [
        synthetic_run(tmp_path, trials=4, name="gp", score=lambda p, rng, s=score: s)
        for score in scores
    ]
    [axes] = draw_comparison(runs).axes
    median = next(line for line in axes.get_lines() if line.get_label() == "gp: median of 3")
    assert median.get_ydata()[-1] == pytest.approx(0.6)
    done = compare(*(run.path for run in runs), "-o", tmp_path)
    assert "0.6000 (0.5000 to 0.9000)" in done.stdout


def test_runs_of_one_name_that_differ_in_more_than_the_seed_stand_for_themselves(tmp_path):
    runs = []
    for engine, seed in (("gp", 0), ("gp", 1), ("random", 0)):
        run = synthetic_run(tmp_path, trials=4, name="it", score=lambda p, rng: 0.9)
        text = f"search:\n  engine: {engine}  # c.yaml:7:18\n  seed: {seed}  # --set search.seed\n"
        (run.path / "config.resolved.yaml").write_text(
            f"{text}execution:\n  workers: {seed + 1}\noutput:\n  name: null\n"
        )
        runs.append(run)
    names = [run.path.name for run in runs]
    alike, alone = f"{names[0]} and 1 alike", names[2]
    assert dict(repetitions(runs)) == {alike: runs[:2], alone: runs[2:]}
    [axes] = draw_comparison(runs).axes
    labels = {line.get_label() for line in axes.get_lines()} - {""}
    assert {label for label in labels if label[0] != "_"} == {f"{alike}: median of 2", alone}
    done = compare(*(run.path for run in runs), "-o", tmp_path)
    *_, head, first, second, _, _ = done.stdout.splitlines()
    assert head.startswith("alike but for the seed")
    assert first.split()[:5] == [names[0], "and", "1", "alike", "2"]
    assert second.split()[:2] == [alone, "1"]


def test_a_copy_of_a_run_is_no_repetition(tmp_path):
    first, other = (
        synthetic_run(tmp_path, trials=4, name="gp", score=lambda p, rng, s=score: s)
        for score in (0.9, 0.5)
    )
    shutil.copytree(first.path, tmp_path / "2026-01-01T00-00-00_gp")
    copy = Run.open(tmp_path / "2026-01-01T00-00-00_gp")
    runs = [first, other, copy]
    groups = repetitions(runs)
    assert [list(group) for group in groups.values()] == [[first, other], [copy]]
    [note] = notes_on_comparing(runs)
    assert note.startswith(f"{copy.path.name} is a copy of {first.path.name}, or of the same seeds")


def test_runs_of_different_metrics_are_not_compared(runs, tmp_path):
    other = synthetic_run(tmp_path / "runs", name="diabetes", metric="rmse")
    done = compare("gp", "diabetes")
    assert isinstance(done.exception, ConfigError)
    assert f"accuracy in {runs[0].path.name}; rmse in {other.path.name}" in str(done.exception)
    assert not (tmp_path / "comparison.png").exists()


def test_runs_whose_labels_are_judged_otherwise_are_not_compared(runs, tmp_path):
    goal = {"name": "accuracy", "target": "churn", "direction": "maximize"}
    first, second = (
        Run.open(make_run(tmp_path / "runs" / rule, objectives=[goal | {"rule": rule}]))
        for rule in ("likeliest label", "threshold 0.3")
    )
    with pytest.raises(ConfigError, match="different objectives") as caught:
        notes_on_comparing([first, second])
    assert "maximize accuracy by the likeliest label in likeliest label" in str(caught.value)
    assert "maximize accuracy by the threshold 0.3 in threshold 0.3" in str(caught.value)
    assert notes_on_comparing([first, runs[0]]) != []  # as runs of 0.1, it has the likeliest


def test_runs_of_different_targets_are_compared_with_a_note(tmp_path):
    goal = {"name": "accuracy", "direction": "maximize", "rule": "likeliest label"}
    runs = [
        Run.open(make_run(tmp_path / target, objectives=[goal | {"target": target}]))
        for target in ("churn", "left")
    ]
    note, *_ = notes_on_comparing(runs)
    assert note.startswith("the runs do not have the same target, so their scores")


def test_one_run_has_nothing_to_be_compared_with(runs):
    assert isinstance(compare("gp", "gp").exception, ConfigError)


def test_runs_without_a_finished_trial_have_nothing_to_show(tmp_path):
    runs = [synthetic_run(tmp_path, trials=0, name=name) for name in ("a", "b")]
    done = compare(*(run.path for run in runs), "-o", tmp_path)
    assert isinstance(done.exception, RunError)
    assert "none of the runs has a finished trial" in str(done.exception)


@pytest.mark.parametrize("width", [60, 80])
def test_the_table_fits_a_narrow_terminal(runs, width):
    """Where a row is too long, the run's name, which may be copied, has a line of its own."""
    done = compare(*(run.path for run in runs))
    *table, _, _ = done.stdout.splitlines()
    assert max(map(len, table)) > width
    lines = wrapped("\n".join(table), width).split("\n")
    assert max(map(len, lines)) <= width
    assert all(any(run.path.name in line for line in lines) for run in runs)
    if width == 60:
        assert lines[2:4] == [runs[0].path.name, f"       8       0{'0.9000':>24}{'–':>9}      4 s"]
