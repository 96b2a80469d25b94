"""The first three sentences of a run, held against the numbers they are made of."""

import pytest
from conftest import make_run, synthetic_run
from test_assessment_in_words import closed, step_of, told

from hpopt.report.assessment import flattery_in_brief
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.report.verdict import verdict
from hpopt.report.words import show_interval, show_param, show_score, show_with
from hpopt.runs.folder import Run
from hpopt.runs.steps import Findings

CLEAR, UNCLEAR = told(0.1, 0.02, 0.2, 0.01), told(0.01, -0.03, 0.05, 0.7)
WORSE = told(-0.1, -0.2, -0.02, 0.01)


@pytest.mark.parametrize(
    ("default", "boosting", "gain", "others"),
    [
        (CLEAR, CLEAR, "Tuning was worth it: the network is better by 0.100", "It is better than"),
        (UNCLEAR, UNCLEAR, "Tuning gained nothing that 92 test rows", "Gradient boosting does as"),
        (WORSE, WORSE, "Tuning did harm", "Gradient boosting does better, by 0.100"),
        (None, None, "Whether tuning gained anything, 92 test rows can't tell", None),
    ],
)
def test_gain_and_rivals_are_said_plainly(tmp_path, default, boosting, gain, others):
    step = step_of(**{"default": default, "gradient boosting": boosting})
    first, second, *third = verdict(closed(tmp_path, step))
    assert first == ("On new rows expect `accuracy` of about 0.876 (95% interval: 0.800 to 0.930).")
    assert second.startswith(gain)
    assert [sentence.startswith(str(others)) for sentence in third] == [True] * bool(others)


def test_what_a_constant_does_as_well_comes_before_all_rivals(tmp_path):
    step = step_of(**{"majority class": UNCLEAR, "gradient boosting": UNCLEAR})
    assert "nothing shows that it has learned anything" in verdict(closed(tmp_path, step))[-1]


def test_a_plain_model_that_does_better_comes_before_a_constant_that_does_as_well(tmp_path):
    step = step_of(**{"majority class": UNCLEAR, "gradient boosting": WORSE})
    assert verdict(closed(tmp_path, step))[-1].startswith("Gradient boosting does better, by 0.100")


@pytest.mark.parametrize(("low", "has_learned"), [(0.7, True), (0.45, False)])
def test_a_metric_that_sees_nothing_is_not_a_network_that_has_learned_nothing(
    tmp_path, low, has_learned
):
    step = step_of(**{"majority class": UNCLEAR})
    step.outcome["best"]["auc"] = 0.78
    step.outcome["intervals"]["best"]["auc"] = [low, 0.85]
    last = verdict(closed(tmp_path, step))[-1]
    assert "not measurably better than `majority class`" in last
    assert ("its `auc` is 0.78" in last, "nothing shows" in last) == (has_learned, not has_learned)


def test_defaults_that_nothing_beats_are_no_gain(tmp_path):
    run = synthetic_run(
        tmp_path, trials=4, score=lambda params, rng: 0.5, steps=[step_of(default=CLEAR)]
    )
    assert "Tuning gained nothing: no other params" in verdict(run)[1]


def test_before_the_test_part_is_scored_the_best_of_many_is_called_so(tmp_path):
    [sentence] = verdict(synthetic_run(tmp_path))
    assert "expect somewhat worse than" in sentence
    assert "the best of 12 validation scores" in sentence


def test_terminal_and_summary_begin_with_it(tmp_path):
    run = closed(tmp_path, step_of(default=UNCLEAR))
    assert conclude(run).startswith("On new rows expect accuracy of about 0.876")
    assert summarise(run, Findings([], None)).split("\n\n")[1].startswith("On new rows expect")


def test_a_run_without_a_network_has_none(tmp_path):
    assert verdict(synthetic_run(tmp_path, trials=2, failed=(1, 2))) == []


def test_a_run_without_intervals_has_the_first_sentence_alone(tmp_path):
    run = Run.open(make_run(tmp_path / "iris"))
    assert verdict(run) == ["On new rows expect `accuracy` of about 0.9000."]


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        (0.9375, "0.9375"), (0.0, "0.0000"), (56.0779, "56.08"), (3509.4, "3,509"),
        (17431.2, "17,431"), (1234567.8, "1,234,568"), (-2.5, "-2.500"), (0.00034, "0.00034"),
        (1e-7, "1e-07"), (None, "–"),
    ],
)  # fmt: skip
def test_scores_have_four_digits_and_no_powers_of_ten(score, shown):
    assert show_score(score) == shown


@pytest.mark.parametrize(
    ("score", "interval", "shown"),
    [
        (56.0779, (47.3, 68.17), "56 [47, 68]"),
        (0.8767, (0.8, 0.93), "0.877 [0.800, 0.930]"),
        (17431.2, (16210.0, 18933.0), "17,400 [16,200, 18,900]"),
        (3509.4, (3391.0, 3620.0), "3,510 [3,390, 3,620]"),
        (0.0204, (-3.2, 3.59), "0.0 [-3.2, 3.6]"),
        (0.00034, (0.0001, 0.0006), "0.00034 [0.00010, 0.00060]"),
        (12.0, (12.0, 12.0), "12.00 [12.00, 12.00]"),
    ],
)
def test_an_interval_says_how_many_digits_are_worth_their_ink(score, interval, shown):
    assert f"{show_with(interval, score)} {show_interval(interval)}" == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12345.6, "12346"),
        (1e-5, "1e-05"),
        (0.5, "0.5"),
        (20000, "20000"),
        (None, "null"),
        ([64, [True]], "[64, [true]]"),
        ({"a": None, "b": 0.123456}, "{a: null, b: 0.1235}"),
    ],
)
def test_params_are_written_as_a_config_takes_them(value, shown):
    assert show_param(value) == shown


@pytest.mark.parametrize(
    ("difference", "begins"),
    [(0.001, "Validation did not flatter"), (0.1, "Validation flattered by 0.10 [")],
)
def test_a_difference_that_is_shown_as_none_is_no_flattery(tmp_path, difference, begins):
    flattery = {"search": 0.88, "test": 0.88 - difference, "difference": difference,
                "interval": [-0.34, 0.34], "rows": 40}  # fmt: skip
    assert str(flattery_in_brief(closed(tmp_path, step_of(flattery=flattery)))).startswith(begins)
