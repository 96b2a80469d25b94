"""Where the acquisition is highest: a worse top would spoil a search without any error."""

import itertools

import numpy as np
import pytest

from hpopt.search.acquisition import PORTFOLIO, Acquisition
from hpopt.search.encoding import Encoding
from hpopt.search.gp import GP
from hpopt.search.kernel import Hyperparameters
from hpopt.search.maximiser import Maximiser
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space

MIXED = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Real("dropout", 0, 0.9),
        Integer("layers", 1, 5),
        Categorical("kind", ("adam", "sgd", None), "adam"),
        Real("momentum", 0, 0.99, when=(Condition.parse("kind", "sgd"),)),
    ]
)
FEW = Space([Integer("n", 1, 4), Categorical("c", ("a", "b", "c"), "a")])


def surrogate(space, params) -> tuple[Encoding, GP, np.ndarray]:
    """A GP of random values at these params, and their points [n, d]."""
    encoding = Encoding(space)
    x, active = encoding.points(params)
    features = encoding.encode(x, active)
    y = np.random.default_rng(len(params)).normal(size=len(x))
    hyperparameters = Hyperparameters.default(len(encoding.names))
    gp = GP.condition(features, y, encoding.groups, hyperparameters, np.zeros(len(y)))
    return encoding, gp, x


def worth(encoding, gp, acquisition, points) -> np.ndarray:
    points, active = encoding.snap(points)
    return acquisition(*gp.predict(encoding.encode(points, active)))[0]


@pytest.mark.parametrize("name", PORTFOLIO)
@pytest.mark.parametrize("n", [4, 25])
def test_no_random_point_is_better_than_the_top(name, n):
    rng = np.random.default_rng(n)
    encoding, gp, seen = surrogate(MIXED, [MIXED.sample(rng) for _ in range(n)])
    acquisition = Acquisition(name, incumbent=float(gp.y.min()))
    top = Maximiser(encoding, gp, seen, seen, rng).maximise(acquisition)
    everywhere = worth(encoding, gp, acquisition, rng.random((20_000, len(MIXED))))
    assert worth(encoding, gp, acquisition, top[None])[0] > everywhere.max() - 1e-3
    np.testing.assert_allclose(encoding.snap(top[None])[0][0], top, atol=1e-12)


def test_what_was_tried_is_never_the_top_and_a_space_that_is_used_up_has_none():
    every = [{"n": n, "c": c} for n, c in itertools.product((1, 2, 3, 4), "abc")]
    rng = np.random.default_rng(0)
    rng.shuffle(every)
    encoding = Encoding(FEW)
    points, _ = encoding.points(every)
    for tried in range(3, 12):
        _, gp, seen = surrogate(FEW, every[:tried])
        maximiser = Maximiser(encoding, gp, seen, seen, rng)
        top = maximiser.maximise(Acquisition("LCB", 0.0))
        place = np.abs(points - top).sum(axis=1).argmin()
        assert np.allclose(points[place], top)
        assert place >= tried
    _, gp, seen = surrogate(FEW, every)
    assert Maximiser(encoding, gp, seen, seen, rng).maximise(Acquisition("LCB", 0.0)) is None
