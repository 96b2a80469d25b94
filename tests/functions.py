"""A plain function as one that slots can run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Analytic:
    """A function of params without a network or rows; workers import it."""

    function: Callable[..., Any]

    def __call__(self, params, *, seed, folder, fold=0):
        return self.function(params, seed=seed, folder=folder, fold=fold)

    def warm_up(self):
        pass

    def reads(self, fold):
        return {}

    def at(self, folder):
        return self


class Pausable(Analytic):
    """A function that takes a share of the epochs as well."""

    def __call__(self, params, *, seed, folder, fold=0, share=1.0):
        return self.function(params, seed=seed, folder=folder, fold=fold, share=share)
