"""The objective: params in, a scored network out."""

from __future__ import annotations

import copy
import hashlib
import logging
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.backend import begin_names_anew, load_keras
from hpopt.builders.registry import PLACES, SHIPPED, load_builder, read_signature
from hpopt.clock import running_s
from hpopt.data.folds import OWN, WHOLE, read_split, split_folder
from hpopt.data.prepared import PartName, Prepared
from hpopt.errors import SetupError
from hpopt.files import write_whole, writing
from hpopt.metrics.metric import Metric
from hpopt.metrics.metrics import metric_of
from hpopt.own_code import source_of
from hpopt.space.dimensions import Params
from hpopt.space.names import laid_over, owner
from hpopt.statistics.threshold import as_judged
from hpopt.training.average import average
from hpopt.training.class_weights import ClassWeight, row_weights
from hpopt.training.fit import Fit, Rows, network_outputs
from hpopt.training.optimizers import OPTIMIZERS, WITH_BETA_2, WITH_MOMENTUM
from hpopt.training.pausing import PausedFit
from hpopt.training.schedules import schedule_of
from hpopt.training.settings import Training
from hpopt.training.smoothing import LOSS_OF_SHARES, smoothed
from hpopt.training.stem import shape_behind_stem, with_stem
from hpopt.training.surroundings import surroundings_kept
from hpopt.trials import STATE, WEIGHTS, Result

log = logging.getLogger(__name__)

# The argument by which a builder passes over steps that pad; it is set where rows have any.
MASKS = "mask_zeros"
# Where the files that a trial reads stand for a worker that sees other paths than this process.
_ROWS, _CODE = Path("rows"), Path("code")


@dataclass(frozen=True)
class Objective:
    """What a trial does, as a picklable specification: never arrays, never models.

    `arguments` are the builder's constants and `training` those of the fit; a trial's params are
    laid over both by name. `rule` says how probabilities become labels, as in `hpopt/task.py`.
    """

    builder: str
    arguments: dict[str, Any]
    training: Training
    metric: str
    data: Prepared
    rule: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        """The specification without the rows that were read for it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __call__(
        self, params: Params, *, seed: int, folder: Path, fold: int = OWN, share: float = 1.0
    ) -> Result:
        """Build, fit and score one network on a split, by its number as in `hpopt/data/folds.py`.

        What the builder changes of the process is put back at the end. The kept weights are left in
        `folder`, unless the split is there for its score alone. Where the fit is to go to a `share`
        of its epochs only, what it takes to go on is left there too, and the same call with a
        higher share goes on from it, bit for bit. Raises TrialError where there is no finite value.
        """
        with self.alone():
            objective = self if fold == OWN else self.on(fold)
            keeps = fold in (OWN, WHOLE)
            return objective._fit(params, seed, folder, keeps_weights=keeps, share=share)

    @cached_property
    def judge(self) -> Metric:
        """The metric that trials are scored by."""
        data = self.data
        return metric_of(self.metric, self.training.costs, data.labels, data.season_error)

    def reads(self, fold: int, *, with_test: bool = False) -> Mapping[str, Path]:
        """The files that a fit on a split reads: a relative path for each, and where it is now.

        They are its rows, but for the test part, which no trial sees, unless `with_test`, and the
        file of an own builder with the Python files beside it.
        """
        rows = split_folder(self.data.folder, fold)
        below = _ROWS / rows.relative_to(self.data.folder)
        names = [path.name for path in rows.iterdir() if path.is_file()]
        wanted = [name for name in names if with_test or not name.startswith("test.")]
        files = {str(below / name): rows / name for name in wanted}
        source = source_of(self.builder)
        if source is not None:
            files |= {str(_CODE / path.name): path for path in source.parent.glob("*.py")}
        return files | {str(_CODE / path.name): path for path in self._files().values()}

    def _files(self) -> dict[str, Path]:
        """The files that the builder reads, by argument."""
        names = read_signature(load_builder(self.builder)).files
        return {name: Path(self.arguments[name]) for name in names if name in self.arguments}

    def at(self, folder: Path) -> Objective:
        """The same objective, whose files are in `folder` under the relative paths of `reads`."""
        builder, source = self.builder, source_of(self.builder)
        if source is not None:
            builder = builder.replace(str(source), str(folder / _CODE / source.name))
        files = {name: str(folder / _CODE / path.name) for name, path in self._files().items()}
        data = replace(self.data, folder=folder / _ROWS)
        return replace(self, builder=builder, arguments=self.arguments | files, data=data)

    def on(self, fold: int) -> Objective:
        """The same objective on another split of the rows."""
        return replace(self, data=read_split(self.data, fold))

    def _fit(
        self, params: Params, seed: int, folder: Path, *, keeps_weights: bool, share: float
    ) -> Result:
        """Build, fit and score one network, and leave in `folder` what is to be kept of it."""
        started_s = running_s()
        settings = self.settings(params)
        fit = self._start(params, settings, seed)
        of = _whose(params, settings, seed)
        if share < 1 and not fit.can_pause:
            log.warning("this fit can't be paused: it is made in full")
            share = 1.0
        until = max(1, round(share * settings.epochs))
        before = PausedFit.read(folder / STATE, of)
        # What has gone further already does not say what was to be had on its way.
        goes_on = before is not None and before.epoch <= until and fit.take_up(before)
        before_s = before.seconds if before is not None and goes_on else 0.0
        fit.run(until - fit.epoch)
        is_over = fit.stopped or fit.epoch == settings.epochs
        if share < 1:
            fit.pause(of, before_s + running_s() - started_s).write(folder / STATE)
        fit.finish()
        predictions = self.predict(fit.model, "validation")
        score = self.score_predictions(predictions)
        keeps_weights = keeps_weights and is_over
        if keeps_weights:
            save_weights(fit.model, folder / WEIGHTS)
        return Result(
            value=self.judge.to_value(score),
            metrics={self.metric: score},
            scores=[score],
            curves=fit.curves,
            epochs=fit.epoch,
            seconds=before_s + running_s() - started_s,
            weights=WEIGHTS if keeps_weights else None,
            kept_epoch=fit.kept_epoch,
            is_constant=self.judge.is_constant(
                self.data.y("validation"),
                self._judged(predictions),
                self.data.weights("validation"),
            ),
            state=None if is_over else STATE,
        )

    def warm_up(self) -> None:
        """Do what a process has to do once before its first trial."""
        load_keras()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Put back behind a trial what its builder has changed of the process.

        What the builder's file does when it is imported is there for all trials.
        """
        load_keras()
        load_builder(self.builder)
        with surroundings_kept():
            yield

    def network(self, params: Params, *, seed: int) -> Any:
        """The uncompiled Keras model that the builder gives for `params`, with seeded weights."""
        keras = load_keras()
        begin_names_anew()
        # Of all that Keras' own layers draw, Python's generator is the source. Own layers may have
        # others, whose seeding makes TensorFlow forget the graphs it has compiled.
        random.seed(seed)
        if self.builder not in SHIPPED:
            keras.utils.set_random_seed(seed)
        of_builder = {n: v for n, v in params.items() if owner(n) not in Training.model_fields}
        build = load_builder(self.builder)
        shape = shape_behind_stem(self.data.features)
        arguments = laid_over(self.arguments, of_builder)
        signature = read_signature(build)
        if self.data.features.is_padded and MASKS in signature.arguments:
            arguments = {MASKS: True} | arguments
        if signature.takes_places:
            arguments = {**arguments, PLACES: self.data.features.places_of_numbers}
        # A builder may change a list that it is given, and others are still to have it.
        model = build(shape, self.data.output, **copy.deepcopy(arguments))
        if not isinstance(model, keras.Model):
            raise SetupError(
                f"the builder gave back a {type(model).__name__}, not a keras.Model",
                help="let it end with `return keras.Model(inputs, outputs)`",
            )
        if len(getattr(model, "inputs", None) or ()) > 1:
            raise SetupError(
                f"the builder's network has {len(model.inputs)} inputs, and rows are one array",
                help="take one keras.Input(input_shape), and cut it into pieces inside the network",
            )
        if not model.built:
            # A subclass makes its layers when it is called.
            model(np.zeros((1, *shape), np.float32))
        return with_stem(model, self.data.features)

    def trained(self, params: Params, *, seed: int, weights: Path) -> Any:
        """The uncompiled network of `params` with weights that a trial kept."""
        with self.alone():
            model = self.network(params, seed=seed)
        load_weights(model, weights)
        return model

    def average(self, networks: Sequence[Any]) -> Any:
        """A network that says what several say on average, as `average` has it."""
        return average(networks, self.data.features, self.data.target)

    def score(self, model: Any) -> float:
        """The metric of a network on the whole validation part. Raises TrialError without one."""
        return self._score_outputs(network_outputs(model, self.data.inputs("validation")))

    def _score_outputs(self, outputs: np.ndarray) -> float:
        """The metric of a network's outputs [n, units] for the validation part."""
        return self.score_predictions(self.data.target.restore(outputs))

    def score_predictions(self, predictions: np.ndarray) -> float:
        """The metric of predictions [n, units] of the validation part, in the target's units."""
        y, weights = self.data.y("validation"), self.data.weights("validation")
        return self.judge.score(y, self._judged(predictions), weights)

    def _judged(self, predictions: np.ndarray) -> np.ndarray:
        """What is scored of predictions of the validation part: by the rule they may be labels."""
        if not np.isfinite(predictions).all():  # which is said where they are scored
            return predictions
        y, groups = self.data.y("validation"), self.data.groups("validation")
        weights = self.data.weights("validation")
        return as_judged(self.judge, self.rule, y, predictions, groups, weights)

    def predict(self, model: Any, part: PartName) -> np.ndarray:
        """What a network says of a part [n, units], in the target's own units."""
        return self.predicted(model, self.data.inputs(part))

    def predicted(self, model: Any, inputs: np.ndarray) -> np.ndarray:
        """What a network says of prepared rows [n, ...], likewise."""
        return self.data.target.restore(network_outputs(model, inputs))

    def settings(self, params: Params) -> Training:
        """The settings of a fit: the constants with the params laid over them."""
        return self.training.with_values(params)

    def _start(self, params: Params, settings: Training, seed: int) -> Fit:
        model = self.network(params, seed=seed)
        compile_model(model, settings, self.data)
        return Fit(
            model,
            self._train(settings.class_weight, settings.label_smoothing),
            self._validation_of_shares if settings.label_smoothing else self._validation,
            batch_size=settings.batch_size,
            seed=seed,
            schedule=schedule_of(settings, batches_of(settings, self.data)),
            averaged=settings.ema_epochs is not None,
            early_stopping=settings.early_stopping,
            metrics={self.metric: self._score_outputs},
            to_value=self.judge.to_value,
            augmentation=settings.augmentation,
            driver=settings.driver,
        )

    @cached_property
    def _validation(self) -> Rows:
        return self.rows("validation")

    @cached_property
    def _validation_of_shares(self) -> Rows:
        """The validation rows for a fit to smoothed labels; theirs are not smoothed."""
        return self.rows("validation", smoothing=0.0)

    @cached_property
    def _changed(self) -> dict[str, Rows]:
        """The training rows that the last fit saw, by the settings that changed them."""
        return {}

    def _train(self, class_weight: ClassWeight, smoothing: float) -> Rows:
        """The training rows, which are read once for all trials that see the same."""
        key = repr((class_weight, smoothing))
        if key not in self._changed:
            rows = self.rows("train", class_weight=class_weight, smoothing=smoothing or None)
            self._changed.clear()  # what is searched makes many, and each has rows on the device
            self._changed[key] = rows
        return self._changed[key]

    def rows(
        self,
        part: PartName,
        rows: slice = slice(None),
        *,
        class_weight: ClassWeight = None,
        smoothing: float | None = None,
    ) -> Rows:
        """What a fit sees of a part, or of some rows of it.

        A row counts by its own weight times that of its class, as far as there are such. Where
        `smoothing` is no None, labels are shares of classes, smoothed by so much.
        """
        y, weights = self.data.y(part)[rows], self.data.weights(part)
        if weights is not None:
            weights = weights[rows].astype(np.float32)
        if class_weight is not None:
            of_class = row_weights(class_weight, y, self.data.labels, weights)
            weights = of_class if weights is None else of_class * weights
        target = self.data.target.apply(y)
        if smoothing is not None:
            target = smoothed(target, smoothing, self.data.output.units)
        return Rows(self.data.inputs(part)[rows], target, weights)


def _whose(params: Params, settings: Training, seed: int) -> str:
    """What tells one fit from another, of those that may stand in one folder."""
    form = repr((sorted(params.items()), settings, seed))
    return hashlib.sha256(form.encode()).hexdigest()


def save_weights(model: Any, path: Path) -> None:
    """Write a model's weights into a file, which `load_weights` reads."""
    with writing(path):
        for folder in (path.parent.parent, path.parent):  # not the run folder, if that is gone
            folder.mkdir(exist_ok=True)
    write_whole(path, lambda file: np.savez(file, *model.get_weights()))


def load_weights(model: Any, path: Path) -> None:
    """Put weights from `save_weights` into a model of the same shape."""
    with np.load(path, allow_pickle=False) as arrays:
        model.set_weights([arrays[f"arr_{index}"] for index in range(len(arrays.files))])


def batches_of(settings: Training, data: Prepared) -> int:
    """How many batches an epoch has."""
    return -(-data.sizes["train"] // settings.batch_size)


def compile_model(model: Any, settings: Training, data: Prepared) -> None:
    """Give a network its optimiser and its loss.

    The learning rate is that of the first step, where a schedule is to change it.
    """
    keras = load_keras()
    batches = batches_of(settings, data)
    schedule = schedule_of(settings, batches)
    rate: Any = settings.learning_rate
    if schedule is not None:
        rate = float(schedule.rates(0, 1)[0])
    elif settings.learning_decay is not None:
        rate = keras.optimizers.schedules.ExponentialDecay(
            settings.learning_rate, settings.decay_steps, settings.learning_decay
        )
    optimizer = getattr(keras.optimizers, OPTIMIZERS[settings.optimizer])
    options: dict[str, Any] = {}
    if settings.optimizer in WITH_MOMENTUM:
        options["momentum"] = settings.momentum
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    if settings.beta_2 is not None and settings.optimizer in WITH_BETA_2:
        options["beta_2"] = settings.beta_2
    if settings.gradient_clip is not None:
        options["global_clipnorm"] = settings.gradient_clip
    if settings.ema_epochs is not None:
        options |= {"use_ema": True, "ema_momentum": math.exp(-1 / (settings.ema_epochs * batches))}
    loss = data.output.kind.loss(settings.loss)
    if settings.label_smoothing:
        loss = LOSS_OF_SHARES.get(loss, loss)
    model.compile(optimizer(rate, **options), loss, jit_compile=False)
