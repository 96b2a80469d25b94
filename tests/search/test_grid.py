"""Grid search beyond what every searcher promises."""

import math

import pytest

from hpopt.search.engines import make_searcher
from hpopt.search.grid_engine import GridEngine, axis_values
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.rules import Rule
from hpopt.space.space import Space
from hpopt.trials import Trial

SPACE = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("n", 1, 3),
        Categorical("kind", ("a", "b"), "a"),
        Real("momentum", 0, 1, when=(Condition.parse("kind", "b"),)),
    ]
)


def tried(space, calls, grid=4) -> list[dict]:
    searcher = make_searcher("grid", grid=grid)
    trials: list[Trial] = []
    for number in range(1, calls + 1):
        params = searcher.suggest(space, trials, number=number, seed=0).params
        trials.append(Trial(number, params, 0))
    return [dict(trial.params) for trial in trials[1:]]  # the first is the defaults


def test_an_axis_has_both_ends_and_is_even_on_the_scale_of_its_prior():
    assert axis_values(SPACE.dimensions[0], 4) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])
    assert axis_values(Real("x", -1, 1), 3) == [-1, 0, 1]
    assert axis_values(Integer("n", 5, 50), 4) == [5, 20, 35, 50]


def test_an_axis_has_no_value_twice():
    assert axis_values(Integer("n", 1, 3), 10) == [1, 2, 3]
    assert axis_values(Categorical("c", tuple(range(9)), 0), 2) == tuple(range(9))


def test_every_point_is_tried_once_when_the_calls_suffice():
    size = 4 * 3 * (1 + 4)  # momentum counts where it is active
    points = tried(SPACE, size + 1)
    assert len({tuple(sorted(p.items())) for p in points}) == size
    rates = axis_values(SPACE.dimensions[0], 4)
    assert all(any(math.isclose(p["rate"], rate) for rate in rates) for p in points)


def test_the_first_few_points_vary_every_dimension():
    points = tried(SPACE, 13)
    assert len({p["rate"] for p in points}) == 4
    assert len({p["n"] for p in points}) == 3
    assert len({p["kind"] for p in points}) == 2


def test_beyond_the_grid_random_points_follow():
    space = Space([Real("x", 0, 1)])
    values = [p["x"] for p in tried(space, 10, grid=3)]
    assert {0.0, 1.0} <= set(values[:3])
    assert len(set(values)) == 9


def test_what_the_budget_does_not_cover_is_said():
    assert "up to 96 points, and 10 calls try as many of them" in GridEngine(grid=4).note(SPACE, 10)
    assert "96 points at most" in GridEngine(grid=4).note(SPACE, 200)
    assert GridEngine(grid=4).note(SPACE, 96) is None


def test_the_size_of_a_grid_is_counted_after_its_rules():
    dimensions = [Integer("n", 1, 4, default=2), Integer("m", 1, 4, default=1)]
    space = Space(dimensions, [Rule.from_json("m < n")])
    assert "up to 6 points" in (GridEngine(grid=4).note(space, 5) or "")
    assert GridEngine(grid=4).note(space, 6) is None
    none = Space(dimensions, [Rule.from_json("n + m == 3 and n != 2 or n == 2 and m == 1")])
    assert "no point of the grid" in (GridEngine(grid=2).note(none, 6) or "")
