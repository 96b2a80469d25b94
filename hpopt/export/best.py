"""Writes `best/`: the model that takes raw rows, and what is needed to use and to check it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.backend import load_keras
from hpopt.config.dumping import inline_yaml
from hpopt.errors import RunError, in_words
from hpopt.export.twin import raw_model
from hpopt.runs.folder import Run
from hpopt.training.objective import Objective, compile_model
from hpopt.trials import Trial

MODEL = "best/model.keras"
# A loaded model differs from the one that was trained by rounding at most.
TOLERANCE = 1e-4
_MOST_ROWS = 1000


def write_best(run: Run, objective: Objective, trial: Trial) -> dict[str, Any]:
    """Write the trial's network as `best/`, load it again and compare its predictions.

    Returns what the journal is to say of it. Raises RunError where the model can't be saved, or
    says something else once it is loaded; nothing is left in `best/` then.
    """
    data = objective.data
    weights = run.weights(trial)
    if weights is None:
        raise RunError(f"the weights of trial {trial.number} are gone from {run.path}")
    network = objective.trained(trial.params, seed=trial.seed, weights=weights)
    trained = objective.predict(network, "validation")
    model = raw_model(network, data.features, data.target)
    compile_model(model, objective.settings(trial.params), data)
    model.optimizer.build(model.trainable_variables)  # else its file complains when it is loaded
    try:
        archive, loaded = save_and_load(model)
        spoken = loaded.predict(data.raw("validation"), verbose=0)
    except Exception as error:
        raise RunError(
            f"the network of trial {trial.number}, the best, can't be saved and loaded again: "
            f"{in_words(error)}",
            help="its weights are kept in trials/; mend the builder and run again",
        ) from error
    difference = _largest_difference(np.asarray(spoken), trained)
    if not difference <= TOLERANCE:
        raise RunError(
            f"the saved model's predictions differ from the trained one's by {difference:g}"
        )
    run.write(MODEL, lambda file: file.write(archive))
    rows = data.raw("validation")
    few = slice(0, _MOST_ROWS)
    target = data.y("validation")
    run.write(
        "best/predictions.npz",
        lambda file: np.savez(file, rows=rows[few], target=target[few], outputs=trained[few]),
    )
    run.write_json("best/labels.json", {"task": data.output.task, "labels": list(data.labels)})
    params = [f"{name}: {inline_yaml(value)}\n" for name, value in trial.params.items()]
    run.write_text("best/params.yaml", f"# trial {trial.number}\n" + "".join(params))
    return {"trial": trial.number, "largest_difference": difference}


def save_and_load(model: Any) -> tuple[bytes, Any]:
    """The bytes of a model's .keras file, and what Keras' safe mode makes of them.

    Raises whatever Keras does where the file does not say all of the model.
    """
    with tempfile.TemporaryDirectory(prefix="hpopt-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes(), load_keras().saving.load_model(path, compile=False)


def _largest_difference(a: np.ndarray, b: np.ndarray) -> float:
    scale = max(1.0, float(np.abs(b).max(initial=0.0)))
    return float(np.abs(a - b).max(initial=0.0)) / scale
