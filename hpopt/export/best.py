"""Makes `best/`: the model that takes raw rows, and what is needed to use and to check it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hpopt.backend import load_keras
from hpopt.config.dumping import inline_yaml
from hpopt.data.prepared import Prepared
from hpopt.errors import RunError, in_words
from hpopt.export.raw_rows import predict_raw
from hpopt.export.twin import compile_raw_model, raw_model
from hpopt.export.verifying import TOLERANCE, CheckRows, largest_difference
from hpopt.files import json_writer, text_writer
from hpopt.runs.folder import DATA, Run
from hpopt.runs.state import HALF
from hpopt.statistics.conformal import Conformal
from hpopt.training.fit import network_outputs
from hpopt.training.objective import Objective
from hpopt.trials import Trial

BEST = "best"
MODEL = f"{BEST}/model.keras"
PREDICTIONS = f"{BEST}/predictions.npz"
BEST_LABELS = f"{BEST}/labels.json"
BEST_PARAMS = f"{BEST}/params.yaml"
BEST_INTERVALS = f"{BEST}/intervals.json"
_MADE_UP = 100  # rows
BEST_DATA = f"{BEST}/data.json"  # what is known of the rows that the model was fitted to
BEST_FILES = (MODEL, PREDICTIONS, BEST_LABELS, BEST_PARAMS, BEST_INTERVALS, BEST_DATA)


def best_files(
    run: Run,
    objective: Objective,
    trial: Trial,
    network: Any,
    keep_rows: int,
    *,
    conformal: Conformal | None = None,
) -> tuple[Mapping[str, Callable[[BinaryIO], object]], float]:
    """What writes each file of `best/`; the run's final network is saved and loaded again for it.

    It is compiled as `trial` was. `keep_rows` rows of the validation part stay with it, for
    checking an export years later; with 0 they are made up. `conformal` says what holds the truth
    of so many cases. With them comes how far the predictions of the loaded one are from the
    network's at most. Raises RunError where the model can't be saved, or says something else once
    it is loaded.
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
    y, weights = data.y("validation"), data.weights("validation")
    kept = CheckRows(data.raw("validation"), trained, y, weights).first(keep_rows)
    if keep_rows == 0:
        kept = made_up_check(data, network)
    files: dict[str, Callable[[BinaryIO], object]] = {
        MODEL: lambda file: file.write(archive),
        PREDICTIONS: kept.write,
        BEST_DATA: json_writer(data.to_json()),
        BEST_LABELS: json_writer(labels_form(data, run.threshold)),
        BEST_PARAMS: text_writer(params_text(*run.final)),
    }
    if conformal is not None:
        files[BEST_INTERVALS] = json_writer(conformal.to_json())
    return files, difference


def threshold_of_best(run: Run, labels: Sequence[str]) -> float:
    """The probability above which the model in `best/` says the second of two labels.

    It stands beside the model, for a run that is extended has forgotten it. Raises RunError where
    the file can't be read, or names other `labels` than the model's, or in another order.
    """
    path = run.path / BEST_LABELS
    try:
        form = json.loads(path.read_text(encoding="utf-8"))
        if list(form["labels"]) != list(labels):
            raise ValueError(f"its labels are not those of {BEST_DATA}, in their order")
        threshold = form["threshold"] if len(form["labels"]) == 2 else HALF
        if type(threshold) not in (int, float) or not 0 <= threshold <= 1:
            raise ValueError(f"{threshold!r} is no probability")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return float(threshold)


def conformal_of_best(run: Run) -> Conformal | None:
    """What holds the truth of so many cases, of what the model in `best/` says.

    None where there is none. Raises RunError where the file can't be read.
    """
    path = run.path / BEST_INTERVALS
    if not path.is_file():
        return None
    try:
        return Conformal.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _unreadable(path, error) from None


def trials_in_best(run: Run) -> list[Trial]:
    """The trials whose networks make the model in `best/`; none where there is no model.

    A run that is extended keeps the model of before, so `best/` itself says whose it is.
    """
    if not (run.path / MODEL).is_file():
        return []
    try:
        text = (run.path / BEST_PARAMS).read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    by_number = {str(trial.number): trial for trial in run.trials() if trial.result is not None}
    numbers = re.findall(r"^# trial (\d+)$", text, re.MULTILINE)
    if numbers and all(number in by_number for number in numbers):
        return [by_number[number] for number in numbers]
    saved = run.outcomes.best
    if saved is None or saved.trial is None:
        return []
    return run.ensemble or [run.trial(saved.trial)]


def data_of(run: Run, *, of_best: bool = True) -> Prepared:
    """What is known of a run's data; of those that the model in `best/` was fitted to, if it is.

    Raises RunError where the file can't be read.
    """
    path = run.path / (BEST_DATA if of_best else DATA)
    try:
        return Prepared.from_json(json.loads(path.read_text(encoding="utf-8")), run.data_folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> RunError:
    return RunError(
        f"{path} can't be read: {in_words(error)}",
        help="what the model is used by stands beside it: put it back from a copy of the folder",
    )


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
    return form | {"threshold": threshold} if data.output.kind.has_threshold else form


def params_text(*trials: Trial) -> str:
    """A trial's params as YAML; those of several as documents of one file."""
    texts = []
    for trial in trials:
        params = [
            f"{inline_yaml(name)}: {inline_yaml(value)}\n" for name, value in trial.params.items()
        ]
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
