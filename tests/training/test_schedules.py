import numpy as np
import pytest

from hpopt.training.schedules import Schedule, schedule_of
from hpopt.training.settings import Training


def factors(shape, warmup=0.0, steps=1000, **decay):
    return Schedule(1.0, shape, warmup, steps, **decay).rates(0, steps).astype(float)


def test_without_shape_and_warm_up_there_is_no_schedule():
    assert schedule_of(Training(learning_decay=0.9), 10) is None
    assert schedule_of(Training(warmup=0.0), 10) is None


@pytest.mark.parametrize("shape", ["linear", "cosine", "flat_cosine", "one_cycle", "coslog4"])
def test_all_end_near_zero_and_reach_the_learning_rate(shape):
    rates = factors(shape)
    assert rates[-1] < 2e-3
    assert rates.max() == pytest.approx(1, abs=2e-3)
    assert (rates > 0).all()


def test_their_shapes_at_the_quarters():
    at = [250, 500, 750]
    assert factors("linear")[at] == pytest.approx([0.75, 0.5, 0.25], abs=2e-3)
    assert factors("cosine")[at] == pytest.approx([0.854, 0.5, 0.146], abs=2e-3)
    assert factors("flat_cosine")[at] == pytest.approx([1, 1, 0.5], abs=2e-3)


def test_coslog4_has_four_cycles_each_twice_as_long():
    rates = factors("coslog4", steps=15000)
    valleys = 1 + np.flatnonzero((rates[1:-1] < rates[:-2]) & (rates[1:-1] < rates[2:]))
    assert valleys == pytest.approx([1000, 3000, 7000], abs=2)


def test_a_warm_up_is_a_line_to_the_rate_and_the_schedule_follows_it():
    rates = factors("cosine", warmup=0.2)
    assert np.diff(rates[:200]) == pytest.approx(1 / 200, rel=1e-3)
    assert rates[[199, 600]] == pytest.approx([1, 0.5], abs=5e-3)
    assert factors("constant", warmup=0.2)[200:].min() == 1


def test_one_cycle_rises_for_as_long_as_its_warm_up():
    for given, top in ((None, 300), (0.1, 100)):
        schedule = schedule_of(
            Training(epochs=10, learning_schedule="one_cycle", warmup=given), 100
        )
        rates = schedule.rates(0, 1000) / 1e-3
        assert int(rates.argmax()) == pytest.approx(top, abs=1)
        assert rates[0] == pytest.approx(0.04, abs=1e-3)


def test_the_horizon_is_that_of_the_whole_fit_or_its_own():
    settings = Training(epochs=10, learning_schedule="linear", learning_rate=1.0)
    assert schedule_of(settings, 7).steps == 70
    longer = schedule_of(settings.model_copy(update={"schedule_epochs": 20}), 7)
    assert longer.rates(69, 70) == pytest.approx(0.5, abs=0.01)
    assert longer.rates(200, 202) == pytest.approx([longer.rates(139, 140)[0]] * 2)


def test_the_decay_comes_on_top():
    plain, decayed = factors("cosine"), factors("cosine", decay=0.5, decay_steps=100)
    assert decayed[200] == pytest.approx(plain[200] / 4)


def test_a_stretch_has_the_rates_that_the_whole_has():
    schedule = Schedule(0.3, "coslog4", 0.1, 50)
    parts = [schedule.rates(0, 13), schedule.rates(13, 50)]
    np.testing.assert_array_equal(np.concatenate(parts), schedule.rates(0, 50))
