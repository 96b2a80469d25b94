"""The engines by name, and the searcher that one of them makes.

An engine is one file: a section of settings that makes its searcher, and that searcher. Its line in
`ENGINES` is all that the rest needs: the YAML's `search`, its documentation, the loop and
`hpopt.minimize` read the table.
"""

from __future__ import annotations

import pkgutil
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from pydantic import create_model
from pydantic.fields import FieldInfo

from hpopt.errors import ConfigError, suggest_name
from hpopt.grammar import Section
from hpopt.search.halving import Halving
from hpopt.search.searcher import GoOn, PausingSearcher, Searcher, Suggestion
from hpopt.space.dimensions import Params, identity
from hpopt.space.space import Space
from hpopt.trials import Trial

# Where the class of each engine stands. Its file imports nothing heavy before a searcher is made.
ENGINES: dict[str, str] = {
    "gp": "hpopt.search.gp_engine:GpEngine",
    "skopt": "hpopt.search.skopt_engine:SkoptEngine",
    "grid": "hpopt.search.grid_engine:GridEngine",
    "sobol": "hpopt.search.sobol_engine:SobolEngine",
    "random": "hpopt.search.random_engine:RandomEngine",
}

AnySection = TypeVar("AnySection", bound=Section)


class Engine(Section):
    """A kind of search. Its fields are the keys of `search` that it reads.

    Engines may share a key, if it is the same in all of them.
    """

    @abstractmethod
    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """The searcher for a budget of `n_calls`, if that is known.

        `n_initial` is how many trials, the defaults included, come before a surrogate is asked;
        None leaves it to the engine.
        """

    def searcher_of_levels(
        self, n_calls: int | None, n_initial: int | None, levels: Sequence[float]
    ) -> PausingSearcher:
        """The same for fits that are paused at levels, ascending shares of the epochs up to 1."""
        return Halving(self.searcher(n_calls, n_initial), levels)

    def searcher_of_distinct(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """The same for whoever wants no params twice while others are left: most never do."""
        return self.searcher(n_calls, n_initial)

    def note(self, space: Space, n_calls: int) -> str | None:
        """What people should know before `n_calls` trials of a space begin."""
        return None


class WeighingEngine(Engine):
    """An engine with an acquisition function."""

    acquisition: Literal["EI", "PI", "LCB", "gp_hedge"] = "EI"
    """How `gp` and `skopt` weigh what is promising against what is unknown; others do not."""


def engine_named(name: str) -> type[Engine]:
    """The engine of that name. Raises ConfigError where there is none."""
    if name not in ENGINES:
        raise ConfigError(f"there is no engine `{name}`", help=suggest_name(name, ENGINES))
    return cast(type[Engine], pkgutil.resolve_name(ENGINES[name]))


def engine_keys() -> dict[str, list[str]]:
    """The keys of `search` that engines read, each with the names of those that do."""
    keys: dict[str, list[str]] = {}
    for name in ENGINES:
        for key in engine_named(name).model_fields:
            keys.setdefault(key, []).append(name)
    return keys


def with_engine_keys(section: type[AnySection]) -> type[AnySection]:
    """A section with the keys of every engine behind its own."""
    fields: dict[str, tuple[Any, FieldInfo]] = {}
    for key, (name, *_) in engine_keys().items():
        field = engine_named(name).model_fields[key]
        fields[key] = (field.annotation, field)
    return create_model(  # type: ignore[call-overload, no-any-return]
        section.__name__,
        __base__=section,
        __module__=section.__module__,
        __doc__=section.__doc__,
        **fields,
    )


@dataclass(frozen=True)
class GivenFirst:
    """Suggests the defaults, then what people gave, and leaves all else to another searcher.

    What is given twice is suggested once.
    """

    searcher: Searcher
    given: Sequence[Params] = ()

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | GoOn:
        """The defaults, the params that were given, or what the searcher behind says."""
        distinct = {identity(params): params for params in reversed([space.defaults, *self.given])}
        first = list(reversed(distinct.values()))
        if number <= len(first):
            return Suggestion(first[number - 1])
        return self.searcher.suggest(space, trials, number=number, seed=seed)

    def go_on(self, space: Space, trials: Sequence[Trial]) -> GoOn | None:
        """What the searcher behind says; nothing where it has no trials paused."""
        return _go_on(self.searcher, space, trials)


@dataclass(frozen=True)
class Informed:
    """A searcher that knows the trials of an earlier run, as if they had been this one's first.

    Their numbers are those up to 0.
    """

    searcher: Searcher
    earlier: Sequence[Trial]

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | GoOn:
        """What the searcher says of all trials together."""
        both = [*self.earlier, *trials]
        return self.searcher.suggest(space, both, number=number + len(self.earlier), seed=seed)

    def go_on(self, space: Space, trials: Sequence[Trial]) -> GoOn | None:
        """What the searcher says of all trials together; nothing where it has none paused."""
        return _go_on(self.searcher, space, [*self.earlier, *trials])


def _go_on(searcher: Searcher, space: Space, trials: Sequence[Trial]) -> GoOn | None:
    return searcher.go_on(space, trials) if isinstance(searcher, PausingSearcher) else None


def make_searcher(
    engine: str,
    *,
    n_calls: int | None = None,
    n_initial: int | None = None,
    given: Sequence[Params] = (),
    earlier: Sequence[Trial] = (),
    repeats: bool = True,
    levels: Sequence[float] = (1.0,),
    **settings: Any,
) -> PausingSearcher:
    """The searcher of an engine with its settings, which starts from the defaults.

    `n_calls` is the budget. A run that is resumed with another one goes on from its trials: only
    the size of the initial design follows from it. `n_initial` sets that size, the defaults
    included. The params `given` are tried behind the defaults, and trials of an `earlier` run
    inform it. Without `repeats` no params come twice while others are left, however noisy values
    are. Where there are several `levels`, fits are paused at them. Raises ConfigError where there
    is no such engine.
    """
    of_engine = engine_named(engine)(**settings)
    searcher: Searcher
    if len(levels) > 1:
        searcher = of_engine.searcher_of_levels(n_calls, n_initial, levels)
    elif repeats:
        searcher = of_engine.searcher(n_calls, n_initial)
    else:
        searcher = of_engine.searcher_of_distinct(n_calls, n_initial)
    return GivenFirst(Informed(searcher, earlier) if earlier else searcher, given)
