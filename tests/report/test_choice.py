import pytest
from conftest import synthetic_run

from hpopt.report.choice import describe_race
from hpopt.runs.events import Step


def candidate(number, n_weights, reason=None):
    return {
        "number": number,
        "scores": [0.9, 0.92],
        "mean": 0.91,
        "standard_error": 0.01,
        "n_weights": n_weights,
        "seconds": 1.0,
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ({"told_apart": True, "confidence": 0.9789},
         "Trial 3 is the best of them (0.910 ± 0.010), with a confidence of at least 97 %."),
        ({"tied": [7, 3]},
         "Trials 3 and 7 can't be told apart; trial 3 has the fewest weights, 50, and is the one "
         "chosen (0.910 ± 0.010)."),
        ({"tied": [3, 8]}, "all have 50 weights, and trial 3 is the fastest, and is the one"),
        ({"tied": [3, 7, 8]}, "trial 3 is the fastest of those with the fewest weights, 50, and"),
        ({}, "Trial 3 did best (0.910 ± 0.010), but not by so much that it is sure to be."),
        ({}, "Trial 9 failed when it was fitted again: the loss became nan."),
        ({}, "4 candidates, of which the trials promise most, were fitted again on fresh splits "
         "with fresh seeds, in 2 rounds."),
        ({"rounds": 0}, "The best was not fitted again"),
        ({"rounds": 1, "tied": []}, "not often enough to choose by: the search's best is taken."),
    ],
)  # fmt: skip
def test_the_sentences_say_how_the_chosen_was_chosen(tmp_path, outcome, sentence):
    assert describe_race(synthetic_run(tmp_path, trials=9)) == []
    candidates = [
        candidate(3, 50),
        candidate(7, 90),
        candidate(8, 50),
        candidate(9, 5, "the loss became nan"),
    ]
    whole = {"candidates": candidates, "rounds": 2, "chosen": 3, "tied": [3], "confidence": 0.4}
    step = Step("confirm", "", {**whole, "told_apart": False, **outcome})
    run = synthetic_run(tmp_path, trials=9, name="confirmed", steps=[step])
    assert sentence in " ".join(describe_race(run))
