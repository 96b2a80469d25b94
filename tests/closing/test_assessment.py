"""What the final network is worth, with networks that are made up."""

import numpy as np
import pytest
from made_up import MadeUp, made_up_run
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    recall_score,
    roc_auc_score,
)

from hpopt.closing.assessment import Assessment
from hpopt.closing.ensemble import Ensemble
from hpopt.errors import RunError
from hpopt.metrics.metrics import METRICS
from hpopt.runs.events import Step
from hpopt.statistics.threshold import as_judged
from hpopt.task import OWN_THRESHOLD


@pytest.fixture(autouse=True)
def baselines(monkeypatch):
    """Two plain models in place of scikit-learn's, which take their time."""

    def predictions(own, final):
        parts = ("validation", "test")
        linear = {part: MadeUp(final).predict(4, part) for part in parts}
        constant = {part: np.full((own.sizes[part], 1), 0.6) for part in parts}
        return {"mean": ("constant", constant), "straight line": ("linear", linear)}

    monkeypatch.setattr("hpopt.closing.assessment.baseline_predictions", predictions)


def assessed(tmp_path, metric="accuracy", *, gone=(), **options) -> Assessment:
    """An Assessment of a run that is made up."""
    run, objective = made_up_run(tmp_path, metric, gone=gone, **options)
    run.close()

    def network(*trials):
        if any(trial.number in gone for trial in trials):
            raise RunError("the weights are gone")
        return objective, objective.average([trial.number for trial in trials])

    return Assessment(run, objective, network)


def test_scores_are_those_of_the_test_part(tmp_path):
    assessment = assessed(tmp_path)
    scored, objective = assessment.test(), assessment.objective
    y = objective.data.y("test")
    for name, scores in ((2, scored.best), (1, scored.default)):
        labels = objective.predict(name, "test")[:, 0] > 0.5
        assert scores["accuracy"] == pytest.approx(accuracy_score(y, labels))
        assert scores["f1"] == pytest.approx(f1_score(y, labels))
    assert (scored.rows, scored.groups, scored.level) == (len(y), None, 0.95)
    assert scored.interval("best", "accuracy").holds(scored.best["accuracy"])


def test_the_best_is_compared_with_the_default_and_the_baselines(tmp_path):
    scored = assessed(tmp_path).test()
    assert scored.kinds == {"mean": "constant", "straight line": "linear"}
    assert set(scored.comparisons) == {"default", *scored.kinds} == {"default", *scored.baselines}
    ahead = scored.comparisons["default"]
    assert ahead.difference == pytest.approx(scored.best["accuracy"] - scored.default["accuracy"])
    assert ahead.is_clear
    assert scored.baselines["mean"].test["auc"] == scored.baselines["mean"].validation["auc"] == 0.5
    assert set(scored.thresholds.values()) == {0.5}


def test_probabilities_are_calibrated_and_values_are_not(tmp_path):
    scored = assessed(tmp_path / "a").test()
    assert sum(each.rows for each in scored.calibration.bins) == scored.rows
    assert assessed(tmp_path / "b", "mae").test().calibration is None


def test_of_two_labels_the_curve_of_best_and_default_is_kept(tmp_path):
    assessment = assessed(tmp_path / "a")
    retrieval, y = assessment.test().retrieval, assessment.objective.data.y("test")
    assert set(retrieval.models) == {"best", "default"}
    assert (retrieval.positive, retrieval.share) == ("yes", y.mean())
    labels = assessment.objective.predict(2, "test")[:, 0] > 0.5
    assert retrieval.models["best"].in_force.recall == pytest.approx(recall_score(y, labels), 1e-4)
    assert assessed(tmp_path / "b", "mae").test().retrieval is None


def test_the_default_is_not_compared_with_itself(tmp_path):
    scored = assessed(tmp_path, best=1).test()
    assert scored.default == scored.best
    assert "default" not in scored.comparisons


def test_without_the_network_of_the_default_all_else_is_scored(tmp_path):
    scored = assessed(tmp_path, gone=(1,)).test()
    assert scored.default is None
    assert set(scored.comparisons) == set(scored.baselines)
    assert scored.flattery.difference is not None


def test_the_threshold_of_validation_is_used_on_the_test_part(tmp_path):
    """The probabilities are all too small, so 0.5 says the second label too rarely."""
    options = {"centre": -2.0, "rule": OWN_THRESHOLD}
    chosen = assessed(tmp_path / "a", "f1", **options).threshold()
    assert chosen.threshold == chosen.tried < 0.5
    assert chosen.comparison.is_clear
    form = {"threshold": chosen.threshold, "tried": chosen.tried}
    step = Step("threshold", "", form)
    assessment = assessed(tmp_path / "b", "f1", steps=[step], **options)
    scored, objective = assessment.test(), assessment.objective
    y = objective.data.y("test")
    probabilities = objective.predict(2, "test")[:, 0]
    assert scored.thresholds["best"] == chosen.threshold
    assert scored.best["f1"] == pytest.approx(f1_score(y, probabilities > chosen.threshold))
    assert scored.at_half == pytest.approx(f1_score(y, probabilities > 0.5))
    assert scored.at_half < scored.best["f1"]
    # One rule for all that stands side by side.
    assert scored.flattery.test == scored.best["f1"]
    assert scored.thresholds["default"] < 0.5
    linear = scored.baselines["straight line"]
    y, said = objective.data.y("validation"), MadeUp(objective.data).predict(4, "validation")
    judged = as_judged(METRICS["f1"], OWN_THRESHOLD, y, said)
    assert linear.validation["f1"] == pytest.approx(f1_score(y, judged[:, 0]))
    assert linear.validation["auc"] == pytest.approx(roc_auc_score(y, said[:, 0]))


def test_a_run_whose_trials_were_judged_at_a_half_is_closed_by_that(tmp_path):
    assessment = assessed(tmp_path, "f1", centre=-2.0)  # no objectives in the header, as in 0.1
    scored = assessment.test()
    assert set(scored.thresholds.values()) == {0.5}
    assert scored.flattery.test == scored.best["f1"]
    data = assessment.objective.data
    y, said = data.y("validation"), MadeUp(data).predict(4, "validation")
    assert scored.baselines["straight line"].validation["f1"] == f1_score(y, said[:, 0] > 0.5)


def test_what_an_ensemble_is_compared_by_is_the_rule_of_the_trials(tmp_path):
    run, objective = made_up_run(tmp_path, "f1", centre=-2.0, rule=OWN_THRESHOLD)
    sample = Ensemble(run, objective, 2, whole=False)._sample(run.trials()[1:], run.trials()[1])
    run.close()
    y, said = objective.data.y("validation"), objective.predict(2, "validation")
    own = f1_score(y, as_judged(METRICS["f1"], OWN_THRESHOLD, y, said)[:, 0])
    assert sample.score("single", "f1") == pytest.approx(own)
    assert own > f1_score(y, said[:, 0] > 0.5) + 0.05


def test_a_metric_of_probabilities_has_no_threshold(tmp_path):
    assert set(assessed(tmp_path, "auc").test().thresholds.values()) == {0.5}


def test_flattery_is_the_best_validation_score_less_that_on_test(tmp_path):
    assessment = assessed(tmp_path, "mae")
    flattery = assessment.test().flattery
    data = assessment.objective.data
    on_test = mean_absolute_error(data.y("test"), assessment.objective.predict(2, "test")[:, 0])
    assert (flattery.search, flattery.test) == (0.8, pytest.approx(on_test))
    assert flattery.difference == pytest.approx(on_test - 0.8)  # an error: more of it is worse
    assert flattery.rows == data.sizes["validation"]
    assert flattery.beyond.name == "straight line"


def test_flattery_of_folds_is_of_all_their_rows(tmp_path):
    assessment = assessed(tmp_path, "auc", folds=4)
    flattery, sizes = assessment.test().flattery, assessment.objective.data.sizes
    assert flattery.rows == sizes["train"] + sizes["validation"]
    assert flattery.beyond is None
    assert flattery.interval.holds(flattery.difference)


def test_what_the_race_gave_stands_beside_flattery(tmp_path):
    candidate = {"number": 3, "scores": [0.7, 0.8], "mean": 0.75}
    step = Step("confirm", "", {"candidates": [candidate], "chosen": 3})
    scored = assessed(tmp_path, steps=[step]).test()
    assert (scored.flattery.search, scored.flattery.confirmed) == (0.9, 0.75)


def test_an_ensemble_is_another_model_than_any_that_could_flatter(tmp_path):
    form = {
        "members": [2, 3],
        "single": 2,
        "taken": True,
        "scores": {"ensemble": 0.95, "single": 0.9},
        "level": 0.95,
    }
    assessment = assessed(tmp_path, steps=[Step("ensemble", "", form)])
    scored = assessment.test()
    assert scored.flattery is None
    labels = assessment.objective.predict((2, 3), "test")[:, 0] > 0.5
    y = assessment.objective.data.y("test")
    assert scored.best["accuracy"] == pytest.approx(accuracy_score(y, labels))


def test_baselines_have_thresholds_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.closing.assessment.best_threshold", lambda *_: 0.3)
    scored = assessed(tmp_path, "f1", rule=OWN_THRESHOLD).test()
    assert scored.thresholds.pop("best") == 0.5  # the run's, which the step `threshold` chooses
    assert set(scored.thresholds.values()) == {0.3}
