"""The searchers that can be chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpopt.search.bayes import BayesSearcher
from hpopt.search.random_engine import RandomSearcher
from hpopt.search.searcher import Searcher, Suggestion
from hpopt.search.skopt_engine import SkoptSearcher
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


def make_searcher(engine: str, acquisition: str, *, n_calls: int | None = None) -> Searcher:
    """The searcher of `search.engine`, which starts from the defaults.

    `n_calls` is the budget. A run that is resumed with another one goes on from its trials: only
    the size of the initial design follows from it.
    """
    searchers: dict[str, Callable[[], Searcher]] = {
        "gp": lambda: BayesSearcher(acquisition, n_calls),
        "skopt": lambda: SkoptSearcher(acquisition),
        "sobol": SobolSearcher,
        "random": RandomSearcher,
    }
    return DefaultsFirst(searchers[engine]())
