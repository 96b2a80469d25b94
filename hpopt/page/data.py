"""What a page shows of a run, as strict JSON: docs/json.md has its fields.

It is the record that `hpopt show --json` prints, with the trials and with what pictures are made
of. No sentence is made here: all are those of `hpopt/report`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpopt.page.numbers import numbers, rounded
from hpopt.page.surrogate import surrogate_record
from hpopt.plots.history import History
from hpopt.report.assessment import (
    describe_calibration,
    describe_flattery,
    describe_threshold,
    verdicts,
)
from hpopt.report.features import describe_features
from hpopt.report.forecast import describe_intervals
from hpopt.report.held import describe_held
from hpopt.report.record import run_record, trial_record
from hpopt.report.scores import rule_of_scores, score_rows
from hpopt.report.summary import versions
from hpopt.report.words import early_end, epochs_saved, few_groups, seen_test, tally
from hpopt.runs.folder import RESOLVED, Run
from hpopt.runs.forecasts import Forecasts
from hpopt.runs.mistakes import Mistakes
from hpopt.runs.record import to_json
from hpopt.trials import Trial

# A curve of more epochs is thinned to about as many points: nobody sees more.
_MOST_POINTS = 120
# Of each log the end is shown, and of all logs together so much.
_MOST_OF_A_LOG, _MOST_OF_LOGS = 4_000, 400_000
_TRIAL_LOG = "log.txt"
_SIDE = 96  # pixels that the picture of a mistake has at least: smaller ones are enlarged


def page_record(run: Run) -> dict[str, Any]:
    """All that the page shows of a run as it is now."""
    return quick_record(run) | {"surrogate": surrogate_record(History.of(run))}


def quick_record(run: Run) -> dict[str, Any]:
    """The same but for the surrogate, of which `surrogate_record` takes seconds."""
    return live_record(run) | {
        "trials": trial_records(run, run.trials()),
        "logs": _logs(run),
        "surrogate": None,
        "tested": _tested(run),
        "config_text": _text(run, RESOLVED),
        "versions": versions(run),
    }


def live_record(run: Run) -> dict[str, Any]:
    """What changes with every trial, and costs nothing to make."""
    scores = [] if run.chosen is None else score_rows(run, run.chosen)
    remarks = (early_end(run), epochs_saved(run), seen_test(run))
    return run_record(run) | {
        "path": run.shown_path,
        "tally": tally(run.trials(), run.n_calls, is_going_on=run.state == "running"),
        "remarks": [remark for remark in remarks if remark],
        "chosen": None if run.chosen is None else run.chosen.number,
        "test": to_json(run.outcomes.test),  # with what a journal of before has not written
        "scores": [
            {"name": row.name, "key": row.key, "validation": row.validation, "test": row.test,
             "interval": row.interval}
            for row in scores
        ],
    }  # fmt: skip


def trial_records(run: Run, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Trials as `hpopt trials --json` prints them, but for what the searcher wrote down for itself.

    Their curves are thinned: `epochs_shown` are the epochs of their points.
    """
    return [_trial(run, trial) for trial in trials]


def _trial(run: Run, trial: Trial) -> dict[str, Any]:
    latest = trial.latest
    curves = {} if latest is None else latest.curves
    shown = _thinned(max(map(len, curves.values()), default=0))
    result = None if trial.result is None else replace(trial.result, curves={})
    record = trial_record(run, replace(trial, info={}, partial={}, result=result))
    for name in ("info", "partial"):
        del record[name]
    if record["result"] is not None:
        del record["result"]["curves"]
    return record | {
        "seed": str(trial.seed),  # which JavaScript's numbers do not hold
        "epochs": None if latest is None else latest.epochs,
        "seconds": None if latest is None else latest.seconds,
        # Of a paused trial: its score so far, which is no score of a whole fit.
        "score_so_far": None if latest is None else latest.metrics.get(run.metric),
        "epochs_shown": [epoch + 1 for epoch in shown],
        "curves": {
            name: [rounded(curve[at]) if at < len(curve) else None for at in shown]
            for name, curve in curves.items()
        },
    }


def _thinned(length: int) -> list[int]:
    """Places of a curve of so many points, the first and the last among them."""
    if length <= _MOST_POINTS:
        return list(range(length))
    return sorted({round(at) for at in np.linspace(0, length - 1, _MOST_POINTS).tolist()})


def _logs(run: Run) -> dict[str, str]:
    """The end of each trial's log, by its number: of failed trials first, then the latest."""
    logs: dict[str, str] = {}
    left = _MOST_OF_LOGS
    there = {path.name for path in (run.path / "trials").glob("*")}
    for trial in sorted(run.trials(), key=lambda t: (t.state != "failed", -t.number)):
        folder = run.trial_folder(trial.number).name
        text = _text(run, f"trials/{folder}/{_TRIAL_LOG}") if folder in there else ""
        if text:
            logs[str(trial.number)] = text[-_MOST_OF_A_LOG:]
            left -= len(logs[str(trial.number)])
        if left <= 0:
            break
    return logs


def _text(run: Run, name: str) -> str:
    """A text file of the folder; nothing where it is gone, or is a link to somewhere else."""
    path = run.path / name
    try:
        if path.is_symlink() or not path.resolve().is_relative_to(run.path.resolve()):
            return ""
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""


def _tested(run: Run) -> dict[str, Any]:
    """What the test part says, in sentences and pictures, besides the step `test` itself."""
    history = History.of(run)
    rule = rule_of_scores(run)
    sentences = {
        "verdicts": verdicts(run),
        "rule": [rule] if rule else [],
        "flattery": describe_flattery(run),
        "threshold": describe_threshold(run),
        "calibration": describe_calibration(run),
        "ahead": [*describe_intervals(run), *describe_held(run)],
        "features": describe_features(run),
        "groups": [few] if (few := few_groups(run)) else [],
    }
    return {
        "sentences": {name: [_plain(s) for s in each] for name, each in sentences.items()},
        "mistakes": None if history.mistakes is None else _mistakes(history.mistakes),
        "forecast": None if history.forecasts is None else _forecast(history.forecasts),
    }


def _plain(sentence: str) -> str:
    """A sentence without the marks of Markdown."""
    return sentence.replace("`", "")


def _mistakes(mistakes: Mistakes) -> dict[str, Any]:
    probabilities: Sequence[float | None] = mistakes.probabilities or [None] * len(mistakes.true)
    rows = zip(mistakes.pictures, mistakes.true, mistakes.predicted, probabilities, strict=True)
    return {
        "rows": mistakes.rows,
        "total": mistakes.total,
        "shown": [
            {"picture": _as_png(picture), "true": true, "predicted": predicted, "probability": p}
            for picture, true, predicted, p in rows
        ],
    }


def _as_png(picture: np.ndarray) -> str:
    """A picture, uint8 [height, width, 1 or 3], as an address that holds it."""
    from PIL import Image

    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    factor = max(1, _SIDE // max(image.size))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _forecast(forecasts: Forecasts) -> Mapping[str, Any]:
    return {
        "stamps": forecasts.stamps.tolist(),
        "said": numbers(forecasts.said),
        "truth": numbers(forecasts.truth),
        "margins": numbers(forecasts.margins),
        "step": forecasts.step,
        "are_dates": forecasts.are_dates,
        "series": forecasts.series,
    }
