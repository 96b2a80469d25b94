"""What makes the trials of two runs incomparable, from what their journals begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpopt.config.dumping import inline_yaml
from hpopt.runs.events import Header
from hpopt.runs.objectives import Goal, goals_of
from hpopt.space.names import without
from hpopt.training.settings import Training

# A section of the YAML, a name in it, and what was and is, for people.
Difference = tuple[str, str, str]


def differences(then: Header, now: Header) -> Iterator[Difference]:
    """Where values of the one mean something else than values of the other, but for the data."""
    yield from _objectives(goals_of(then), goals_of(now))
    old, new = _plain(then.constants), _plain(now.constants)
    if _function(old.get("builder", "")) != _function(new.get("builder", "")):
        was, now_is = old.get("builder"), new.get("builder")
        yield "model", "builder", f"the builder was {was}, and is {now_is} now"
    searched = {form["name"] for form in (*then.space, *now.space)} | {"metric"}
    # What a later version has added was at its default before.
    arguments = old.get("arguments", {})
    if then.hpopt != now.hpopt:
        arguments = {**new.get("arguments", {}), **arguments}
    training = {**_plain(Training().model_dump()), **old.get("training", {})}
    # A file may have moved: what is in it counts.
    before, after = old.get("files", {}), new.get("files", {})
    for name in (name for name in after if name in before and before[name] != after[name]):
        yield "model", name, f"the file `{name}` has changed since: {arguments.get(name)}"
    ours = searched | {*after}
    yield from _constants("model", arguments, new.get("arguments", {}), ours)
    yield from _constants("training", training, new.get("training", {}), searched)


def space_differences(then: Header, now: Header) -> Iterator[Difference]:
    """The dimensions that are not searched as they were, and the rules that are not the same."""
    old = {form["name"]: form for form in _plain(then.space)}
    new = {form["name"]: form for form in _plain(now.space)}
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield "space", name, f"`{name}` was searched, and is constant now"
        elif name not in old:
            yield "space", name, f"`{name}` was constant, and is searched now"
        elif old[name] != new[name]:
            yield "space", name, f"`{name}` was searched among other values"
    for text in sorted({*then.require} ^ {*now.require}):
        held = text in then.require
        yield "require", text, f"the rule `{text}` is {'gone' if held else 'new'}"


def _objectives(then: Sequence[Goal], now: Sequence[Goal]) -> Iterator[Difference]:
    if len(then) != len(now):
        was, now_are = (" and ".join(goal.name for goal in goals) for goals in (then, now))
        yield "training", "metric", f"the objectives were {was}, and are {now_are} now"
        return
    for old, new in zip(then, now, strict=True):
        if old.name != new.name:
            yield "training", "metric", f"the metric was {old.name}, and is {new.name} now"
            continue
        if old.direction != new.direction:
            directions = f"was to {old.direction}, and is to {new.direction} now"
            yield "training", "metric", f"{old.name} {directions}"
        if old.rule != new.rule:
            rules = f"by the rule `{old.rule}`, and is by `{new.rule}` now"
            yield "training", "metric", f"{old.name} was judged {rules}"
        if None not in (old.target, new.target) and old.target != new.target:
            yield "dataset", "target", f"the target was `{old.target}`, and is `{new.target}` now"
        elif None not in (old.positive, new.positive) and old.positive != new.positive:
            classes = f'was "{old.positive}", and is "{new.positive}" now'
            yield "dataset", "target", f"the positive class {classes}"


def _constants(
    section: str, old: Mapping[str, Any], new: Mapping[str, Any], searched: set[str]
) -> Iterator[Difference]:
    old, new = (_non_empty(without(values, searched)) for values in (old, new))
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            was, now = inline_yaml(old.get(name)), inline_yaml(new.get(name))
            yield section, name, f"`{name}` was {was}, and is {now} now"


def _non_empty(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values but for mappings of which nothing is left."""
    return {name: value for name, value in values.items() if value != {}}


def _function(reference: str) -> str:
    """A builder without the folder of its file, which may have moved."""
    source, _, function = reference.rpartition(":")
    return f"{Path(source).name}:{function}" if source.endswith(".py") else reference


def _plain(form: Any) -> Any:
    """What comes back when it is written to the journal and read."""
    return json.loads(json.dumps(form))
