"""Stamps as steps: their distance, their gaps, and what can't be a series."""

import numpy as np
import pytest

from hpopt.data.time_steps import grid_of, reader_of_stamps, shown_stamp, stamps_of
from hpopt.errors import DataError, SettingError
from hpopt.inputs.stored import Texts


def _days(first, count, step="D"):
    return (np.datetime64(first, step) + np.arange(count)).astype("datetime64[s]")


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        (_days("2024-01-30", 60), "1 day"),
        (_days("2024-01-30T05", 60, "h"), "1 hour"),
        (_days("2024-01-30T05", 60, "h")[::6], "6 hours"),
        (_days("2024-01-01", 60, "D")[::7], "1 week"),
        (_days("2019-11", 30, "M"), "1 month"),
        (_days("2019-11", 30, "M")[::3], "3 months"),
        (((np.datetime64("2019-11") + np.arange(30)).astype("datetime64[D]") - 1).astype("M8[s]"),
         "1 month end"),
        (_days("2019", 30, "Y"), "12 months"),
        (_days("2024-01-01", 60)[np.is_busday(_days("2024-01-01", 60).astype("M8[D]"))],
         "1 business day"),
        (np.arange(30) * 0.5 + 3, "0.5"),
    ],
)  # fmt: skip
def test_the_distance_of_rows_is_found_and_makes_their_stamps(stamps, shown):
    shuffled = np.random.default_rng(0).permutation(len(stamps))
    grid = grid_of("t", stamps[shuffled], None)
    assert str(grid.steps) == shown
    np.testing.assert_array_equal(grid.stamps, stamps)
    np.testing.assert_array_equal(shuffled[grid.rows], np.arange(len(stamps)))
    np.testing.assert_array_equal(grid.places, np.arange(len(stamps)))
    assert grid.notes == ()


def test_a_gap_in_time_is_named_and_has_a_place():
    stamps = np.delete(_days("2024-01-01", 40), [10, 11, 30])
    grid = grid_of("t", stamps, None)
    assert np.flatnonzero(grid.rows < 0).tolist() == [10, 11, 30]
    [note] = grid.notes
    assert "2 gaps in time" in note
    assert "2 behind 2024-01-10 (row 10), 1 behind 2024-01-30 (row 28)" in note


def test_a_stamp_that_is_there_twice_is_named_unless_it_is_of_two_series():
    stamps = np.concatenate([_days("2024-01-01", 5), _days("2024-01-05", 5)])
    with pytest.raises(DataError, match="2024-01-05 in rows 5 and 6") as error:
        grid_of("t", stamps, None)
    assert "`groups` in `split`" in error.value.problems[0].help
    grid = grid_of("t", stamps, np.repeat([3, 1], 5))
    assert grid.series.tolist() == [1] * 5 + [3] * 5
    assert grid.places.tolist() == [4, 5, 6, 7, 8, 0, 1, 2, 3, 4]


def test_what_stands_between_two_steps_is_named():
    stamps = _days("2024-01-01T00", 30, "h")
    stamps[7] += 60
    with pytest.raises(DataError, match="1 stand between two steps: 2024-01-01 07:01:00 in row 8"):
        grid_of("t", stamps, None)


def test_series_may_begin_between_the_steps_of_others():
    stamps = np.concatenate([_days("2024-01-01T00", 5, "h"), _days("2024-01-01T02", 5, "h") + 1800])
    grid = grid_of("t", stamps, np.repeat([0, 1], 5))
    np.testing.assert_array_equal(grid.stamps, stamps)
    assert grid.places.tolist() == [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]


def test_stamps_of_single_events_are_no_series():
    seconds = np.random.default_rng(0).integers(0, 10**7, 300)
    stamps = np.datetime64("2024-01-01", "s") + np.unique(np.append(seconds, [5, 6, 7]))
    with pytest.raises(DataError, match="nearly all are missing") as error:
        grid_of("t", stamps, None)
    assert "Sum them up" in error.value.problems[0].help


def read_stamps(values):
    return stamps_of(values, reader_of_stamps("t", values))


def test_a_column_of_stamps_holds_dates_or_numbers_in_every_row():
    stamps = read_stamps(Texts.of(np.array(["03.01.2024", "04.01.2024", "30.01.2024"])))
    assert [shown_stamp(stamp) for stamp in stamps] == ["2024-01-03", "2024-01-04", "2024-01-30"]
    assert read_stamps(np.array([1.0, 2.0])).tolist() == [1, 2]
    with pytest.raises(SettingError, match=r"1 rows have no time stamp in `t` \(row 2\)"):
        read_stamps(np.array([1.0, np.nan]))
    with pytest.raises(SettingError, match="neither dates nor numbers"):
        read_stamps(Texts.of(np.array(["red", "blue"] * 20)))


def test_later_stamps_are_read_as_those_of_the_training_rows_were():
    reader = reader_of_stamps("t", Texts.of(np.array(["30/01/2024", "31/01/2024", "01/02/2024"])))
    later = stamps_of(Texts.of(np.array(["03/04/2024 00:00:00+02:00"])), reader)
    assert [shown_stamp(stamp) for stamp in later] == ["2024-04-03"]  # by itself: March the 4th
    as_asked = reader_of_stamps("t", Texts.of(np.array(["01/02/2024"])), date_format="%d/%m/%Y")
    assert shown_stamp(stamps_of(Texts.of(np.array(["01/02/2024"])), as_asked)[0]) == "2024-02-01"
