import numpy as np
import pytest
from scipy.stats import chi2

from hpopt.search.bayes import BayesSearcher
from hpopt.search.choosing import expected_best
from hpopt.search.encoding import Encoding
from hpopt.search.observations import Observations, noise_variances
from hpopt.space.dimensions import Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

SPACE = Space([Real("x", 0, 1, default=0.5)])


def trial(number, x, scores):
    value = float(np.mean(scores))
    result = Result(value, {"rmse": value}, list(scores), {}, 1, 1.0)
    return Trial(number, {"x": x}, 0, "finished", result=result)


def test_what_a_fold_adds_to_every_trial_is_no_noise():
    rng = np.random.default_rng(0)
    trials, folds = rng.normal(size=(400, 1)), 5 * rng.normal(size=(1, 5))
    noise = 0.2 * rng.normal(size=(400, 5))
    variances = noise_variances(trials + folds + noise)
    assert variances.mean() == pytest.approx(0.04 / 5, rel=0.05)
    assert noise_variances(trials + folds + np.zeros((400, 5))).max() < 1e-20


def test_a_trials_own_noise_counts_by_its_degrees_of_freedom():
    """Smyth (2004), equation 3, of a table whose residuals are known."""
    column = np.array([1.0, 1, -1, -1, 5, -5, 0])
    own = 2 * column**2 * 7 / 6
    shared = np.median(own) / chi2.median(1)
    np.testing.assert_allclose(
        noise_variances(np.stack([column, -column], 1)), (4 * shared + own) / 5 / 2
    )


def test_the_search_takes_the_noise_of_folds_and_none_of_single_fits():
    rng = np.random.default_rng(0)
    xs = rng.random(20)
    encoding = Encoding(SPACE)
    single = [trial(n, x, [x]) for n, x in enumerate(xs, start=1)]
    assert not Observations.of(encoding, single).variances.any()
    noisy = [
        trial(n, x, x + [0.0, 1.0, -0.5] + 0.1 * rng.normal(size=3))
        for n, x in enumerate(xs, start=1)
    ]
    data = Observations.of(encoding, noisy)
    assert (data.variances > 0).all()
    spread = np.std([each.value for each in noisy])
    assert data.noise == pytest.approx((0.1 / spread) ** 2 / 3, rel=0.7)
    assert BayesSearcher().suggest(SPACE, noisy, number=21, seed=0).params["x"] < 0.2


def test_a_lucky_value_among_bad_ones_is_not_expected_to_be_the_best():
    rng = np.random.default_rng(0)
    trials = [trial(n, x, [(x - 0.2) ** 2 + 0.02 * rng.normal()]) for n, x in
              enumerate(np.linspace(0, 1, 30), start=1)]  # fmt: skip
    lucky = trial(31, 0.9, [-0.1])
    expected = expected_best(SPACE, [*trials, lucky])
    assert min([*trials, lucky], key=lambda each: each.value) is lucky
    assert expected[0] is not lucky
    assert abs(expected[0].params["x"] - 0.2) < 0.15


def test_too_few_trials_are_expected_in_the_order_of_their_values_and_once():
    trials = [trial(1, 0.5, [0.3]), trial(2, 0.1, [0.1]), trial(3, 0.5, [0.2])]
    assert [each.number for each in expected_best(SPACE, trials)] == [2, 1]
