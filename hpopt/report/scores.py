"""The scores that belong side by side: the best, the default, the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpopt.report.words import list_trials, show_interval, show_score, show_with
from hpopt.runs.folder import Run
from hpopt.runs.state import HALF
from hpopt.runs.steps import Scored, Scores
from hpopt.task import OWN_THRESHOLD
from hpopt.trials import Trial


@dataclass(frozen=True)
class ScoreRow:
    """A network's or a plain model's score by the run's metric, as people read it.

    A run of hpopt 0.1 whose model has another threshold than 0.5 has no validation scores by the
    rule of its test scores: there are none beside these then, for a table has one rule.
    """

    name: str
    key: str  # by which the step `test` knows it
    validation: str
    test: str
    interval: str = ""  # of the test score, where it is known

    @property
    def test_with_interval(self) -> str:
        """The test score with its interval behind it."""
        return f"{self.test} {self.interval}".rstrip()


def score_rows(run: Run, best: Trial) -> Sequence[ScoreRow]:
    """The best first, then the default params if they are another trial, then the baselines."""
    metric, default = run.header.metric, run.trials()[0]
    scored = run.outcomes.test or Scored(groups=None, flattery=None)
    has_two_rules = _has_two_rules(run)

    def row(name: str, key: str, validation: float | None, test: Scores | None) -> ScoreRow:
        interval = show_interval(scored.interval(key, metric))
        on_test = None if test is None else test.get(metric)
        shown = show_with(scored.interval(key, metric), on_test)
        return ScoreRow(
            name, key, show_score(None if has_two_rules else validation), shown, interval
        )

    if run.ensemble:
        members = list_trials(trial.number for trial in run.ensemble)
        name = f"best (average of trials {members})"
        rows = [row(name, "best", ensemble_score(run), scored.best)]
    else:
        is_default = best.number == default.number
        name = "default params (trial 1)" if is_default else f"best (trial {best.number})"
        rows = [row(name, "best", run.score(best), scored.best)]
    if default.result is not None and [default.number] != [trial.number for trial in run.final]:
        name = "default params (trial 1)"
        rows.append(row(name, "default", run.score(default), scored.default))
    for name, baseline in scored.baselines.items():
        rows.append(row(name, name, baseline.validation.get(metric), baseline.test))
    return rows


def rule_of_scores(run: Run) -> str | None:
    """The one rule by which all scores of a table are made, where labels hang on a threshold."""
    if run.rule == OWN_THRESHOLD:
        return (
            f"Each model's {run.metric} is by its own best threshold: on validation by one that "
            "was chosen on other rows than it labels, on test by the one chosen on validation."
        )
    if _has_two_rules(run):
        return f"Test scores are by each model's own threshold. {_by_half(run)}"
    return None


def _has_two_rules(run: Run) -> bool:
    """Whether trials were judged by 0.5, and the test scores are by another threshold."""
    is_tested = run.outcomes.test is not None
    return run.rule != OWN_THRESHOLD and run.threshold != HALF and is_tested


def _by_half(run: Run) -> str:
    """What the threshold 0.5 gives, on validation and on test."""
    scored, best = run.outcomes.test, run.best
    assert scored is not None
    assert best is not None
    flattery, on_test = scored.flattery, scored.at_half
    on_validation = run.score(best) if flattery is None else flattery.search
    on_test = on_test if flattery is None else flattery.test
    sentence = f"hpopt 0.1 judged trials by {HALF}: by that trial {best.number} has "
    sentence += f"{show_score(on_validation)} on validation"
    if on_test is not None:
        sentence += f", and the model {show_score(on_test)} on test"
    return sentence + "."


def ensemble_score(run: Run) -> float | None:
    """The score of an average of several networks on the validation part."""
    ensembled = run.outcomes.ensemble
    return ensembled.scores.ensemble if ensembled and ensembled.scores else None
