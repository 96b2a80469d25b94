"""What happens to a run: the kinds of events that its journal holds, and their fields.

A field that came later has a default, which older journals mean by leaving it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from hpopt.runs.steps import StepOutcome, outcome_of

FORMAT = "1.0"


@dataclass(frozen=True)
class Header:
    """What must stay the same for the trials of a run to be comparable, and how it was begun."""

    kind: ClassVar[str] = "header"
    hpopt: str
    metric: str
    greater_is_better: bool
    fingerprints: Mapping[str, str]  # of data and split
    constants: Mapping[str, Any]
    space: Sequence[Mapping[str, Any]]  # as Space.to_json gives it
    format: str = FORMAT
    time: str | None = None  # when the run was begun; UTC
    config: str | None = None  # the name of the YAML file
    n_calls: int | None = None  # how many trials it was to have
    folder: str | None = None  # where the YAML file was, from which its relative paths go
    overrides: Sequence[str] | None = None  # what was laid over it, as it was written
    code: Mapping[str, str] = field(default_factory=dict)  # fingerprints of own code, by its role
    # Rules between parameters, by their texts: what was tried met them.
    require: Sequence[str] = field(default_factory=list)
    # `{name, target, direction, rule, positive}` each, as `goals_of` reads them; `metric` names the
    # first.
    objectives: Sequence[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What a run knows of an earlier one, `trials` as `{number, params, value, standard_error}`.

    They inform the search where `informs`, a failed one with a value of None; else they were made
    otherwise, and the params of the best of them are tried first.
    """

    kind: ClassVar[str] = "known"
    run: str
    informs: bool
    trials: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Started:
    """A trial was handed to a slot."""

    kind: ClassVar[str] = "started"
    number: int
    params: Mapping[str, Any]
    seed: int
    time: str
    info: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    elapsed: float | None = None  # seconds that the run had been worked on, all sessions together
    level: float = 1.0  # the share of its epochs to which it is to be fitted


@dataclass(frozen=True)
class Scored:
    """A trial gave a value; the fields are those of `Result`."""

    number: int
    value: float
    metrics: Mapping[str, float]
    scores: list[float]
    curves: Mapping[str, list[float]]
    epochs: int
    seconds: float
    weights: str | None = None
    standard_error: float | None = None
    kept_epoch: int | None = None
    is_constant: bool = False
    state: str | None = None  # the file, in the trial's folder, from which it goes on


@dataclass(frozen=True)
class Paused(Scored):
    """A trial was fitted to a level, and may go on."""

    kind: ClassVar[str] = "paused"
    level: float = 1.0


@dataclass(frozen=True)
class Thawed:
    """A paused trial was handed to a slot again, to go on from its state to a higher level."""

    kind: ClassVar[str] = "thawed"
    number: int
    level: float
    time: str
    info: Mapping[str, Any] = field(default_factory=dict)  # laid over that of `started`
    elapsed: float | None = None


@dataclass(frozen=True)
class Finished(Scored):
    """A trial was fitted to its end."""

    kind: ClassVar[str] = "finished"


@dataclass(frozen=True)
class Failed:
    """A trial gave no value; `log_tail` is the end of what its worker wrote."""

    kind: ClassVar[str] = "failed"
    number: int
    reason: str
    log_tail: str = ""


@dataclass(frozen=True)
class Cut:
    """A trial was ended by the run's limit: it gave no value, and is run again by a resumption.

    To a reader that does not know this kind the trial is one that never ended.
    """

    kind: ClassVar[str] = "cut"
    number: int
    reason: str
    time: str


@dataclass(frozen=True)
class Ended:
    """The search is over; `reason` is a word for programs, `text` says it to people."""

    kind: ClassVar[str] = "ended"
    reason: str
    text: str
    time: str
    elapsed: float | None = None


@dataclass(frozen=True)
class Resumed:
    """A later process goes on with the run; `changes` are its overrides, as they were written."""

    kind: ClassVar[str] = "resumed"
    changes: Sequence[str]
    n_calls: int  # in force from here on
    time: str
    hpopt: str
    code: Mapping[str, str] = field(default_factory=dict)  # of own code, as it is from here on


@dataclass(frozen=True)
class Fitted:
    """A fit of a closing step has ended: the params of trial `number` with another seed.

    `score` is the metric in its own direction; None where it failed, for that `reason`.
    """

    kind: ClassVar[str] = "fitted"
    step: str
    number: int
    seed: int
    time: str
    score: float | None = None
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """A closing step is done; `outcome` is the JSON of what it gave."""

    kind: ClassVar[str] = "step"
    name: str
    time: str
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def record(self) -> StepOutcome | None:
        """The outcome by attribute; None of a step that only a later version has.

        Raises ValueError where no version of hpopt could have written it.
        """
        return outcome_of(self.name, self.outcome)


Event = (
    Header
    | Known
    | Started
    | Paused
    | Thawed
    | Finished
    | Failed
    | Cut
    | Ended
    | Resumed
    | Fitted
    | Step
)
