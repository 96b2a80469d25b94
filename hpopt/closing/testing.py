"""The closing steps `threshold` and `test`: what the final network is worth, and how sure that is.

`test` is the only step that sees the test part. Its outcome holds scores and intervals of the final
network, of the default params and of plain models, who is better than whom, how far the validation
score flattered, and how well probabilities are calibrated. `hpopt/report/` puts it into words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hpopt.data.prepared import PartName
from hpopt.errors import RunError
from hpopt.export.best import trained_network
from hpopt.metrics.metrics import metrics_for
from hpopt.metrics.weighted import HALF
from hpopt.runs.folder import Run
from hpopt.statistics.bootstrap import LEVEL, Interval
from hpopt.statistics.calibration import calibration
from hpopt.statistics.sample import Difference, Predictor, Sample, independent_difference
from hpopt.statistics.threshold import Threshold, choose_threshold, depends_on_threshold
from hpopt.task import Task
from hpopt.training.baselines import Kind, Predictions, baseline_predictions
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial

log = logging.getLogger(__name__)

_AT_HALF = "best at 0.5"


@dataclass(frozen=True)
class Judging:
    """What both steps need: the run, its objective on its own split, and trials' last networks.

    `network` gives a trial's, or the average of several, with the objective on the rows it was
    fitted to, which may be more; it raises RunError where there is none.
    """

    run: Run
    objective: Objective
    network: Callable[..., tuple[Objective, Any]]

    def threshold(self) -> Mapping[str, Any]:
        """Choose the threshold that the final network is used with, on the validation part."""
        return self._threshold_of(self._on_validation(*self.run.final)).to_json()

    def test(self) -> Mapping[str, Any]:
        """Score everything on the test part, with the intervals and comparisons of it."""
        sample = Sample(
            self.objective.data.y("test"),
            self._predictors,
            [metric.name for metric in metrics_for(self._task)],
            groups=self._groups("test"),
        )
        names = [name for name in self._predictors if name != _AT_HALF]
        networks = [name for name in names if name not in self._baselines]
        outcome: dict[str, Any] = {name: _scores(sample, name) for name in networks}
        if self._is_default_final:
            outcome["default"] = outcome["best"]
        outcome |= {
            "baselines": {
                name: {"validation": self._validation_scores(name), "test": _scores(sample, name)}
                for name in self._baselines
            },
            "kinds": {name: kind for name, (kind, _) in self._baselines.items()},
            "rows": sample.rows,
            "groups": None if self._groups("test") is None else sample.units,
            "level": LEVEL,
            "thresholds": {name: self._predictors[name].threshold for name in names},
            "intervals": {name: _intervals(sample, name) for name in names},
            "comparisons": {
                name: _told(sample.difference("best", name, self.run.metric))
                for name in names
                if name != "best"
            },
            "flattery": self._flattery(sample),
        }
        if _AT_HALF in self._predictors:
            outcome["at_half"] = sample.score(_AT_HALF, self.run.metric)
        if self.objective.data.output.kind.has_labels:
            said = self._predictors["best"].predictions
            outcome["calibration"] = calibration(sample.y, said).to_json()
        return outcome

    @property
    def _is_default_final(self) -> bool:
        """Whether the final network is that of the default params."""
        return [trial.number for trial in self.run.final] == [self.run.trials()[0].number]

    @property
    def _task(self) -> Task:
        return self.objective.data.output.task

    @property
    def _has_threshold(self) -> bool:
        return depends_on_threshold(self._task, self.run.metric)

    def _groups(self, part: PartName) -> np.ndarray | None:
        return self.objective.data.groups(part)

    @cached_property
    def _final(self) -> tuple[Objective, np.ndarray]:
        """The final network's objective, and what the network says of the test part."""
        objective, network = self.network(*self.run.final)
        return objective, objective.predict(network, "test")

    @cached_property
    def _predictors(self) -> Mapping[str, Predictor]:
        """Who is scored on the test part: the best, the default if it is another, the baselines."""
        _, said = self._final
        found = {"best": Predictor(said, self.run.threshold)}
        if not self._is_default_final:
            predictor = self._default(self.run.trials()[0])
            found |= {} if predictor is None else {"default": predictor}
        for name, (_, predictions) in self._baselines.items():
            threshold = self._threshold_of(predictions["validation"]).value
            found[name] = Predictor(predictions["test"], threshold)
        if self.run.threshold != HALF:
            found[_AT_HALF] = Predictor(said)
        return found

    def _default(self, default: Trial) -> Predictor | None:
        """The network of the default params, where there is one."""
        try:
            objective, network = self.network(default)
        except RunError as error:
            log.warning("the default params are not tested: %s", error)
            return None
        threshold = HALF
        if self._has_threshold:
            threshold = self._threshold_of(self._on_validation(default)).value
        return Predictor(objective.predict(network, "test"), threshold)

    @cached_property
    def _baselines(self) -> Mapping[str, tuple[Kind, Predictions]]:
        return baseline_predictions(self.objective.data, self._final[0].data)

    def _threshold_of(self, predictions: np.ndarray) -> Threshold:
        """The threshold for somebody's predictions of the validation part."""
        if not self._has_threshold:
            return Threshold(HALF, HALF, None)
        y = self.objective.data.y("validation")
        groups = self._groups("validation")
        return choose_threshold(self.run.metric, y, predictions, groups=groups)

    def _on_validation(self, *trials: Trial) -> np.ndarray:
        """What trials' networks, fitted to the training part alone, say of validation together."""
        network = trained_network(self.run, self.objective, *trials)
        return self.objective.predict(network, "validation")

    def _validation_scores(self, name: str) -> Mapping[str, float | None]:
        """A baseline's scores on the validation part, by the threshold 0.5 as trials' are."""
        sample = Sample(
            self.objective.data.y("validation"),
            {name: Predictor(self._baselines[name][1]["validation"])},
            [metric.name for metric in metrics_for(self._task)],
        )
        return _scores(sample, name)

    def _flattery(self, test: Sample) -> Mapping[str, Any] | None:
        """How much better the search's best validation score was than the test score.

        Differences count in the metric's good direction: above 0, validation flattered. Both are
        taken at the threshold 0.5, by which trials are judged. `beyond` sets the linear baseline
        beside it, which no validation score has chosen: what it lost as well is due to the rows.
        None for an ensemble: its test score is of another model than any that the search scored.
        """
        if self.run.ensemble:
            return None
        metric, best = self.run.metric, self.run.best
        assert best is not None
        assert best.result is not None
        said, on_test = self.run.score(best), test.score(self._half, metric)
        of_test = test.interval(self._half, metric)
        if said is None or on_test is None or of_test is None:
            return None
        sign = 1.0 if self.run.header.greater_is_better else -1.0
        found: dict[str, Any] = {"search": said, "test": on_test}
        confirmed = self._confirmed
        if confirmed is not None:
            found["confirmed"] = confirmed
        linear = None
        if best.result.weights is None:  # of folds: every row was in one of the validation parts
            of_validation = _of_folds(said, best.result, self.objective.training.folds)
        elif self.run.weights(best) is None:
            return found
        else:
            predictors = {"best": Predictor(self._on_validation(best))}
            linear = next((n for n, (kind, _) in self._baselines.items() if kind == "linear"), None)
            if linear is not None:
                predictors["linear"] = Predictor(self._baselines[linear][1]["validation"])
            y, groups = self.objective.data.y("validation"), self._groups("validation")
            validation = Sample(y, predictors, [metric], groups=groups)
            of_validation = validation.interval("best", metric)
        if of_validation is None:
            return found
        difference = independent_difference(said, of_validation, on_test, of_test)
        found |= _flattered(said - on_test, difference, sign)
        sizes = self.objective.data.sizes
        is_folded = best.result.weights is None
        found["rows"] = sizes["validation"] + (sizes["train"] if is_folded else 0)
        if linear is not None:
            found["beyond"] = self._beyond(linear, validation, test, sign)
        return found

    def _beyond(
        self, linear: str, validation: Sample, test: Sample, sign: float
    ) -> Mapping[str, Any] | None:
        """What the search's best lost more than the linear baseline did."""
        metric = self.run.metric
        ahead = validation.difference("best", "linear", metric)
        ahead_on_test = self._at_half(test, linear)
        if ahead is None or ahead_on_test is None:
            return None
        interval = independent_difference(
            ahead.estimate, ahead.interval, ahead_on_test.estimate, ahead_on_test.interval
        )
        difference = ahead.estimate - ahead_on_test.estimate
        return {"name": linear} | _flattered(difference, interval, sign)

    def _at_half(self, test: Sample, name: str) -> Difference | None:
        """The best less a baseline on the test part, both by the threshold 0.5."""
        if self._predictors[name].threshold == HALF:
            return test.difference(self._half, name, self.run.metric)
        predictors = {
            each: Predictor(self._predictors[each].predictions) for each in ("best", name)
        }
        sample = Sample(test.y, predictors, [self.run.metric], groups=self._groups("test"))
        return sample.difference("best", name, self.run.metric)

    @property
    def _half(self) -> str:
        return _AT_HALF if _AT_HALF in self._predictors else "best"

    @property
    def _confirmed(self) -> float | None:
        """What the step `confirm` found of the chosen params on average, where it fitted them."""
        step = self.run.steps.get("confirm")
        if step is None:
            return None
        for one in step.outcome.get("candidates", []):
            if one["number"] == step.outcome["chosen"] and one["mean"] is not None:
                return float(one["mean"])
        return None


def _scores(sample: Sample, name: str) -> dict[str, float | None]:
    return {metric: sample.score(name, metric) for metric in sample.metrics}


def _intervals(sample: Sample, name: str) -> dict[str, list[float] | None]:
    found = {metric: sample.interval(name, metric) for metric in sample.metrics}
    return {metric: None if one is None else one.to_json() for metric, one in found.items()}


def _told(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    interval = difference.interval.to_json()
    return {"difference": difference.estimate, "interval": interval, "p": difference.p}


def _flattered(difference: float, interval: Interval, sign: float) -> dict[str, Any]:
    ends = sorted([sign * interval.low, sign * interval.high])
    return {"difference": sign * difference, "interval": ends}


def _of_folds(score: float, result: Result, folds: int) -> Interval | None:
    """The interval of a trial's score from the standard error that its folds give; Student's t."""
    from scipy.special import stdtrit

    if result.standard_error is None:
        return None
    reach = float(stdtrit(folds - 1, (1 + LEVEL) / 2)) * result.standard_error
    return Interval(score - reach, score + reach)
