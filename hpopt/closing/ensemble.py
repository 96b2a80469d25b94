"""The step `ensemble`: the average of several networks, where it is better than the single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpopt.export.best import trained_network
from hpopt.runs.folder import Run
from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.sample import Predictor, Sample
from hpopt.training.objective import Objective
from hpopt.trials import Trial, ranked

STEP = "ensemble"


def members(run: Run, count: int) -> list[Trial]:
    """The trials whose networks are to be averaged, the most promising first.

    Those that the step `confirm` has fitted again come first, by how long they stayed in the race
    and by their mean there; all others stand as the search has ranked them.
    """
    step = run.steps.get("confirm")
    sign = -1.0 if run.header.greater_is_better else 1.0
    candidates = step.outcome["candidates"] if step else []
    fitted = [each for each in candidates if each["scores"] and each["reason"] is None]
    fitted.sort(key=lambda each: (-len(each["scores"]), sign * each["mean"], each["number"]))
    failed = {each["number"] for each in candidates if each["reason"] is not None}
    confirmed = [run.trial(each["number"]) for each in fitted]
    known = failed | {trial.number for trial in confirmed}
    others = [trial for trial in ranked(run.trials()) if trial.number not in known]
    return [*confirmed, *others][:count]


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

    def __call__(self) -> Mapping[str, Any]:
        """Compare, and give the step's outcome: the average is taken if it is clearly better.

        Raises RunError where the single network is gone.
        """
        single, metric = self.run.chosen, self.run.metric
        assert single is not None
        found = [trial for trial in members(self.run, self.count) if self._is_there(trial)]
        numbers = [trial.number for trial in found]
        outcome: dict[str, Any] = {"members": numbers, "single": single.number, "taken": False}
        if len(found) < 2:
            return outcome
        data = self.objective.data
        said = {"ensemble": self._said(*found), "single": self._said(single)}
        predictors = {name: Predictor(predictions) for name, predictions in said.items()}
        groups = data.groups("validation")
        sample = Sample(data.y("validation"), predictors, [metric], groups=groups)
        scores = {name: sample.score(name, metric) for name in predictors}
        outcome |= {"scores": scores, "level": LEVEL, "difference": None}
        difference = sample.difference("ensemble", "single", metric)
        if difference is not None:
            is_better = (difference.estimate > 0) == self.run.header.greater_is_better
            outcome |= {
                "difference": difference.estimate,
                "interval": difference.interval.to_json(),
                "p": difference.p,
                "taken": difference.is_clear and is_better,
            }
        return outcome

    def _is_there(self, trial: Trial) -> bool:
        is_refitted = self.run.refitted_weights(trial) is not None or not self.whole
        return is_refitted and self.run.weights(trial) is not None

    def _said(self, *trials: Trial) -> Any:
        network = trained_network(self.run, self.objective, *trials)
        return self.objective.predict(network, "validation")
