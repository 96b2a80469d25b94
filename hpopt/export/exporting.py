"""Exports a trial's network from the run folder alone, and checks it in a fresh process."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.data.prepared import Prepared
from hpopt.errors import ConfigError, HpoptError, RunError, TrialError, in_words
from hpopt.export.best import (
    MODEL,
    PREDICTIONS,
    data_of,
    labels_form,
    load_model,
    made_up_check,
    params_text,
    saved_model,
    threshold_of_best,
    trained_network,
    trials_in_best,
)
from hpopt.export.card import Export, model_card
from hpopt.export.example import usage_of
from hpopt.export.formats import FORMATS, Format
from hpopt.export.own_classes import (
    bring_code,
    own_classes,
    register_own_classes,
    trusted_builder,
)
from hpopt.export.verifying import TOLERANCE, CheckRows, largest_difference, spoken_elsewhere
from hpopt.files import refuse_links, writing
from hpopt.metrics.metrics import metric_of
from hpopt.runs.finding import find_trial
from hpopt.runs.folder import Run
from hpopt.runs.state import HALF
from hpopt.statistics.threshold import as_judged, best_threshold
from hpopt.task import OWN_THRESHOLD
from hpopt.training.fit import network_outputs
from hpopt.training.objective import Objective
from hpopt.training.settings import Training
from hpopt.trials import Trial, ranked


@dataclass(frozen=True)
class _Source:
    """A model for raw rows as a .keras file, and what it says of a few rows."""

    archive: bytes
    check: CheckRows
    own_classes: tuple[str, ...]


def export_run(
    run: Run,
    format_name: str,
    *,
    number: int | None = None,
    folder: Path | None = None,
    replace_it: bool = False,
    trust_code: bool = False,
) -> tuple[Path, Export]:
    """Export the run's model, or that of trial `number`, into a new folder, and check it.

    Without `folder` it is <run>/export/<number>_<format>, of an ensemble ensemble_<format>. With
    `replace_it` it may take the place of an earlier export. The run's model needs nothing but the
    run folder; another trial needs its builder's code as well, which is run; whether it may is said
    in docs/resume.md, and `trust_code` lets it. Raises MissingDependency, ConfigError
    where the folder is not free, and RunError where the trial can't be exported or says something
    else in a fresh process; no folder is left then.
    """
    format = FORMATS[format_name]
    format.require()
    refuse_links(run.path)
    saved = trials_in_best(run)
    trial = _choose(run, number, saved)
    members = saved if number is None and len(saved) > 1 else []
    is_best = bool(members) or saved == [trial]
    data = data_of(run, of_best=is_best)
    name = "ensemble" if members else f"{trial.number:04d}"
    folder = folder or run.path / "export" / f"{name}_{format.name}"
    _check_free(folder, replace_it)
    if is_best:
        archive = (run.path / MODEL).read_bytes()
        source = _Source(archive, CheckRows.read(run.path / PREDICTIONS), own_classes(archive))
    else:
        source = _rebuilt(run, trial, data, trust_code=trust_code)
    with _whole_folder(folder) as place:
        code = _write_model(run, source, data, format, place, trust_code=trust_code)
        _write_use(place, data, format, code)
        threshold = (
            threshold_of_best(run, data.labels)
            if is_best
            else _threshold_of(run, source.check, data)
        )
        _write_json(place / "labels.json", labels_form(data, threshold))
        params = params_text(*(members or [trial]))
        (place / "params.yaml").write_text(params, encoding="utf-8")
        few = source.check.first(_FEW)
        with (place / "check.npz").open("wb") as file:
            few.write(file)
        difference = _checked(place, source.check, data, format)
        export = Export(
            run=run,
            trial=trial,
            data=data,
            format=format,
            check=source.check,
            largest_difference=difference,
            own_classes=source.own_classes,
            members=members,
        )
        card = model_card(replace(export, check=few))
        (place / "README.md").write_text(card, encoding="utf-8")
    return folder, export


_FEW = 100
_OF_AN_EXPORT = ("example.py", "labels.json", "check.npz")
_COMPUTATION_ALONE = "use `--format saved_model`, which holds the computation and needs no code"


def _check_free(folder: Path, replace_it: bool) -> None:
    """Raise ConfigError where something stands at a folder that must not be replaced."""
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return
    is_export = all((folder / name).is_file() for name in _OF_AN_EXPORT)
    if is_export and replace_it:
        return
    help = "name a new folder with -o"
    if is_export:
        help += ", or replace this export with --force"
    raise ConfigError(f"{folder} is there already", help=help)


def _choose(run: Run, number: int | None, saved: list[Trial]) -> Trial:
    """The trial to export; without a number that of best/, whose model is made of `saved`.

    Raises RunError where there is no such trial, or it is not kept, and ConfigError where it never
    was.
    """
    if number is None:
        if run.chosen is None:
            raise RunError(f"no trial of {run.shown_path} gave a value, so there is no model")
        if saved:
            return _compiled_as(run, saved)
        if run.ensemble:
            raise RunError(
                f"{run.shown_path} has no {MODEL}, which would be an average of several networks",
                help="`hpopt resume` makes it; a trial of its own is exported with --trial",
            )
        number = run.chosen.number
    trial = find_trial(run, number)
    if trial.result is None:
        why = f": {trial.reason}" if trial.reason else ""
        raise RunError(f"trial {number} is {trial.state}, so it has no model{why}")
    if saved != [trial] and run.weights(trial) is None:
        kept = [str(other.number) for other in ranked(run.trials()) if run.weights(other)]
        raise RunError(
            f"the weights of trial {number} are not kept; from the best on, those of "
            f"{', '.join(kept) or 'none'} are",
            help="to keep more: `output: {keep_weights: 20}` in the config of the next run",
        )
    return trial


def _compiled_as(run: Run, saved: list[Trial]) -> Trial:
    """The trial as which the model in best/ was compiled; of an ensemble it is the chosen one."""
    done = run.outcomes.best
    compiled = [trial for trial in saved if done is not None and trial.number == done.trial]
    return (compiled or saved)[0]


def _rebuilt(run: Run, trial: Trial, data: Prepared, *, trust_code: bool) -> _Source:
    """A trial's model, from its builder and its weights.

    Raises RunError where that is no longer what was trained.
    """
    constants = run.header.constants
    training = {n: v for n, v in constants["training"].items() if n in Training.model_fields}
    objective = Objective(
        trusted_builder(run, trust_code),
        dict(constants["arguments"]),
        Training.model_validate(training),
        run.header.metric,
        data,
    )
    try:
        network = trained_network(run, objective, trial)
    except RunError:
        raise
    except (Exception, SystemExit) as error:
        reason = error.message if isinstance(error, HpoptError) else in_words(error)
        raise RunError(
            f"the network of trial {trial.number} can't be built again: {reason}",
            help="it needs the builder's code as it was; the best trial does not",
        ) from error
    archive, _ = saved_model(objective, network, trial)
    check = made_up_check(data, network)
    if (run.path / PREDICTIONS).is_file():
        kept = CheckRows.read(run.path / PREDICTIONS)
        outputs = data.target.restore(network_outputs(network, data.features.apply(kept.rows)))
        check = replace(kept, outputs=outputs)
        _compare_score(run, trial, check, data)
    return _Source(archive, check, own_classes(archive))


def _threshold_of(run: Run, check: CheckRows, data: Prepared) -> float:
    """The threshold of a network that is not the best: chosen on validation rows, if kept."""
    target = _validation_target(check, data)
    if run.rule != OWN_THRESHOLD or target is None:
        return HALF
    metric = metric_of(run.metric, run.goal.costs, data.labels)
    return best_threshold(metric, target, check.outputs, check.weights)


def _validation_target(check: CheckRows, data: Prepared) -> np.ndarray | None:
    """The target [n] of the validation rows, where all of them are kept to check exports by."""
    if check.target is None or len(check.target) < data.sizes["validation"]:
        return None
    return check.target


def _compare_score(run: Run, trial: Trial, check: CheckRows, data: Prepared) -> None:
    """Raise RunError where a network built again does not score what the trial did."""
    target = _validation_target(check, data)
    if target is None:
        return
    if run.rule == OWN_THRESHOLD and data.group_name is not None:
        return  # the threshold was cross-fitted by groups, which the folder does not keep
    assert trial.result is not None
    then = trial.result.metrics[run.header.metric]
    metric = metric_of(run.metric, run.goal.costs, data.labels, data.season_error)
    try:
        judged = as_judged(metric, run.rule, target, check.outputs, weights=check.weights)
        now = metric.score(target, judged, check.weights)
    except TrialError:
        now = float("nan")
    if not abs(now - then) <= max(1e-3 * abs(then), 2 / len(target)):
        raise RunError(
            f"trial {trial.number} scored {then:.4f} when it was tuned, and {now:.4f} built again",
            help="the code of its builder must be what it was then",
        )


def _write_model(
    run: Run, source: _Source, data: Prepared, format: Format, place: Path, *, trust_code: bool
) -> str | None:
    """Write the model into `place`, and give the module that loading it there needs, if any."""
    if source.own_classes:
        register_own_classes(run, source.own_classes, trust_code=trust_code)
    if format.write is None:
        (place / format.artifact).write_bytes(source.archive)
        return bring_code(run, place) if source.own_classes else None
    try:
        model = load_model(source.archive)
        format.write(model, data, place / format.artifact)
    except Exception as error:
        raise RunError(
            f"{format.name} can't carry this network: {in_words(error)}", help=_others(format)
        ) from error
    return None


def _write_use(place: Path, data: Prepared, format: Format, code: str | None) -> None:
    """Write what the model is used by: the example, what it imports, and what the inputs are."""
    for name, text in data.features.example(usage_of(format, data, code)).items():
        (place / name).write_text(text, encoding="utf-8")
    form = data.features.columns_form(format.runtime, data.files)
    _write_json(place / "columns.json", form)


def _checked(place: Path, check: CheckRows, data: Prepared, format: Format) -> float:
    """How far the export is from what was recorded; raises RunError where that is too far."""
    try:
        spoken = spoken_elsewhere(place, check.rows)
    except RunError as error:
        raise RunError(error.message, help=_others(format)) from error
    difference = largest_difference(spoken, check.outputs, data.target)
    if not difference <= TOLERANCE:
        raise RunError(
            f"the exported model says something else than the one that was tuned: they differ by "
            f"{difference:.2g}, where rounding explains {TOLERANCE:g}",
            help=_others(format),
        )
    return difference


def _others(format: Format) -> str:
    if format.name == "keras":
        return _COMPUTATION_ALONE
    return "use `--format keras`" + ("" if format.name == "saved_model" else " or `saved_model`")


def _write_json(path: Path, form: Any) -> None:
    path.write_text(json.dumps(form, indent=2, allow_nan=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder that takes its name once all of it is written; nothing is left of it otherwise."""
    folder = Path(os.path.realpath(folder))  # a link stays, and so does where it leads
    with writing(folder):
        made = [p for p in (folder.parent, *folder.parent.parents) if not p.exists()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with writing(folder):
            # mkdtemp's are for the owner alone.
            place.chmod(folder.stat().st_mode & 0o7777 if folder.is_dir() else 0o755)
            yield place
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(place, folder)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        for parent in made:
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise
