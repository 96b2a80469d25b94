"""What a network is for: the task, and the last layer that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Output:
    """The last layer that a task asks for: `Dense(output.units, output.activation)`."""

    units: int
    activation: Literal["sigmoid", "softmax", "linear"]
    task: Task

    @classmethod
    def of(cls, task: Task, num_classes: int = 0) -> Output:
        """The output of a task; `num_classes` counts only where there are more than two."""
        if task == "binary":
            return cls(1, "sigmoid", task)
        if task == "multiclass":
            return cls(num_classes, "softmax", task)
        return cls(1, "linear", task)
