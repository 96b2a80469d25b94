import pytest
from conftest import IMPORTANCE, synthetic_run

from hpopt.report.features import describe_features, feature_table
from hpopt.report.summary import summarise
from hpopt.runs.events import Step
from hpopt.runs.steps import Findings

CLEAR = {"difference": 0.1, "interval": [0.02, 0.2], "p": 0.01}
IDLE = {"difference": 0.0, "interval": [-0.02, 0.02], "p": 1.0}


def run_with(tmp_path, importance=IMPORTANCE):
    return synthetic_run(tmp_path, steps=[Step("test", "", {"importance": importance})])


def test_what_is_lost_stands_in_a_table_and_no_name_is_markup(tmp_path):
    run = run_with(tmp_path)
    head, rows = feature_table(run)
    assert head == ["feature", "accuracy lost without it"]
    assert rows[0][1] == "0.100 [0.020, 0.200]"
    assert "<b>" not in summarise(run, Findings([], None))
    assert "## What the features are worth" in summarise(run, Findings([], None))


@pytest.mark.parametrize(
    ("features", "of", "said"),
    [
        ({"a": CLEAR, "b": CLEAR}, 2, None),
        ({"a": CLEAR, "b": IDLE}, 2, "Of b nothing shows that the network is better for it."),
        ({"a": CLEAR} | dict.fromkeys("bcde", IDLE), 5, "Of 4 of the 5 features nothing"),
        ({"a": CLEAR, "b": IDLE}, 40, "Of 39 of the 40 features nothing"),
        ({"a": IDLE, "b": IDLE}, 2, "Of none of them does anything show"),
    ],
)
def test_it_is_said_which_features_are_of_no_use(tmp_path, features, of, said):
    run = run_with(tmp_path, {"features": features, "of": of, "rows": 92, "deals": 8})
    what, *rest = describe_features(run)
    assert "among 92 rows, 8 times" in what
    assert [said in each for each in rest] == ([True] if said else [])


def test_a_run_that_did_not_look_says_nothing(tmp_path):
    run = run_with(tmp_path, None)
    assert feature_table(run) is None
    assert describe_features(run) == []
