"""Points in time as people write them: many at once are read as each alone."""

from hypothesis import given
from hypothesis import strategies as st

from hpopt.inputs.times import _day_and_clock, _days_and_clocks, without_zone, without_zones

DAYS = st.sampled_from(
    ["26/10/2020", "2020-5-1", "26.10.20", "Mon, 26 Oct 2020", "Oct 26, 2020", "20201026", "1", ""]
)
BETWEEN = st.sampled_from([" ", "  ", ", ", "T", "\u00a0", ""])
CLOCKS = st.sampled_from(
    ["04:40", "4:40:07.25 PM", "25:00", "12:00 am", "04:40:00 +01:00", "04:40 (CET)", "CET", ""]
)
POINTS = st.lists(st.tuples(DAYS, BETWEEN, CLOCKS).map("".join), max_size=9)


@given(POINTS)
def test_days_and_clocks_of_many_are_those_of_each(texts):
    codes, clocks, days = _days_and_clocks(texts)
    alone = [_day_and_clock(text) for text in texts]
    assert [(days[c], n) for c, n in zip(codes, clocks.astype(int).tolist(), strict=True)] == alone


@given(POINTS)
def test_zones_of_many_are_those_of_each(texts):
    assert without_zones(texts) == list(map(without_zone, texts))
