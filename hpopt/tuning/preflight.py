"""Tries the default params before any trial is spent: a fault of the set-up shows here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hpopt.builders.registry import load_builder
from hpopt.config.dumping import inline_yaml
from hpopt.errors import SetupError, TrialError, in_words
from hpopt.export.best import save_and_load
from hpopt.export.twin import MATRIX, raw_model
from hpopt.own_code import blame
from hpopt.space.dimensions import Params
from hpopt.training.fit import Fit, network_outputs
from hpopt.training.objective import Objective, compile_model
from hpopt.training.schedules import schedule_of
from hpopt.tuning.corners import Corner

log = logging.getLogger(__name__)


def preflight(
    objective: Objective, defaults: Params, *, seed: int, corners: Sequence[Corner] = ()
) -> None:
    """Build the network of the default params, fit and score one batch, save it and load it again.

    Those of the `corners` are built. Raises SetupError, with the line of the user's own builder
    where the fault is there.
    """
    settings = objective.settings(defaults)
    with _blamed("built", objective):
        first = objective.network(defaults, seed=seed)
        network = objective.network(defaults, seed=seed)
        if {id(v) for v in first.variables} & {id(v) for v in network.variables}:
            raise SetupError(
                "the builder gives the same network twice, so that trials would train on",
                help="make the layers inside the builder, anew each time",
            )
        _check_output(network, objective, defaults)
    with _blamed("fitted", objective):
        compile_model(network, settings, objective.data)
        batch = slice(0, settings.batch_size)
        weight, smoothing = settings.class_weight, settings.label_smoothing or None
        fit = Fit(
            network,
            objective.rows("train", batch, class_weight=weight, smoothing=smoothing),
            objective.rows("validation", batch, smoothing=None if smoothing is None else 0.0),
            batch_size=settings.batch_size,
            seed=seed,
            schedule=schedule_of(settings, 1),
            averaged=settings.ema_epochs is not None,
            augmentation=settings.augmentation,
            driver=settings.driver,
        )
        try:
            fit.run(1)
            fit.finish()
            objective.score(network)
        except TrialError as error:
            raise SetupError(f"the default params give no value: {error}") from error
    _check_saving(network, objective)
    for corner in corners:
        _check_corner(corner, objective, seed)


def _check_corner(corner: Corner, objective: Objective, seed: int) -> None:
    """Raise SetupError where the builder refuses the params, as it would in a trial."""
    try:
        objective.network(corner.params, seed=seed)
    except SetupError as error:
        value = inline_yaml(corner.params[corner.name])
        raise SetupError(
            f"where `{corner.name}` is {value}, the network can't be built: {error.message}",
            location=corner.place,
            help=error.problems[0].help,
        ) from error
    except Exception:  # too large for the memory, say: that is a matter of the trials there
        log.info("no network where `%s` is at an edge", corner.name, exc_info=True)


@contextmanager
def _blamed(what: str, objective: Objective) -> Iterator[None]:
    try:
        yield
    except SetupError:
        raise
    except (Exception, SystemExit) as error:
        raise SetupError(
            f"the network of the default params can't be {what}: {in_words(error)}",
            location=blame(error, load_builder(objective.builder)),
        ) from error


def _check_output(network: Any, objective: Objective, defaults: Params) -> None:
    output = objective.data.output
    asked_for_any = {**objective.arguments, **defaults}.get("output_activation") == "hidden"
    outputs = network(objective.data.inputs("train")[:2], training=False)
    help = "end it with keras.layers.Dense(output.units, activation=output.activation)"
    shape = tuple(getattr(outputs, "shape", ()))
    if shape != (2, *output.shape):
        given = f"an output of the shape {shape}" if shape else f"a {type(outputs).__name__}"
        raise SetupError(
            f"the network gives {given} for two rows, but a {output.task} task needs "
            f"{(2, *output.shape)}",
            help=help,
        )
    predictions = network_outputs(network, objective.data.inputs("validation"))
    lowest, highest = predictions.min(), predictions.max()
    if output.kind.has_labels and (lowest < 0 or highest > 1) and not asked_for_any:
        raise SetupError(
            f"the network's outputs ({lowest:.2g} to {highest:.2g}) are no probabilities",
            help=help,
        )


def _check_saving(network: Any, objective: Objective) -> None:
    # As one matrix: what is tried is the network, and ten thousand inputs would take minutes.
    model = raw_model(network, objective.data.features, objective.data.target, MATRIX)
    try:
        save_and_load(model)
    except Exception as error:
        raise SetupError(
            f"the network can't be saved and loaded again: {in_words(error)}",
            help="an own layer or model needs @keras.saving.register_keras_serializable() "
            "and a get_config; a Lambda can't be kept",
        ) from error
