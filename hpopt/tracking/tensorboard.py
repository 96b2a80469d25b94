"""Writes each trial for TensorBoard once it is over: its curves as scalars, its params as HParams.

tensorboard --logdir runs/<id>/tensorboard
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from hpopt.backend import load_keras
from hpopt.errors import MissingDependency
from hpopt.runs.folder import Run
from hpopt.space.conditions import Value
from hpopt.space.dimensions import Categorical, Dimension, Integer
from hpopt.tracking.observer import Observer, Plan
from hpopt.trials import Trial


class TensorBoard(Observer):
    """Writes into <run>/tensorboard; the run's params and their ranges stand at its top.

    Raises MissingDependency where TensorBoard is not installed.
    """

    def __init__(self) -> None:
        if find_spec("tensorboard") is None:
            raise MissingDependency("TensorBoard, which `tracking` asks for,", "tensorboard")
        self._run: Run | None = None
        self._dimensions: dict[str, Dimension] = {}

    def begin(self, run: Run, plan: Plan) -> None:
        """Describe what is searched, and the metric it is searched by."""
        load_keras()
        from tensorboard.plugins.hparams import api as hp

        self._run = run
        self._dimensions = {d.name: d for d in run.space}
        hparams = [hp.HParam(name, _domain(d, hp)) for name, d in self._dimensions.items()]
        with self._writer().as_default():
            hp.hparams_config(hparams, [hp.Metric(run.header.metric, group="")])

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """Write the trial: params, curves and metrics, and how it ended."""
        if trial.state in ("cut", "paused"):  # its next attempt is written, or where it goes on
            return
        import tensorflow as tf
        from tensorboard.plugins.hparams import api as hp
        from tensorboard.plugins.hparams import api_pb2, summary

        params = {name: _shown(self._dimensions[name], v) for name, v in trial.params.items()}
        state = api_pb2.STATUS_SUCCESS if trial.result else api_pb2.STATUS_FAILURE
        with self._writer(f"{trial.number:04d}").as_default():
            hp.hparams(params, trial_id=f"trial {trial.number}")
            if trial.result is not None:
                for name, curve in trial.result.curves.items():
                    for epoch, value in enumerate(curve, start=1):
                        tf.summary.scalar(name, value, step=epoch)
                for name, score in trial.result.metrics.items():
                    tf.summary.scalar(name, score, step=trial.result.epochs)
            end = summary.session_end_pb(state)
            tf.summary.experimental.write_raw_pb(end.SerializeToString(), step=0)

    def _writer(self, folder: str = "") -> Any:
        """A writer, which writes all out when it is left and forgotten."""
        import tensorflow as tf

        assert self._run is not None
        return tf.summary.create_file_writer(str(self._run.path / "tensorboard" / folder))


def _domain(dimension: Dimension, hp: Any) -> Any:
    """The range of a dimension as the HParams plugin knows it."""
    if isinstance(dimension, Categorical):
        return hp.Discrete([_shown(dimension, value) for value in dimension.categories])
    if isinstance(dimension, Integer):
        return hp.IntInterval(dimension.low, dimension.high)
    return hp.RealInterval(dimension.low, dimension.high)


def _shown(dimension: Dimension, value: Value) -> bool | int | float | str:
    """A value as the plugin takes it: null, and categories of several kinds, become texts.

    So do lists and mappings.
    """
    categories = dimension.categories if isinstance(dimension, Categorical) else ()
    several_kinds = len({type(category) for category in categories}) > 1
    if (
        value is None
        or isinstance(value, list | dict)
        or (several_kinds and not isinstance(value, str))
    ):
        return json.dumps(value)
    return value
