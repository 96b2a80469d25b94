"""Times in the YAML: a minute read as a second would end a run far too early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hpopt.grammar import Duration, Section


class Timed(Section):
    time: Duration


def seconds(form) -> float:
    return Timed.model_validate({"time": form}).time


PARTS = st.none() | st.integers(0, 500) | st.decimals(0, 500, places=2)


@given(PARTS, PARTS, PARTS, st.booleans())
def test_hours_minutes_and_seconds_add_up(hours, minutes, secs, spaced):
    parts = [(hours, "h", 3600), (minutes, "m", 60), (secs, "s", 1)]
    there = [(value, unit, factor) for value, unit, factor in parts if value is not None]
    expected = sum(float(value) * factor for value, _, factor in there)
    text = (" " if spaced else "").join(f"{value}{unit}" for value, unit, _ in there)
    if expected > 0:
        assert seconds(text) == pytest.approx(expected)
    else:  # none is named, or no time at all
        with pytest.raises(ValidationError):
            seconds(text)


@pytest.mark.parametrize("form", ["", " ", "90", "1m1h", "1 day", "m", "-5s", "1e3s", "1,5h", None])
def test_what_is_no_time_is_refused(form):
    with pytest.raises(ValidationError):
        seconds(form)


@pytest.mark.parametrize("form", [90, 90.0])
def test_a_number_is_in_seconds(form):
    assert seconds(form) == 90.0


def test_a_section_takes_no_other_keys_and_no_other_types():
    class Counted(Section):
        count: int = 1

    for form in ({"coutn": 2}, {"count": "2"}, {"count": 2.0}, {"count": True}):
        with pytest.raises(ValidationError):
            Counted.model_validate(form)
