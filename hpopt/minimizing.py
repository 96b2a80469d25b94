"""`hpopt.minimize`: the optimiser by itself, for any function of a few params."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
from hpopt.config.schema import Constant, DimensionForm, SearchEngine
from hpopt.errors import ConfigError, Problem, RunError, suggest_name
from hpopt.grammar import Section
from hpopt.own_code import refuse_while_importing
from hpopt.runs.results import optimize_result
from hpopt.search.engines import engine_keys, engine_named, make_searcher, with_engine_keys
from hpopt.search.searcher import PausingSearcher, Suggestion
from hpopt.space.conditions import DimensionError, Scalar
from hpopt.space.dimensions import Dimension
from hpopt.space.space import Space, settle_conditions
from hpopt.trials import Result, Trial, incumbent


def minimize(
    objective: Callable[..., float],
    space: Mapping[str, Any],
    *,
    n_calls: int,
    levels: Sequence[float] | None = None,
    defaults: Mapping[str, Scalar] | None = None,
    engine: str | None = None,
    n_initial: int | None = None,
    seed: int = 0,
    noisy: bool | None = None,
    **settings: Any,
) -> Any:
    """Search for the params at which `objective` is lowest, and give a skopt OptimizeResult.

    `objective` takes a dict of params. `space` maps their names to the forms of the YAML's `space`:
    a mapping with `type`, a list (a categorical) or a single value (a constant, which is handed
    over too); a dimension whose condition does not hold is absent. Dimensions may nest, and their
    names are then joined by dots: the space `{"sgd": {"rate": [0.1, 1.0], "steps": [3, 9]}}` has
    the params `sgd.rate` and `sgd.steps`. The first call has the dimensions' defaults, over which
    `defaults` are laid. `n_initial` calls, the first included, are made before the surrogate is
    asked. `engine` and the `settings` of engines (`acquisition`, `base_estimator`, `grid`) are
    those of the YAML's `search`.

    No params come twice, and a search that has called `objective` on all there are ends there,
    unless it is `noisy`: params that are called several times then count by the mean. Where it is
    neither said to be `noisy` nor not to be, the values themselves say how large noise is, and the
    search answers it by new params near the best ones.

    A value that is NaN or infinite is a failed trial: the search learns to stay away from it, and
    the result leaves it out. An exception of the objective reaches the caller. The result has
    `x_iters`, `func_vals`, `x` and `fun` as skopt's own, and by name `params`, the best, and
    `lowest`, the params of the lowest value. Under noise that one has been lucky, and `params` are
    those of which the surrogate expects most, which is `expected`; else the two are the same.

    Where values come from something that can be done in part, such as a fit for some epochs,
    `levels` are the amounts of it, ascending, at which to look: `[6, 17, 52]`. `objective` then
    takes the params and a level, and may be asked for a higher level of the same params later, so
    it can go on from where it was. `n_calls` params are tried, the first of them to the last level,
    and of the others those that promise most for what it takes. The result has those that came to
    the last level, and as `spent` what all calls took, in the unit of the levels.

    Raises ConfigError where an argument makes no sense, RunError where no value was finite,
    SetupError where own code calls it while it is imported for a run.
    """
    refuse_while_importing("hpopt.minimize")
    if not callable(objective):
        raise ConfigError(f"the objective is a {type(objective).__name__}, not a function")
    constants, searched = _read_space(space, dict(defaults or {}))
    _check_counts(n_calls=n_calls, n_initial=1 if n_initial is None else n_initial)
    amounts = _read_levels(levels)
    of_searcher = _read_engine(engine, settings).of_searcher
    searcher = make_searcher(
        **of_searcher,
        n_calls=n_calls,
        n_initial=n_initial,
        repeats=noisy is True,
        levels=list(amounts),
    )
    by_number: dict[int, Trial] = {}
    spent = 0.0
    points = None if noisy else searched.points(n_calls)
    most = n_calls if points is None else len(points)
    while (trial := _next(searcher, searched, list(by_number.values()), most, seed)) is not None:
        amount = amounts[trial.level]
        given = () if levels is None else (amount,)
        value = float(objective({**constants, **trial.params}, *given))
        spent += amount - amounts.get(max(trial.partial, default=0.0), 0)
        by_number[trial.number] = _ended(trial, value, 0.0 if noisy is False else None)
    trials = list(by_number.values())
    best = incumbent(trials)
    if best is None:
        raise RunError(f"the objective gave no finite value in {len(trials)} calls")
    result = optimize_result(searched, trials, seed)
    if levels is not None:
        result.spent = spent
    chosen, expected = _chosen(searched, trials, best, noisy)
    result.params, result.expected = {**constants, **chosen.params}, expected
    result.lowest = {**constants, **best.params}
    return result


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


def _next(
    searcher: PausingSearcher, space: Space, trials: list[Trial], most: int, seed: int
) -> Trial | None:
    """The trial to call the objective for, and up to which level; None at the end.

    A new one, as long as there are fewer than `most`, or one that goes on.
    """
    if len(trials) < most:
        number = len(trials) + 1
        following = searcher.suggest(space, trials, number=number, seed=seed)
        if isinstance(following, Suggestion):
            info, level = following.info, following.level
            return Trial(number, following.params, seed, info=info, level=level)
    elif all(trial.state != "paused" for trial in trials):
        return None
    else:
        further = searcher.go_on(space, trials)
        if further is None:
            return None
        following = further
    trial = trials[following.trial - 1]
    info = {**trial.info, **following.info}
    return replace(trial, info=info, level=following.level, state="running")


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


def _read_space(
    forms: Mapping[str, Any], defaults: dict[str, Scalar]
) -> tuple[dict[str, Scalar], Space]:
    """The constants, and the space of what is left; ConfigError with all that is wrong."""
    if not isinstance(forms, Mapping):
        raise ConfigError(
            f"the space is a {type(forms).__name__}, not a mapping of names to dimensions",
            help="{'rate': {'type': 'real', 'low': 1e-4, 'high': 0.1}, 'size': [16, 32]}",
        )
    check_plain(forms, ("space",))
    written = parse_document(Path("space"), block_yaml({"space": dict(forms)}).encode())
    document, problems = flattened(written, sections=())
    try:
        by_name = _Forms.model_validate(document.tree).space
    except pydantic.ValidationError as error:
        raise ConfigError.of(in_order([*problems, *problems_of(error, document)])) from None
    if problems:
        raise ConfigError.of(in_order(problems))
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
    kept, _ = settle_conditions(dimensions, constants)
    if not kept:
        raise ConfigError("there is nothing to search", help="give a range or a list of values")
    try:
        return constants, Space(kept)
    except DimensionError as error:
        raise _in_space(error, error.dimension or "", document) from None


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
