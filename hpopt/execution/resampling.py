"""What a trial is made of where one fit does not do: folds and repeats, and what they come to.

Folds differ in their rows, repeats in their seed alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

import numpy as np

from hpopt.execution.slots import Job
from hpopt.trials import Result, fit_seed


@dataclass(frozen=True)
class Resampling:
    """The fits that a trial has: `folds` (1 is the run's own split) times `repeats`."""

    folds: int = 1
    repeats: int = 1

    @property
    def fits(self) -> int:
        """How many fits that are."""
        return self.folds * self.repeats

    def jobs(self, trial: Job) -> list[Job]:
        """The fits of a trial. The first is the trial's own, with its seed and in its folder."""
        jobs = []
        for index in range(self.fits):
            jobs.append(
                replace(
                    trial,
                    seed=fit_seed(trial.seed, index),
                    folder=trial.folder / f"fit_{index + 1}" if index else trial.folder,
                    fold=index % self.folds + 1 if self.folds > 1 else trial.fold,
                )
            )
        return jobs

    def result(self, results: Sequence[Result]) -> Result:
        """What the fits come to, in the order of `jobs`: the means of values and scores.

        The curves are means too, for as long as all fits went on. The kept weights are the first
        fit's, if it kept any. It is paused where one of them is; those that are over say again what
        they have said.
        """
        if len(results) == 1:
            return results[0]
        scores = [score for result in results for score in result.scores]
        return Result(
            value=fmean(result.value for result in results),
            metrics=_means([result.metrics for result in results]),
            scores=scores,
            curves=_mean_curves([result.curves for result in results]),
            epochs=round(fmean(result.epochs for result in results)),
            seconds=sum(result.seconds for result in results),
            weights=results[0].weights,
            standard_error=standard_error(scores, self.folds),
            kept_epoch=round(median(result.kept_epoch or result.epochs for result in results)),
            is_constant=all(result.is_constant for result in results),
            state=next((result.state for result in results if result.state), None),
        )


def standard_error(scores: Sequence[float], folds: int) -> float:
    """The standard error of the mean of scores, one a fold of the first repeat, then the next.

    Training parts overlap, so the scores of k folds are not independent, and their deviation over
    sqrt(k) is too small. Nadeau and Bengio, "Inference for the generalization error" (2003): the
    variance of the mean of k folds is about (1/k + n_validation/n_train) s², here with
    n_validation/n_train = 1/(k - 1). s² is the variance of the folds' means over the repeats.
    Without folds it is s/sqrt(r) of the r repeats: what another seed would change, and no more.
    """
    table = np.reshape(scores, (-1, folds))  # [repeats, folds]
    if folds == 1:
        return float(table.std(ddof=1) / math.sqrt(len(table)))
    return float(table.mean(axis=0).std(ddof=1) * math.sqrt(1 / folds + 1 / (folds - 1)))


def _means(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(each[name] for each in metrics) for name in metrics[0]}


def _mean_curves(curves: Sequence[Mapping[str, list[float]]]) -> dict[str, list[float]]:
    return {
        name: [fmean(epoch) for epoch in zip(*(each[name] for each in curves), strict=False)]
        for name in curves[0]
    }
