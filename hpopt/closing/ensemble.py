"""The step `ensemble`: the average of several networks, where it is better than the single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpopt.export.best import trained_network
from hpopt.runs.folder import Run
from hpopt.runs.steps import Ensembled, EnsembleScores
from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.sample import Predictor, Sample
from hpopt.statistics.threshold import as_judged
from hpopt.training.objective import Objective
from hpopt.trials import Trial, ranked

_AVERAGE, _SINGLE = "ensemble", "single"


def members(run: Run, count: int) -> list[Trial]:
    """The trials whose networks are to be averaged, the most promising first.

    Those that the step `confirm` has fitted again come first, by how long they stayed in the race
    and by their mean there; all others stand as the search has ranked them.
    """
    race = run.outcomes.confirm
    sign = -1.0 if run.header.greater_is_better else 1.0
    candidates = race.candidates if race else ()
    fitted = [
        (-len(each.scores), sign * each.mean, each.number)
        for each in candidates
        if each.mean is not None and each.reason is None
    ]
    failed = {each.number for each in candidates if each.reason is not None}
    confirmed = [number for _, _, number in sorted(fitted)]
    others = [trial for trial in ranked(run.trials()) if trial.number not in {*failed, *confirmed}]
    return [*map(run.trial, confirmed), *others][:count]


@dataclass(frozen=True)
class Ensemble:
    """Compares the average of `count` networks with the single one, on the validation part.

    All of them are the networks of the training part; with `whole` those that come into the model
    were fitted again to all rows, so each member needs both. A member without is left out.
    """

    run: Run
    objective: Objective
    count: int
    whole: bool

    def __call__(self) -> Ensembled:
        """Compare: the average is taken if it is clearly better.

        Raises RunError where the single network is gone.
        """
        single, metric = self.run.chosen, self.run.metric
        assert single is not None
        averaged = [trial for trial in members(self.run, self.count) if self._is_there(trial)]
        numbers = [trial.number for trial in averaged]
        if len(averaged) < 2:
            return Ensembled(members=numbers, single=single.number, taken=False, difference=None)
        sample = self._sample(averaged, single)
        comparison = sample.compare(_AVERAGE, _SINGLE, metric)
        is_better = comparison is not None and (
            (comparison.difference > 0) == self.run.header.greater_is_better
        )
        return Ensembled(
            members=numbers,
            single=single.number,
            taken=comparison is not None and comparison.is_clear and is_better,
            scores=EnsembleScores(
                ensemble=sample.score(_AVERAGE, metric), single=sample.score(_SINGLE, metric)
            ),
            level=LEVEL,
            difference=None if comparison is None else comparison.difference,
            interval=None if comparison is None else comparison.interval,
            p=None if comparison is None else comparison.p,
        )

    def _sample(self, averaged: Sequence[Trial], single: Trial) -> Sample:
        """What both say of the validation part."""
        data, metric = self.objective.data, self.objective.judge
        y, rule = data.y("validation"), self.run.rule
        groups, weights = data.groups("validation"), data.weights("validation")
        predictors = {
            name: Predictor(as_judged(metric, rule, y, self._predictions(*trials), groups, weights))
            for name, trials in ((_AVERAGE, averaged), (_SINGLE, [single]))
        }
        return Sample(y, predictors, [metric], groups=groups, weights=weights)

    def _is_there(self, trial: Trial) -> bool:
        is_refitted = self.run.refitted_weights(trial) is not None or not self.whole
        return is_refitted and self.run.weights(trial) is not None

    def _predictions(self, *trials: Trial) -> np.ndarray:
        network = trained_network(self.run, self.objective, *trials)
        return self.objective.predict(network, "validation")
