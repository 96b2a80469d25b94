"""The engine `gp`: Bayesian optimisation with hpopt's own Gaussian process."""

from __future__ import annotations

from collections.abc import Sequence

from hpopt.search.engines import WeighingEngine
from hpopt.search.searcher import PausingSearcher, Searcher


class GpEngine(WeighingEngine):
    """hpopt's own Bayesian optimisation; its mathematics waits until a searcher is made."""

    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """Of a small budget the initial design takes little."""
        from hpopt.search.bayes import BayesSearcher

        return BayesSearcher(self.acquisition, n_calls, n_initial)

    def searcher_of_levels(
        self, n_calls: int | None, n_initial: int | None, levels: Sequence[float]
    ) -> PausingSearcher:
        """The same, with one surrogate over params and epochs."""
        from hpopt.search.bayes import BayesSearcher

        return BayesSearcher(self.acquisition, n_calls, n_initial, levels=tuple(levels))

    def searcher_of_distinct(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """The same, which answers noise by new params near the best ones."""
        from hpopt.search.bayes import BayesSearcher

        return BayesSearcher(self.acquisition, n_calls, n_initial, repeats=False)
