"""What a run says of its parameters, in words, and how far that can be trusted.

Nothing is said that the surrogate is not sure of: two mean scores differ when their distance is at
least two posterior deviations of both together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hpopt.report.words import list_names, show_param, show_score, show_share
from hpopt.runs.folder import Run
from hpopt.runs.steps import Findings
from hpopt.search.choosing import Choice, choose
from hpopt.search.dependence import Dependence, dependence
from hpopt.search.surrogate import fit_surrogate, importance, leave_one_out
from hpopt.space.dimensions import Categorical, Integer

_SURE = 2.0
# A surrogate of fewer trials would only repeat what it was told.
_FEWEST = 8
# A surrogate that explains less of the values' variance has understood too little to be quoted.
_LEAST_R2 = 0.2
# An end of a range is its outer sixth, in the scale of the prior.
_END = 1 / 6


def find_out(run: Run) -> Findings:
    """What the finished trials of a run say."""
    space = run.space
    trials = run.trials()
    finished = sum(trial.result is not None for trial in trials)
    if finished < _FEWEST:
        few = {0: "No trial has", 1: "Only 1 trial has"}.get(
            finished, f"Only {finished} trials have"
        )
        return Findings([f"{few} finished: too few to say what the parameters did."], None)
    surrogate = fit_surrogate(space, trials)
    trust = leave_one_out(surrogate)
    sign = -1.0 if run.header.greater_is_better else 1.0
    choice = choose(space, trials)
    effects = [] if choice is None or not choice.is_noisy else [describe_luck(choice, sign)]
    if trust.r2 < _LEAST_R2:
        effects.append("The trials say nothing certain of any single parameter.")
        return Findings(effects, str(trust))
    unclear = []
    parts = importance(surrogate)
    for part in parts:
        effect = dependence(surrogate, space, [part.name])
        words = describe_effect(effect, sign)
        if words is None:
            unclear.append(part.name)
        else:
            effects.append(f"`{part.name}` ({show_share(part.share)} of the variance): {words}")
    if unclear and len(unclear) < len(parts):
        effects.append(f"Of {list_names(unclear)} the trials say nothing certain.")
    elif unclear:
        effects.append("The trials say nothing certain of any single parameter.")
    return Findings(effects, str(trust))


def describe_luck(choice: Choice, sign: float) -> str:
    """What is expected of the best score where noise is large, and who is expected to be best.

    `sign` turns values, which are minimised, into the metric's scores.
    """
    lowest, best = choice.lowest, choice.trial
    assert lowest.value is not None
    words = (
        f"Scores are noisy: of trial {lowest.number}, whose {show_score(sign * lowest.value)} is "
        f"the best, the surrogate expects {show_score(sign * choice.expected_of_lowest)}"
    )
    if best.params == lowest.params:
        return f"{words}; it expects no other to be better."
    return f"{words}; of trial {best.number} it expects {show_score(sign * choice.expected)}."


def describe_effect(effect: Dependence, sign: float) -> str | None:
    """The effect of one dimension in words; None where it could as well be chance.

    `sign` turns values, which are minimised, into the metric's scores.
    """
    has_mean = ~np.isnan(effect.mu)
    if has_mean.sum() < 2:
        return None
    best, worst = int(np.nanargmin(effect.mu)), int(np.nanargmax(effect.mu))
    if not _differ(effect, best, worst):
        return None
    [dimension] = effect.dimensions
    if isinstance(dimension, Categorical):
        worse = [i for i in np.flatnonzero(has_mean) if _differ(effect, best, int(i))]
        names = [f"`{show_param(dimension.categories[i])}`" for i in worse]
        scores = " and ".join(_score(effect, int(index), sign) for index in worse)
        verb = "does" if len(worse) == 1 else "do"
        first = show_param(dimension.categories[best])
        return (
            f"{list_names(names, quoted=True)} {verb} worse than `{first}` "
            f"({scores} against {_score(effect, best, sign)} on average)"
        )
    [grid] = effect.grids
    ends = {"low": grid.units <= _END, "high": grid.units >= 1 - _END}
    at = [_value(dimension, grid.centres[index]) for index in (best, worst)]
    means = [_score(effect, index, sign) for index in (best, worst)]
    shape = f"best around {at[0]} ({means[0]} on average), worst around {at[1]} ({means[1]})"
    if ends["high"][best] and ends["low"][worst]:
        return f"large values do better: {shape}"
    if ends["low"][best] and ends["high"][worst]:
        return f"small values do better: {shape}"
    return shape


def _differ(effect: Dependence, better: int, worse: int) -> bool:
    """Whether one mean is below another by two deviations of both, in the surrogate's units."""
    gap = effect.mu[worse] - effect.mu[better]
    return bool(gap > _SURE * np.hypot(effect.sigma[better], effect.sigma[worse]))


def _score(effect: Dependence, index: int, sign: float) -> str:
    return show_score(sign * effect.middle[index])


def _value(dimension: Any, centre: float) -> str:
    return (
        str(round(centre)) if isinstance(dimension, Integer) else show_param(float(f"{centre:.2g}"))
    )
