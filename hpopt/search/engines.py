"""The searchers that can be chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpopt.errors import ConfigError, suggest_name
from hpopt.search.bayes import BayesSearcher
from hpopt.search.grid_engine import GridSearcher
from hpopt.search.random_engine import RandomSearcher
from hpopt.search.searcher import MoreEpochs, Searcher, Suggestion
from hpopt.search.skopt_engine import N_INITIAL, SkoptSearcher
from hpopt.search.sobol_engine import SobolSearcher
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class GivenFirst:
    """Suggests the defaults, then what people gave, and leaves all else to another searcher."""

    searcher: Searcher
    given: Sequence[Params] = ()

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | MoreEpochs:
        """The defaults, the params that were given, or what the searcher behind says."""
        first = [space.defaults, *self.given]
        if number <= len(first):
            return Suggestion(first[number - 1])
        return self.searcher.suggest(space, trials, number=number, seed=seed)


@dataclass(frozen=True)
class Informed:
    """A searcher that knows the trials of an earlier run, as if they had been this one's first.

    Their numbers are those up to 0.
    """

    searcher: Searcher
    earlier: Sequence[Trial]

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | MoreEpochs:
        """What the searcher says of all trials together."""
        known = [*self.earlier, *trials]
        return self.searcher.suggest(space, known, number=number + len(self.earlier), seed=seed)


def make_searcher(
    engine: str,
    acquisition: str,
    *,
    n_calls: int | None = None,
    n_initial: int | None = None,
    base_estimator: str = "GP",
    grid: int = 5,
    given: Sequence[Params] = (),
    earlier: Sequence[Trial] = (),
) -> Searcher:
    """The searcher of `search.engine`, which starts from the defaults.

    `n_calls` is the budget. A run that is resumed with another one goes on from its trials: only
    the size of the initial design follows from it. `n_initial` sets that size, the defaults
    included. `base_estimator` is the surrogate of `skopt`, `grid` the points along a dimension of
    `grid`. The params `given` are tried behind the defaults, and trials of an `earlier` run inform
    it. Raises ConfigError where there is no such engine.
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
    searcher = searchers[engine]()
    return GivenFirst(Informed(searcher, earlier) if earlier else searcher, given)
