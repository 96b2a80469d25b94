"""A real trial needs no path of the process that wants it."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_table
from far import FarSlots

from hpopt import tune
from hpopt.data.folds import OWN, WHOLE, Splits
from hpopt.data.prepared import prepare
from hpopt.data.splits import split_rows
from hpopt.execution.choosing import BACKENDS
from hpopt.execution.slots import Job, TrialFinished
from hpopt.own_code import absolute_reference
from hpopt.training.objective import Objective
from hpopt.training.settings import Training

pytestmark = pytest.mark.keras


@pytest.fixture
def objective(tmp_path):
    """An objective with an own builder, which imports a file beside it, and with two folds."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "sizes.py").write_text("UNITS = 3\n")
    (tmp_path / "nets" / "nets.py").write_text(
        "import keras\n"
        "def build(input_shape, output):\n"
        "    from sizes import UNITS\n"
        "    x = keras.Input(input_shape)\n"
        "    h = keras.layers.Dense(UNITS, 'relu')(x)\n"
        "    return keras.Model(x, keras.layers.Dense(output.units, output.activation)(h))\n"
    )
    table = make_table()
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    data = prepare(table, parts, tmp_path / "data")
    splits = Splits(table, parts, data.folder, folds=2, seed=0, stratified=True)
    splits.write_folds()
    splits.write_whole()
    builder = absolute_reference("nets/nets.py:build", tmp_path)
    return Objective(builder, {}, Training(epochs=2), "accuracy", data)


def test_a_trial_gives_the_same_where_no_path_of_the_driver_is(objective, tmp_path):
    slots = FarSlots(objective)
    for fold in (OWN, 2, WHOLE):
        slots.submit(Job(1, {}, 5, tmp_path / f"far {fold}", fold))
        [far] = slots.events(0.0)
        here = objective({}, seed=5, folder=tmp_path / f"here {fold}", fold=fold)
        assert isinstance(far, TrialFinished)
        assert far.result == replace(here, seconds=far.result.seconds)
        if here.weights is not None:
            kept = [
                np.load(tmp_path / f"{place} {fold}" / here.weights) for place in ("far", "here")
            ]
            assert all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[1])
    slots.close()


def test_the_end_of_a_run_needs_no_path_of_the_driver_either(tmp_path, monkeypatch):
    config = {
        "dataset": {"source": "sklearn", "name": "breast_cancer"},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 2},
        "space": {"num_layers": [1, 2]},
        "search": {"n_calls": 2},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": True, "ensemble": 2},
    }
    here = tune(config, output_dir=tmp_path / "here", progress=False)
    monkeypatch.setitem(BACKENDS, "serial", "far")
    far = tune(config, output_dir=tmp_path / "far", progress=False)
    for step in ("ensemble", "threshold", "best", "test"):
        assert far.steps[step].outcome == here.steps[step].outcome
    runs = (here, far)
    names = [sorted(path.name for path in (run.path / "best").iterdir()) for run in runs]
    assert names[0] == names[1]
    rows = [np.load(run.path / "best" / "predictions.npz") for run in runs]
    assert np.array_equal(rows[0]["outputs"], rows[1]["outputs"])


def test_the_test_part_is_not_among_what_a_trial_reads(objective):
    assert {name for name in objective.reads(OWN) if "test" in name} == set()
    assert "rows/train.inputs.npy" in objective.reads(OWN)
    assert "rows/split_2/train.inputs.npy" in objective.reads(2)
    assert "code/sizes.py" in objective.reads(2)
