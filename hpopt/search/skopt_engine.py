"""scikit-optimize's search, by a Gaussian process or by trees, as a function of the history.

Its `Optimizer` is built anew for every suggestion and told all trials in one go. What it would have
remembered between two calls, the gains by which `gp_hedge` chooses its acquisition function, goes
into `Suggestion.info` and comes back with the trial.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.search.engines import WeighingEngine
from hpopt.search.searcher import Searcher, Suggestion, generator, is_seen, sample_unseen
from hpopt.space.dimensions import Categorical, Dimension, Integer, Params, identity
from hpopt.space.skopt import skopt_dimension
from hpopt.space.space import Space
from hpopt.trials import Trial, ranked

# As in skopt.gp_minimize, random points behind the defaults before the surrogate is asked.
N_INITIAL = 10
# Squares of larger values are infinite, on which the surrogate's fit breaks down.
_LARGEST = 1e100
# Where a space has rules: among how many points it chooses, a third of them around the best.
_N_CANDIDATES, _N_CENTRES = 2000, 5


class SkoptEngine(WeighingEngine):
    """scikit-optimize's search."""

    base_estimator: Literal["GP", "RF", "ET"] = "GP"
    """The surrogate of `skopt`: a Gaussian process, a random forest, or extra trees."""

    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """The initial design has skopt's size, whatever the budget."""
        return SkoptSearcher(self.acquisition, n_initial or N_INITIAL + 1, self.base_estimator)


@dataclass(frozen=True)
class SkoptSearcher:
    """`skopt.Optimizer` under one of its acquisition functions: EI, PI, LCB or gp_hedge.

    `base_estimator` is its surrogate: a Gaussian process (GP), a random forest (RF) or extra
    trees (ET). Its boosted trees are no regressor to the scikit-learn of our day.
    """

    acquisition: str = "EI"
    n_initial: int = N_INITIAL + 1  # the defaults included
    base_estimator: str = "GP"

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The point that maximises the acquisition function; random ones at first.

        Pending and failed trials are told with the worst value seen, which keeps the search from
        going there again; scikit-optimize has no conditional dimensions, so inactive ones are told
        with their default.
        """
        rng = generator(seed, number)
        searchable = _searchable(space)
        if number <= self.n_initial or not searchable or all(t.value is None for t in trials):
            return Suggestion(sample_unseen(space, trials, rng))
        among = _candidates(space, trials, rng) if space.rules else None
        if among is not None and not among:
            return Suggestion(sample_unseen(space, trials, rng))
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on duplicates and lengthscales at their bounds
            optimizer = self._told_optimizer(space, trials, int(rng.integers(2**31)), among)
            params = _from_skopt(space, optimizer.ask())
        info = _hedge_info(optimizer) if self.acquisition == "gp_hedge" else {}
        if is_seen(params, trials) or not space.allows(params):
            params = sample_unseen(space, trials, rng)
        return Suggestion(params, info)

    def _told_optimizer(
        self,
        space: Space,
        trials: Sequence[Trial],
        random_state: int,
        among: Sequence[list[Any]] | None,
    ) -> Any:
        """The optimiser with all trials told; it chooses `among` the points that there are."""
        from skopt import Optimizer

        by_steps = self.base_estimator != "GP" or among is not None
        optimizer = Optimizer(
            _skopt_dimensions(space),
            base_estimator=self.base_estimator,
            n_initial_points=0,
            acq_func=self.acquisition,
            acq_optimizer="sampling" if by_steps else "auto",  # trees are steps, rules have edges
            random_state=random_state,
        )
        if among is not None:  # skopt's own constraint does not bind its gradient ascent
            optimizer.space.rvs = lambda **_: among
        last = next((trial.info for trial in reversed(trials) if "gains" in trial.info), None)
        if last is not None and self.acquisition == "gp_hedge":
            optimizer.gains_ = np.array(last["gains"])
            optimizer.next_xs_ = [np.array(candidate) for candidate in last["candidates"]]
        worst = _worst([trial.value for trial in trials if trial.value is not None])
        points = [_to_skopt(space, trial.params) for trial in trials]
        values = [worst if trial.value is None else trial.value for trial in trials]
        clipped = np.clip(values, -_LARGEST, worst).tolist()
        optimizer.tell(points, clipped)
        return optimizer


def _candidates(
    space: Space, trials: Sequence[Trial], rng: np.random.Generator
) -> Sequence[list[Any]]:
    """Points that meet the space's rules and that no trial has had, as skopt knows them."""
    from hpopt.search.encoding import Encoding
    from hpopt.search.maximiser import allowed_candidates

    encoding = Encoding(space)
    x, _ = encoding.points([trial.params for trial in ranked(trials)[:_N_CENTRES]])
    found = allowed_candidates(encoding, _N_CANDIDATES, x, rng)
    params = [space.from_unit(row) for row in found]
    seen = {identity(trial.params) for trial in trials}
    return [_to_skopt(space, each) for each in params if identity(each) not in seen]


def _skopt_dimensions(space: Space) -> list[Any]:
    """The space as skopt dimensions; a category stands as its index, which comes back unchanged.

    So does a step.
    """
    return [_skopt_dimension(d) for d in _searchable(space)]


def _skopt_dimension(dimension: Dimension) -> Any:
    if isinstance(dimension, Categorical):
        return skopt_dimension(dimension, categories=range(len(dimension.categories)))
    if dimension.step is not None and dimension.n_values is not None:
        return skopt_dimension(Integer(dimension.name, 0, dimension.n_values - 1))
    return skopt_dimension(dimension)


def _searchable(space: Space) -> list[Any]:
    """The dimensions with more than one value; scikit-optimize divides by zero on the others."""
    return [d for d in space if not isinstance(d, Categorical) or len(d.categories) > 1]


def _to_skopt(space: Space, params: Params) -> list[Any]:
    complete = space.complete(params)
    return [_coordinate(d, complete[d.name]) for d in _searchable(space)]


def _coordinate(dimension: Dimension, value: Any) -> Any:
    if isinstance(dimension, Categorical):
        return dimension.index(value)
    if dimension.step is not None:
        return round((value - dimension.low) / dimension.step)
    return value


def _from_skopt(space: Space, point: Sequence[Any]) -> Params:
    complete = dict(space.complete({}))
    for dimension, coordinate in zip(_searchable(space), point, strict=True):
        if isinstance(dimension, Categorical):
            complete[dimension.name] = dimension.categories[int(coordinate)]
        elif dimension.step is not None:
            u = (int(coordinate) + 0.5) / dimension.n_values
            complete[dimension.name] = dimension.from_unit(u)
        elif isinstance(dimension, Integer):
            complete[dimension.name] = int(coordinate)
        else:
            value = min(max(float(coordinate), dimension.low), dimension.high)
            complete[dimension.name] = value
    return space.without_inactive(complete)


def _worst(values: Sequence[float]) -> float:
    """The largest value, or a bound on it where it is an outlier that would drown the others."""
    bounded = np.clip(values, -_LARGEST, _LARGEST)
    lower, upper = np.quantile(bounded, [0.25, 0.75])
    return float(min(bounded.max(), upper + 1e3 * ((upper - lower) or 1.0)))


def _hedge_info(optimizer: Any) -> dict[str, Any]:
    return {
        "gains": np.asarray(optimizer.gains_, dtype=float).tolist(),
        "candidates": [np.asarray(x, dtype=float).tolist() for x in optimizer.next_xs_],
    }
