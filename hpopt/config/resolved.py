"""`config.resolved.yaml`: every value that was in force, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hpopt.config.dumping import inline_yaml
from hpopt.config.loading import Config
from hpopt.config.nesting import is_nest
from hpopt.space.names import laid_over, without


def resolved_yaml(config: Config, *, metric: str, loss: str, workers: int) -> str:
    """The whole configuration as a YAML file that repeats the run; a comment gives each origin.

    `metric`, `loss` and `workers` are those in force, which `auto` leaves to data and machine.
    """
    tree = resolved_tree(config, metric=metric, loss=loss, workers=workers)
    return "\n".join(_lines(config, tree, ())) + "\n"


def resolved_tree(config: Config, *, metric: str, loss: str, workers: int) -> dict[str, Any]:
    """The whole configuration as plain data."""
    tree = config.settings.model_dump()
    searched = tree["space"]
    arguments = without(config.binding.arguments, searched)
    tree["model"] = {"builder": config.binding.builder, **arguments}
    training = config.binding.training.model_dump() | {"metric": metric, "loss": loss}
    tree["training"] = without(training, searched)
    tree["execution"]["workers"] = workers
    # With its paths made absolute: this file lies elsewhere than the one it was made from.
    tree["dataset"] = config.dataset.model_dump(exclude_none=True)
    tree["output"]["name"] = config.run_name
    dimensions = {form.pop("name"): form for form in config.binding.space.to_json()}
    forms = {
        name: form["value"] if form["type"] == "constant" else dimensions[name]
        for name, form in searched.items()
        if form["type"] == "constant" or name in dimensions
    }
    tree["space"] = laid_over({}, forms)
    return tree


def _lines(config: Config, tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Mapping) and value and (path[:1] != ("space",) or is_nest(value)):
            yield f"{indent}{key}:"
            yield from _lines(config, value, here)
        else:
            # In the document, as it is read, dimensions stand side by side.
            place = ("space", ".".join(here[1:])) if path[:1] == ("space",) else here
            yield f"{indent}{key}: {inline_yaml(value)}  # {config.document.origin(place)}"
