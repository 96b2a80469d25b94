"""Binds the names of `model:`, `training:` and `space:` to what they set.

A name is an argument of the builder or a setting of the training; it is either constant or a
dimension. Everything that is wrong is collected, so that it can be mended in one go.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pydantic

from hpopt.builders.registry import Signature, load_builder, read_signature
from hpopt.config.document import Document, KeyPath
from hpopt.config.dumping import inline_yaml
from hpopt.config.idle import idle_settings
from hpopt.config.problems import dotted, misfit
from hpopt.config.schema import Constant, Settings
from hpopt.errors import ConfigError, Problem, SetupError, suggest_name
from hpopt.grammar import Section
from hpopt.own_code import absolute_reference
from hpopt.space.conditions import Condition, DimensionError, Scalar, is_scalar
from hpopt.space.dimensions import Categorical, Dimension, Params, Real
from hpopt.space.space import Space, describe, settle_conditions
from hpopt.training.settings import NOT_SEARCHABLE, Training

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

log = logging.getLogger(__name__)

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


def bind(settings: Settings, document: Document) -> Binding:
    """Bind the settings' names. Raises ConfigError with every problem found."""
    return _Binder(settings, document).bind()


class _Binder:
    def __init__(self, settings: Settings, document: Document) -> None:
        self.settings = settings
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.builder, self.signature = self._load_builder()

    def bind(self) -> Binding:
        self._check_constants()
        dimensions: list[Dimension] = []
        constants: dict[str, Scalar] = {}
        for name, form in self.settings.space.items():
            self._check_name(name)
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
        initial = [] if space is None else self._initial(space)
        if space is None or self.problems:
            raise ConfigError.of(self.problems)
        of_training = {n: v for n, v in constants.items() if n in Training.model_fields}
        of_builder = {n: v for n, v in constants.items() if n not in Training.model_fields}
        training = self.settings.training.model_copy(update=of_training)
        return Binding(
            space=space,
            builder=self.builder,
            arguments=self._defaults() | (self.settings.model.model_extra or {}) | of_builder,
            training=training,
            notes=(*self.notes, *idle_settings(self.settings, training, space)),
            initial=tuple(initial),
        )

    def _with_default(self, dimension: Dimension, form: Section) -> Dimension:
        """The dimension with the builder's or the training's own default, where it has none."""
        if "default" in form.model_fields_set or isinstance(dimension, Categorical):
            return dimension
        argument = self.signature.arguments.get(dimension.name)
        of_training = getattr(self.settings.training, dimension.name, None)
        default: Any = argument.default if argument else of_training
        if isinstance(dimension, Real) and isinstance(default, int):
            default = float(default)
        return replace(dimension, default=default) if dimension.contains(default) else dimension

    def _load_builder(self) -> tuple[str, Signature]:
        folder = Path(self.document.path).resolve().parent
        reference = absolute_reference(self.settings.model.builder, folder)
        try:
            signature = read_signature(load_builder(reference))
        except SetupError as error:
            place = self.document.location(("model", "builder"))
            raise ConfigError.of(error.at(place).problems) from error
        owned = [name for name in signature.arguments if name in Training.model_fields]
        if owned:
            raise ConfigError(
                f"the builder takes `{owned[0]}`, which is a setting of `training`",
                location=self.document.location(("model", "builder")),
                help="give the builder's argument another name",
            )
        return reference, signature

    def _check_constants(self) -> None:
        for name, value in (self.settings.model.model_extra or {}).items():
            if name in Training.model_fields:
                self._add(f"`{name}` is a setting of `training`", ("model", name), "move it there")
            elif not self._builder_takes(name):
                self._add(
                    f"the builder `{self.settings.model.builder}` takes no `{name}`",
                    ("model", name),
                    suggest_name(name, self.signature.arguments),
                )
            else:
                self._check_value(name, value, ("model", name))

    def _check_name(self, name: str) -> None:
        path = ("space", name)
        if name in NOT_SEARCHABLE:
            self._add(f"`{name}` can't be searched", path, "move it to `training`")
        elif name not in Training.model_fields and not self._builder_takes(name):
            self._add(
                f"`{name}` is neither an argument of the builder nor a setting of the training",
                path,
                suggest_name(name, self._searchable_names()),
            )
        for section, names in (
            ("model", self.settings.model.model_extra or {}),
            ("training", self.settings.training.model_fields_set),
        ):
            if name in names:
                self._add(
                    f"`{name}` is both a constant in `{section}` and in `space`",
                    path,
                    f"take it out of one of them ({section}.{name} is at "
                    f"{self.document.location((section, name), of_key=True)}); to hold it constant "
                    f"for one run: -s space.{name}=VALUE",
                )

    def _check_dimension(self, dimension: Dimension) -> None:
        path = ("space", dimension.name)
        if isinstance(dimension, Categorical):
            listed = isinstance(self.document.value_at(path), list)
            for index, category in enumerate(dimension.categories):
                place = (*path, index) if listed else (*path, "categories", index)
                self._check_value(dimension.name, category, place)
            return
        details = self._complaints(dimension.name, dimension.low)
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
        given = (set(self.settings.space) - sometimes) | set(constants)
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
        details = self._complaints(name, value)
        if details:
            message, help = misfit(dotted(path), value, details)
            self._add(message, path, help, of_key=False)

    def _complaints(self, name: str, value: Any) -> list[ErrorDetails]:
        """What pydantic has against a value for a training setting or a builder's argument."""
        annotation: Any = Any
        if name in Training.model_fields:
            field = Training.model_fields[name]
            annotation = field.annotation
            if field.metadata:
                annotation = Annotated[(annotation, *field.metadata)]
        elif name in self.signature.arguments:
            annotation = self.signature.arguments[name].annotation
        options = pydantic.ConfigDict(arbitrary_types_allowed=True)
        try:
            adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(annotation, config=options)
            # YAML knows lists only, which are good enough for a tuple.
            adapter.validate_python(value, strict=not isinstance(value, list))
        except pydantic.ValidationError as error:
            return error.errors()
        except Exception:  # the annotation is none for pydantic; the preflight tries the value
            log.debug("the annotation of `%s` can't be checked", name, exc_info=True)
        return []

    def _space(self, dimensions: list[Dimension], constants: dict[str, Scalar]) -> Space | None:
        """The space, with conditions on names that are held constant decided here and now."""
        known = self._constants() | constants
        names = [*known, *(dimension.name for dimension in dimensions)]
        for dimension in dimensions:
            for condition in dimension.when:
                self._check_condition(dimension, condition, known, names)
        kept, dropped = settle_conditions(dimensions, known)
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
            return Space(kept)
        except DimensionError as error:
            self._blame_dimension(error.dimension or "", error)
            return None

    def _initial(self, space: Space) -> list[Params]:
        """What is to be tried first, each but once; a problem is noted of what can't be."""
        initial: list[Params] = []
        by_name = {dimension.name: dimension for dimension in space}
        for index, given in enumerate(self.settings.search.initial):
            path: KeyPath = ("search", "initial", index)
            legal: dict[str, Scalar] = {}
            for name, value in given.items():
                if name not in by_name:
                    help = suggest_name(name, by_name)
                    self._add(f"`{name}` is not searched", (*path, name), help, of_key=True)
                    continue
                dimension = by_name[name]
                if dimension.contains(value):
                    whole = isinstance(dimension, Real) and isinstance(value, int)
                    legal[name] = float(value or 0) if whole else value
                else:
                    self._add(
                        f"`{name}` can't be {inline_yaml(value)}",
                        (*path, name),
                        f"`{name}` is {describe(dimension)}",
                    )
            if len(legal) < len(given):
                continue
            params = space.without_inactive(space.complete(legal))
            for name in [name for name in legal if name not in params]:
                when = " and ".join(map(str, by_name[name].when))
                message = f"`{name}` is not active in these params: it is only where {when}"
                self._add(message, (*path, name), "leave it out", of_key=True)
            if params != space.defaults and params not in initial:
                initial.append(params)
        return initial

    def _check_condition(
        self,
        dimension: Dimension,
        condition: Condition,
        known: dict[str, Any],
        names: list[str],
    ) -> None:
        """Note a problem where the parent is nobody, or a constant that could never fit."""
        path = ("space", dimension.name, "when", condition.parent)
        if condition.parent not in names:
            message = f"the condition hangs on `{condition.parent}`, which there is not"
            self._add(message, path, suggest_name(condition.parent, names), of_key=True)
        elif condition.parent in known:
            for value in condition.values:
                if details := self._complaints(condition.parent, value):
                    message, help = misfit(f"`{condition.parent}`", value, details)
                    self._add(f"a condition that can never hold: {message}", path, help)

    def _constants(self) -> dict[str, Any]:
        """What is held constant, the builder's and the training's defaults included."""
        training = self.settings.training
        settings = {name: getattr(training, name) for name in Training.model_fields}
        constants = self._defaults() | settings | (self.settings.model.model_extra or {})
        return {n: value for n, value in constants.items() if n not in self.settings.space}

    def _defaults(self) -> dict[str, Any]:
        """The builder's own defaults of what is not searched, where YAML could say them."""
        return {
            name: argument.default
            for name, argument in self.signature.arguments.items()
            if not argument.required
            and name not in self.settings.space
            and _is_plain(argument.default)
        }

    def _blame_dimension(self, name: str, error: DimensionError) -> None:
        path: KeyPath = ("space", name, error.key)
        self._add(f"space.{name}: {error}", path, error.help)

    def _builder_takes(self, name: str) -> bool:
        return self.signature.takes_any or name in self.signature.arguments

    def _searchable_names(self) -> list[str]:
        settings = [name for name in Training.model_fields if name not in NOT_SEARCHABLE]
        return [*self.signature.arguments, *settings]

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
