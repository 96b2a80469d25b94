"""Settings that nothing heeds, or that may be meant otherwise: worth a note, and no error.

`-s search.engine=random` is to work on a config that names an acquisition function.
"""

from __future__ import annotations

from collections.abc import Iterator

from hpopt.config.schema import Search, Settings
from hpopt.search.engines import engine_keys
from hpopt.space.dimensions import Categorical
from hpopt.space.space import Space
from hpopt.training.optimizers import WITH_BETA_2, WITH_MOMENTUM
from hpopt.training.settings import Training


def idle_settings(settings: Settings, training: Training, space: Space) -> Iterator[str]:
    """A note for each setting that was given and has no effect, or perhaps another than meant."""
    searched = {dimension.name: dimension for dimension in space}
    given = {*settings.training.model_fields_set, *settings.space}
    yield from _of_other_engines(settings.search)
    yield from _of_quoted_numbers(space)
    yield from _of_few_points(space, settings.search.n_calls)
    yield from _of_beliefs(space, settings.search.engine)
    optimizer = searched.get("optimizer")
    optimizers = (
        optimizer.categories if isinstance(optimizer, Categorical) else (training.optimizer,)
    )
    for name, having in (("momentum", WITH_MOMENTUM), ("beta_2", WITH_BETA_2)):
        if name in given and not set(optimizers) & set(having):
            *some, last = [f"`{each}`" for each in having]
            names = f"{', '.join(some)} and {last}"
            yield f"`{name}` has no effect: of the optimisers, {names} alone have it"
    never_decays = "learning_decay" not in searched and training.learning_decay is None
    if "decay_steps" in given and never_decays:
        yield "`decay_steps` has no effect without `learning_decay`"
    shapes = searched.get("learning_schedule")
    is_plain = shapes is None and training.learning_schedule == "constant"
    if "schedule_epochs" in given and is_plain and not training.warmup and "warmup" not in searched:
        yield "`schedule_epochs` has no effect without `learning_schedule` or `warmup`"


def _of_quoted_numbers(space: Space) -> Iterator[str]:
    """A question for each text that would be a number like those beside it."""
    for dimension in space:
        values = dimension.categories if isinstance(dimension, Categorical) else ()
        quoted = [value for value in values if isinstance(value, str) and _is_number(value)]
        if quoted and any(type(value) in (int, float) for value in values):
            yield (
                f'`{dimension.name}` has numbers, and "{quoted[0]}" as a text, which is tried as '
                f"one: did you mean {quoted[0]}?"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_few_points(space: Space, n_calls: int) -> Iterator[str]:
    """A note where there is less to try than there are calls."""
    points = space.points(n_calls - 1)
    if points is not None:
        count = f"{len(points)} point" + ("s" if len(points) > 1 else "")
        yield (
            f"the space has {count}, and the search ends when all are tried, however many calls "
            "`search.n_calls` allows; to fit each several times raise `training.repeats`"
        )


def _of_beliefs(space: Space, engine: str) -> Iterator[str]:
    """A note where an engine goes by beliefs but for what it begins with, or not at all."""
    if not space.beliefs or engine not in ("grid", "skopt"):
        return
    names = ", ".join(f"`{space.names[j]}`" for j in space.beliefs)
    first = "its first trials go" if engine == "skopt" else "the first trial goes"
    yield f"of the engine `{engine}` {first} by the belief about {names}, and no later ones"


def _of_other_engines(search: Search) -> Iterator[str]:
    """A note for each setting of other engines than the one that was chosen."""
    for key, engines in engine_keys().items():
        if key not in search.model_fields_set or search.engine in engines:
            continue
        if len(engines) > 1:
            yield f"`search.{key}` has no effect with the engine `{search.engine}`"
        else:
            yield (
                f"`search.{key}` is for the engine `{engines[0]}` and has no effect with "
                f"`{search.engine}`"
            )
