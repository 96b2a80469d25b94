"""The clock of the time in which hpopt ran."""

import pytest

from hpopt import clock


@pytest.fixture
def hands(monkeypatch):
    """The system's own clocks, which a test sets; nothing ticks by itself."""

    class Hands:
        monotonic_s, cpu_s = 1000.0, 5.0

    monkeypatch.setattr(clock.time, "monotonic", lambda: Hands.monotonic_s)
    monkeypatch.setattr(clock.time, "process_time", lambda: Hands.cpu_s)
    monkeypatch.setattr(clock.threading.Thread, "start", lambda self: None)
    return Hands


@pytest.mark.parametrize(
    ("passed_s", "computed_s", "counted_s"),
    [(0.1, 0.0, 0.1), (0.9, 0.0, 0.9), (8 * 3600, 0.1, 1.0), (30.0, 29.0, 29.0), (3.0, 6.0, 3.0)],
)
def test_a_gap_counts_as_far_as_the_process_ran(hands, passed_s, computed_s, counted_s):
    ours = clock.Clock()
    assert ours.seconds() == 0
    hands.monotonic_s += passed_s
    hands.cpu_s += computed_s
    assert ours.seconds() == pytest.approx(counted_s)


def test_ticks_add_up(hands):
    ours = clock.Clock()
    ours.seconds()
    for _ in range(20):
        hands.monotonic_s += 0.5
        ours._tick = ours._count()
    assert ours.seconds() == pytest.approx(10)
