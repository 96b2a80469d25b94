"""The grammar of the YAML: every section, its keys, their types, bounds and defaults.

What a key of `space:`, `model:` and `training:` may be depends on the builder as well: that part
stands in `binding.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from hpopt.data.settings import EMPTY, Dataset
from hpopt.execution.settings import Execution
from hpopt.grammar import Count, Duration, Section, one_of
from hpopt.search.engines import ENGINES, Engine, engine_named, with_engine_keys
from hpopt.search.halving import LEVELS
from hpopt.space.beliefs import Belief
from hpopt.space.conditions import Condition, Value
from hpopt.space.dimensions import Categorical, Dimension, Integer, Ordinal, Prior, Real
from hpopt.training.settings import Training


class Network(Section):
    """The network family, and those of its arguments that are held constant."""

    model_config = ConfigDict(extra="allow")

    builder: Annotated[str, MinLen(1)]
    """The network family by name, or an own function: `nets.py:build`, `package.module:build`."""


def _conditions(when: dict[str, Any]) -> tuple[Condition, ...]:
    return tuple(Condition.parse(parent, form) for parent, form in when.items())


class BeliefForm(Section):
    """Where the best value is expected: two thirds of the belief lie `within` of `around`."""

    around: float
    """The value that is expected to be best."""
    within: Annotated[float, Gt(0)]
    """How far from it on both sides; under a log-uniform prior a factor, above 1."""


class _Dimension(Section):
    when: Annotated[dict[str, Any], EMPTY] = Field(default_factory=dict)
    """When it is active: other names, each with a value, a list of them, or text such as `>= 3`."""


class _Number(_Dimension):
    belief: BeliefForm | None = None
    """Where you expect the best value: the search begins there, and goes by it less and less."""

    @property
    def believed(self) -> Belief | None:
        """The belief, if there is one."""
        return None if self.belief is None else Belief(self.belief.around, self.belief.within)


class RealDimension(_Number):
    """A real number between two bounds."""

    type: Literal["real"]
    """A real number."""
    low: float
    """The lowest value, itself included."""
    high: float
    """The highest value, itself included."""
    step: Annotated[float, Gt(0)] | None = None
    """How far apart its values are, from `low` on; if left out, it is any number between."""
    prior: Prior = "uniform"
    """The scale in which values are equally likely; `log-uniform` where the magnitude counts."""
    default: float | None = None
    """The value of the first trial; without one the builder's or `training`'s, or the middle."""

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        when = _conditions(self.when)
        given = self.prior, self.default, when, self.step, self.believed
        return Real(name, self.low, self.high, *given)


class IntegerDimension(_Number):
    """A whole number between two bounds."""

    type: Literal["integer"]
    """A whole number."""
    low: int
    """The lowest value, itself included."""
    high: int
    """The highest value, itself included."""
    step: Annotated[int, Ge(1)] | None = None
    """How far apart its values are, from `low` on; if left out, 1."""
    prior: Prior = "uniform"
    """The scale in which values are equally likely; `log-uniform` where the magnitude counts."""
    default: int | None = None
    """The value of the first trial; without one the builder's or `training`'s, or the middle."""

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        when = _conditions(self.when)
        given = self.prior, self.default, when, self.step, self.believed
        return Integer(name, self.low, self.high, *given)


class CategoricalDimension(_Dimension):
    """One of a few values; written as a plain list, its first entry is the default."""

    type: Literal["categorical"]
    """One of a few values."""
    categories: Annotated[list[Value], MinLen(1)]
    """The values, of any kind; a list or a mapping is handed over as it stands."""
    default: Value = None
    """The value of the first trial; if left out, the first of the categories."""

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        default = self.default if "default" in self.model_fields_set else self.categories[0]
        return Categorical(name, tuple(self.categories), default, _conditions(self.when))


class OrdinalDimension(CategoricalDimension):
    """One of a few values in their order, as sizes are: neighbours are alike."""

    type: Literal["ordinal"]  # type: ignore[assignment]
    """One of a few values in order."""

    def to_dimension(self, name: str) -> Dimension:
        """The dimension; raises DimensionError where it makes no sense."""
        return Ordinal(**vars(super().to_dimension(name)))


class Constant(Section):
    """A value that is held constant: what a plain scalar under `space:` means."""

    type: Literal["constant"]
    """A single value."""
    value: Value
    """The value."""


def _long_form(form: Any) -> Any:
    """The mapping that a list (a categorical) or a scalar (a constant) stands for."""
    if isinstance(form, list):
        return {"type": "categorical", "categories": form}
    return form if isinstance(form, dict) else {"type": "constant", "value": form}


DimensionForm = Annotated[
    RealDimension | IntegerDimension | CategoricalDimension | OrdinalDimension | Constant,
    Field(discriminator="type"),
    BeforeValidator(_long_form),
]


class Stop(Section):
    """What ends a search before its budget is used up."""

    no_improvement: Count | None = None
    """So many trials in a row that are no better than the best before them."""
    target: float | None = None
    """A score of the metric, in its own direction, that is good enough."""


@with_engine_keys
class SearchEngine(Section):
    """The engine. The keys of all engines may stand beside it; those of others have no effect."""

    engine: Annotated[str, one_of(ENGINES)] = "gp"
    """What suggests trials: hpopt's own Bayesian optimisation, scikit-optimize's, a sequence that
    spreads them evenly, or chance. `skopt`'s first ten trials
    behind the defaults are random, as in `gp_minimize`."""

    @property
    def chosen(self) -> Engine:
        """The engine with its settings."""
        engine = engine_named(self.engine)
        return engine.model_validate(self.model_dump(include=set(engine.model_fields)))

    @property
    def of_searcher(self) -> dict[str, Any]:
        """The engine's name and its settings, as `make_searcher` takes them."""
        return {"engine": self.engine, **self.chosen.model_dump()}


class Search(SearchEngine):
    """The searcher, its acquisition function and its budget."""

    n_calls: Annotated[Count, Le(1_000_000)] = 100
    """How many trials the run has, the failed ones among them."""
    time_limit: Duration | None = None
    """How long the whole run may take, its end included: seconds, or `90s`, `10m`, `1h30m`. No
    trial begins that would probably not end in time."""
    stop: Annotated[Stop, EMPTY] = Stop()
    """What ends the search before that."""
    fidelity: Literal["epochs"] | None = None
    """`epochs` pauses each fit after a ninth and a third of its epochs, and goes on with those that
    promise most for what they take, bit for bit; `null` makes every fit in full."""
    initial: list[dict[str, Value]] = Field(default_factory=list)
    """Params to try first, behind the defaults; what is left out of one has its default."""
    seed: Annotated[int, Ge(0), Lt(2**32)] = 0
    """The seed of the search and of every trial: with one worker it decides the whole run."""

    @property
    def levels(self) -> tuple[float, ...]:
        """The shares of their epochs to which trials are fitted, ascending, up to 1."""
        return (1.0,) if self.fidelity is None else LEVELS


class MLflowTracking(Section):
    """What MLflow is told; its own MLFLOW_TRACKING_URI says where it is."""

    experiment: Annotated[str, MinLen(1)]
    """The experiment in which the runs stand: a parent, and a child for each trial."""


class Tracking(Section):
    """Other programs that trials are written for."""

    tensorboard: bool = False
    """Write every trial for TensorBoard, into the run folder's tensorboard/."""
    mlflow: MLflowTracking | None = None
    """Tell MLflow of the run, of every trial once it is over, and of the best network at the end.
    If left out, it is told nothing."""


class OutputSettings(Section):
    """What the run folder is called and keeps."""

    name: str | None = None
    """What the run folder is called behind its time stamp; if left out, as the config file."""
    confirm: Annotated[float, Ge(0), Le(1)] = 0.1
    """How much of the trials' time the best few may take to be fitted again, on fresh splits with
    fresh seeds, so that the best is named by skill and not by luck; 0 is not at all."""
    refit: bool = False
    """Fit the chosen params once more at the end, on the training and the validation part together,
    for as many epochs as were best: more rows, of which none are left to be validated on."""
    ensemble: Annotated[int, Ge(2), Le(20)] | None = None
    """Of how many of the best networks the model is to be the average, where that is measurably
    better on validation than the single one; if left out, it is the single one."""
    keep_weights: Annotated[int, Ge(1)] = 5
    """Of how many of the best trials the weights are kept, besides those of the first."""
    keep_rows: Annotated[int, Ge(0)] = 1000
    """How many rows of the validation part stay in best/, to check exports with, and, of images, up
    to 24 of the test part in a picture of the worst mistakes; 0: none, but some that are made up at
    random."""
    plots: bool = True
    """Draw the pictures when the search is over; `hpopt plot` draws them at any time."""
    report: bool = False
    """Write report.html, a page for a browser, when the search is over; `hpopt report` writes it at
    any time."""


class Settings(Section):
    """A whole YAML file."""

    dataset: Dataset
    """Where the rows come from, and how they are split."""
    model: Network
    """The network family, and those of its arguments that are held constant."""
    training: Training = Training()
    """How a network is fitted and what it is judged by; what `space` names must not stand here."""
    space: Annotated[dict[str, DimensionForm], MinLen(1)]
    """What is searched: arguments of the builder and settings of `training`, with their values."""
    require: list[Annotated[str, MinLen(1)]] = Field(default_factory=list)
    """Rules between parameters, such as `units_2 <= units_1`: what is tried meets all of them."""
    search: Search = Search()
    """The searcher, its acquisition function and its budget."""
    execution: Execution = Execution()
    """Where trials run."""
    tracking: Tracking = Tracking()
    """Other programs that trials are written for."""
    output: OutputSettings = OutputSettings()
    """What the run folder is called and keeps."""

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, tree: Any) -> Any:
        return {
            key: ([] if key == "require" else {}) if value is None else value
            for key, value in tree.items()
        }


DIMENSIONS: dict[str, type[Section]] = {
    "real": RealDimension,
    "integer": IntegerDimension,
    "categorical": CategoricalDimension,
    "ordinal": OrdinalDimension,
    "constant": Constant,
}
