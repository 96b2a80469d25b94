import pytest
from conftest import synthetic_run

from hpopt.report.held import describe_held
from hpopt.runs.events import Step

SHARE = {"level": 0.9, "share": 0.88, "interval": [0.8, 0.94]}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (SHARE | {"margin": 12.3456}, "gives intervals of 90%, by the errors"),
        (SHARE | {"margin": 12.3456}, ": ± 12.35, which of the test part held 0.880 [0.800,"),
        (SHARE | {"factor": 1.5}, "1 + y may be 1.500 times as large or small"),
        (SHARE | {"labels": 1.3}, "sets of possible labels of 90%, by the probabilities"),
        (SHARE | {"labels": 1.3}, "1.30 labels a row on average"),
        (SHARE | {"margin": 1.0, "interval": [0.8, 0.89]}, ", less than they promise."),
        (SHARE | {"margin": 1.0, "share": 0.98, "interval": [0.95, 1]}, ", more than they promise"),
    ],
)
def test_what_intervals_and_sets_are_worth_is_said(tmp_path, held, said):
    run = synthetic_run(tmp_path, steps=[Step("test", "", {"held": held})])
    [sentence] = describe_held(run)
    assert said in sentence


def test_nothing_is_said_where_nothing_was_counted(tmp_path):
    assert describe_held(synthetic_run(tmp_path, steps=[Step("test", "", {})])) == []
