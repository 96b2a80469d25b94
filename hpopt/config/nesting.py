"""`space` as people write it, with dimensions in the sections that they set, and as it is read.

    space:                                              space:
      training:                                           learning_rate: {...}
        learning_rate: {...}                              early_stopping.patience: {...}
        early_stopping: {patience: {...}}        is       num_layers: {...}
      model:
        num_layers: {...}

A dimension's name is its path, joined by dots. `training` and `model` are left out of it: no name
is in both, so a file says the same with them and without them, and its runs can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpopt.config.document import Document, KeyPath
from hpopt.config.problems import no_tuple
from hpopt.errors import Problem, suggest_name
from hpopt.space.names import laid_over, leaves, overlap
from hpopt.training.settings import NOT_SEARCHABLE, Training

SECTIONS = ("training", "model")

_KEYS = ("type", "low", "high", "prior", "default", "value")


def is_nest(form: Any) -> bool:
    """Whether a form of `space` holds dimensions, and is none itself."""
    if not isinstance(form, dict) or not form or {"categories", "when"} & set(form):
        return False
    return all(isinstance(form[key], dict | list) for key in _KEYS if key in form)


def written_path(tree: Mapping[str, Any], path: KeyPath) -> KeyPath:
    """Where an override's path stands in the tree that it is laid over.

    `space.training.epochs` and `space.epochs` name one dimension, however the file has it.
    """
    if path[:1] != ("space",) or len(path) == 1:
        return path
    rest = path[2:] if len(path) > 2 and path[1] in SECTIONS else path[1:]
    section = "training" if rest[0] in Training.model_fields else "model"
    as_written = path[: -len(rest)]
    if as_written not in (("space",), ("space", section)):  # which is an error, told elsewhere
        return path
    homes = (as_written, ("space",), ("space", section))
    steps = [max(_steps_there(tree, (*home, *rest)) - len(home), 0) for home in homes]
    return (*homes[steps.index(max(steps))], *rest)


def _steps_there(tree: Any, path: KeyPath) -> int:
    for count, step in enumerate(path):
        if not isinstance(tree, Mapping) or step not in tree:
            return count
        tree = tree[step]
    return len(path)


def flattened(
    document: Document, sections: Sequence[str] = SECTIONS
) -> tuple[Document, list[Problem]]:
    """The document with its dimensions side by side in `space`, and what is wrong with their names.

    Conditions and `search.initial` may name a dimension with its section; afterwards they don't.
    """
    if not isinstance(document.tree.get("space"), dict):
        return document, []
    flattening = _Flattening(document, sections)
    flattening.read(document.tree["space"], ("space",), ())
    tree = document.tree | {"space": flattening.in_order()}
    search = tree.get("search")
    if isinstance(search, dict) and isinstance(search.get("initial"), list):
        initial = [
            flattening.renamed(params, ("search", "initial", i), ("search", "initial", i))
            for i, params in enumerate(search["initial"])
        ]
        tree["search"] = search | {"initial": initial}
    return document.rearranged(tree, flattening.moves), flattening.problems


@dataclass
class _Flattening:
    document: Document
    sections: Sequence[str]
    forms: dict[str, Any] = field(default_factory=dict)  # by joined name
    paths: dict[str, KeyPath] = field(default_factory=dict)  # where each of them is written
    moves: dict[KeyPath, KeyPath] = field(default_factory=dict)  # a path now, and as it is written
    problems: list[Problem] = field(default_factory=list)

    def read(self, forms: Mapping[str, Any], at: KeyPath, steps: tuple[str, ...]) -> None:
        """Read the dimensions of a mapping that stands `at` a path; `steps` are of its name."""
        for key, form in forms.items():
            path = (*at, key)
            if len(path) == 2 and key in self.sections and (form is None or is_nest(form)):
                self.read(form or {}, path, ())
                continue
            name = ".".join((*steps, key))
            self._check(name, key, form, path)
            self._move(("space", name), path)
            if is_nest(form):
                self.read(form, path, (*steps, key))
                continue
            if isinstance(form, dict) and "when" in form:
                when = self.renamed(form["when"], ("space", name, "when"), (*path, "when"))
                form = form | {"when": when}
            self.forms[name] = form
            self.paths[name] = path

    def in_order(self) -> dict[str, Any]:
        """The forms by name; parts of one whole side by side, as they stand in any nested file.

        The order of dimensions is that of a search, and the resolved config is to repeat it.
        """
        if not self.sections:
            return self.forms
        nested = laid_over({}, dict.fromkeys(self.forms))
        return {name: self.forms[name] for name in leaves(nested)}

    def renamed(self, named: Any, now: KeyPath, written: KeyPath) -> Any:
        """A mapping by names of dimensions, by their names without the section."""
        if not isinstance(named, dict):
            return named
        values: dict[str, Any] = {}
        for key, value in named.items():
            section, _, rest = key.partition(".")
            name = rest if rest and section in self.sections else key
            if name in values:
                self._blame(f"`{name}` stands twice", (*written, key), "keep one of them")
            self._move((*now, name), (*written, key))
            values[name] = value
        return values

    def _check(self, name: str, key: str, form: Any, path: KeyPath) -> None:
        """Note a problem where a name can't be one, is of another section, or is there already."""
        is_first_step = name == key
        section = path[1] if is_first_step and len(path) == 3 else None
        if key.endswith(")") and "(" not in key:  # {x: (0.0, 1.0)} has the keys `x` and `1.0)`
            first = next((f"{f}, " for f in self.forms.values() if str(f).startswith("(")), "(0, ")
            help = no_tuple(f"{first}{key}") or "values are `[a, b, c]`"
            self._blame(f"`{key}` can't be a dimension's name", path, help)
        elif "." in key and self.sections:  # without sections, as in `minimize`, names are free
            *outer, last = key.split(".")
            nested = "".join(f"{step}: {{" for step in outer) + f"{last}: ..." + "}" * len(outer)
            self._blame(f"the name `{key}` has a dot", path, f"nest it: `{nested}`")
        elif (is_nest(form) or not is_first_step) and not key.isidentifier():
            help = "letters, digits and `_`, beginning with a letter"
            self._blame(f"`{key}` can't be a step of a dimension's name", path, help)
        elif section == "training" and key not in Training.model_fields:
            settings = [name for name in Training.model_fields if name not in NOT_SEARCHABLE]
            self._blame(f"`{key}` is no setting of `training`", path, suggest_name(key, settings))
        elif section == "model" and key in Training.model_fields:
            self._blame(f"`{key}` is a setting of `training`", path, "move it there")
        elif not is_nest(form) and (other := self._overlapping(name)) is not None:
            message = f"`{name}` stands twice in `space`"
            if other != name:
                whole, part = sorted((name, other), key=len)
                message = f"`{whole}` is searched as a whole, and its part `{part}` by itself"
            place = self.document.location(self.paths[other], of_key=True)
            self._blame(message, path, f"keep one of them (`{other}` is at {place})")

    def _overlapping(self, name: str) -> str | None:
        return next((other for other in self.forms if overlap(name, other)), None)

    def _move(self, now: KeyPath, written: KeyPath) -> None:
        if now != written:
            self.moves.setdefault(now, written)

    def _blame(self, message: str, path: KeyPath, help: str) -> None:
        self.problems.append(Problem(message, self.document.location(path, of_key=True), help))
