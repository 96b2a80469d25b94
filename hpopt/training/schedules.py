"""How the learning rate goes over a fit: a function of the number of the step alone.

So a fit that is cut into stretches, or goes on elsewhere, needs to remember no more of it than how
many steps were made. The rates come to a graph as numbers, so one graph serves all schedules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpopt.training.settings import Training

# Which share of a fit `one_cycle` rises for where no warm-up is set, and where it begins.
_CYCLE_RISES, _CYCLE_BEGINS = 0.3, 0.04


def _linear(time: np.ndarray) -> np.ndarray:
    return 1 - time


def _cosine(time: np.ndarray) -> np.ndarray:
    return np.asarray((1 + np.cos(np.pi * time)) / 2)


def _flat_cosine(time: np.ndarray) -> np.ndarray:
    return _cosine(np.maximum(0, 2 * time - 1))


def _coslog4(time: np.ndarray) -> np.ndarray:
    """Four cycles from 0 to 1 to 0, each twice as long as the one before it.

    Holzmüller, Grinsztajn & Steinwart, "Better by default", 2024.
    """
    return np.asarray((1 - np.cos(2 * np.pi * np.log2(1 + 15 * time))) / 2)


# The factor of the learning rate by the share of the steps that lie behind, of what falls to zero.
_SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "constant": np.ones_like,
    "linear": _linear,
    "cosine": _cosine,
    "flat_cosine": _flat_cosine,
    "one_cycle": _cosine,
    "coslog4": _coslog4,
}


@dataclass(frozen=True)
class Schedule:
    """The learning rates of a fit of so many `steps`; `warmup` is the share of them that rises.

    Beyond the last step the rate stays what it is there.
    """

    learning_rate: float
    shape: str
    warmup: float
    steps: int
    decay: float = 1.0
    decay_steps: int = 1

    def rates(self, first: int, last: int) -> np.ndarray:
        """The rates of the steps from `first` up to `last`, float32; the first step is 0.

        A step has the rate at its middle: that of none is zero, at neither end.
        """
        step = np.arange(first, last)
        time = (np.minimum(step, self.steps - 1) + 0.5) / self.steps
        behind = np.clip((time - self.warmup) / (1 - self.warmup), 0, 1)
        factor = _SHAPES[self.shape](behind)
        if self.warmup:
            rising = time / self.warmup
            if self.shape == "one_cycle":
                rising = _CYCLE_BEGINS + (1 - _CYCLE_BEGINS) * _cosine(1 - np.minimum(rising, 1))
            factor = np.where(time < self.warmup, rising, factor)
        rates = self.learning_rate * factor * self.decay ** (step / self.decay_steps)
        return np.asarray(rates, np.float32)


def schedule_of(settings: Training, batches: int) -> Schedule | None:
    """The schedule that the settings ask for, of epochs of so many batches.

    None where there is none, or `learning_decay` alone, which Keras does.
    """
    shape, warmup = settings.learning_schedule, settings.warmup
    if warmup is None:
        warmup = _CYCLE_RISES if shape == "one_cycle" else 0.0
    if shape == "constant" and not warmup:
        return None
    decay = settings.learning_decay or 1.0
    epochs = settings.schedule_epochs or settings.epochs
    rules = (shape, warmup, epochs * batches, decay, settings.decay_steps)
    return Schedule(settings.learning_rate, *rules)
