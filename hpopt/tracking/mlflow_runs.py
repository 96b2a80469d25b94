"""Tells MLflow of a run: a parent, a child for each trial that is over, and the model at the end.

Where they go MLflow's own environment says (MLFLOW_TRACKING_URI). A server that fails never costs
a run: what it has not been told is told at the end, or by a resumption.
"""

from __future__ import annotations

import json
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hpopt.errors import MissingDependency, in_words
from hpopt.runs.folder import SUMMARY, Run
from hpopt.tracking.observer import Observer, Plan
from hpopt.trials import Trial

log = logging.getLogger(__name__)

RECORD = "mlflow.json"  # the ids of the runs in MLflow, in the run folder
_MOST_METRICS, _MOST_PARAMS = 1000, 100  # that MLflow takes at once
_LONGEST = 6000  # letters of a param
_STATES = {"finished": "FINISHED", "stopped": "FINISHED", "failed": "FAILED"}
# In force unless the user has said otherwise: a dead server is to be known as such in seconds, and
# stdout is hpopt's. Nobody who tunes has agreed to be counted.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class MLflow(Observer):
    """Writes runs into an experiment; `note` is told, once, that it can't be done.

    Raises MissingDependency where MLflow is not installed.
    """

    def __init__(self, experiment: str, note: Callable[[str], None]) -> None:
        if find_spec("mlflow") is None:
            raise MissingDependency("MLflow, which `tracking` asks for,", "mlflow")
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._experiment, self._note = experiment, note
        self._run: Run | None = None
        self._parent = ""
        self._children: dict[int, str] = {}
        self._has_failed = False

    def begin(self, run: Run, plan: Plan) -> None:
        """Begin the parent, or go on in it, and tell what was not told yet."""
        self._run = run
        with self._never_costing_the_run():
            self._tell(run.trials())

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """Tell of the trial, and of earlier ones that were not told."""
        if not self._has_failed:
            with self._never_costing_the_run():
                self._tell(trials)

    def close(self) -> None:
        """Tell what is left, and leave the model and what explains it."""
        if self._run is None or not self._run.path.is_dir():
            return
        with self._never_costing_the_run():
            run = Run.open(self._run.path)
            self._tell(run.trials())
            try:
                self._leave_files(run)
            finally:
                self._client.set_terminated(self._parent, _STATES.get(run.state, "KILLED"))

    @contextmanager
    def _never_costing_the_run(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            log.warning("MLflow can't be told", exc_info=True)
            if not self._has_failed:
                text = f"MLflow can't be told, and the run goes on without: {in_words(error)}"
                self._note(text)
            self._has_failed = True

    @property
    def _client(self) -> Any:
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):  # which tell of every table that they make
            logging.getLogger(name).setLevel(logging.ERROR)
        return MlflowClient()

    def _tell(self, trials: Sequence[Trial]) -> None:
        """Tell of all trials that are over and were not told."""
        client = self._client
        if not self._parent:
            self._begin_parent(client)
        for trial in trials:
            if trial.state in ("finished", "failed") and trial.number not in self._children:
                self._children[trial.number] = self._child(client, trial)
                self._write_record()

    def _begin_parent(self, client: Any) -> None:
        run = self._run
        assert run is not None
        parent, children = self._recorded(client)
        if parent:
            client.update_run(parent, status="RUNNING")
            self._parent, self._children = parent, children
            return
        found = client.get_experiment_by_name(self._experiment)
        experiment = (
            client.create_experiment(self._experiment) if found is None else found.experiment_id
        )
        tags = {"hpopt.run": run.path.name, "hpopt.version": run.header.hpopt}
        begun = None if run.begun is None else _ms(run.begun)
        made = client.create_run(experiment, begun, tags, run_name=run.path.name)
        self._log(client, made.info.run_id, _params({"metric": run.metric, **run.header.constants}))
        self._parent, self._children = made.info.run_id, {}
        self._write_record()

    def _recorded(self, client: Any) -> tuple[str, dict[int, str]]:
        """The parent that an earlier session began, and its children; "" where it is gone."""
        from mlflow.exceptions import MlflowException

        assert self._run is not None
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            form = json.loads((self._run.path / RECORD).read_text(encoding="utf-8"))
            children = {int(number): str(each) for number, each in form["trials"].items()}
            try:
                parent = client.get_run(str(form["run"])).info
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
            else:
                if parent.lifecycle_stage == "active":
                    return parent.run_id, children
        return "", {}

    def _write_record(self) -> None:
        assert self._run is not None
        self._run.write_json(RECORD, {"run": self._parent, "trials": self._children})

    def _child(self, client: Any, trial: Trial) -> str:
        """A run for a trial, below the parent; its id."""
        from mlflow.entities import Metric

        assert self._run is not None
        began = trial.started or self._run.begun or datetime.now().astimezone()
        ended = _ms(began + timedelta(seconds=trial.seconds or 0.0))
        tags = {"mlflow.parentRunId": self._parent, "hpopt.trial": str(trial.number)}
        if trial.reason is not None:
            tags["hpopt.reason"] = trial.reason[:_LONGEST]
        experiment = client.get_run(self._parent).info.experiment_id
        name = f"trial {trial.number}" + (" (default)" if trial.number == 1 else "")
        made = client.create_run(experiment, _ms(began), tags, run_name=name)
        metrics = []
        if trial.result is not None:
            for curve_name, curve in trial.result.curves.items():
                metrics += [
                    Metric(curve_name, value, ended, epoch)
                    for epoch, value in enumerate(curve, start=1)
                    if value is not None and math.isfinite(value)
                ]
            kept = trial.result.kept_epoch or trial.result.epochs
            metrics += [
                Metric(metric, score, ended, kept)
                for metric, score in trial.result.metrics.items()
                if math.isfinite(score)
            ]
        self._log(client, made.info.run_id, _params(trial.params), metrics)
        state = "FAILED" if trial.result is None else "FINISHED"
        client.set_terminated(made.info.run_id, state, ended)
        return str(made.info.run_id)

    def _log(
        self, client: Any, run_id: str, params: Mapping[str, str], metrics: Sequence[Any] = ()
    ) -> None:
        from mlflow.entities import Param

        texts = [Param(name, text) for name, text in params.items()]
        for start in range(0, len(texts), _MOST_PARAMS):
            client.log_batch(run_id, params=texts[start : start + _MOST_PARAMS])
        for start in range(0, len(metrics), _MOST_METRICS):
            client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])

    def _leave_files(self, run: Run) -> None:
        """The best scores, summary, pictures and page; then the model."""
        client = self._client
        if run.chosen is not None:
            client.set_tag(self._parent, "hpopt.chosen", str(run.chosen.number))
            for name, text in _params(run.chosen.params).items():
                # No param, which a later session could not change.
                client.set_tag(self._parent, f"hpopt.best.{name}", text)
            client.log_metric(self._parent, run.metric, run.score(run.chosen))
        test = run.outcomes.test
        for name, score in (test.best if test is not None else {}).items():
            client.log_metric(self._parent, f"test.{name}", score)
        for file in (SUMMARY, "report.html"):
            if (run.path / file).is_file():
                client.log_artifact(self._parent, str(run.path / file))
        if (run.path / "plots").is_dir():
            client.log_artifacts(self._parent, str(run.path / "plots"), "plots")
        if "best" in run.steps:
            self._leave_model(run)

    def _leave_model(self, run: Run) -> None:
        """The model for raw rows, in the flavour of Keras, with what goes in and comes out."""
        model = run.load_model()
        import mlflow.keras
        import numpy as np
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        def schema(tensors: Sequence[Any], *, named: bool) -> Schema:
            specs = []
            for tensor in tensors:
                kind = np.dtype("str" if tensor.dtype == "string" else tensor.dtype)
                shape = [-1 if size is None else size for size in tensor.shape]
                specs.append(TensorSpec(kind, shape, tensor.name if named else None))
            return Schema(specs)

        signature = ModelSignature(
            schema(model.inputs, named=len(model.inputs) > 1), schema(model.outputs, named=False)
        )
        packages = [f"{each}=={version(each)}" for each in ("keras", "tensorflow")]
        # As an artefact: MLflow's `log_model` goes by what is active in the whole process.
        with tempfile.TemporaryDirectory() as folder:
            place = str(Path(folder) / "model")
            mlflow.keras.save_model(model, place, signature=signature, pip_requirements=packages)
            self._client.log_artifacts(self._parent, place, "model")


def _params(params: Mapping[str, Any]) -> Mapping[str, str]:
    """Params as MLflow has them, which are texts."""
    texts = {n: v if isinstance(v, str) else json.dumps(v, default=str) for n, v in params.items()}
    return {name: text[:_LONGEST] for name, text in texts.items()}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
