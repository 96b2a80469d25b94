import numpy as np
import pytest

from hpopt.search.encoding import Encoding
from hpopt.search.fits import Fit, fit_to, fit_to_json, recorded_fit
from hpopt.search.loudness import Loudness
from hpopt.search.observations import Observations
from hpopt.space.dimensions import Categorical, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

PLANE = Space([Real("x", 0, 1), Real("y", 0, 1)])


def drawn(space, value, n=80) -> list[Trial]:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(1, n + 1):
        params = space.sample(rng)
        result = Result(value(params, rng), {}, [0.0], {}, 1, 0.1)
        trials.append(Trial(number, params, 0, "finished", result=result))
    return trials


def fitted(space, trials) -> tuple[Encoding, Observations, Fit]:
    encoding = Encoding(space)
    data = Observations.of(encoding, trials)
    return encoding, data, fit_to(encoding, data)


def test_it_is_learned_where_noise_is_loud():
    rng = np.random.default_rng(0)
    features = rng.random((300, 2))
    residuals = rng.normal(size=300) * np.exp(2 * features[:, 0] - 1)
    loudness, density = Loudness.fit(features, np.zeros(300), residuals)
    low, high = loudness(np.array([[0.0, 0.5], [1.0, 0.5]]), np.zeros(2))
    assert high / low == pytest.approx(np.exp(4), rel=0.6)
    assert density < 0


def test_a_value_that_is_all_noise_is_not_taken_for_a_rugged_function():
    _, _, fit = fitted(PLANE, drawn(PLANE, lambda params, rng: rng.normal()))
    assert fit.hyperparameters.noise > 0.3


def test_of_a_smooth_function_nothing_is_noise():
    _, _, fit = fitted(PLANE, drawn(PLANE, lambda p, rng: np.sin(5 * p["x"]) + p["y"] ** 2, 30))
    assert fit.hyperparameters.noise < 1e-4
    assert fit.loudness is None


@pytest.mark.long
def test_noise_on_one_side_is_seen_there_and_the_fit_survives_the_journal():
    def value(params, rng):
        return (params["y"] - 0.4) ** 2 + (0.01, 1.0)[params["x"] > 0.5] * rng.normal()

    encoding, data, fit = fitted(PLANE, drawn(PLANE, value))
    quiet, loud = fit.noise(np.array([[0.1, 0.5], [0.9, 0.5]]), np.zeros(2))
    assert loud > 5 * quiet
    info = {"fit": fit_to_json(encoding, 80, fit)}
    _, again = recorded_fit(encoding, [Trial(1, {}, 0, "finished", info=info)])
    gps = [each.condition(encoding, data) for each in (fit, again)]
    assert (gps[0].alpha == gps[1].alpha).all()


@pytest.mark.long
def test_categories_that_behave_alike_lie_close_together():
    space = Space([Categorical("kind", tuple("abcd"), "a"), Real("x", 0, 1)])

    def value(params, rng):
        return (params["kind"] in "ab") * (1 + params["x"]) + 0.3 * params["x"] ** 2

    encoding, _, fit = fitted(space, drawn(space, value, 41))
    moved = fit.hyperparameters.scaled(np.eye(5)[:4], encoding.groups)
    apart = np.linalg.norm(moved[:, None] - moved, axis=-1)
    assert apart[0, 1] < 0.5 * apart[0, 2]
    assert apart[2, 3] < 0.5 * apart[1, 3]
    _, _, even = fitted(space, drawn(space, value, 42))
    assert even.hyperparameters.likeness is None  # every second fit takes them for unlike
    info = {"fit": fit_to_json(encoding, 41, fit)}
    _, again = recorded_fit(encoding, [Trial(1, {}, 0, "finished", info=info)])
    assert (again.hyperparameters.likeness == fit.hyperparameters.likeness).all()
