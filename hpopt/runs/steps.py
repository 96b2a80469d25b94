"""What the closing steps write into the journal: a frozen record for each.

Their JSON has the names of the fields. What older journals lack has a default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_type_hints

from hpopt.runs.legality import is_legal
from hpopt.runs.record import from_json
from hpopt.statistics.records import Calibration, Comparison, Interval, PrecisionRecall

# Scores by metric, each in its own direction; None where a metric has no value.
Scores = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial in the race of the step `confirm`; `scores` are of the rounds that it was in."""

    number: int
    scores: Sequence[float] = ()
    mean: float | None
    standard_error: float | None
    n_weights: int = 0
    seconds: float = 0.0  # of one fit
    dropped_with: float | None  # how sure it was that it is worse, when it dropped out
    reason: str | None  # why a fit of it failed


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """The step `confirm`: the race of the best candidates, and the trial that is `chosen`.

    `tied` are those that can't be told apart; none where there were too few rounds to say so. Where
    it `kept_default`, no other was likely enough to be better than the default params.
    """

    candidates: Sequence[Candidate] = ()
    rounds: int = 0
    search_best: int | None
    chosen: int
    tied: Sequence[int] = ()
    confidence: float = 0.0  # that the chosen one is better than all others
    told_apart: bool = False
    kept_default: bool | None = None
    seconds: float = 0.0
    budget_s: float = 0.0

    def __post_init__(self) -> None:
        if self.tied and not {self.chosen, *self.tied} <= {each.number for each in self.candidates}:
            raise ValueError("a trial is chosen that is no candidate")


@dataclass(frozen=True, kw_only=True)
class RefittedNetwork:
    """A network that the step `refit` has fitted; `weights` is the name of their file."""

    weights: str
    epochs: int = 0
    kept_epoch: int | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if not is_legal("weights", self.weights):
            raise ValueError(f"{self.weights!r} is no name of a file")


@dataclass(frozen=True, kw_only=True)
class Refitted:
    """The steps `refit` and `network`: networks by the trial's number and the part of the rows."""

    networks: Mapping[str, Mapping[str, RefittedNetwork]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EnsembleScores:
    """The scores on validation that the average of several networks and the single one have."""

    ensemble: float | None
    single: float | None


@dataclass(frozen=True, kw_only=True)
class Ensembled:
    """The step `ensemble`: whether the average of `members`' networks is `taken` as the model.

    There are no scores where there were too few networks to compare.
    """

    members: Sequence[int] = ()
    single: int
    taken: bool
    scores: EnsembleScores | None = None
    level: float | None = None
    difference: float | None
    interval: Interval | None = None
    p: float | None = None

    def __post_init__(self) -> None:
        if self.taken and (self.scores is None or not self.members):
            raise ValueError("an ensemble is taken that was not compared")
        if (self.scores is None) != (self.level is None):
            raise ValueError("an ensemble was compared at no level")

    @property
    def comparison(self) -> Comparison | None:
        """The average less the single network, where that could be said."""
        return _comparison(self.difference, self.interval, self.p)


@dataclass(frozen=True, kw_only=True)
class Thresholded:
    """The step `threshold`: the `threshold` of the model, and the one that was `tried`."""

    threshold: float
    tried: float = 0.5
    gain: float | None = None
    interval: Interval | None = None
    p: float | None = None

    @property
    def comparison(self) -> Comparison | None:
        """The one that was tried less 0.5, on rows that it was not made of."""
        return _comparison(self.gain, self.interval, self.p)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The step `best`: the trial whose model is in `best/`, and what loading it changed."""

    trial: int | None
    largest_difference: float | None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The scores of a plain model on two parts."""

    validation: Scores = field(default_factory=dict)
    test: Scores = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """What the search's best lost from validation to test more than the baseline `name` did."""

    name: str
    difference: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class Flattery:
    """How much better the search's best validation score was than the test score.

    `difference` counts in the metric's good direction: above 0, validation flattered. `confirmed`
    is what the chosen params gave when they were fitted again; `rows` is how many `search` is of.
    """

    search: float
    test: float
    confirmed: float | None = None
    difference: float | None = None
    interval: Interval | None = None
    rows: int | None = None
    beyond: Beyond | None = None


@dataclass(frozen=True)
class Confusion:
    """How often the model took test rows of each label for each: `counts` [labels, labels]."""

    labels: Sequence[str]
    counts: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Retrieval:
    """How well rows with the label `positive` are found, whose share of the rows is `share`.

    `models` are the best and, where it is another, the default.
    """

    positive: str
    share: float
    models: Mapping[str, PrecisionRecall]


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """How far forecasts of the test part are off, step by step, in the target's units.

    `errors` are mean absolute ones, by model; a `step` is so long. `margins` are those of intervals
    of this `level`, and `coverage` the share of the truth that they held.
    """

    step: str
    errors: Mapping[str, Sequence[float]]
    level: float
    margins: Sequence[float] | None = None
    coverage: Sequence[float] | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """How often the intervals of values, or the sets of labels, of this `level` held the truth.

    That is the `share` of the test part's rows. An interval goes `margin` to either side, or from
    1 + y divided by the `factor` to 1 + y times it; a set has so many `labels` on average.
    """

    level: float
    share: float
    interval: Interval
    margin: float | None = None
    factor: float | None = None
    labels: float | None = None


@dataclass(frozen=True, kw_only=True)
class FeatureImportance:
    """What the best's score on the test part loses without a feature, the most important first.

    Above 0 a feature is of use, whatever the metric's direction; None where chance can't be told.
    `features` are the first of so many (`of`); each was dealt out anew among `rows` rows so often
    (`deals`).
    """

    features: Mapping[str, Comparison | None]
    of: int
    rows: int
    deals: int


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The step `test`: what the test part says of the model, the default params and baselines.

    `comparisons` are the best less each other; a run has none that was closed before there were
    intervals. `default` is None where the network of the default params was not tested.
    """

    best: Scores = field(default_factory=dict)
    default: Scores | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)  # of the baselines
    rows: int = 0
    groups: int | None
    level: float = 0.95
    thresholds: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, Interval | None]] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison | None] | None = None
    flattery: Flattery | None
    at_half: float | None = None  # the best's score by the threshold 0.5, where it has another
    calibration: Calibration | None = None
    confusion: Confusion | None = None  # of the best; none of very many labels
    retrieval: Retrieval | None = None  # of two labels
    ahead: Ahead | None = None  # of a forecast
    held: Held | None = None  # of what is no forecast
    importance: FeatureImportance | None = None  # where rows have features with names
    weighted_by: str | None = None  # the column, or array, by which rows count

    def interval(self, name: str, metric: str) -> Interval | None:
        """The interval of a model's score, where there is one."""
        return self.intervals.get(name, {}).get(metric)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The step `results`, of which nothing is to be said."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The step `plots`: the pictures there are, and why others are `missing`."""

    drawn: Sequence[str] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reported:
    """The step `report`: the page for a browser, or why it is `missing`."""

    missing: str | None = None


@dataclass(frozen=True)
class Findings:
    """What the surrogate says of the parameters.

    `effects` are sentences, the most important parameter's first; `trust` is one more.
    """

    effects: Sequence[str]
    trust: str | None


@dataclass(frozen=True, kw_only=True)
class Summarised:
    """The step `summary`."""

    findings: Findings | None = None


StepOutcome = (
    Confirmed
    | Refitted
    | Ensembled
    | Thresholded
    | Saved
    | Scored
    | Listed
    | Drawn
    | Summarised
    | Reported
)


@dataclass(frozen=True, kw_only=True)
class StepOutcomes:
    """What each closing step has given, by its name; None where it is not done."""

    confirm: Confirmed | None = None
    refit: Refitted | None = None
    network: Refitted | None = None  # `refit` of a run that was stopped
    ensemble: Ensembled | None = None
    threshold: Thresholded | None = None
    best: Saved | None = None
    test: Scored | None = None
    results: Listed | None = None
    plots: Drawn | None = None
    summary: Summarised | None = None
    report: Reported | None = None

    @classmethod
    def of(cls, by_step: Mapping[str, Any]) -> StepOutcomes:
        """The outcomes by their steps' names; None is that of a step that is not to be read."""
        return cls(**{name: each for name, each in by_step.items() if each is not None})


def outcome_of(step: str, form: Mapping[str, Any]) -> StepOutcome | None:
    """The record of a step from its JSON; None of a step that only a later version has.

    Raises ValueError where no version of hpopt could have written it.
    """
    kind = _KINDS.get(step)
    return None if kind is None else from_json(kind, form)


def trials_of(outcome: StepOutcome | None) -> Iterator[int]:
    """The trials that a step names as ones with a network."""
    match outcome:
        case Confirmed():
            yield outcome.chosen
            yield from (each.number for each in outcome.candidates)
        case Ensembled():
            yield from outcome.members
        case Saved(trial=int(number)):
            yield number
        case _:
            pass


def _comparison(
    difference: float | None, interval: Interval | None, p: float | None
) -> Comparison | None:
    if difference is None or interval is None or p is None:
        return None
    return Comparison(difference, interval, p)


_KINDS: dict[str, Callable[..., StepOutcome]] = {
    each.name: get_args(get_type_hints(StepOutcomes)[each.name])[0] for each in fields(StepOutcomes)
}
