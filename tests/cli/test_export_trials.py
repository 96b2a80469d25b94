import pytest
from conftest import make_run

from hpopt.runs import events
from hpopt.runs.folder import Run, now
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.tracking import study as studies

optuna = pytest.importorskip("optuna")


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")


def opened(path):
    return optuna.load_study(study_name=None, storage=f"sqlite:///{path}")


def test_optuna_opens_the_study(run, hpopt, tmp_path):
    done = hpopt("export-trials", "latest", "--format", "optuna", "-o", "study.db")
    assert (done.code, done.err) == (0, "")
    assert "4 trials as the study 2026-11-23T10-37-05_iris: study.db" in done.out
    study = opened(tmp_path / "study.db")
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["accuracy"]
    assert (study.best_trial.user_attrs["number"], study.best_value) == (2, 0.9375)
    assert [trial.state.name for trial in study.trials] == [
        "COMPLETE",
        "COMPLETE",
        "FAIL",
        "COMPLETE",
    ]
    assert [trial.value for trial in study.trials] == [0.75, 0.9375, None, 0.5]
    assert [trial.user_attrs["default"] for trial in study.trials] == [True, False, False, False]
    assert study.trials[2].user_attrs["reason"] == "the loss became nan in epoch 3"
    assert [trial.duration.total_seconds() for trial in study.trials] == [1.5, 1.5, 0, 1.5]
    assert study.trials[0].datetime_start.astimezone() == Run.open(run).trials()[0].started
    assert study.user_attrs["chosen"] == 2


def test_params_have_their_distributions_and_the_inactive_are_absent(run, hpopt, tmp_path):
    hpopt("export-trials", "latest")
    first, second, third, _ = opened(tmp_path / "study.db").trials
    assert first.params == {"rate": 1e-3, "size": 16, "momentum": 0.5}
    assert second.params == {"rate": 0.05, "size": None}
    assert third.params["size"] is True
    assert first.distributions == {
        "rate": optuna.distributions.FloatDistribution(1e-4, 0.1, log=True),
        "size": optuna.distributions.CategoricalDistribution((16, None, True, "auto")),
        "momentum": optuna.distributions.FloatDistribution(0.0, 0.9),
    }


SPACE = Space(
    [
        Integer("layers", 1, 64, "log-uniform"),
        Categorical("clip", (1, True, "1"), 1),  # to Python all but the last are equal
        Real("l2", 0.0, 1.0),
        Integer("units", 16, 64, step=16),
        Categorical("widths", ([64, 32], {"a": 1}), [64, 32]),
    ]
)


def test_a_paused_trial_is_pruned_with_its_scores_by_epoch(tmp_path, hpopt):
    header = events.Header("0", "log_loss", False, {}, {}, SPACE.to_json())
    run = Run.create(tmp_path / "runs", "it", header)
    for number in (1, 2, 3, 4):
        params = {"layers": 2**number, "clip": True, "l2": 0.5, "units": 32, "widths": [64, 32]}
        run.append(events.Started(number, params, seed=0, time=now()))
    for number, curves in ((1, {"val_log_loss": [0.9, float("nan"), 0.7]}), (2, {})):
        fit = events.Paused(number, 0.7, {"log_loss": 0.7}, [0.7], curves, 3, 1.0, level=1 / 3)
        run.append(fit)
    run.append(events.Cut(3, "search.time_limit", now()))
    run.close()
    hpopt("export-trials", "latest")
    study = opened(tmp_path / "study.db")
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert [t.state.name for t in study.trials] == ["PRUNED", "PRUNED", "FAIL", "FAIL"]
    assert [t.intermediate_values for t in study.trials[:2]] == [{1: 0.9, 3: 0.7}, {3: 0.7}]
    assert [t.value for t in study.trials] == [0.7, 0.7, None, None]
    ends = [t.user_attrs["state"] for t in study.trials]
    assert ends == ["paused", "paused", "cut", "interrupted"]
    layers = optuna.distributions.IntDistribution(1, 64, log=True)
    assert study.trials[0].distributions["layers"] == layers
    units = optuna.distributions.IntDistribution(16, 64, step=16)
    assert study.trials[0].distributions["units"] == units
    texts = {"clip": "true", "widths": "[64, 32]"}
    assert study.trials[0].params == {"layers": 2, "l2": 0.5, "units": 32, **texts}
    csv = hpopt("trials", "latest", "--csv").out
    assert '"[64, 32]"' in csv


def test_a_file_that_is_there_stays(run, hpopt, tmp_path):
    (tmp_path / "study.db").write_text("mine")
    done = hpopt("export-trials", "latest")
    assert (done.code, done.out) == (2, "")
    assert "study.db is there already" in done.err
    assert "--force" in done.err
    assert (tmp_path / "study.db").read_text() == "mine"
    assert hpopt("export-trials", "latest", "--force", "--json").records == [
        {"path": "study.db", "study": run.name, "trials": 4}
    ]
    assert len(opened(tmp_path / "study.db").trials) == 4


@pytest.mark.parametrize(
    ("arguments", "help"),
    [
        (["--format", "csv"], "hpopt trials latest --csv -o FILE"),
        (["--format", "optna"], "did you mean `optuna`?"),
        (["-o", "-"], "-o study.db"),
    ],
)
def test_what_it_does_not_write(run, hpopt, arguments, help):
    done = hpopt("export-trials", "latest", *arguments)
    assert done.code == 2
    assert help in done.err


def test_without_optuna_its_install_command_is_told(run, hpopt, tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "find_spec", lambda module: None)
    done = hpopt("export-trials", "latest")
    assert done.code == 4
    assert 'pip install "hpopt[optuna]"' in done.err
    assert not (tmp_path / "study.db").exists()
