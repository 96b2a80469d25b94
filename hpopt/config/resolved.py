"""`config.resolved.yaml`: every value that was in force, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hpopt.config.document import KeyPath
from hpopt.config.dumping import inline_yaml
from hpopt.config.loading import Config


def resolved_yaml(config: Config, *, metric: str, loss: str, workers: int) -> str:
    """The whole configuration as a YAML file that repeats the run; a comment gives each origin.

    `metric`, `loss` and `workers` are those in force, which `auto` leaves to data and machine.
    """
    tree = resolved_tree(config, metric=metric, loss=loss, workers=workers)
    return "\n".join(_lines(config, tree, ())) + "\n"


def resolved_tree(config: Config, *, metric: str, loss: str, workers: int) -> dict[str, Any]:
    """The whole configuration as plain data."""
    tree = config.settings.model_dump()
    constants = {n: v for n, v in config.binding.arguments.items() if n not in tree["space"]}
    tree["model"] = {"builder": config.binding.builder, **constants}
    tree["training"] |= {"metric": metric, "loss": loss}
    tree["execution"]["workers"] = workers
    for name in tree["space"]:
        tree["training"].pop(name, None)
    # With its paths made absolute: this file lies elsewhere than the one it was made from.
    tree["dataset"] = config.dataset.model_dump(exclude_none=True)
    tree["output"]["name"] = config.run_name
    dimensions = {form.pop("name"): form for form in config.binding.space.to_json()}
    tree["space"] = {
        name: form["value"] if form["type"] == "constant" else dimensions[name]
        for name, form in tree["space"].items()
        if form["type"] == "constant" or name in dimensions
    }
    return tree


def _lines(config: Config, tree: Mapping[str, Any], path: KeyPath) -> Iterator[str]:
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, Mapping) and value and path != ("space",):
            yield f"{indent}{key}:"
            yield from _lines(config, value, here)
        else:
            yield f"{indent}{key}: {inline_yaml(value)}  # {config.document.origin(here)}"
