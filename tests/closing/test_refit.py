"""Which networks are fitted at the end, and what the journal says of them: in scripted slots."""

import threading

import pytest
from made_up import made_up_run
from scripted import ScriptedSlots

from hpopt.closing.jobs import Stopped
from hpopt.closing.refit import Refit
from hpopt.data.folds import OWN, WHOLE
from hpopt.errors import RunError
from hpopt.runs.events import Step
from hpopt.runs.record import to_json


class MadeUpSplits:
    wrote_whole = False

    def write_whole(self):
        self.wrote_whole = True


@pytest.fixture
def run(tmp_path):
    """A run of three trials, of which the second is the best; the third has lost its weights."""
    run, _ = made_up_run(tmp_path, "mae", gone=[3])
    yield run
    run.close()


def refitted(run, slots, **options):
    options = {"whole": False} | options
    return Refit(run, slots, MadeUpSplits(), **options)()


def test_where_all_networks_are_there_none_is_fitted(run):
    slots = ScriptedSlots()
    assert refitted(run, slots).networks == {}
    assert slots.jobs == []


def test_a_network_that_no_trial_has_left_is_fitted_as_in_its_trial(run):
    slots = ScriptedSlots()
    refit = refitted(run, slots, ensemble=3)
    [job] = slots.jobs
    assert (job.number, job.params, job.seed, job.fold) == (3, {}, 3, OWN)
    network = refit.networks["3"]["train"]
    assert (network.weights, network.epochs, network.kept_epoch) == ("weights.npz", 7, 4)
    assert network.metrics == {"mae": 0.1}
    run.append(Step("refit", "", to_json(refit)))
    assert run.refitted_weights(run.trial(3)) is None  # those of all rows were not asked for


def test_on_all_rows_it_lasts_as_many_epochs_as_were_best(run):
    slots, splits = ScriptedSlots(), MadeUpSplits()
    refit = Refit(run, slots, splits, whole=True)()
    assert splits.wrote_whole
    assert [(job.number, job.fold) for job in slots.jobs] == [(2, WHOLE), (1, WHOLE)]
    assert all(job.params == {"epochs": 1, "early_stopping": None} for job in slots.jobs)
    assert all(job.folder == run.refit_folder(job.number) for job in slots.jobs)
    network = refit.networks["2"]["train+validation"]
    assert network.metrics == {}  # no row is left to score it on
    folder = run.refit_folder(2)
    folder.mkdir(parents=True)
    (folder / "weights.npz").write_bytes(b"")
    run.append(Step("refit", "", to_json(refit)))
    assert run.refitted_weights(run.trial(2)) == folder / "weights.npz"
    assert run.refitted_weights(run.trial(1)) is None  # its file is not there


def test_on_all_rows_a_schedule_goes_on_as_it_did(tmp_path):
    scheduled = {"training": {"learning_schedule": "cosine", "epochs": 40}}
    run, _ = made_up_run(tmp_path, "mae", constants=scheduled)
    slots = ScriptedSlots()
    refitted(run, slots, whole=True)
    run.close()
    assert slots.jobs
    assert all(job.params["schedule_epochs"] == 40 for job in slots.jobs)
    assert all(job.params["epochs"] == 1 for job in slots.jobs)


def test_without_the_network_of_the_chosen_params_there_is_no_model(run):
    with pytest.raises(RunError, match="trial 2 failed anew: the loss became nan"):
        refitted(run, ScriptedSlots(fails=[2]), whole=True)


def test_any_other_that_fails_is_left_out(run):
    assert set(refitted(run, ScriptedSlots(fails=[1]), whole=True).networks) == {"2"}


def test_a_stopped_run_fits_none(run):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        refitted(run, ScriptedSlots(), whole=True, stop=stop)
