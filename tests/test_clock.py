"""The clock of the time in which hpopt ran."""

import sys

import pytest

from hpopt import clock


@pytest.fixture
def hands(monkeypatch):
    """The system's own clocks, which a test sets; nothing ticks by itself."""

    class Hands:
        monotonic_s, cpu_s, waited_s = 1000.0, 5.0, 2.0

    monkeypatch.setattr(clock.time, "monotonic", lambda: Hands.monotonic_s)
    monkeypatch.setattr(clock.time, "process_time", lambda: Hands.cpu_s)
    monkeypatch.setattr(clock.threading.Thread, "start", lambda self: None)
    monkeypatch.setattr(clock.Clock, "_waited_s", lambda self: Hands.waited_s)
    return Hands


@pytest.mark.parametrize(
    ("passed_s", "computed_s", "waited_s", "counted_s"),
    [
        (0.1, 0.0, 0.0, 0.1),
        (0.9, 0.0, 0.0, 0.9),
        (8 * 3600, 0.1, 0.1, 1.0),
        (30.0, 29.0, 0.0, 29.0),
        (3.0, 6.0, 0.0, 3.0),
        (30.0, 4.0, 25.0, 29.0),  # others had the processors
    ],
)
def test_a_gap_counts_as_far_as_the_process_ran(hands, passed_s, computed_s, waited_s, counted_s):
    ours = clock.Clock()
    assert ours.seconds() == 0
    hands.monotonic_s += passed_s
    hands.cpu_s += computed_s
    hands.waited_s += waited_s
    assert ours.seconds() == pytest.approx(counted_s)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says it")
def test_time_without_a_processor_is_waited_for():
    ours = clock.Clock()
    ours.seconds()
    before = ours._waited_s()
    assert before > 0
    assert before <= ours._waited_s() < before + 60


def test_ticks_add_up(hands):
    ours = clock.Clock()
    ours.seconds()
    for _ in range(20):
        hands.monotonic_s += 0.5
        ours._tick = ours._count()
    assert ours.seconds() == pytest.approx(10)
