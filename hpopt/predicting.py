"""What the model of a run says of new rows, and how well."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpopt.data.new_rows import new_rows_of, read_new_rows
from hpopt.data.new_target import NewRows
from hpopt.errors import RunError, in_words
from hpopt.export.best import BEST, MODEL, conformal_of_best, data_of, threshold_of_best
from hpopt.export.best import load_model as load_archive
from hpopt.export.own_classes import own_classes, register_own_classes
from hpopt.export.raw_rows import predict_raw
from hpopt.files import standing
from hpopt.metrics.metrics import metrics_for
from hpopt.metrics.weighted import confusion, labels_above
from hpopt.runs.finding import find_run
from hpopt.runs.folder import Run
from hpopt.statistics.conformal import of_each_label
from hpopt.statistics.sample import Predictor, Sample

if TYPE_CHECKING:
    import pandas as pd

_MODEL = "model"
_LOW, _HIGH = "low", "high"  # the ends of an interval
_FEWEST_ALIKE = 20  # rows of one label that are worth a word: fewer may well be alike


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on rows of known target: its scores, and what it took for what.

    `scores` are None where a metric has no value, and so are their `intervals`, of 95 %.
    `confusion` [labels, labels] counts rows by what they are and what the model said, None for a
    regression.
    """

    rows: int
    scores: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    labels: tuple[str, ...]
    confusion: np.ndarray | None
    notes: tuple[str, ...] = ()

    @property
    def positive(self) -> str | None:
        """Of two labels the one that f1 and average precision are about."""
        return self.labels[1] if len(self.labels) == 2 else None


class Model:
    """The model of a run's `best/`. Raises RunError where there is none, or it can't be loaded.

    With `intervals` it says what holds the truth in 90 % of all cases, as forecasts always do.
    RunError is raised where the run has not kept what that takes.
    """

    def __init__(self, run: Run, *, trust_code: bool = False, intervals: bool = False) -> None:
        if not (run.path / MODEL).is_file():
            if run.outcomes.best is not None:
                raise RunError(
                    f"the model of {run.shown_path} is gone: there is no {MODEL}",
                    help=f"`hpopt export-best {run.shown_path}` makes it of what the run has kept",
                )
            raise RunError(
                f"{run.shown_path} has no model: it is {run.state}",
                help="the end of a run saves the best network; see `hpopt show`",
            )
        self.run = run
        self._trust_code = trust_code
        # All of them from best/: a run that is extended meanwhile knows nothing of this model.
        with standing(run.path / BEST):
            self.data = data_of(run)
            self._threshold = threshold_of_best(run, self.data.labels)
            has_intervals = intervals or self.data.forecast is not None
            self._conformal = conformal_of_best(run) if has_intervals else None
            self._archive = (run.path / MODEL).read_bytes()
        if intervals and self._conformal is None:
            raise RunError(
                f"{run.shown_path} has no intervals",
                help="they take a network that was not fitted to the validation part, which runs "
                "with folds do not keep, and a run that this version of hpopt has closed",
            )

    def rows(
        self, given: pd.DataFrame | np.ndarray | str | PathLike[str], *, with_target: bool = False
    ) -> NewRows:
        """The rows of a file, or of what Python has. Raises DataError where they do not fit."""
        if isinstance(given, str | PathLike):
            rows = read_new_rows(Path(given), self.data, with_target=with_target)
        else:
            rows = new_rows_of(given, self.data, with_target=with_target)
        if with_target:
            return rows
        rows.ids, notes = _beside(rows.ids, self.columns)
        rows.notes += notes
        return rows

    @property
    def columns(self) -> list[str]:
        """The names of what is said of a row: the label or value, and the probabilities."""
        probabilities = [f"probability_{label}" for label in self.data.labels]
        beside: list[str] = []
        if self._conformal is not None:
            possible = [f"possible_{label}" for label in self.data.labels]
            beside = possible or [_LOW, _HIGH]
        return [self.data.output.name, *probabilities, *beside]

    def predict(self, rows: NewRows) -> pd.DataFrame:
        """A row for each row: its ids, the label or value, and the probability of each label.

        With intervals, there are the ends of a value's, or whether each label is possible. Of a
        forecast, a row for each step ahead: its series, its time stamp, and the value.
        """
        return self.said(rows, self._outputs(rows))

    def said(self, rows: NewRows, outputs: np.ndarray) -> pd.DataFrame:
        """What `predict` gives, of what the network says of the rows, [n, units]."""
        import pandas as pd

        labels = self.data.labels
        name, *names = self.columns
        columns: dict[str, Any] = dict(rows.ids)
        if not labels:
            if self.data.forecast is not None and not rows.ids:  # windows without time stamps
                count, steps = outputs.shape
                columns = {"row": np.repeat(np.arange(1, count + 1), steps)}
                columns["step"] = np.tile(np.arange(1, steps + 1), count)
            columns[name] = outputs.reshape(-1)
            if self._conformal is not None:
                ends = self._conformal.ends(outputs)
                columns |= {n: e.reshape(-1) for n, e in zip((_LOW, _HIGH), ends, strict=True)}
            return pd.DataFrame(columns)
        columns[name] = np.array(labels)[labels_above(outputs, self._threshold)]
        beside = list(of_each_label(outputs).T)
        if self._conformal is not None:
            beside += list(self._conformal.sets(outputs).T)
        columns |= dict(zip(names, beside, strict=True))
        return pd.DataFrame(columns)

    def word_on(self, predictions: pd.DataFrame) -> str | None:
        """A word on predictions that are all one of two labels, where no threshold was chosen."""
        if len(self.data.labels) != 2 or self.run.outcomes.threshold is not None:
            return None
        said, probability = predictions[self.columns[0]], self.columns[2]
        if len(said) < _FEWEST_ALIKE or said.nunique() > 1:
            return None
        return (
            f'all rows are said to be "{said.iloc[0]}": {self.run.metric} chooses no '
            f"threshold, and none was put in the place of 0.5. Rank rows by `{probability}`, or "
            "search by `f1`, which chooses one"
        )

    def evaluate(self, rows: NewRows) -> Evaluation:
        """Every metric of the task on rows with a target."""
        assert rows.target is not None
        task, labels = self.data.output.task, self.data.labels
        outputs, y = self._outputs(rows), rows.target
        is_known = y >= 0 if labels else ~np.isnan(y.reshape(len(y), -1)).any(axis=1)
        outputs, y = outputs[is_known], y[is_known]
        metrics = metrics_for(task, self.run.goal.costs, labels, self.data.season_error)
        groups = None if rows.groups is None else rows.groups[is_known]
        weights = None if rows.weights is None else rows.weights[is_known]
        predictors = {_MODEL: Predictor(outputs, self._threshold)}
        sample = Sample(y, predictors, metrics, groups=groups, weights=weights)
        intervals = {name: sample.interval(_MODEL, name) for name in sample.metrics}
        return Evaluation(
            rows=len(y),
            scores={name: sample.score(_MODEL, name) for name in sample.metrics},
            intervals={n: None if i is None else (i.low, i.high) for n, i in intervals.items()},
            labels=labels,
            confusion=confusion(y, labels_above(outputs, self._threshold), len(labels))
            if labels
            else None,
            notes=tuple(rows.notes),
        )

    def _outputs(self, rows: NewRows) -> np.ndarray:
        """What the model says [n, units], in the target's units."""
        return predict_raw(self.network, self.data.features, rows.rows)

    @cached_property
    def network(self) -> Any:
        """The keras.Model. Raises RunError where it can't be loaded."""
        if own := own_classes(self._archive):
            register_own_classes(self.run, own, trust_code=self._trust_code)
        try:
            return load_archive(self._archive)
        except Exception as error:
            raise RunError(
                f"{self.run.path / MODEL} can't be loaded: {in_words(error)}",
                help="was it made by another version of Keras? See environment.json",
            ) from error


def _beside(
    ids: Mapping[str, np.ndarray], taken: Collection[str]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The columns of ids under names that are not `taken`, and a word on those that were."""
    beside: dict[str, np.ndarray] = {}
    notes = []
    for name, values in ids.items():
        other = name
        while other in taken or other in beside or (other != name and other in ids):
            other += "_"
        if other != name:
            notes.append(f"the id column `{name}` is called `{other}` in the predictions")
        beside[other] = values
    return beside, notes


def predict(
    run: Run | str,
    given: pd.DataFrame | np.ndarray | str | PathLike[str],
    *,
    intervals: bool = False,
    trust_code: bool = False,
) -> pd.DataFrame:
    """What the best network of a run says of rows: a row for each, in their order.

    `run` is a `Run`, or what `find_run` finds; the rows are a DataFrame or an array [n, ...], or
    the path of a CSV, Parquet, .npy or .npz file. A classification gives the label as `prediction`
    and `probability_LABEL` for each label, a regression `prediction` in the target's units; columns
    that hpopt took for ids are in front. With `intervals` there are `low` and `high` of a value, or
    `possible_LABEL` for each label, which hold the truth in 90 % of all cases as far as the
    validation part can tell. What in the rows did not fit is a warning. `trust_code`
    lets a builder's code run that is not yours. Raises RunError where the run has no model,
    ConfigError where its code may not run, and DataError where the rows do not fit it.
    """
    model = _model_of(run, trust_code, intervals)
    rows = model.rows(given)
    for note in rows.notes:
        warnings.warn(note, stacklevel=2)
    predictions = model.predict(rows)
    if isinstance(given, str | PathLike | np.ndarray) or model.data.forecast is not None:
        return predictions
    return predictions.set_axis(given.index)


def load_model(run: Run | str, *, trust_code: bool = False) -> Any:
    """The best network of a run as a keras.Model, which takes raw rows.

    Raises and takes what `predict` does.
    """
    return _model_of(run, trust_code).network


def evaluate(
    run: Run | str,
    given: pd.DataFrame | np.ndarray | str | PathLike[str],
    *,
    trust_code: bool = False,
) -> Evaluation:
    """How well the best network of a run does on rows that have a target.

    Raises and takes what `predict` does.
    """
    model = _model_of(run, trust_code)
    return model.evaluate(model.rows(given, with_target=True))


def _model_of(run: Run | str, trust_code: bool, intervals: bool = False) -> Model:
    found = run if isinstance(run, Run) else find_run(run)
    return Model(found, trust_code=trust_code, intervals=intervals)
