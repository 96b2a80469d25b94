"""The closing steps `threshold` and `test`: what the final network is worth, and how sure that is.

`test` is the only step that sees the test part. It gives scores and intervals of the final network,
of the default params and of plain models, who is better than whom, how far the validation score
flattered, and how well probabilities are calibrated. `hpopt/report/` puts it into words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hpopt.closing.features import Features
from hpopt.closing.flattery import NETWORK, beyond_baseline, flattery, interval_of_folds
from hpopt.closing.forecasts import ahead, forecasts
from hpopt.closing.held import calibrated, held
from hpopt.closing.mistakes import worst
from hpopt.data.prepared import PartName
from hpopt.errors import RunError
from hpopt.export.best import trained_network
from hpopt.metrics.metric import Metric
from hpopt.metrics.metrics import metrics_for
from hpopt.metrics.weighted import HALF, confusion, labels_above
from hpopt.runs.folder import Run
from hpopt.runs.forecasts import Forecasts
from hpopt.runs.mistakes import Mistakes
from hpopt.runs.steps import (
    Baseline,
    Beyond,
    Confusion,
    Flattery,
    Retrieval,
    Scored,
    Thresholded,
)
from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.calibration import calibration
from hpopt.statistics.conformal import Conformal
from hpopt.statistics.precision_recall import precision_recall
from hpopt.statistics.records import Interval
from hpopt.statistics.sample import Predictor, Sample
from hpopt.statistics.threshold import as_judged, best_threshold, gain_over_half
from hpopt.task import OWN_THRESHOLD, TASKS, Task
from hpopt.training.baselines import BaselineKind, Predictions, baseline_predictions
from hpopt.training.objective import Objective
from hpopt.trials import Trial

log = logging.getLogger(__name__)

# Of more labels a picture of the confusions can't be read.
_MOST_LABELS = 60
_BEST, _DEFAULT, _JUDGED = "best", "default", "judged"


@dataclass(frozen=True)
class Assessment:
    """What the final network of a run is worth, beside the default params and the baselines.

    `objective` is that of the run's own split. `network` gives the last network of a trial, or the
    average of several, with the objective on the rows it was fitted to, which may be more; it
    raises RunError where there is none.
    """

    run: Run
    objective: Objective
    network: Callable[..., tuple[Objective, Any]]

    def threshold(self) -> Thresholded:
        """Choose the threshold that the final network is used with, on the validation part."""
        predictions = self._on_validation(*self.run.final)
        y, groups = self._y("validation"), self._groups("validation")
        weights = self.objective.data.weights("validation")
        threshold = best_threshold(self.objective.judge, y, predictions, weights)
        gain = gain_over_half(self.objective.judge, y, predictions, groups, weights)
        return Thresholded(
            threshold=threshold,
            tried=threshold,
            gain=None if gain is None else gain.difference,
            interval=None if gain is None else gain.interval,
            p=None if gain is None else gain.p,
        )

    def test(self) -> Scored:
        """Score everything on the test part, with the intervals and comparisons of it."""
        predictors, metric = self._predictors, self.run.metric
        has_other_threshold = self.run.threshold != HALF
        sample = self._of("test", predictors, self._metrics)
        scores = {name: _scores(sample, name) for name in predictors}
        outputs = predictors[_BEST].predictions
        return Scored(
            best=scores[_BEST],
            default=scores[_BEST] if self._is_default_final else scores.get(_DEFAULT),
            baselines={
                name: Baseline(validation=self._validation_scores(name), test=scores[name])
                for name in self._baselines
            },
            kinds={name: kind for name, (kind, _) in self._baselines.items()},
            rows=sample.rows,
            groups=None if self._groups("test") is None else sample.units,
            level=LEVEL,
            thresholds={name: each.threshold for name, each in predictors.items()},
            intervals={name: _intervals(sample, name) for name in predictors},
            comparisons={
                name: sample.compare(_BEST, name, metric) for name in predictors if name != _BEST
            },
            flattery=self._flattery(),
            at_half=self._at_half if has_other_threshold else None,
            calibration=calibration(sample.y, outputs) if TASKS[self._task].has_labels else None,
            confusion=self._confusion(outputs),
            retrieval=self._retrieval(),
            ahead=ahead(self.objective.data, predictors, _BEST, self.conformal),
            held=held(self.objective.data, outputs, self.conformal),
            importance=self._features.importance(),
            weighted_by=self._weighted_by,
        )

    @cached_property
    def conformal(self) -> Conformal | None:
        """What holds the truth of so many cases, by what is said of the validation part.

        That is said by networks that did not learn from it: None where none was kept.
        """
        try:
            predictions = self._on_validation(*self.run.final)
        except RunError as error:
            log.warning("there are no intervals or sets of predictions: %s", error)
            return None
        return calibrated(self.objective.data, predictions)

    def forecasts(self, most: int) -> Forecasts | None:
        """Forecasts of the test part, to be looked at."""
        return forecasts(self.objective.data, self._final[1], self.conformal, most)

    def _confusion(self, outputs: np.ndarray) -> Confusion | None:
        labels = self.objective.data.labels
        if not 1 < len(labels) <= _MOST_LABELS:
            return None
        counts = confusion(self._y("test"), labels_above(outputs, self.run.threshold), len(labels))
        return Confusion(list(labels), counts.tolist())

    def _retrieval(self) -> Retrieval | None:
        """How well the best and the default find the positive rows of the test part."""
        y = self._y("test")
        if not TASKS[self._task].has_threshold or not (y == 1).any():
            return None
        models = {n: each for n, each in self._predictors.items() if n in (_BEST, _DEFAULT)}
        return Retrieval(
            positive=self.objective.data.labels[1],
            share=float((y == 1).mean()),
            models={
                name: precision_recall(y, each.predictions, each.threshold)
                for name, each in models.items()
            },
        )

    @property
    def _weighted_by(self) -> str | None:
        data = self.objective.data
        return None if data.weights("test") is None else data.weight_name or "sample_weight"

    def mistakes(self, most: int) -> Mistakes | None:
        """The test rows that the final network is most wrong about, where they can be seen."""
        objective, outputs = self._final
        return worst(objective.data, outputs, self.run.threshold, most)

    @property
    def _is_default_final(self) -> bool:
        """Whether the final network is that of the default params."""
        return [trial.number for trial in self.run.final] == [self.run.trials()[0].number]

    @property
    def _task(self) -> Task:
        return self.objective.data.output.task

    @property
    def _metrics(self) -> list[Metric]:
        data, costs = self.objective.data, self.objective.training.costs
        return metrics_for(self._task, costs, data.labels, data.season_error)

    @property
    def _at_half(self) -> float | None:
        """What the final network would score on the test part by the threshold 0.5."""
        network = {NETWORK: Predictor(self._final[1])}
        sample = self._of("test", network, [self.objective.judge])
        return sample.score(NETWORK, self.run.metric)

    def _of(
        self, part: PartName, predictors: Mapping[str, Predictor], metrics: Sequence[Metric]
    ) -> Sample:
        """Predictors on the rows of a part."""
        groups, weights = self._groups(part), self.objective.data.weights(part)
        return Sample(self._y(part), predictors, metrics, groups=groups, weights=weights)

    def _y(self, part: PartName) -> np.ndarray:
        return self.objective.data.y(part)

    def _groups(self, part: PartName) -> np.ndarray | None:
        return self.objective.data.groups(part)

    @cached_property
    def _network(self) -> tuple[Objective, Any]:
        """The final network's objective, and the network."""
        return self.network(*self.run.final)

    @cached_property
    def _final(self) -> tuple[Objective, np.ndarray]:
        """The final network's objective, and what the network predicts of the test part."""
        objective, network = self._network
        return objective, objective.predict(network, "test")

    @property
    def _features(self) -> Features:
        """What the final network sees of the test part, feature by feature."""
        objective, network = self._network
        return Features(
            places=objective.data.features.places_of_features,
            inputs=objective.data.inputs("test"),
            y=self._y("test"),
            groups=self._groups("test"),
            weights=self.objective.data.weights("test"),
            predict=lambda inputs: objective.predicted(network, inputs),
            threshold=self.run.threshold,
            metric=self.objective.judge,
        )

    @cached_property
    def _predictors(self) -> Mapping[str, Predictor]:
        """Who is scored on the test part: the best, the default if it is another, the baselines."""
        predictors = {_BEST: Predictor(self._final[1], self.run.threshold)}
        if not self._is_default_final:
            default = self._default(self.run.trials()[0])
            predictors |= {} if default is None else {_DEFAULT: default}
        for name, (_, predictions) in self._baselines.items():
            threshold = self._threshold_of(predictions["validation"])
            predictors[name] = Predictor(predictions["test"], threshold)
        return predictors

    def _default(self, default: Trial) -> Predictor | None:
        """The network of the default params, where there is one."""
        try:
            objective, network = self.network(default)
        except RunError as error:
            log.warning("the default params are not tested: %s", error)
            return None
        threshold = HALF
        if self.has_threshold:
            threshold = self._threshold_of(self._on_validation(default))
        return Predictor(objective.predict(network, "test"), threshold)

    @cached_property
    def _baselines(self) -> Mapping[str, tuple[BaselineKind, Predictions]]:
        return baseline_predictions(self.objective.data, self._final[0].data)

    def _threshold_of(self, predictions: np.ndarray) -> float:
        """The threshold for somebody's predictions of the validation part."""
        if not self.has_threshold:
            return HALF
        y, weights = self._y("validation"), self.objective.data.weights("validation")
        return best_threshold(self.objective.judge, y, predictions, weights)

    def _on_validation(self, *trials: Trial) -> np.ndarray:
        """What trials' networks, fitted to the training part alone, predict of validation."""
        network = trained_network(self.run, self.objective, *trials)
        return self.objective.predict(network, "validation")

    def _validation_scores(self, name: str) -> Mapping[str, float | None]:
        """A baseline's scores on the validation part, by the rule of the trials' scores."""
        predictions = self._baselines[name][1]["validation"]
        predictors = {name: Predictor(predictions), _JUDGED: self._judged(predictions)}
        sample = self._of("validation", predictors, self._metrics)
        return {
            metric.name: sample.score(_JUDGED if metric.needs == "labels" else name, metric.name)
            for metric in self._metrics
        }

    def _judged(self, predictions: np.ndarray) -> Predictor:
        """Predictions of the validation part as trials' are scored, by the rule of the run."""
        y, groups = self._y("validation"), self._groups("validation")
        weights, judge = self.objective.data.weights("validation"), self.objective.judge
        return Predictor(as_judged(judge, self.run.rule, y, predictions, groups, weights))

    def _flattery(self) -> Flattery | None:
        """How far the search's best validation score flattered.

        None for an ensemble: its test score is of another model than any that the search scored.
        """
        best = self.run.best
        assert best is not None
        assert best.result is not None
        search = self.run.score(best)
        if self.run.ensemble or search is None:
            return None
        sizes, beyond = self.objective.data.sizes, None
        rows = sizes["validation"]
        if best.result.weights is None:  # of folds: every row was in one of the validation parts
            folds = self.objective.training.folds
            of_search = interval_of_folds(search, best.result.standard_error, folds)
            rows += sizes["train"]
        elif self.run.weights(best) is None:
            of_search = None
        else:
            validation = self._sample("validation", self._judged(self._on_validation(best)))
            of_search = validation.interval(NETWORK, self.run.metric)
            beyond = self._beyond(validation)
        return flattery(
            search,
            of_search,
            self._test,
            rows=rows,
            greater_is_better=self.run.header.greater_is_better,
            confirmed=self._confirmed,
            beyond=beyond,
        )

    def _beyond(self, validation: Sample) -> Beyond | None:
        """What the search's best lost more than the linear baseline, where that could be fitted."""
        if self._linear is None:
            return None
        greater_is_better = self.run.header.greater_is_better
        test = self._test
        return beyond_baseline(self._linear, validation, test, greater_is_better=greater_is_better)

    @cached_property
    def _test(self) -> Sample:
        """What the final network says of the test part, by the rule of the trials' scores."""
        threshold = self.run.threshold if self._is_by_own_threshold else HALF
        return self._sample("test", Predictor(self._final[1], threshold))

    def _sample(self, part: PartName, network: Predictor) -> Sample:
        """A network's predictions of a part, and the linear baseline's, by the same rule."""
        predictors = {NETWORK: network}
        if self._linear is not None:
            predictions = self._baselines[self._linear][1]
            linear = self._judged(predictions["validation"])
            if part == "test":
                threshold = HALF
                if self._is_by_own_threshold:
                    threshold = self._threshold_of(predictions["validation"])
                linear = Predictor(predictions["test"], threshold)
            predictors[self._linear] = linear
        return self._of(part, predictors, [self.objective.judge])

    @property
    def _is_by_own_threshold(self) -> bool:
        """Whether trials are scored as the model is used; those of hpopt 0.1 are by 0.5."""
        return self.run.rule == OWN_THRESHOLD

    @property
    def has_threshold(self) -> bool:
        """Whether labels are said by a threshold of the model's own."""
        return has_threshold(self.run)

    @property
    def _linear(self) -> str | None:
        """The name of the linear baseline, where it could be fitted."""
        return next((n for n, (kind, _) in self._baselines.items() if kind == "linear"), None)

    @property
    def _confirmed(self) -> float | None:
        """What the step `confirm` gave for the chosen params on average, where it fitted them."""
        race = self.run.outcomes.confirm
        if race is None:
            return None
        return next((each.mean for each in race.candidates if each.number == race.chosen), None)


def has_threshold(run: Run) -> bool:
    """Whether the labels of a run's model are said by a threshold of its own.

    A run of 0.1, whose trials were scored by 0.5, has one where it was closed with one before.
    """
    return run.rule == OWN_THRESHOLD or run.outcomes.threshold is not None


def _scores(sample: Sample, name: str) -> dict[str, float | None]:
    return {metric: sample.score(name, metric) for metric in sample.metrics}


def _intervals(sample: Sample, name: str) -> dict[str, Interval | None]:
    return {metric: sample.interval(name, metric) for metric in sample.metrics}
