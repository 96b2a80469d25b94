"""The settings of a fit: the YAML's section `training`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import TypeAdapter

from hpopt.grammar import Count, Section, one_of
from hpopt.metrics.costs import COST, Costs
from hpopt.metrics.metrics import METRICS
from hpopt.space.names import is_part, laid_over, owner
from hpopt.task import TASKS
from hpopt.training.class_weights import ClassWeight
from hpopt.training.optimizers import OPTIMIZERS

LearningSchedule = Literal["constant", "linear", "cosine", "flat_cosine", "one_cycle", "coslog4"]
LOSSES = tuple(loss for kind in TASKS.values() for loss in kind.losses)


class EarlyStopping(Section):
    """Stop a fit once `monitor` is no better for `patience` epochs; keep the best epoch's."""

    monitor: Literal["val_loss", "loss", "metric"] = "val_loss"
    """The curve that is watched; `metric` is what trials are judged by, on the validation part."""
    patience: Count = 10
    """After how many epochs without a gain the fit ends."""
    min_delta: Annotated[float, Ge(0)] = 0.0
    """What counts as a gain: more than this."""


class Augmentation(Section):
    """How the images of a batch are changed at random while a network is fitted, and only then.

    What an image moves away from is filled with its edge.
    """

    flip: Literal["horizontal", "vertical", "both"] | None = None
    """Whether half of the images are mirrored: left and right, upside down, or each by itself."""
    shift: Annotated[float, Ge(0), Le(1)] = 0.0
    """By which share of its sides an image is moved at most, either way."""
    rotation: Annotated[float, Ge(0), Le(180)] = 0.0
    """By how many degrees an image is turned at most, either way."""
    zoom: Annotated[float, Ge(0), Lt(1)] = 0.0
    """By which share of its size an image grows or shrinks at most."""
    contrast: Annotated[float, Ge(0), Le(1)] = 0.0
    """By which share of itself an image's contrast changes at most, either way."""


class Training(Section):
    """How a network is fitted and what it is judged by.

    All but NOT_SEARCHABLE can be searched; of a section, its settings.
    """

    epochs: Count = 50
    """How often a fit goes through the training part."""
    batch_size: Count = 32
    """How many rows a step of the optimiser sees."""
    optimizer: Annotated[str, one_of(OPTIMIZERS)] = "adam"
    """The optimiser, by Keras' name in small letters."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """The learning rate, at the first step."""
    learning_decay: Annotated[float, Gt(0), Le(1)] | None = None
    """The factor by which the learning rate falls every `decay_steps` steps, smoothly."""
    decay_steps: Count = 1000
    """In how many steps the learning rate falls by `learning_decay`."""
    learning_schedule: LearningSchedule = "constant"
    """What the learning rate does over the fit: it falls to zero along a line, a cosine, or a
    cosine behind a constant half; `one_cycle` rises and falls by cosines; `coslog4` rises and falls
    four times, each time for twice as long (RealMLP's). `learning_decay` comes on top."""
    warmup: Annotated[float, Ge(0), Lt(1)] | None = None
    """For which share of the steps the learning rate rises to `learning_rate` before that; `null`
    is 0.3 for `one_cycle` and not at all for the others."""
    schedule_epochs: Count | None = None
    """Over how many epochs the schedule goes; `null` is over `epochs`, also where early stopping
    ends the fit before."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The momentum of `sgd` and `rmsprop`; the other optimisers have none."""
    weight_decay: Annotated[float, Ge(0)] | None = None
    """The share of itself, times the learning rate, that a weight loses at each step, as in AdamW;
    `null` leaves the optimiser its own: 0.004 for `adamw` and `muon`, none for the others."""
    beta_2: Annotated[float, Gt(0), Lt(1)] | None = None
    """How much of its mean of squared gradients an optimiser of Adam's kind keeps from step to
    step; `null` leaves it its own: 0.99 for `lion`, 0.999 for the others."""
    gradient_clip: Annotated[float, Gt(0)] | None = None
    """The largest norm of all gradients of a step together; a longer step is shortened to it."""
    ema_epochs: Annotated[float, Gt(0)] | None = None
    """About how many epochs back the weights are averaged (an exponential moving average); the
    averaged ones are judged and kept. `null` is no average."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """The share of each training row's label that all classes get alike; not in `val_loss`."""
    loss: Annotated[str, one_of(("auto",), LOSSES)] = "auto"
    """What a fit minimises; `auto` chooses by the task."""
    metric: Annotated[str, one_of(("auto",), METRICS, (COST,))] = "auto"
    """What trials are judged by, as scikit-learn defines it; `auto` is accuracy or rmse, and `cost`
    the mean of what mistakes cost by `costs`."""
    costs: Costs | None = None
    """What a row costs that is taken for another class, by its true class: `{yes: 100, no: 5}`, or
    by both: `{a: {b: 1, c: 5}, b: 2, c: 2}`. What is right costs nothing."""
    folds: Annotated[int, Ge(1), Le(20)] = 1
    """Into how many folds the training and validation rows fall: a trial is then so many fits, each
    scored on another fold, and its value their mean; 1 scores on the split's validation part."""
    repeats: Annotated[int, Ge(1), Le(20)] = 1
    """How often a trial is fitted, each time with another seed (on every fold); its value is the
    mean."""
    class_weight: ClassWeight = None
    """How much the rows of a class count in the loss: `balanced` lets rare classes count more, as
    scikit-learn weighs them; `{refused: 5}` gives weights by label, where others have 1; a number
    is the weight of the positive one of two classes."""
    early_stopping: EarlyStopping | None = None
    """When a fit ends before its last epoch, and that the best epoch is kept; `null` is never."""
    augmentation: Augmentation | None = None
    """How images are changed at random while a network is fitted; `null` is not at all."""
    driver: Literal["auto", "keras"] = "auto"
    """`keras` fits through `model.fit` in any case, which draws other random numbers; `auto` does
    only where no graph can hold the fit."""

    def with_values(self, values: Mapping[str, Any]) -> Training:
        """The settings with others laid over them by name; names of no setting are passed over.

        A name may be that of a part: `early_stopping.patience`. The values are legal already.
        """
        own = {
            name: value for name, value in values.items() if owner(name) in Training.model_fields
        }
        sections = {owner(name) for name in own if is_part(name)}
        whole = self.model_dump(include=sections)
        update = laid_over(whole, own)
        for name in sections:
            kind: Any = Training.model_fields[name].annotation
            update[name] = TypeAdapter(kind).validate_python(update[name])
        return self.model_copy(update=update)


NOT_SEARCHABLE = ("metric", "costs", "folds", "repeats", "driver")
