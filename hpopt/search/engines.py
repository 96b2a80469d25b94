"""The searchers that can be chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpopt.errors import ConfigError, suggest_name
from hpopt.search.bayes import BayesSearcher
from hpopt.search.grid_engine import GridSearcher
from hpopt.search.random_engine import RandomSearcher
from hpopt.search.searcher import Searcher, Suggestion
from hpopt.search.skopt_engine import N_INITIAL, SkoptSearcher
from hpopt.search.sobol_engine import SobolSearcher
from hpopt.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class DefaultsFirst:
    """Suggests the defaults as the first trial, and leaves all others to another searcher."""

    searcher: Searcher

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The defaults, or what the searcher behind says."""
        if number == 1:
            return Suggestion(space.defaults)
        return self.searcher.suggest(space, trials, number=number, seed=seed)


def make_searcher(
    engine: str,
    acquisition: str,
    *,
    n_calls: int | None = None,
    n_initial: int | None = None,
    base_estimator: str = "GP",
    grid: int = 5,
) -> Searcher:
    """The searcher of `search.engine`, which starts from the defaults.

    `n_calls` is the budget. A run that is resumed with another one goes on from its trials: only
    the size of the initial design follows from it. `n_initial` sets that size, the defaults
    included. `base_estimator` is the surrogate of `skopt`, `grid` the points along a dimension of
    `grid`. Raises ConfigError where there is no such engine.
    """
    searchers: dict[str, Callable[[], Searcher]] = {
        "gp": lambda: BayesSearcher(acquisition, n_calls, n_initial),
        "skopt": lambda: SkoptSearcher(acquisition, n_initial or N_INITIAL + 1, base_estimator),
        "grid": lambda: GridSearcher(grid),
        "sobol": SobolSearcher,
        "random": RandomSearcher,
    }
    if engine not in searchers:
        raise ConfigError(f"there is no engine `{engine}`", help=suggest_name(engine, searchers))
    return DefaultsFirst(searchers[engine]())
