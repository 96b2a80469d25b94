"""How long a fit takes, reckoned from some of its epochs; the clock is the test's."""

import pytest

from hpopt.measuring import Probe


def measured(epochs, *, an_epoch_s, tracing_s=0.0, stops_after=None, early=False):
    """A probe of a fit whose graph is traced once, half a second besides its epochs."""
    now, seen = [0.0], []

    def fit(wanted):
        made = min(wanted, stops_after or wanted)
        now[0] += 0.5 + made * an_epoch_s + (0.0 if seen else tracing_s)
        seen.append(made)
        return made

    probe = Probe(fit, epochs, early, clock=lambda: now[0])
    return probe.seconds(), seen


@pytest.mark.parametrize(
    ("options", "seconds", "fits"),
    [
        ({"epochs": 10, "an_epoch_s": 0.01, "tracing_s": 2.0}, 2.51, [1, 8, 10]),
        ({"epochs": 1000, "an_epoch_s": 0.1, "tracing_s": 1.0}, 1.6 + 99.9, [1, 8, 64]),
        ({"epochs": 50, "an_epoch_s": 2.0}, 0.5 + 100.0, [1, 8]),
        ({"epochs": 500, "an_epoch_s": 0.1, "stops_after": 20, "early": True}, 2.5, [1, 8, 20]),
        ({"epochs": 500, "an_epoch_s": 0.1, "early": True}, 0.6 + 34.9, [1, 8, 64]),
    ],
)
def test_a_whole_fit_is_reckoned_from_what_was_felt(options, seconds, fits):
    (reckoned, _, made), seen = measured(**options)
    assert seen == fits
    assert made == fits[-1]
    assert reckoned == pytest.approx(seconds)
