"""What is said of the parameters: what the trials support, and nothing else."""

import pytest
from conftest import synthetic_run

from hpopt.report.findings import find_out
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space

SPACE = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 6),
        Categorical("kind", ("a", "b", "c"), "a"),
        Real("idle", 0, 1),
    ]
)


def found(tmp_path, score, **options):
    return find_out(synthetic_run(tmp_path, SPACE, 50, score=score, **options))


def test_what_matters_is_said_and_what_does_not_is_not(tmp_path):
    effects = found(tmp_path, lambda p, rng: 0.1 * p["layers"] + 0.02 * rng.random()).effects
    assert effects[0].startswith("`layers` (")
    assert "large values do better: best around 6" in effects[0]
    assert "worst around 1" in effects[0]
    [others] = effects[1:]
    assert others.endswith("the trials say nothing certain.")
    assert all(f"`{name}`" in others for name in ("rate", "kind", "idle"))


def test_the_metrics_own_direction_is_kept(tmp_path):
    run = {"metric": "rmse", "score": lambda p, rng: p["layers"] + 0.1 * rng.random()}
    [effect, *_] = found(tmp_path, **run).effects
    assert "small values do better: best around 1 (1" in effect


def test_an_optimum_inside_is_given_with_its_place(tmp_path):
    import math

    [effect, *_] = found(tmp_path, lambda p, rng: -((math.log10(p["rate"]) + 2.5) ** 2)).effects
    assert effect.startswith("`rate`")
    best = float(effect.split("best around ")[1].split()[0])
    assert 10**-2.8 < best < 10**-2.2
    assert "do better" not in effect


def test_only_categories_that_surely_lose_are_named(tmp_path):
    scores = {"a": 0.9, "b": 0.9, "c": 0.5}
    [effect, *_] = found(tmp_path, lambda p, rng: scores[p["kind"]] + 0.02 * rng.normal()).effects
    assert "`c` does worse than" in effect
    assert not any(f"`{kind}` does worse" in effect for kind in "ab")


def test_of_chance_nothing_is_said(tmp_path):
    findings = found(tmp_path, lambda p, rng: rng.normal())
    luck, effect = findings.effects
    assert luck.startswith("Scores are noisy")
    assert effect == "The trials say nothing certain of any single parameter."
    assert "predictions explain" in findings.trust


def test_a_constant_objective_has_no_effects(tmp_path):
    findings = found(tmp_path, lambda p, rng: 0.5)
    assert findings.effects == ["The trials say nothing certain of any single parameter."]


@pytest.mark.parametrize(
    ("trials", "said"), [(0, "No trial has finished"), (5, "Only 5 trials have finished")]
)
def test_of_a_handful_of_trials_nothing_is_said(tmp_path, trials, said):
    findings = find_out(synthetic_run(tmp_path, SPACE, trials, score=lambda p, rng: p["layers"]))
    assert findings.effects[0].startswith(said)
    assert findings.trust is None


def test_where_scores_are_noisy_the_best_one_is_said_to_be_lucky(tmp_path):
    noisy = found(tmp_path, lambda p, rng: 0.05 * p["layers"] + 0.3 * rng.normal()).effects
    assert noisy[0].startswith("Scores are noisy: of trial ")
    assert "the surrogate expects" in noisy[0]
