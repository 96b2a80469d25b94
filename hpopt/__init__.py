"""hpopt finds the best Keras network for somebody's data; see README.md."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hpopt.version import VERSION

if TYPE_CHECKING:
    from hpopt.api import resume, tune
    from hpopt.config.loading import load_config
    from hpopt.minimizing import minimize
    from hpopt.optimizing import Optimizer
    from hpopt.plotting import plot
    from hpopt.predicting import evaluate, load_model, predict
    from hpopt.runs.finding import find_run
    from hpopt.runs.folder import Run
    from hpopt.task import Output

__version__ = VERSION

# Imported when they are first used: `hpopt --help` needs none of them.
_PUBLIC = {
    "Optimizer": "hpopt.optimizing",
    "Output": "hpopt.task",
    "Run": "hpopt.runs.folder",
    "evaluate": "hpopt.predicting",
    "find_run": "hpopt.runs.finding",
    "load_config": "hpopt.config.loading",
    "load_model": "hpopt.predicting",
    "minimize": "hpopt.minimizing",
    "plot": "hpopt.plotting",
    "predict": "hpopt.predicting",
    "resume": "hpopt.api",
    "tune": "hpopt.api",
}

__all__ = [
    "Optimizer",
    "Output",
    "Run",
    "__version__",
    "evaluate",
    "find_run",
    "load_config",
    "load_model",
    "minimize",
    "plot",
    "predict",
    "resume",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'hpopt' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
