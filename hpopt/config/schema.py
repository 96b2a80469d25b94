"""The grammar of the YAML: every section, its keys, their types, bounds and defaults.

What a key of `space:`, `model:` and `training:` may be depends on the builder as well: that part
stands in `binding.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from hpopt.conditions import Condition, Scalar
from hpopt.data.features import Scaling
from hpopt.data.sources import SKLEARN_DATASETS
from hpopt.dimensions import Categorical, Dimension, Integer, Prior, Real
from hpopt.grammar import Count, Section, one_of
from hpopt.training.settings import Training

# A key with everything behind it commented out is an empty mapping, not null.
_EMPTY = BeforeValidator(lambda value: {} if value is None else value)


class Split(Section):
    """How the rows fall into the parts: shares of all rows, that add up to 1."""

    train: Annotated[float, Gt(0), Lt(1)] = 0.6
    validation: Annotated[float, Gt(0), Lt(1)] = 0.24
    test: Annotated[float, Gt(0), Lt(1)] = 0.16
    seed: Annotated[int, Ge(0), Lt(2**32)] = 0
    stratify: Literal["auto"] | bool = "auto"

    @model_validator(mode="after")
    def _adds_up(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"train + validation + test ({self.train:g} + {self.validation:g} + "
                f"{self.test:g}) is {total:g}, not 1; give all three"
            )
        return self


class Dataset(Section):
    """Where the rows come from, and how they are split."""

    source: Literal["sklearn"]
    name: Annotated[str, one_of(SKLEARN_DATASETS)]
    scaling: Scaling = "standard"  # of the features, by the training part's mean and deviation
    split: Annotated[Split, _EMPTY] = Split()


class Network(Section):
    """The network family, and those of its arguments that are held constant."""

    model_config = ConfigDict(extra="allow")

    builder: Annotated[str, MinLen(1)]


def _conditions(when: dict[str, Any]) -> tuple[Condition, ...]:
    return tuple(Condition.parse(parent, form) for parent, form in when.items())


class _Dimension(Section):
    when: Annotated[dict[str, Any], _EMPTY] = Field(default_factory=dict)


class RealDimension(_Dimension):
    """A real number between two bounds."""

    type: Literal["real"]
    low: float
    high: float
    prior: Prior = "uniform"
    default: float | None = None

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        when = _conditions(self.when)
        return Real(name, self.low, self.high, self.prior, self.default, when)


class IntegerDimension(_Dimension):
    """A whole number between two bounds."""

    type: Literal["integer"]
    low: int
    high: int
    prior: Prior = "uniform"
    default: int | None = None

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        when = _conditions(self.when)
        return Integer(name, self.low, self.high, self.prior, self.default, when)


class CategoricalDimension(_Dimension):
    """One of a few values; written as a plain list, its first entry is the default."""

    type: Literal["categorical"]
    categories: Annotated[list[Scalar], MinLen(1)]
    default: Scalar = None

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        default = self.default if "default" in self.model_fields_set else self.categories[0]
        return Categorical(name, tuple(self.categories), default, _conditions(self.when))


class Constant(Section):
    """A value that is held constant: what a plain scalar under `space:` means."""

    type: Literal["constant"]
    value: Scalar


def _long_form(form: Any) -> Any:
    """The mapping that a list (a categorical) or a scalar (a constant) stands for."""
    if isinstance(form, list):
        return {"type": "categorical", "categories": form}
    return form if isinstance(form, dict) else {"type": "constant", "value": form}


DimensionForm = Annotated[
    RealDimension | IntegerDimension | CategoricalDimension | Constant,
    Field(discriminator="type"),
    BeforeValidator(_long_form),
]


class Search(Section):
    """The searcher, its acquisition function and its budget."""

    engine: Literal["skopt", "random"] = "skopt"
    acquisition: Literal["EI", "PI", "LCB", "gp_hedge"] = "EI"
    n_calls: Annotated[Count, Le(1_000_000)] = 100
    seed: Annotated[int, Ge(0), Lt(2**32)] = 0


class Execution(Section):
    """Where trials run: one after the other in this process, until worker processes land."""

    workers: Literal["auto"] | int = "auto"

    @field_validator("workers")
    @classmethod
    def _is_one(cls, workers: Literal["auto"] | int) -> Literal["auto"] | int:
        if workers not in ("auto", 1):
            raise ValueError("this version runs one trial at a time: use `auto` or 1")
        return workers


class OutputSettings(Section):
    """What the run folder is called and keeps."""

    name: str | None = None  # the config file's name
    keep_weights: Annotated[int, Ge(1)] = 5  # of so many of the best trials, and of the default
    keep_rows: Annotated[int, Ge(0)] = 1000  # of the validation part, for checking exports


class Settings(Section):
    """A whole YAML file."""

    dataset: Dataset
    model: Network
    training: Training = Training()
    space: Annotated[dict[str, DimensionForm], MinLen(1)]
    search: Search = Search()
    execution: Execution = Execution()
    output: OutputSettings = OutputSettings()

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, tree: Any) -> Any:
        return {key: {} if value is None else value for key, value in tree.items()}


DIMENSIONS: dict[str, type[Section]] = {
    "real": RealDimension,
    "integer": IntegerDimension,
    "categorical": CategoricalDimension,
    "constant": Constant,
}
