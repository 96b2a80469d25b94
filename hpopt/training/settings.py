"""The settings of a fit: the YAML's section `training`."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from hpopt.grammar import Count, Section, one_of
from hpopt.training.losses import LOSSES
from hpopt.training.metrics import METRICS
from hpopt.training.optimizers import OPTIMIZERS


class EarlyStopping(Section):
    """Stop a fit once `monitor` has not fallen for `patience` epochs; keep the best epoch's."""

    monitor: Literal["val_loss", "loss"] = "val_loss"
    patience: Count = 10
    min_delta: Annotated[float, Ge(0)] = 0.0


class Training(Section):
    """How a network is fitted and what it is judged by. All but NOT_SEARCHABLE can be searched."""

    epochs: Count = 50
    batch_size: Count = 32
    optimizer: Annotated[str, one_of(OPTIMIZERS)] = "adam"
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    # The learning rate falls by the factor learning_decay every decay_steps steps, smoothly.
    learning_decay: Annotated[float, Gt(0), Le(1)] | None = None
    decay_steps: Count = 1000
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0  # of sgd and rmsprop; the others have none
    loss: Annotated[str, one_of(["auto", *LOSSES])] = "auto"
    metric: Annotated[str, one_of(["auto", *METRICS])] = "auto"
    class_weight: Literal["balanced"] | None = None  # rare classes count more, as in scikit-learn
    early_stopping: EarlyStopping | None = None
    driver: Literal["auto", "keras"] = "auto"  # keras: through model.fit in any case


NOT_SEARCHABLE = ("metric", "class_weight", "early_stopping", "driver")
