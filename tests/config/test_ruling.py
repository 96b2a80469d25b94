"""What is said of rules between parameters that are wrong, and where."""

import pytest
from conftest import ROOT

import hpopt
from hpopt.config.loading import load_config
from hpopt.errors import ConfigError

BASE = (ROOT / "configs" / "breast_cancer.yaml").read_text()
SPACE = {"x": {"type": "real", "low": 0, "high": 1}, "n": {"type": "integer", "low": 1, "high": 9}}


def loaded(tmp_path, require, **options):
    (tmp_path / "c.yaml").write_text(f"{BASE}\nrequire:\n{require}\n")
    return load_config(tmp_path / "c.yaml", **options)


@pytest.mark.parametrize(
    ("rule", "column", "message", "help"),
    [
        ("num_layer <= 3", 5, "there is no `num_layer`", "did you mean `num_layers`?"),
        ('"num_layers <= epoch"', 20, "there is no `epoch`", "did you mean `epochs`?"),
        ("num_layers = 3", 16, "`=` stands where", "write `==`"),
        ("num_layers == 3 and", 24, "missing at the end of the rule", None),
        ("optimizer == 'adm'", 18, "`optimizer` is never 'adm'", "'adam'"),
        ("num_layers > 2", 5, "the defaults break the rule `num_layers > 2`", "num_layers: "),
        ("epochs > 50", 5, "this never holds with `epochs` = 50", None),
    ],
)
def test_the_column_of_what_is_wrong_in_a_rule_is_said(tmp_path, rule, column, message, help):
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, f"  - {rule}")
    [problem] = error.value.problems
    assert message in problem.message
    assert problem.location.line == len(BASE.splitlines()) + 3
    assert problem.location.column == column
    assert help is None or help in (problem.help or "")


def test_a_rule_that_is_written_otherwise_is_blamed_by_its_characters(tmp_path):
    with pytest.raises(ConfigError, match=r"at character 15 of `num_layers <= epoch`"):
        loaded(tmp_path, '  - "num_layers\\x20<= epoch"')


def test_rules_that_leave_next_to_nothing_are_an_error_that_names_one(tmp_path):
    rules = "  - learning_rate <= 1e-3\n  - num_layers < 5"
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, rules)
    [problem] = error.value.problems
    assert "of 10,000 random points 0 meet the rules; the fewest, 0, meet `learning_rate" in (
        problem.message
    )


def test_rules_that_leave_little_are_noted(tmp_path):
    config = loaded(tmp_path, "  - learning_rate <= 1.02e-3\n  - num_layers < 3")
    [note] = config.binding.notes
    assert "the rules leave little of the space: of 10,000 random points" in note


def test_params_to_try_first_have_to_meet_the_rules(tmp_path):
    overrides = ["search.initial=[{num_layers: 3}]"]
    with pytest.raises(ConfigError, match="break the rule `num_layers < 3`: num_layers = 3"):
        loaded(tmp_path, "  - num_layers < 3", overrides=overrides)


def test_a_rule_of_what_is_never_active_is_noted(tmp_path):
    config = loaded(tmp_path, "  - batch_size < 300")
    assert not config.binding.space.rules
    assert any("`batch_size < 300` never binds" in note for note in config.binding.notes)


@pytest.mark.parametrize(
    ("require", "message"),
    [
        ("x < 0.6", "require must be a list"),
        ([3], "must be a text, not 3"),
        (["x < 0.6 n"], "`n` stands where"),
        (["x < 0.2"], "the defaults break the rule `x < 0.2`: x = 0.5"),
        (["n % 0 == 1"], "the defaults break the rule"),
    ],
)
def test_minimize_says_what_is_wrong_in_its_rules(require, message):
    with pytest.raises(ConfigError, match=message):
        hpopt.minimize(lambda p: p["x"], SPACE, n_calls=3, require=require)


def test_minimize_keeps_to_its_rules_and_to_the_end_of_a_finite_space():
    space = {"a": {"type": "integer", "low": 1, "high": 4, "default": 1}, "b": [4, 3, 2, 1], "c": 5}
    seen = []
    hpopt.minimize(
        lambda p: seen.append(p) or float(p["a"]),
        space,
        n_calls=30,
        engine="random",
        require=["a + b == c"],
    )
    assert sorted((p["a"], p["b"]) for p in seen) == [(1, 4), (2, 3), (3, 2), (4, 1)]


def test_what_is_told_has_to_meet_the_rules():
    optimizer = hpopt.Optimizer(SPACE, require=("x * n < 4",))
    with pytest.raises(ConfigError, match="break the rule `x \\* n < 4`"):
        optimizer.tell({"x": 0.9, "n": 9}, 1.0)
