"""Networks that are made up, so that what is computed of them needs no TensorFlow.

A "network" is the number of its trial: it answers with the target of each row, and noise of the
trial's own size.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from conftest import make_data

from hpopt.metrics.metrics import METRICS
from hpopt.runs.events import Finished, Header, Started
from hpopt.runs.folder import Run

# Of each trial's network, of which that of trial 2 is the best; and 4 is the linear baseline.
NOISE = {1: 2.0, 2: 0.5, 3: 0.8, 4: 1.2}
GREATER = {"accuracy": True, "auc": True, "f1": True, "mae": False}


class MadeUp:
    """Stands for an Objective: networks are trials' numbers, and predict from the target itself."""

    def __init__(self, data, metric="accuracy", folds=1, centre=0.0):
        self.data, self.judge, self.centre = data, METRICS[metric], centre
        self.training = SimpleNamespace(folds=folds, costs=None)

    def trained(self, params, *, seed, weights):
        assert weights.is_file()
        return seed

    def average(self, networks):
        return networks[0] if len(networks) == 1 else tuple(networks)

    def predict(self, network, part):
        if isinstance(network, tuple):
            return np.mean([self.predict(each, part) for each in network], axis=0)
        y = self.data.y(part)
        noise = NOISE[network] * np.random.default_rng(network).normal(size=len(y))
        if self.data.output.task == "regression":
            return (y + 50 * noise)[:, None]
        return 1 / (1 + np.exp(-(2.0 * y - 1 + noise + self.centre)))[:, None]

    def predicted(self, network, inputs):
        """The same of the test part, whatever its inputs are."""
        return self.predict(network, "test")[: len(inputs)]


def made_up_run(
    folder,
    metric="accuracy",
    *,
    best=2,
    steps=(),
    gone=(),
    folds=1,
    rule=None,
    constants=None,
    **options,
) -> tuple[Run, MadeUp]:
    """A run of three trials, whose best is `best`, and its objective; weights in `gone` are lost.

    It is open for writing.
    """
    task = "regression" if metric == "mae" else "binary"
    objective = MadeUp(make_data(folder / "data", task, rows=400), metric, folds, **options)
    header = Header("0", metric, GREATER[metric], {}, constants or {}, [])
    if rule is not None:  # hpopt 0.1 listed none
        goal = {"name": metric, "direction": "maximize", "target": None, "rule": rule}
        header = replace(header, objectives=[goal])
    run = Run.create(folder, "made up", header)
    for number in (1, 2, 3):
        score = 0.9 if (number == best) == GREATER[metric] else 0.8
        value = -score if GREATER[metric] else score
        weights = "weights.npz" if folds == 1 else None
        run.append(Started(number, {}, seed=number, time=""))
        run.append(Finished(number, value, {metric: score}, [score], {}, 1, 0.1, weights, 0.01))
        if number not in gone:
            run.trial_folder(number).mkdir(parents=True)
            (run.trial_folder(number) / "weights.npz").write_bytes(b"")
    for step in steps:
        run.append(step)
    return run, objective
