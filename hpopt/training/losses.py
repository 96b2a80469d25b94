"""The losses a fit can minimise: Keras' own, by name, with the tasks that each one fits."""

from __future__ import annotations

from hpopt.task import Task

# The first of a task is what `loss: auto` means for it.
LOSSES: dict[str, tuple[Task, ...]] = {
    "binary_crossentropy": ("binary",),
    "binary_focal_crossentropy": ("binary",),
    "sparse_categorical_crossentropy": ("multiclass",),
    "mean_squared_error": ("regression",),
    "mean_absolute_error": ("regression",),
    "huber": ("regression",),
    "log_cosh": ("regression",),
}


def losses_for(task: Task) -> list[str]:
    """The names of the losses that fit a task, the usual one first."""
    return [name for name, tasks in LOSSES.items() if task in tasks]
