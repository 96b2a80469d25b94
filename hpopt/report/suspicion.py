"""Why a run's scores may not hold: columns that know the target, rows that stand in two parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hpopt.errors import RunError
from hpopt.report.words import capital, show_score
from hpopt.runs.folder import DATA, Run

# What is left of the error of a model that looks at no feature, where a score is next to perfect:
# of what is missing to 1, and of an error such as rmse.
_LEAST_MISSING = 0.01
_LEAST_ERROR = 0.1
# Of fewer rows, a faultless score says little.
_FEWEST_ROWS = 50


# How `cautions` of the data begin that say a column may know the target.
_LEAK = "possible leak"


def cautions(run: Run) -> list[str]:
    """Sentences on why the scores may not hold; none where nothing speaks against them."""
    data = _data(run)
    named = [f"{capital(text)}." for text in data.get("cautions", ())]
    return [*_near_perfect(run, data, bool(named)), *named]


def doubt(run: Run) -> str | None:
    """Why no score is to be relied on yet, in a few words, where `cautions` give the reason."""
    data = _data(run)
    if any(text.startswith(_LEAK) for text in data.get("cautions", ())):
        return "a column may give the target away"
    return "they are suspiciously good" if any(_near_perfect(run, data, False)) else None


def _data(run: Run) -> dict[str, Any]:
    """What the run has recorded of its rows; nothing of a run that has not.

    Raises RunError where that is damaged.
    """
    path = run.path / DATA
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        data = None
    if not _is_record(data):
        raise RunError(f"{path} is damaged", help="put it back from a copy of the run folder")
    return dict(data)


def _is_record(data: Any) -> bool:
    """Whether hpopt could have written what is looked for here."""
    if not isinstance(data, dict):
        return False
    sizes, texts = data.get("sizes", {}), data.get("cautions", [])
    return (
        isinstance(sizes, dict)
        and isinstance(sizes.get("validation", 0), int)
        and isinstance(texts, list)
        and all(isinstance(text, str) for text in texts)
    )


def _near_perfect(run: Run, data: Mapping[str, Any], is_explained: bool) -> Iterator[str]:
    best, scored, metric = run.chosen, run.outcomes.test, run.header.metric
    rows = data.get("sizes", {}).get("validation", 0)
    if best is None or scored is None or rows < _FEWEST_ROWS:
        return
    constants = [
        baseline
        for name, baseline in scored.baselines.items()
        if scored.kinds.get(name) == "constant"
    ]
    validation = run.score(best)
    for baseline in constants:
        parts = [
            (validation, baseline.validation.get(metric)),
            (scored.best.get(metric), baseline.test.get(metric)),
        ]
        if all(_is_near_perfect(run, score, plain) for score, plain in parts):
            sentence = f"{show_score(validation)} {metric} on validation is suspiciously good"
            if is_explained:
                yield f"{sentence}: see what follows."
            else:
                yield (
                    f"{sentence}: mostly a column then says what was to be predicted, because it "
                    "was written down after it. No column does so by itself; is each of them known "
                    "when a prediction is wanted?"
                )


def _is_near_perfect(run: Run, score: float | None, plain: float | None) -> bool:
    """Whether hardly anything is left of the error that a model has which looks at no feature."""
    if score is None or plain is None:
        return False
    if run.header.greater_is_better:  # all such metrics are 1 at best
        return plain < 1 and 1 - score <= _LEAST_MISSING * (1 - plain)
    return score <= _LEAST_ERROR * plain
