"""Tries the default params before any trial is spent: a fault of the set-up shows here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hpopt.builders.registry import blame, builder_file, load_builder
from hpopt.dimensions import Params
from hpopt.errors import SetupError
from hpopt.export.best import load_model
from hpopt.export.twin import raw_model
from hpopt.training.fit import Fit
from hpopt.training.objective import Objective, compile_model


def preflight(objective: Objective, defaults: Params, *, seed: int) -> None:
    """Build the network of the default params, fit one batch, save it and load it again.

    Raises SetupError, with the line of the user's own builder where the fault is there.
    """
    settings = objective.settings(defaults)
    with _blamed("built", objective):
        network = objective.network(defaults, seed=seed)
        _check_output(network, objective)
    with _blamed("fitted", objective):
        compile_model(network, settings, objective.data)
        batch = slice(0, settings.batch_size)
        fit = Fit(
            network,
            objective.rows("train", batch),
            objective.rows("validation", batch),
            batch_size=settings.batch_size,
            seed=seed,
        )
        fit.run(1)
    _check_saving(network, objective)


@contextmanager
def _blamed(what: str, objective: Objective) -> Iterator[None]:
    try:
        yield
    except SetupError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip()}".split("\n")[0]
        raise SetupError(
            f"the network of the default params can't be {what}: {reason}",
            location=blame(error, builder_file(load_builder(objective.builder))),
        ) from error


def _check_output(network: Any, objective: Objective) -> None:
    output = objective.data.output
    outputs = network(objective.data.inputs("train")[:2], training=False)
    shape = tuple(getattr(outputs, "shape", ()))
    if shape != (2, output.units):
        spoken = f"an output of the shape {shape}" if shape else f"a {type(outputs).__name__}"
        raise SetupError(
            f"the network gives {spoken} for two rows, but a {output.task} task needs "
            f"(2, {output.units})",
            help="end it with keras.layers.Dense(output.units, activation=output.activation)",
        )


def _check_saving(network: Any, objective: Objective) -> None:
    model = raw_model(network, objective.data.features, objective.data.target)
    with tempfile.TemporaryDirectory(prefix="hpopt-") as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            load_model(path)
        except Exception as error:
            first_line = str(error).strip().split("\n")[0]
            raise SetupError(
                f"the network can't be saved and loaded again: {first_line}",
                help="an own layer or model needs @keras.saving.register_keras_serializable() "
                "and a get_config; a Lambda can't be kept",
            ) from error
