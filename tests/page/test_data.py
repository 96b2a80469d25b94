"""What a page shows of a run is what the run says, as strict JSON."""

import json

import numpy as np
import pytest
from conftest import CALIBRATED, make_run, synthetic_run

from hpopt.jsonline import json_line
from hpopt.page.data import live_record, page_record, quick_record, trial_records
from hpopt.page.document import report_data
from hpopt.report.record import run_record, trial_record
from hpopt.report.verdict import plain_verdict
from hpopt.runs.folder import Run


@pytest.fixture
def run(tmp_path):
    return synthetic_run(tmp_path, trials=14, failed={3}, steps=[CALIBRATED])


def test_it_is_the_record_of_the_run_with_more(run):
    page = page_record(run)
    known = run_record(run)
    assert {n: page[n] for n in known if n not in ("trials", "path")} == {
        n: known[n] for n in known if n not in ("trials", "path")
    }
    assert page["verdict"] == plain_verdict(run)
    assert [trial["number"] for trial in page["trials"]] == list(range(1, 15))
    assert page["chosen"] == run.chosen.number
    json.loads(json_line(report_data([run])))


def test_trials_are_those_of_the_run(run):
    for shown, trial in zip(trial_records(run, run.trials()), run.trials(), strict=True):
        known = trial_record(run, trial)
        for name in ("number", "score", "params", "state", "reason", "started"):
            assert shown[name] == known[name]
        assert shown["seed"] == str(trial.seed)  # JavaScript has no whole numbers beyond 2^53
        assert "info" not in shown


def test_long_curves_are_thinned_and_keep_their_ends(tmp_path):
    curve = [1 / epoch for epoch in range(1, 1001)]
    run = synthetic_run(tmp_path, trials=1, curves={"loss": curve, "val_loss": curve[:10]})
    [trial] = trial_records(run, run.trials())
    epochs = trial["epochs_shown"]
    assert len(epochs) <= 120
    assert (epochs[0], epochs[-1]) == (1, 1000)
    assert trial["curves"]["loss"] == [pytest.approx(1 / epoch, rel=1e-5) for epoch in epochs]
    assert trial["curves"]["val_loss"][-1] is None


def test_the_surrogate_is_drawn_in_the_metrics_own_direction(run):
    surrogate = page_record(run)["surrogate"]
    assert surrogate["order"][0] == "rate"  # which is what the scores of `valley` hang on
    rate = surrogate["dependence"]["rate"]
    middle = np.array(rate["middle"], dtype=float)
    centres = np.array(rate["axis"]["centres"])
    assert 1e-3 < centres[middle.argmax()] < 0.1  # the best is at 0.01
    assert rate["axis"]["is_log"]
    low, high = (np.array(end, dtype=float) for end in rate["within_2"])
    assert (low <= middle).all()
    assert (middle <= high).all()
    [pair] = [p for p in surrogate["pairs"] if set(p["names"]) == {"rate", "layers"}]
    assert np.array(pair["middle"]).shape == tuple(len(axis["centres"]) for axis in pair["axes"])


def test_of_a_dimension_that_is_never_active_there_are_nulls(run):
    page = page_record(run)
    [pair] = [p for p in page["surrogate"]["pairs"] if set(p["names"]) == {"optimizer", "momentum"}]
    optimizer = next(axis for axis in pair["axes"] if axis["name"] == "optimizer")
    at = optimizer["labels"].index("adam")
    cells = np.array(pair["middle"], dtype=float)
    of_adam = cells[at] if pair["axes"][0]["name"] == "optimizer" else cells[:, at]
    assert np.isnan(of_adam).all()


@pytest.mark.parametrize("trials", [0, 1])
def test_few_trials_have_no_surrogate(tmp_path, trials):
    run = synthetic_run(tmp_path, trials=trials)
    assert page_record(run)["surrogate"] is None
    assert page_record(run)["chosen"] == (1 if trials else None)


def test_mistakes_are_pictures_that_need_nothing_else(run):
    mistakes = page_record(run)["tested"]["mistakes"]
    assert (mistakes["rows"], mistakes["total"], len(mistakes["shown"])) == (92, 12, 7)
    assert mistakes["shown"][0]["picture"].startswith("data:image/png;base64,")


def test_logs_are_there_of_failed_trials_first_and_not_without_end(run):
    for number in (2, 3):
        folder = run.trial_folder(number)
        folder.mkdir(parents=True)
        (folder / "log.txt").write_text("x" * 10_000 + f"end of {number}")
    logs = quick_record(run)["logs"]
    assert list(logs) == ["3", "2"]
    assert logs["3"].endswith("end of 3")
    assert len(logs["3"]) == 4000


def test_no_link_leads_out_of_the_folder(run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    run.trial_folder(2).mkdir(parents=True)
    (run.trial_folder(2) / "log.txt").symlink_to(secret)
    (run.path / "config.resolved.yaml").symlink_to(secret)
    assert "a secret" not in json_line(quick_record(run))


def test_what_changes_with_each_trial_is_small(tmp_path):
    run = Run.open(make_run(tmp_path / "run"))
    live = live_record(run)
    assert live["trials"] == 4  # their number alone
    assert live["tally"] == "4 of 4 trials (1 failed)"
