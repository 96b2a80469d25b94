"""Writes `best/`: the model that takes raw rows, and what is needed to use and to check it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hpopt.backend import load_keras
from hpopt.config.dumping import inline_yaml
from hpopt.data.prepared import Prepared
from hpopt.errors import RunError, in_words
from hpopt.export.raw_rows import predict_raw
from hpopt.export.twin import compile_raw_model, raw_model
from hpopt.export.verifying import TOLERANCE, CheckRows, largest_difference
from hpopt.runs.folder import DATA, Run
from hpopt.training.fit import network_outputs
from hpopt.training.objective import Objective
from hpopt.trials import Trial

MODEL = "best/model.keras"
PREDICTIONS = "best/predictions.npz"
_MADE_UP = 100  # rows
BEST_DATA = "best/data.json"  # what is known of the rows that the model was fitted to


def write_best(run: Run, objective: Objective, trial: Trial, network: Any, keep_rows: int) -> float:
    """Write the run's final network as `best/`, load it again and compare its predictions.

    It is compiled as `trial` was. `keep_rows` rows of the validation part stay with it, for
    checking an export years later; with 0 they are made up. Returns how far the predictions of the
    loaded one are from the network's at most. Raises RunError where the model can't be saved, or
    says something else once it is loaded; nothing is left in `best/` then.
    """
    data = objective.data
    trained = objective.predict(network, "validation")
    archive, loaded = saved_model(objective, network, trial)
    try:
        spoken = predict_raw(loaded, data.features, data.raw("validation"))
    except Exception as error:
        raise _unsaveable(trial, error) from error
    difference = largest_difference(spoken, trained, data.target)
    if not difference <= TOLERANCE:
        raise RunError(
            f"the saved model's predictions differ from the trained one's by {difference:g}"
        )
    kept = CheckRows(data.raw("validation"), trained, data.y("validation")).first(keep_rows)
    if keep_rows == 0:
        kept = made_up_check(data, network)
    run.write(MODEL, lambda file: file.write(archive))
    run.write(PREDICTIONS, kept.write)
    run.write_json(BEST_DATA, data.to_json())
    run.write_json("best/labels.json", labels_form(data, run.threshold))
    run.write_text("best/params.yaml", params_text(*run.final))
    return difference


def data_of(run: Run, *, of_best: bool = True) -> Prepared:
    """What is known of a run's data; of those that the model in `best/` was fitted to, if it is.

    Raises RunError where the file can't be read.
    """
    path = run.path / BEST_DATA
    if not of_best or not path.is_file():
        path = run.path / DATA
    try:
        return Prepared.from_json(json.loads(path.read_text(encoding="utf-8")), run.data_folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} can't be read: {in_words(error)}") from None


def trained_network(run: Run, objective: Objective, *trials: Trial) -> Any:
    """The network of a trial with the weights it kept; the average of several trials' networks.

    Raises RunError where weights are gone.
    """
    networks = []
    for trial in trials:
        weights = run.weights(trial)
        if weights is None:
            raise RunError(f"the weights of trial {trial.number} are gone from {run.path}")
        networks.append(objective.trained(trial.params, seed=trial.seed, weights=weights))
    return objective.average(networks)


def saved_model(objective: Objective, network: Any, trial: Trial) -> tuple[bytes, Any]:
    """The .keras file of a trial's network for raw rows, compiled, and the model it loads as.

    Raises RunError where the model can't be saved and loaded again.
    """
    data = objective.data
    model = raw_model(network, data.features, data.target)
    compile_raw_model(model, objective.settings(trial.params), data)
    try:
        return save_and_load(model)
    except Exception as error:
        raise _unsaveable(trial, error) from error


def made_up_check(data: Prepared, network: Any) -> CheckRows:
    """Made-up rows with what a network says of them."""
    rows = data.features.made_up(_MADE_UP)
    outputs = data.target.restore(network_outputs(network, data.features.apply(rows)))
    return CheckRows(rows, outputs, None)


def labels_form(data: Prepared, threshold: float) -> dict[str, Any]:
    """What `labels.json` says: the task, the label of each class index, and how one is chosen.

    With two labels, `labels[1]` is said where its probability is above `threshold`.
    """
    form = {"task": data.output.task, "labels": list(data.labels)}
    return form | {"threshold": threshold} if data.output.task == "binary" else form


def params_text(*trials: Trial) -> str:
    """A trial's params as YAML; those of several as documents of one file."""
    texts = []
    for trial in trials:
        params = [f"{name}: {inline_yaml(value)}\n" for name, value in trial.params.items()]
        texts.append(f"# trial {trial.number}\n" + "".join(params))
    return "---\n".join(texts)


def save_and_load(model: Any) -> tuple[bytes, Any]:
    """The bytes of a model's .keras file, and what Keras' safe mode makes of them.

    Raises whatever Keras does where the file does not say all of the model.
    """
    with tempfile.TemporaryDirectory(prefix="hpopt-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        archive = path.read_bytes()
    return archive, load_model(archive)


def load_model(archive: bytes) -> Any:
    """The model of a .keras file, in Keras' safe mode, not compiled. Raises whatever Keras does."""
    with tempfile.TemporaryDirectory(prefix="hpopt-") as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(archive)
        return load_keras().saving.load_model(path, compile=False)


def _unsaveable(trial: Trial, error: Exception) -> RunError:
    return RunError(
        f"the network of trial {trial.number} can't be saved and loaded again: {in_words(error)}",
        help="its weights are kept in trials/; mend the builder and run again",
    )
