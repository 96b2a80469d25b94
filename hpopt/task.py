"""What a network is for: the task, the last layer that it asks for, and what that is fitted by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["binary", "multiclass", "regression", "forecast"]
OutputActivation = Literal["sigmoid", "softmax", "linear"]


# The rules by which probabilities become labels, for the metrics that judge labels. Of two labels
# the second above a half, of several the likeliest:
LIKELIEST = "likeliest label"
# Of two labels the second above the threshold that is best for the model, chosen on other rows:
OWN_THRESHOLD = "model's own threshold"


@dataclass(frozen=True)
class TaskKind:
    """What a task asks of a network, and what its predictions are.

    Of a task with labels, predictions are probabilities [n, units]: of each class, or, with one
    unit, of the second of two. Else they are values [n, units], one or of each step ahead, which
    the network gives in deviations of the target and `TargetSpec.restore` puts back into its units.
    """

    activation: OutputActivation
    losses: tuple[str, ...]
    """Keras' losses that fit it; the first is what `loss: auto` means."""
    metric: str
    """What `metric: auto` means."""
    has_labels: bool
    has_unit_per_class: bool = False
    output_name: str = "prediction"
    """What its output is called where predictions are written."""

    def loss(self, name: str) -> str:
        """The loss of that name, which may be `auto`."""
        return self.losses[0] if name == "auto" else name

    @property
    def has_threshold(self) -> bool:
        """Whether the label that is said depends on a threshold on the probability."""
        return self.has_labels and not self.has_unit_per_class


TASKS: dict[Task, TaskKind] = {
    "binary": TaskKind(
        activation="sigmoid",
        losses=("binary_crossentropy", "binary_focal_crossentropy"),
        metric="accuracy",
        has_labels=True,
    ),
    "multiclass": TaskKind(
        activation="softmax",
        losses=("sparse_categorical_crossentropy",),
        metric="accuracy",
        has_labels=True,
        has_unit_per_class=True,
    ),
    "regression": TaskKind(
        activation="linear",
        losses=("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"),
        metric="rmse",
        has_labels=False,
    ),
    "forecast": TaskKind(
        activation="linear",
        losses=("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"),
        metric="mase",
        has_labels=False,
    ),
}


@dataclass(frozen=True)
class Output:
    """The last layer that a task asks for: `Dense(output.units, output.activation)`."""

    units: int
    activation: OutputActivation
    task: Task

    @classmethod
    def of(cls, task: Task, num_classes: int = 0, steps: int = 1) -> Output:
        """The output of a task; `num_classes` counts only where there are more than two.

        A forecast has a unit for each of the `steps` ahead.
        """
        kind = TASKS[task]
        return cls(num_classes if kind.has_unit_per_class else steps, kind.activation, task)

    @property
    def name(self) -> str:
        """What is predicted is called this, in a table of predictions."""
        return self.kind.output_name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what a network gives for one row."""
        return (self.units,)

    @property
    def kind(self) -> TaskKind:
        """What the task asks for besides."""
        return TASKS[self.task]
