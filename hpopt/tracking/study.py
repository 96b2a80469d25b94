"""The trials of a run as a study of Optuna, for what reads those: optuna-dashboard, a notebook.

It is written through Optuna's own storage, so that it is what Optuna itself would have left.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hpopt.errors import MissingDependency, RunError, in_words
from hpopt.runs.folder import Run
from hpopt.runs.frame import state_of
from hpopt.space.conditions import Value, is_scalar
from hpopt.space.dimensions import Categorical, Dimension, Integer
from hpopt.trials import Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

# Whatever gave no value by itself is failed to Optuna: an attribute of the trial says how it ended.
_STATES = {"running": "RUNNING", "paused": "PRUNED", "finished": "COMPLETE"}
_MOST_EPOCHS = 10  # of a trial, that become intermediate values


def optuna_study(run: Run) -> bytes:
    """The content of an SQLite file that holds the run as a study, by the name of its folder.

    Values are the metric in its own direction; those of a paused trial, which is pruned to Optuna,
    are of its highest level. Where a trial recorded its metric by epoch, up to ten of these are its
    intermediate values, else they are its scores at lower levels.

    Raises MissingDependency where Optuna is not installed, and RunError where it can't hold what
    the journal says.
    """
    if find_spec("optuna") is None:
        raise MissingDependency("Optuna, by which a study is written,", "optuna")
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # In memory: on a disk each of a trial's rows would wait for it by itself.
            storage = optuna.storages.RDBStorage("sqlite://")
            study = optuna.create_study(
                storage=storage,
                study_name=run.path.name,
                direction="maximize" if run.header.greater_is_better else "minimize",
            )
            study.set_metric_names([run.metric])
            for name, value in _facts(run).items():
                study.set_user_attr(name, value)
            study.add_trials(_trials(run))
            storage.remove_session()
            connection = storage.engine.raw_connection()
            try:
                return bytes(connection.driver_connection.serialize())
            finally:
                connection.close()
                storage.engine.dispose()
    except ValueError as error:
        raise RunError(f"Optuna takes no study of {run.path.name}: {in_words(error)}") from None
    finally:
        optuna.logging.set_verbosity(before)


def _facts(run: Run) -> dict[str, Any]:
    """What is true of all trials."""
    facts = {
        "hpopt": run.header.hpopt,
        "config": run.header.config,
        "constants": dict(run.header.constants),
    }
    return facts | ({} if run.chosen is None else {"chosen": run.chosen.number})


def _trials(run: Run) -> Sequence[FrozenTrial]:
    distributions = {dimension.name: _distribution(dimension) for dimension in run.space}
    dimensions = {dimension.name: dimension for dimension in run.space}
    return [_trial(run, trial, dimensions, distributions) for trial in run.trials()]


def _trial(
    run: Run,
    trial: Trial,
    dimensions: Mapping[str, Dimension],
    distributions: Mapping[str, BaseDistribution],
) -> FrozenTrial:
    from optuna.trial import FrozenTrial, TrialState

    state = state_of(trial, is_going_on=run.state == "running")
    is_over = state != "running"
    began = _local(trial.started or run.begun or datetime.now(UTC))
    took_s = 0.0 if trial.latest is None else trial.latest.seconds
    score = None if trial.latest is None else trial.latest.metrics[run.metric]
    return FrozenTrial(
        number=trial.number - 1,
        trial_id=-1,  # the storage gives it one
        state=TrialState[_STATES.get(state, "FAIL")],
        value=score if state in ("finished", "paused") else None,
        datetime_start=began,
        datetime_complete=began + timedelta(seconds=took_s) if is_over else None,
        params={name: _value(dimensions[name], value) for name, value in trial.params.items()},
        distributions={name: distributions[name] for name in trial.params},
        user_attrs=_attributes(trial, state),
        system_attrs={},
        intermediate_values=_by_epoch(trial, run.metric),
    )


def _attributes(trial: Trial, state: str) -> dict[str, Any]:
    """What Optuna has no field for."""
    attributes: dict[str, Any] = {
        "number": trial.number,  # as hpopt counts
        "state": state,
        "default": trial.number == 1,
        "seed": trial.seed,
    }
    if trial.reason is not None:
        attributes["reason"] = trial.reason
    if trial.latest is not None:
        attributes |= {"epochs": trial.latest.epochs, "seconds": trial.latest.seconds}
        attributes |= {n: v for n, v in trial.latest.metrics.items() if math.isfinite(v)}
    return attributes


def _by_epoch(trial: Trial, metric: str) -> dict[int, float]:
    """The metric on the validation part after some epochs, or else after each pause."""
    curve = () if trial.latest is None else trial.latest.curves.get(f"val_{metric}", ())
    numbers = {epoch: value for epoch, value in enumerate(curve, start=1) if _is_number(value)}
    # Its storage takes milliseconds for each, and a picture of a thousand curves shows no more.
    spread = {round(i * (len(numbers) - 1) / (_MOST_EPOCHS - 1)) for i in range(_MOST_EPOCHS)}
    shown = {e: v for i, (e, v) in enumerate(numbers.items()) if i in spread}
    return shown or {each.epochs: each.metrics[metric] for each in trial.partial.values()}


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _local(moment: datetime) -> datetime:
    """A time as Optuna writes it: of this machine's clock, without a zone."""
    return moment.astimezone().replace(tzinfo=None)


def _distribution(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(dimension, Categorical):
        return CategoricalDistribution([_value(dimension, v) for v in dimension.categories])
    log = dimension.prior == "log-uniform"
    if isinstance(dimension, Integer):
        return IntDistribution(dimension.low, dimension.high, log=log, step=dimension.step or 1)
    return FloatDistribution(dimension.low, dimension.high, log=log, step=dimension.step)


def _value(dimension: Dimension, value: Value) -> Value:
    """A value as Optuna takes it: it can't tell true from 1, so categories of both are texts.

    So are lists and mappings, which it has none of.
    """
    if isinstance(dimension, Categorical):
        categories = dimension.categories
        is_plain = all(map(is_scalar, categories))
        if not is_plain or len({*categories}) < len(categories):
            return json.dumps(value, ensure_ascii=False)
    return value
