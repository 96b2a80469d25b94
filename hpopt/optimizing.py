"""`hpopt.Optimizer`: the search for people who have a loop of their own; ask, evaluate, tell."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pydantic
from annotated_types import MinLen

from hpopt.config.document import Document
from hpopt.config.dumping import block_yaml
from hpopt.config.nesting import flattened
from hpopt.config.parsing import parse_document
from hpopt.config.plain import check_plain
from hpopt.config.problems import in_order, problems_of
from hpopt.config.ruling import space_of_rules
from hpopt.config.schema import Constant, DimensionForm, SearchEngine
from hpopt.errors import ConfigError, Problem, RunError, suggest_name
from hpopt.grammar import Section
from hpopt.own_code import refuse_while_importing
from hpopt.runs.results import optimize_result
from hpopt.search.engines import engine_keys, engine_named, make_searcher, with_engine_keys
from hpopt.search.searcher import GoOn, Suggestion
from hpopt.space.conditions import DimensionError, Value
from hpopt.space.dimensions import Dimension, settled
from hpopt.space.space import Space, settle_conditions
from hpopt.trials import Result, Trial, incumbent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """What is to be evaluated: `params`, constants among them, up to a `level` if there are any."""

    number: int
    params: dict[str, Value]
    level: float | None = None


class Optimizer:
    """Suggests params one after the other, and learns from the values that it is told.

    The arguments are those of `hpopt.minimize`. Without `n_calls` it goes on for ever, or until all
    params of a finite space have been tried. Several calls may be open at once: those that were
    asked for and not yet told count as pending. Raises ConfigError where an argument makes no
    sense, SetupError where own code makes one while it is imported for a run.
    """

    def __init__(
        self,
        space: Mapping[str, Any],
        *,
        n_calls: int | None = None,
        levels: Sequence[float] | None = None,
        defaults: Mapping[str, Value] | None = None,
        require: Sequence[str] = (),
        engine: str | None = None,
        n_initial: int | None = None,
        seed: int = 0,
        noisy: bool | None = None,
        **settings: Any,
    ) -> None:
        refuse_while_importing("hpopt's optimiser")
        self._constants, self._space = _read_space(space, dict(defaults or {}), require)
        _check_counts(n_calls=n_calls or 1, n_initial=1 if n_initial is None else n_initial)
        if n_calls is not None:
            _check_counts(n_calls=n_calls)
        self._has_levels = levels is not None
        self._amounts = _read_levels(levels)
        self._searcher = make_searcher(
            **_read_engine(engine, settings).of_searcher,
            n_calls=n_calls,
            n_initial=n_initial,
            repeats=noisy is True,
            levels=list(self._amounts),
        )
        points = None if noisy else self._space.points(n_calls or _MOST_POINTS)
        self._n_calls = n_calls if points is None else len(points)
        self._trials: dict[int, Trial] = {}
        self._known: set[int] = set()
        self._seed, self._noisy, self.spent = seed, noisy, 0.0

    def ask(self) -> Call | None:
        """What to evaluate next; None where nothing is left, or not before a pending call ends."""
        following = self._following(list(self._trials.values()))
        if following is None:
            return None
        if isinstance(following, GoOn):
            trial = self._trials[following.trial]
        else:
            number = len(self._trials) + 1
            trial = Trial(number, following.params, self._seed)
        info = {**trial.info, **following.info}
        trial = replace(trial, state="running", level=following.level, info=info)
        self._trials[trial.number] = trial
        level = self._amounts[trial.level] if self._has_levels else None
        # Lists and mappings are the caller's to change: the search keeps its own.
        params = copy.deepcopy({**self._constants, **trial.params})
        return Call(trial.number, params, level)

    def tell(self, call: Call | Mapping[str, Value], value: float) -> None:
        """Learn what a call gave, or what params of one's own did that nobody asked for.

        What is NaN or infinite is a failed trial. Raises ConfigError where the value is no number,
        or the params are none of the space.
        """
        value = _number(call, value)
        trial = self._open(call) if isinstance(call, Call) else self._own(call)
        done = self._amounts.get(max(trial.partial, default=0.0), 0)
        self.spent += self._amounts[trial.level] - done
        self._trials[trial.number] = _ended(trial, value, 0.0 if self._noisy is False else None)

    def result(self) -> Any:
        """What was found so far, as a skopt OptimizeResult; see `hpopt.minimize`.

        Raises RunError where no value was finite.
        """
        trials = list(self._trials.values())
        best = incumbent(trials)
        if best is None:
            calls = sum(trial.state != "running" for trial in trials)
            raise RunError(f"the objective gave no finite value in {calls} calls")
        result = optimize_result(self._space, trials, self._seed)
        if self._has_levels:
            result.spent = self.spent
        chosen, expected = _chosen(self._space, trials, best, self._noisy)
        result.params, result.expected = {**self._constants, **chosen.params}, expected
        result.lowest = {**self._constants, **best.params}
        return result

    def _following(self, trials: list[Trial]) -> Suggestion | GoOn | None:
        asked = len(trials) - len(self._known)
        if self._n_calls is None or asked < self._n_calls:
            number = len(trials) + 1
            return self._searcher.suggest(self._space, trials, number=number, seed=self._seed)
        if any(trial.state == "paused" for trial in trials):
            return self._searcher.go_on(self._space, trials)
        return None

    def _open(self, call: Call) -> Trial:
        trial = self._trials.get(call.number)
        if trial is None or trial.state != "running":
            raise ConfigError(f"call {call.number} was not asked for, or its value was told before")
        return trial

    def _own(self, params: Mapping[str, Value]) -> Trial:
        """A trial of params that somebody evaluated unasked, in full."""
        own = {name: _plain(value) for name, value in params.items()}
        own = {name: value for name, value in own.items() if name not in self._constants}
        by_name = {dimension.name: dimension for dimension in self._space}
        own = {n: settled(by_name[n], v) if n in by_name else v for n, v in own.items()}
        if not self._space.contains(own):
            raise ConfigError(f"these params are none of the space: {own}")
        if (rule := self._space.broken(own)) is not None:
            raise ConfigError(f"these params break the rule `{rule.text}`: {own}")
        number = len(self._trials) + 1
        self._known.add(number)
        return Trial(number, own, self._seed)


# Spaces of more points are not counted.
_MOST_POINTS = 10_000


def _number(call: Call | Mapping[str, Value], value: Any) -> float:
    """The value as a number. Raises ConfigError where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        params = call.params if isinstance(call, Call) else dict(call)
        gave = "nothing (None)" if value is None else repr(value)
        raise ConfigError(
            f"the objective gave {gave} for {params}", help="let it return a number"
        ) from None


def _chosen(
    space: Space, trials: list[Trial], best: Trial, noisy: bool | None
) -> tuple[Trial, float]:
    """The trial to go by, and the value to expect of it."""
    from hpopt.search.choosing import choose  # here: its mathematics waits until it is needed

    choice = None if noisy is False else choose(space, trials)
    if choice is None or not (noisy or choice.is_noisy):
        value = best.value
        assert value is not None
        return best, value
    return choice.trial, choice.expected


def _ended(trial: Trial, value: float, standard_error: float | None) -> Trial:
    if not math.isfinite(value):
        return replace(trial, state="failed", reason=f"the objective gave {value}")
    result = Result(value, {}, [value], {}, 0, 0.0, standard_error=standard_error)
    if trial.level < 1:
        return replace(trial, state="paused", partial={**trial.partial, trial.level: result})
    return replace(trial, state="finished", result=result)


def _read_levels(levels: Sequence[float] | None) -> dict[float, float]:
    """The levels by the share of the last that they are; ConfigError where they make no sense."""
    if levels is None:
        return {1.0: 1}
    numbers = [_plain(level) for level in levels]
    are_numbers = all(
        isinstance(number, int | float) and math.isfinite(number) for number in numbers
    )
    if not (numbers and are_numbers and numbers[0] > 0) or sorted({*numbers}) != numbers:
        raise ConfigError(
            f"`levels` must be ascending numbers above 0, not {levels!r}", help="levels=[6, 17, 52]"
        )
    return {number / numbers[-1]: number for number in numbers}


class _Forms(Section):
    space: Annotated[dict[str, DimensionForm], MinLen(1)]
    require: list[str]


def _read_space(
    forms: Mapping[str, Any], defaults: dict[str, Value], require: Sequence[str]
) -> tuple[dict[str, Value], Space]:
    """The constants, and the space of what is left; ConfigError with all that is wrong."""
    if not isinstance(forms, Mapping):
        raise ConfigError(
            f"the space is a {type(forms).__name__}, not a mapping of names to dimensions",
            help="{'rate': {'type': 'real', 'low': 1e-4, 'high': 0.1}, 'size': [16, 32]}",
        )
    check_plain(forms, ("space",))
    check_plain(require, ("require",))
    tree = {"space": dict(forms), "require": [*require] if isinstance(require, tuple) else require}
    written = parse_document(Path("space"), block_yaml(tree).encode())
    document, problems = flattened(written, sections=())
    try:
        read = _Forms.model_validate(document.tree)
    except pydantic.ValidationError as error:
        raise ConfigError.of(in_order([*problems, *problems_of(error, document)])) from None
    if problems:
        raise ConfigError.of(in_order(problems))
    by_name = read.space
    constants = {name: form.value for name, form in by_name.items() if isinstance(form, Constant)}
    dimensions: list[Dimension] = []
    for name, form in by_name.items():
        if isinstance(form, Constant):
            continue
        try:
            dimension = form.to_dimension(name)
            if name in defaults:
                dimension = replace(dimension, default=_plain(defaults.pop(name)))
            dimensions.append(dimension)
        except DimensionError as error:
            raise _in_space(error, name, document) from None
    if defaults:
        name = next(iter(defaults))
        names = [dimension.name for dimension in dimensions]
        raise ConfigError(f"`{name}` in `defaults` is no dimension", help=suggest_name(name, names))
    kept, dropped = settle_conditions(dimensions, constants)
    if not kept:
        raise ConfigError("there is nothing to search", help="give a range or a list of values")
    try:
        free = Space(kept)
    except DimensionError as error:
        raise _in_space(error, error.dimension or "", document) from None
    space, notes, problems = space_of_rules(free, read.require, constants, [*dropped], document)
    if problems:
        raise ConfigError.of(problems)
    for note in notes:
        log.warning(note)
    return constants, space


def _read_engine(engine: str | None, settings: Mapping[str, Any]) -> SearchEngine:
    """The engine with its settings; ConfigError where a setting is none, or makes no sense."""
    given = dict(settings)
    if engine is not None:
        engine_named(engine)
        given["engine"] = engine
    for name in settings:
        if name not in engine_keys():
            help = suggest_name(name, engine_keys())
            raise ConfigError(f"no engine has a setting `{name}`", help=help)
    document = parse_document(Path("search"), block_yaml(given).encode())
    try:
        return with_engine_keys(SearchEngine).model_validate(document.tree)
    except pydantic.ValidationError as error:
        raise ConfigError.of(problems_of(error, document)) from None


def _in_space(error: DimensionError, name: str, document: Document) -> ConfigError:
    place = document.location(("space", name, error.key))
    return ConfigError.of([Problem(f"space.{name}: {error}", place, error.help)])


def _check_counts(**counts: Any) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise ConfigError(f"`{name}` must be a whole number, at least 1, not {count!r}")


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
