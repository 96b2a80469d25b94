"""What a run's journal begins with, from a config and its data; no network is built."""

import pytest
from conftest import ROOT, dirty_frame

from hpopt.config.loading import load_config
from hpopt.runs.objectives import Goal, goals_of
from hpopt.task import LIKELIEST, OWN_THRESHOLD
from hpopt.tuning.comparable import differences
from hpopt.tuning.material import header_of, read_material


@pytest.fixture
def table(tmp_path):
    """A config for a table whose target is the column `churn`."""
    dirty_frame().to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "table.yaml").write_text(
        "dataset: {source: csv, path: customers.csv, target: churn}\n"
        "model: {builder: dense_dropout}\n"
        "space: {num_dense_nodes: [8, 4]}\n"
    )
    return tmp_path / "table.yaml"


def header(path, *overrides):
    config = load_config(path, overrides)
    return header_of(config, read_material(config))


def test_the_objective_of_a_table_names_its_target(table):
    begun = header(table)
    assert begun.objectives == [
        {
            "name": "accuracy",
            "target": "churn",
            "direction": "maximize",
            "rule": "model's own threshold",
            "positive": "no",
            "costs": None,
        }
    ]
    assert (begun.metric, begun.greater_is_better) == ("accuracy", True)


@pytest.mark.parametrize(
    ("metric", "direction", "rule"),
    [("f1", "maximize", OWN_THRESHOLD), ("auc", "maximize", None), ("log_loss", "minimize", None)],
)
def test_the_objective_is_the_metric_in_its_own_direction(table, metric, direction, rule):
    begun = header(table, f"training.metric={metric}")
    assert goals_of(begun) == [Goal(metric, "churn", direction, rule, "no")]
    assert begun.metric == metric


@pytest.mark.parametrize(
    ("rows", "overrides", "is_said"),
    [(80, (), True), (400, (), False), (80, ("training.folds=5",), False)],
)
def test_few_validation_rows_of_a_class_are_a_reason_for_folds(table, rows, overrides, is_said):
    dirty_frame(rows).to_csv(table.parent / "customers.csv", index=False)
    notes = read_material(load_config(table, overrides)).notes
    few = [note for note in notes if "in the validation part" in note]
    assert len(few) == is_said
    assert all('rows of "' in note and "`folds: 5` under `training`" in note for note in few)


def test_arrays_have_no_name_for_their_target():
    [goal] = goals_of(header(ROOT / "configs" / "breast_cancer.yaml"))
    assert goal.target is None


def test_a_run_keeps_its_positive_class_unless_its_config_names_another(table):
    config = load_config(table)
    begun = Goal("accuracy", "churn", "maximize", OWN_THRESHOLD, "yes")
    then = header_of(config, read_material(config, begun))
    assert goals_of(then)[0].positive == "yes"
    assert then.fingerprints["data"] != header(table).fingerprints["data"]
    asked = load_config(table, ['dataset.target={name: churn, positive: "no"}'])
    now = header_of(asked, read_material(asked, begun))
    expected = 'the positive class was "yes", and is "no" now'
    assert ("dataset", "target", expected) in list(differences(then, now))


def test_a_run_keeps_the_rule_that_its_trials_were_judged_by(table):
    config = load_config(table)
    begun = Goal("accuracy", "churn", "maximize", LIKELIEST, "no")
    material = read_material(config, begun)
    assert material.objective(config, table.parent / "data").rule == LIKELIEST
    assert goals_of(header_of(config, material)) == [begun]
    other = load_config(table, ["training.metric=f1"])
    assert read_material(other, begun).rule == OWN_THRESHOLD


def test_another_target_is_another_objective(table):
    now = header(table, "dataset.target=plan")
    assert ("dataset", "target", "the target was `churn`, and is `plan` now") in list(
        differences(header(table), now)
    )
