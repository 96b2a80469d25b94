"""What a new run may know of an earlier one: a warm start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpopt.errors import ConfigError
from hpopt.runs.events import Header, Known
from hpopt.runs.folder import Run
from hpopt.space.conditions import same
from hpopt.space.dimensions import Params, settled
from hpopt.space.names import leaves
from hpopt.space.space import Space
from hpopt.training.settings import Training
from hpopt.trials import Result, Trial, ranked
from hpopt.tuning.comparable import differences

# So many of the best are tried first, where their values can't be compared with new ones.
_MOST_TRIED = 5


def warm_start_from(earlier: Run, header: Header, space: Space) -> Known:
    """What a run that begins with `header` may know of an `earlier` one.

    Its trials inform the search where nothing but the search differs between the two: metric, data,
    split, code and constants. What was constant and is searched now, or the other way round, has
    the constant's value in both. Else their values mean something else, and the best of its
    params are worth a try, no more. Raises ConfigError where none of its trials lies in the
    `space`.
    """
    trials = trials_within(space, earlier, header)
    if not trials:
        raise ConfigError(
            f"{earlier.path.name} has no trial in the search space of this run",
            help="a warm start is for a run over the same names, with bounds that hold some of it",
        )
    informs = (
        not list(differences(earlier.header, header))
        and dict(earlier.header.fingerprints) == dict(header.fingerprints)
        and dict(earlier.code) == dict(header.code)
    )
    if not informs:
        trials = ranked(trials)[:_MOST_TRIED]
    forms = [
        {
            "number": trial.number,
            "params": dict(trial.params),
            "value": trial.value,
            "standard_error": trial.result.standard_error if trial.result else None,
        }
        for trial in trials
    ]
    return Known(earlier.path.name, informs, forms)


def trials_within(space: Space, earlier: Run, header: Header) -> list[Trial]:
    """The trials of an `earlier` run, as a run that begins with `header` can have them too."""
    then, now = _constants(earlier.header), _constants(header)
    return [
        replace(trial, params=params)
        for trial in earlier.trials()
        if trial.state in ("finished", "failed")
        and (params := _joining(trial.params, then, now, space)) is not None
    ]


def _constants(header: Header) -> Mapping[str, Any]:
    """What a run held constant, by the names that dimensions have; a mapping may be one whole."""
    training = {**Training().model_dump(), **header.constants.get("training", {})}
    arguments: Mapping[str, Any] = header.constants.get("arguments", {})
    return leaves(training) | leaves(arguments) | dict(arguments)


def _joining(
    params: Params, then: Mapping[str, Any], now: Mapping[str, Any], space: Space
) -> Params | None:
    """The params of an earlier trial in the space of now; None where they lie outside.

    `then` and `now` are the constants of the two runs: one that has become a dimension is its
    value, and a dimension that has become constant must have had that one.
    """
    for name in params.keys() - set(space.names):
        if name not in now or not same(now[name], params[name]):
            return None
    held = {d.name: settled(d, then[d.name]) for d in space if d.name in then}
    values = {**held, **{name: params[name] for name in params if name in space.names}}
    joined = space.without_inactive(space.complete(values))
    is_within = joined.keys() <= values.keys() and space.contains(joined) and space.allows(joined)
    return joined if is_within else None


def to_try_first(warm_start: Known | None) -> Sequence[Params]:
    """The params of an earlier run that are tried first, from the best on."""
    if warm_start is None or warm_start.informs:
        return []
    return [form["params"] for form in warm_start.trials]


def earlier_trials(warm_start: Known | None) -> Sequence[Trial]:
    """The trials of an earlier run that inform the search; their numbers are those up to 0."""
    if warm_start is None or not warm_start.informs:
        return []
    first = 1 - len(warm_start.trials)
    return [_trial(form, number) for number, form in enumerate(warm_start.trials, start=first)]


def _trial(form: Mapping[str, Any], number: int) -> Trial:
    value = form["value"]
    if value is None:
        return Trial(number, form["params"], seed=0, state="failed")
    result = Result(value, {}, [], {}, 0, 0.0, standard_error=form["standard_error"])
    return Trial(number, form["params"], seed=0, state="finished", result=result)
