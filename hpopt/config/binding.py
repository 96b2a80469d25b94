"""Binds the names of `model:`, `training:` and `space:` to what they set.

A name is an argument of the builder, a setting of the training or a part of one of them; it is
either constant or a dimension. Everything that is wrong is collected, so that it can be mended in
one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpopt.config.document import Document, KeyPath
from hpopt.config.idle import idle_settings
from hpopt.config.initial import initial_params
from hpopt.config.nesting import SECTIONS
from hpopt.config.problems import dotted, misfit, typeless
from hpopt.config.ruling import space_of_rules
from hpopt.config.schema import Constant, Settings
from hpopt.config.settable import Settable, holder_of, of_training, resolve_builder
from hpopt.errors import ConfigError, Problem, suggest_name
from hpopt.grammar import Section
from hpopt.space.conditions import Condition, DimensionError, Value, is_scalar
from hpopt.space.dimensions import Categorical, Dimension, Params
from hpopt.space.names import is_part, laid_over, leaves, overlap, owner, value_of, without
from hpopt.space.space import Space, settle_conditions
from hpopt.training.settings import NOT_SEARCHABLE, Training

# What pydantic says of a number where something else is wanted.
_NOT_NUMBERS = ("literal_error", "string_type", "bool_type", "list_type", "none_required", "enum")


@dataclass(frozen=True)
class Binding:
    """What is searched, and what is held constant on either side of it."""

    space: Space
    builder: str
    arguments: dict[str, Any]  # constants of the builder, its defaults among them
    training: Training
    notes: tuple[str, ...] = ()  # what people should know before it begins
    initial: tuple[Params, ...] = ()  # to be tried behind the defaults
    files: tuple[str, ...] = ()  # the arguments that name a file


def bind(settings: Settings, document: Document) -> Binding:
    """Bind the settings' names. Raises ConfigError with every problem found."""
    return _Binder(settings, document).bind()


_COMPILED_ANEW = (
    "the builder compiles its network; hpopt compiles it anew, with the optimizer, the learning "
    "rate and the loss of `training`, and its own metrics"
)


class _Binder:
    def __init__(self, settings: Settings, document: Document) -> None:
        self.settings = settings
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.builder, self.signature = resolve_builder(settings, document)
        if self.signature.compiles:
            self.notes.append(_COMPILED_ANEW)
        self.settable = Settable(self.signature)
        self.training = self._opened(settings.training)

    def bind(self) -> Binding:
        self._check_constants()
        self._check_files()
        dimensions: list[Dimension] = []
        constants: dict[str, Value] = {}
        for name, form in self.settings.space.items():
            self._check_name(name)
            if self.settable.parts(name):
                continue
            if isinstance(form, Constant):
                constants[name] = form.value
                self._check_value(name, form.value, ("space", name))
                continue
            try:
                dimensions.append(self._with_default(form.to_dimension(name), form))
            except DimensionError as error:
                self._blame_dimension(name, error)
                continue
            self._check_dimension(dimensions[-1])
        self._check_required(dimensions)
        space = None if self.problems else self._space(dimensions, constants)
        initial: list[Params] = []
        if space is not None:
            given = self.settings.search.initial
            initial, problems = initial_params(space, given, self.document)
            self.problems += problems
        if space is None or self.problems:
            raise ConfigError.of(self.problems)
        of_builder = {name: v for name, v in constants.items() if not of_training(name)}
        training = self.training.with_values(constants)
        return Binding(
            space=space,
            builder=self.builder,
            arguments=self._located(laid_over(self._arguments(), of_builder)),
            files=tuple(self.signature.files),
            training=training,
            notes=(*self.notes, *idle_settings(self.settings, training, space)),
            initial=tuple(initial),
        )

    def _with_default(self, dimension: Dimension, form: Section) -> Dimension:
        """The dimension with the builder's or the training's own default, where it has none."""
        if isinstance(dimension, Categorical):
            return dimension
        if (
            "default" in form.model_fields_set or dimension.belief is not None
        ):  # which says where to begin
            return dimension
        arguments = {name: a.default for name, a in self.signature.arguments.items()}
        arguments |= self.settings.model.model_extra or {}
        default: Any = value_of(dimension.name, self.training.model_dump() | arguments)
        return replace(dimension, default=default) if dimension.contains(default) else dimension

    def _located(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The builder's constants, in which files are seen from anywhere."""
        folder = self.document.path.absolute().parent
        files = {name: str(folder / Path(arguments[name]).expanduser()) for name in self._files()}
        return arguments | files

    def _files(self) -> list[str]:
        """The constants that name a file."""
        constants = self.settings.model.model_extra or {}
        return [name for name in self.signature.files if isinstance(constants.get(name), str)]

    def _check_files(self) -> None:
        folder = self.document.path.absolute().parent
        for name in self._files():
            value = (self.settings.model.model_extra or {})[name]
            path = folder / Path(value).expanduser()
            if not path.is_file():
                self._add(f"there is no file {path}", ("model", name), of_key=False)
        for name in self.signature.files:
            if name in self.settings.space:
                help = "name it in `model`; a run for each file compares them"
                self._add(f"`{name}` names a file, and can't be searched", ("space", name), help)

    def _opened(self, training: Training) -> Training:
        """The training's constants, with the defaults of each section that is searched in part."""
        parts = {owner(name) for name in self.settings.space if is_part(name) and of_training(name)}
        closed = [name for name in parts if getattr(training, name) is None]
        return training.model_copy(update={name: self.settable.section(name) for name in closed})

    def _check_constants(self) -> None:
        for name, value in (self.settings.model.model_extra or {}).items():
            if name in Training.model_fields:
                self._add(f"`{name}` is a setting of `training`", ("model", name), "move it there")
            elif not self.settable.of_builder(name):
                self._add(
                    f"the builder `{self.settings.model.builder}` takes no `{name}`",
                    ("model", name),
                    suggest_name(name, self.signature.arguments),
                )
            else:
                self._check_value(name, value, ("model", name))

    def _check_name(self, name: str) -> None:
        path = ("space", name)
        head = owner(name)
        if head in NOT_SEARCHABLE:
            self._add(f"`{head}` can't be searched", ("space", head), "move it to `training`")
        elif name in SECTIONS and not self.settable.of_builder(name):
            self._add(f"space.{name} holds no dimensions", path, f"{name}: {{name: [...]}}")
        elif not of_training(name) and not self.settable.of_builder(head):
            self._add(
                f"`{name}` is neither an argument of the builder nor a setting of the training",
                path,
                suggest_name(name, self.settable.searchable()),
            )
        elif is_part(name) and not self.settable.is_there(name):
            self._blame_part(name)
        elif parts := self.settable.parts(name):
            inside = ", ".join(f"{part.removeprefix(f'{name}.')}: ..." for part in parts)
            help = f"search what it holds: `{name}: {{{inside}}}`"
            self._add(f"`{name}` is searched by its parts only", path, help)
        for section, constant in self._clashes(name):
            place = self.document.location((section, *constant.split(".")), of_key=True)
            self._add(
                f"`{name}` is both a constant in `{section}` and in `space`",
                path,
                f"take it out of one of them ({section}.{constant} is at {place}); "
                f"to hold it constant for one run: -s space.{name}=VALUE",
            )

    def _blame_part(self, name: str) -> None:
        """Note what is wrong with the name of a part that is not there."""
        holder = holder_of(name)
        while is_part(holder) and not self.settable.is_there(holder):
            holder = holder_of(holder)
        if self.settable.nests(holder):
            part, parts = name.removeprefix(f"{holder}."), self.settable.parts(holder)
            self._add(f"`{holder}` has no `{part}`", ("space", name), suggest_name(name, parts))
            return
        problem = typeless(("space", holder), self.document)
        if problem not in self.problems:  # for it has several keys
            self.problems.append(problem)

    def _clashes(self, name: str) -> Iterator[tuple[str, str]]:
        """The constants that set what a name of the space does, with their sections."""
        for section in ("model", "training"):
            constants = self.document.tree.get(section) or {}
            for constant in leaves({n: v for n, v in constants.items() if n != "builder"}):
                if overlap(name, constant):
                    yield section, constant

    def _check_dimension(self, dimension: Dimension) -> None:
        path = ("space", dimension.name)
        if isinstance(dimension, Categorical):
            listed = isinstance(self.document.value_at(path), list)
            for index, category in enumerate(dimension.categories):
                place = (*path, index) if listed else (*path, "categories", index)
                self._check_value(dimension.name, category, place)
            return
        details = self.settable.complaints(dimension.name, dimension.low)
        if any(detail["type"] in ("int_type", "int_from_float") for detail in details):
            message = f"`{dimension.name}` takes whole numbers"
            self._add(message, (*path, "type"), "use `type: integer`")
        elif any(detail["type"] in _NOT_NUMBERS for detail in details):
            message, _ = misfit(f"`{dimension.name}`", dimension.low, details)
            self._add(message, (*path, "type"), "search it among a list of values")
        else:
            for key in ("low", "high"):
                self._check_value(dimension.name, getattr(dimension, key), (*path, key))

    def _check_required(self, dimensions: list[Dimension]) -> None:
        sometimes = {d.name for d in dimensions if d.when}
        constants = self.settings.model.model_extra or {}
        given = {owner(name) for name in set(self.settings.space) - sometimes} | set(constants)
        for name, argument in self.signature.arguments.items():
            if argument.required and name in sometimes:
                self._add(
                    f"`{name}` is conditional, so the builder needs a default for it",
                    ("space", name, "when"),
                    f"def build(input_shape, output, *, {name}=...)",
                )
            elif argument.required and name not in given:
                self._add(
                    f"the builder needs `{name}`",
                    ("model", "builder"),
                    "set it in `model`, or search it in `space`",
                )

    def _check_value(self, name: str, value: Any, path: KeyPath) -> None:
        """Note a problem where `value` is not legal for the setting or argument `name`."""
        details = self.settable.complaints(name, value)
        if details:
            message, help = misfit(dotted(path), value, details)
            self._add(message, path, help, of_key=False)

    def _space(self, dimensions: list[Dimension], constants: dict[str, Value]) -> Space | None:
        """The space, with conditions on names that are held constant decided here and now."""
        constants = self._constants() | constants
        names = [*constants, *(dimension.name for dimension in dimensions)]
        for dimension in dimensions:
            for condition in dimension.when:
                self._check_condition(dimension, condition, constants, names)
        kept, dropped = settle_conditions(dimensions, constants)
        self.notes += [
            f"`{name}` is left out of the search: it is never active, for `{condition}` never holds"
            for name, condition in dropped.items()
        ]
        if not kept:
            self._add(
                "there is nothing to search: every name in `space` is constant or never active",
                ("space",),
                "give one of them a range or a list of values",
                of_key=True,
            )
        if self.problems:
            return None
        try:
            space = Space(kept)
        except DimensionError as error:
            self._blame_dimension(error.dimension or "", error)
            return None
        texts = self.settings.require
        space, notes, problems = space_of_rules(space, texts, constants, [*dropped], self.document)
        self.notes += notes
        self.problems += problems
        return space

    def _check_condition(
        self,
        dimension: Dimension,
        condition: Condition,
        constants: Mapping[str, Any],
        names: Iterable[str],
    ) -> None:
        """Note a problem where the parent is nobody, or a constant that could never fit."""
        path = ("space", dimension.name, "when", condition.parent)
        if condition.parent not in names:
            message = f"the condition hangs on `{condition.parent}`, which there is not"
            self._add(message, path, suggest_name(condition.parent, names), of_key=True)
        elif condition.parent in constants:
            for value in condition.values:
                if details := self.settable.complaints(condition.parent, value):
                    message, help = misfit(f"`{condition.parent}`", value, details)
                    self._add(f"a condition that can never hold: {message}", path, help)

    def _constants(self) -> dict[str, Any]:
        """What is held constant, the builder's and the training's defaults included, by name."""
        settings = without(self.training.model_dump(), self.settings.space)
        return leaves(self._arguments() | settings)

    def _arguments(self) -> dict[str, Any]:
        """The builder's constants and those of its own defaults that YAML could say.

        What is searched is not among them; where it is a part, the rest of the whole is.
        """
        searched = self.settings.space
        wholes = {owner(name) for name in searched if is_part(name)}
        defaults = {
            name: argument.default
            for name, argument in self.signature.arguments.items()
            if not argument.required
            and (_is_plain(argument.default) or (name in wholes and _is_nest(argument.default)))
        }
        return without(defaults | (self.settings.model.model_extra or {}), searched)

    def _blame_dimension(self, name: str, error: DimensionError) -> None:
        path: KeyPath = ("space", name, error.key)
        self._add(f"space.{name}: {error}", path, error.help)

    def _add(
        self, message: str, path: KeyPath, help: str | None = None, *, of_key: bool | None = None
    ) -> None:
        """Note a problem, at the key where it is a name of `space` or `model` that is wrong."""
        if of_key is None:
            of_key = len(path) == 2 and path[0] in ("space", "model")
        self.problems.append(Problem(message, self.document.location(path, of_key=of_key), help))


def _is_plain(value: Any) -> bool:
    """Whether a value can stand in YAML and in JSON."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return is_scalar(value)


def _is_nest(value: Any) -> bool:
    """Whether a value is a mapping that can stand in YAML and in JSON."""
    return isinstance(value, Mapping) and all(map(_is_plain, leaves(value).values()))
