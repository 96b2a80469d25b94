"""The step `confirm`: the best few candidates are fitted again, so that skill is told from luck.

The lowest of a hundred noisy values is in part the luckiest. So candidates are the search's best,
the default params, and those of which the surrogate expects most, and they race: each round fits
every one that is left on a fresh split of the training and validation rows, with a fresh seed, the
same split for all. Who is surely worse than the leader drops out. It ends when one is left or the
budget is spent. The default params are given up only for what is likely to be better.
"""

from __future__ import annotations

import logging
import math
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from hpopt.closing.jobs import run_jobs
from hpopt.closing.racing import confidence_over, within_one_error
from hpopt.closing.work import N_WEIGHTS, Counting
from hpopt.data.folds import Splits
from hpopt.execution.slots import Job, Slots, TrialFinished
from hpopt.runs.events import Fitted
from hpopt.runs.folder import Run, now
from hpopt.runs.steps import Candidate, Confirmed
from hpopt.search.choosing import expected_best
from hpopt.space.space import Space
from hpopt.training.objective import Objective
from hpopt.trials import Trial, fit_seed

log = logging.getLogger(__name__)

STEP = "confirm"
_MOST_CANDIDATES = 5
# With fewer rounds nothing is said, and candidates are so few that there are as many.
_FEWEST_ROUNDS, _MOST_ROUNDS = 3, 30
# How sure the race has to be that nobody who dropped out was the best, and the end of it.
_CONFIDENCE = 0.95
# How sure it has to be that others are better before the default params are given up: see
# benchmarks/race.py.
_OVER_DEFAULT = 0.8
# The fits of a round have other seeds than those of a trial's folds and repeats.
_FIRST_FIT = 1_000_000


@dataclass
class _Racer:
    """A trial in the race: `values` of the rounds it was in, to be minimised."""

    trial: Trial
    n_weights: int = 0
    values: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    left_with: float | None = None  # how sure it was that it is worse, when it dropped out
    reason: str | None = None  # why a fit of it failed

    @property
    def fit_s(self) -> float:
        """How long one fit of it takes, as far as is known."""
        result = self.trial.result
        assert result is not None
        return fmean(self.seconds or [result.seconds / len(result.scores)])


@dataclass(frozen=True)
class Race:
    """The race of a run's best candidates, in `slots`, for `budget_s` seconds of fitting at most.

    No round begins that would end behind `deadline_s` of the run's time. Every fit is journalled,
    so a killed race goes on where it was. Once `stop` is set no fit begins, and Stopped is raised.
    """

    run: Run
    objective: Objective
    space: Space
    slots: Slots
    splits: Splits
    budget_s: float
    stop: threading.Event
    deadline_s: float = math.inf

    def __call__(self) -> Confirmed:
        """Race; without two candidates the best stays the best."""
        candidates = self._candidates()
        self._count_weights(candidates)
        racing = [each for each in candidates if each.reason is None]
        rounds = 0
        while len(racing) > 1 and self._affords(candidates, racing, rounds):
            self._run_round(rounds, racing)
            rounds += 1
            racing = self._still_racing([each for each in racing if each.reason is None], rounds)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._outcome(candidates, racing, rounds)

    @property
    def _folder(self) -> Path:
        return self.run.path / STEP

    def _candidates(self) -> list[_Racer]:
        """As many as the budget has enough rounds for: the search's best, the default, and more."""
        best, first = self.run.best, self._default
        assert best is not None
        expected = expected_best(self.space, self.run.trials())
        candidates: list[_Racer] = []
        cost = 0.0
        for trial in _distinct([best, *([] if first is None else [first]), *expected]):
            candidate = _Racer(trial)
            cost += candidate.fit_s
            if len(candidates) == _MOST_CANDIDATES or _FEWEST_ROUNDS * cost > self.budget_s:
                break
            candidates.append(candidate)
        return candidates

    @property
    def _default(self) -> Trial | None:
        """The trial of the default params, if it gave a value."""
        first = self.run.trials()[0]
        return None if first.result is None else first

    def _count_weights(self, candidates: Sequence[_Racer]) -> None:
        """Have each network built once, in a slot: a candidate whose network fails can't race."""
        by_number = {each.trial.number: each for each in candidates}
        counting = Counting(self.objective)
        jobs = [
            Job(n, each.trial.params, each.trial.seed, self._folder / f"{n:04d}", work=counting)
            for n, each in by_number.items()
        ]
        for event in run_jobs(self.slots, jobs, self.stop):
            candidate = by_number[event.job.number]
            if isinstance(event, TrialFinished):
                candidate.n_weights = int(event.result.metrics[N_WEIGHTS])
            else:
                candidate.reason = event.reason
                log.warning("trial %d does not race: %s", event.job.number, event.reason)

    def _affords(self, candidates: Sequence[_Racer], racing: Sequence[_Racer], rounds: int) -> bool:
        """Whether one more round stays within the budget, and is not one too many.

        Fits may take longer than their trials did, as where graphs are traced anew: the first few
        rounds, without which nothing can be said, may then take up to twice the budget.
        """
        spent = sum(sum(each.seconds) for each in candidates)
        budget_s = 2 * self.budget_s if 0 < rounds < _FEWEST_ROUNDS else self.budget_s
        cost_s = sum(each.fit_s for each in racing)
        if self.run.elapsed_s + cost_s / max(1, self.slots.free) > self.deadline_s:
            return False
        return rounds < _MOST_ROUNDS and spent + cost_s <= budget_s

    def _run_round(self, index: int, racing: Sequence[_Racer]) -> None:
        """Fit every candidate once more, but for those whose fit is in the journal already."""
        by_number = {each.trial.number: each for each in racing}
        seeds = {n: fit_seed(each.trial.seed, _FIRST_FIT + index) for n, each in by_number.items()}
        done = {fit.number: fit for fit in self.run.fits if fit.seed == seeds.get(fit.number)}
        missing = [number for number in by_number if number not in done]
        if missing:
            fold = self.splits.write_fresh(index)
            jobs = [
                Job(n, by_number[n].trial.params, seeds[n], self._folder / f"{n:04d}_{index}", fold)
                for n in missing
            ]
            for event in run_jobs(self.slots, jobs, self.stop):
                number, seed = event.job.number, event.job.seed
                if isinstance(event, TrialFinished):
                    result = event.result
                    [score] = result.scores
                    fit = Fitted(STEP, number, seed, now(), score, result.seconds)
                else:
                    fit = Fitted(STEP, number, seed, now(), reason=event.reason)
                self.run.append(fit)
                done[number] = fit
            self.splits.remove(fold)
        sign = -1.0 if self.run.header.greater_is_better else 1.0
        for number, candidate in by_number.items():
            fit = done[number]
            if fit.score is None:
                candidate.reason = fit.reason
                log.warning("trial %d leaves the race: %s", number, candidate.reason)
            else:
                candidate.values.append(sign * fit.score)
                candidate.scores.append(fit.score)
                candidate.seconds.append(fit.seconds)

    def _still_racing(self, racing: list[_Racer], rounds: int) -> list[_Racer]:
        """Those that are not surely worse than the leader after so many rounds."""
        if rounds < _FEWEST_ROUNDS or len(racing) < 2:
            return racing
        values = np.array([each.values for each in racing])
        leader = int(values.mean(axis=1).argmin())
        sure = confidence_over(values, leader, self.splits.validation_share)
        # Several are compared with the leader: each may be wrongly dropped (Bonferroni).
        enough = 1 - (1 - _CONFIDENCE) / (len(racing) - 1)
        for each, confidence in zip(racing, sure, strict=True):
            if confidence >= enough and each is not racing[leader]:
                each.left_with = float(confidence)
        return [each for each in racing if each.left_with is None]

    def _may_stay(self, racing: Sequence[_Racer]) -> _Racer | None:
        """The default params, where the leader is not sure enough to be better than they are."""
        first = self._default
        default = next((each for each in racing if each.trial == first), None)
        if default is None or len(racing) < 2:
            return None
        values = np.array([each.values for each in racing])
        leader, share = int(values.mean(axis=1).argmin()), self.splits.validation_share
        sure = confidence_over(values, leader, share)[racing.index(default)]
        return default if sure < _OVER_DEFAULT or racing[leader] is default else None

    def _outcome(
        self, candidates: Sequence[_Racer], racing: Sequence[_Racer], rounds: int
    ) -> Confirmed:
        best = self.run.best
        assert best is not None
        share = self.splits.validation_share
        chosen, tied, confidence = best.number, list[int](), 0.0
        kept_default: bool | None = None
        if rounds >= _FEWEST_ROUNDS and racing:
            close, default = _tied(racing), self._may_stay(racing)
            others = [each for each in close if each is not default] or close
            # Of those that can't be told apart the simplest, and of those the fastest.
            winner = min(others, key=lambda each: (each.n_weights, each.fit_s, each.trial.number))
            if default is not None and winner is not default:
                kept_default, winner = True, default
            chosen, tied = winner.trial.number, [each.trial.number for each in close]
            confidence = _confidence(winner, candidates, racing, share)
        return Confirmed(
            candidates=[_recorded(each, share) for each in candidates],
            rounds=rounds,
            search_best=best.number,
            chosen=chosen,
            tied=tied,
            confidence=confidence,
            told_apart=confidence >= _CONFIDENCE,
            kept_default=kept_default,
            seconds=sum(sum(each.seconds) for each in candidates),
            budget_s=self.budget_s,
        )


def _distinct(trials: Sequence[Trial]) -> list[Trial]:
    """The trials, of which params that come again are left out."""
    distinct: list[Trial] = []
    for trial in trials:
        if all(trial.params != other.params for other in distinct):
            distinct.append(trial)
    return distinct


def _tied(racing: Sequence[_Racer]) -> list[_Racer]:
    """Those of which none is clearly better than another: within one error of the leader."""
    values = np.array([each.values for each in racing])
    if values.shape[0] < 2 or values.shape[1] < 2:
        return [racing[int(values.mean(axis=1).argmin())]]
    close = within_one_error(values)
    return [each for each, is_close in zip(racing, close, strict=True) if is_close]


def _confidence(
    chosen: _Racer,
    candidates: Sequence[_Racer],
    racing: Sequence[_Racer],
    validation_share: float,
) -> float:
    """How sure it is that the chosen one is better than all others: by Bonferroni, at least so."""
    doubt = sum(1 - each.left_with for each in candidates if each.left_with is not None)
    if len(racing) > 1:
        values = np.array([each.values for each in racing])
        if values.shape[1] < 2:
            return 0.0
        sure = confidence_over(values, racing.index(chosen), validation_share)
        doubt += float((1 - sure).sum())
    elif all(each.left_with is None for each in candidates):  # all others have failed
        return 0.0
    return max(0.0, 1 - doubt)


def _recorded(racer: _Racer, validation_share: float) -> Candidate:
    """A racer as the journal has it; scores are the metric in its own direction."""
    scores = racer.scores
    error = None
    if len(scores) > 1:
        error = float(np.std(scores, ddof=1) * np.sqrt(1 / len(scores) + validation_share))
    return Candidate(
        number=racer.trial.number,
        scores=scores,
        mean=fmean(scores) if scores else None,
        standard_error=error,
        n_weights=racer.n_weights,
        seconds=racer.fit_s,
        dropped_with=racer.left_with,
        reason=racer.reason,
    )
