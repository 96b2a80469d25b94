"""Windows of series: what they see, what they say, and in which part they are."""

import json

import numpy as np
import pandas as pd
import pytest

from hpopt.data.folds import Splits, fold_parts
from hpopt.data.forecast import Forecast, find_season, naive_forecasts
from hpopt.data.forecast_rows import forecast_rows
from hpopt.data.prepared import Prepared, prepare
from hpopt.data.reading import of_frame
from hpopt.data.settings import WindowSettings
from hpopt.data.splits import split_rows
from hpopt.data.time_steps import Steps
from hpopt.data.windows import build_windows
from hpopt.errors import DataError, SettingError

SHARES = {"train": 0.6, "validation": 0.24, "test": 0.16, "seed": 0, "stratify": "auto"}


def _frame(days=200, first="2024-01-01"):
    day = np.arange(days)
    return pd.DataFrame(
        {
            "day": pd.Timestamp(first) + pd.to_timedelta(day, unit="D"),
            "sold": 100.0 + day + 10 * (day % 7),
            "price": np.where(day % 2, 3.5, 2.0),
            "shop": np.array(["open", "shut", "half"])[day % 3],
        }
    )


def _table(frame, *, groups=None, target="sold", order="day", **windows):
    settings = WindowSettings(**{"length": 7, "horizon": 2, **windows})
    return build_windows(
        of_frame(frame, "the frame"), settings, target=target, order=order, groups=groups
    )


def _shifts(table):
    """The day of the latest step of each window."""
    return table.order.astype(int)


def test_a_window_sees_its_past_and_says_the_steps_behind_it():
    table = _table(_frame())
    assert (table.task, table.kind) == ("forecast", "windows")
    assert table.target.shape == (192, 2)
    np.testing.assert_array_equal(_shifts(table), np.arange(6, 198))
    days = _shifts(table)[:, None] + [1, 2]
    np.testing.assert_array_equal(table.target, 100.0 + days + 10 * (days % 7))
    np.testing.assert_array_equal(table.features.columns["sold"][table.features.index][:, -1],
                                  table.target[:, 0] - 1 - 10 * ((_shifts(table) + 1) % 7)
                                  + 10 * (_shifts(table) % 7))  # fmt: skip
    assert table.forecast.season == 7
    assert {c.name: c.use for c in table.columns} == {
        "day": "order", "sold": "target", "price": "feature", "shop": "feature"
    }  # fmt: skip


def test_rows_may_stand_in_any_order():
    frame = _frame()
    shuffled = frame.sample(frac=1, random_state=0)
    np.testing.assert_array_equal(_table(shuffled).target, _table(frame).target)


def test_no_window_stands_in_two_parts_or_folds(tmp_path):
    table = _table(_frame())
    parts = split_rows(table, **SHARES)
    seen = {name: _steps(table, rows) for name, rows in parts.items()}
    assert seen["train"].max() < seen["validation"].min()
    assert seen["validation"].max() < seen["test"].min()
    assert sum(map(len, (parts.train, parts.validation, parts.test))) > 150
    folds = fold_parts(Splits(table, parts, tmp_path, folds=3, seed=0, stratified=False))
    ends = []
    for fold in folds:
        train, validation = _steps(table, fold.train), _steps(table, fold.validation)
        assert train.max() < validation.min()
        assert validation.max() < seen["test"].min()
        ends.append((train.max(), validation.max()))
    assert ends == sorted(ends)


def _steps(table, rows):
    """The days that windows see or say."""
    return (_shifts(table)[rows][:, None] + np.arange(-6, 3)).ravel()


def test_what_lies_ahead_changes_nothing_that_a_window_sees(tmp_path):
    """Shuffle all that stands behind the latest step: inputs stay the same to the bit."""
    frame = _frame()
    changed = frame.copy()
    rng = np.random.default_rng(1)
    for name in ("sold", "price", "shop"):
        changed.loc[150:, name] = rng.permutation(frame.loc[150:, name].to_numpy())
    changed.loc[150:, "sold"] *= 7
    inputs = []
    for each in (frame, changed):
        table = _table(each)
        parts = split_rows(table, **SHARES)
        data = prepare(table, parts, tmp_path / str(len(inputs)))
        early = table.features.take(np.flatnonzero(_shifts(table) < 150))
        inputs.append((data.features, data.features.apply(early), data.target, data.season_error))
    assert inputs[0][0] == inputs[1][0]  # statistics are the training part's
    np.testing.assert_array_equal(inputs[0][1], inputs[1][1])
    assert inputs[0][2:] == inputs[1][2:]


def test_what_is_known_ahead_is_seen_and_nothing_else_of_the_steps_ahead(tmp_path):
    frame = _frame()
    table = _table(frame, known=["price", "day"])
    data = prepare(table, split_rows(table, **SHARES), tmp_path)
    kind = data.features
    assert kind.input_shape[0] == 9
    inputs = kind.apply(table.features)
    changed = frame.copy()
    changed.loc[100:, ["sold", "shop"]] = [7.0, "shut"]
    other = kind.apply(_table(changed, known=["price", "day"]).features)
    before = _shifts(table) < 100
    np.testing.assert_array_equal(inputs[before], other[before])
    changed = frame.copy()
    changed.loc[100:, "price"] = 9.0
    other = kind.apply(_table(changed, known=["price", "day"]).features)
    assert (inputs[_shifts(table) == 99] != other[_shifts(table) == 99]).sum() == 2
    np.testing.assert_array_equal(inputs[_shifts(table) < 98], other[_shifts(table) < 98])


def test_gaps_in_time_and_unknown_targets_are_named_and_are_no_target():
    frame = _frame().drop(index=[50]).reset_index(drop=True)
    frame.loc[100, "sold"] = np.nan  # day 101
    table = _table(frame)
    assert any("1 gap in time" in note and "2024-02-19 (row 50)" in note for note in table.notes)
    assert any("1 row without `sold` are no target" in note for note in table.notes)
    missing = {48, 49, 99, 100} | {50, 101}  # they would say a gap, or begin at one
    assert set(range(6, 198)) - set(_shifts(table).tolist()) == missing
    assert np.isfinite(table.target).all()


def test_series_of_groups_are_cut_at_one_time_and_windows_stay_in_one():
    first, second = _frame(120), _frame(120, first="2024-02-10")
    frame = pd.concat([first.assign(id="a"), second.assign(id="b")])
    table = _table(frame, groups="id")
    assert len(table.target) == 2 * 112
    parts = split_rows(table, **SHARES)
    assert _steps(table, parts.train).max() < _steps(table, parts.validation).min()
    assert (np.diff(table.order) >= 0).all()
    sold = table.features.columns["sold"][table.features.index]
    assert (np.abs(np.diff(sold, axis=1)) < 70).all()  # none goes over from a series to the next
    with pytest.raises(DataError, match="stand twice"):
        _table(frame)


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ({"length": 300}, "no windows of 300 steps"),
        ({"known": ["prise"]}, "did you mean `price`"),
        ({"known": ["sold"]}, "can't be known ahead: it is the target"),
        ({"known": ["note"]}, "left out"),
    ],
)
def test_what_makes_no_windows_is_said(windows, words):
    frame = _frame().assign(note="always the same")
    with pytest.raises(DataError, match=words):
        _table(frame, **windows)


def test_windows_need_time_stamps():
    with pytest.raises(SettingError, match="windows need time stamps"):
        _table(_frame(), order=None)
    assert _table(_frame(), order="time").forecast.time == "day"


def test_a_part_without_a_window_of_its_own_is_an_error():
    with pytest.raises(DataError, match="no window of 60 steps and 2 ahead that is in no other"):
        split_rows(_table(_frame(), length=60), **SHARES)


def test_naive_forecasts_say_the_last_value_and_that_of_a_season_ago():
    y = np.arange(20.0)
    y[11] = np.nan
    series = np.repeat([0, 1], [17, 3])
    said = naive_forecasts(y, series, np.array([13, 3]), horizon=5, season=4)
    assert said["last value"].tolist() == [[13.0] * 5, [3.0] * 5]
    # What is not known is that of the season before, or else the last value.
    assert said["4 steps ago"].tolist() == [[10, 7, 12, 13, 10], [0, 1, 2, 3, 0]]


def test_the_season_is_that_which_says_most():
    hours = np.arange(24 * 7 * 8)
    y = np.sin(hours * 2 * np.pi / 24) + 5 * ((hours // 24) % 7 > 4)
    steps = Steps("seconds", 3600, 0)
    assert find_season(y, np.zeros(len(y)), steps) == 168
    assert find_season(y % 1, np.zeros(len(y)), Steps("numbers", 1, 0)) == 1
    assert find_season(np.sin(np.arange(48) * np.pi / 6), np.zeros(48),
                       Steps("months", 1, 0)) == 12  # fmt: skip


def test_the_season_error_is_the_training_parts(tmp_path):
    frame = _frame()
    frame.loc[130:, "sold"] *= 50
    table = _table(frame)
    data = prepare(table, split_rows(table, **SHARES), tmp_path)
    assert data.season_error == pytest.approx(7.0)  # a trend of 1 a day, over 7 days
    again = Prepared.from_json(json.loads(json.dumps(data.to_json(), allow_nan=False)), tmp_path)
    assert (again.forecast, again.season_error) == (data.forecast, data.season_error)
    assert isinstance(again.forecast, Forecast)
    assert set(again.naive("test")) == {"7 steps ago", "last value"}
    assert again.y("test").shape[1] == again.output.units == 2


def _data(tmp_path, frame, **windows):
    table = _table(frame, **windows)
    return prepare(table, split_rows(table, **SHARES), tmp_path)


def test_the_latest_rows_give_the_steps_to_come_of_each_series(tmp_path):
    frame = pd.concat([_frame().assign(id="a"), _frame().assign(id="b")])
    data = _data(tmp_path, frame, groups="id", known=["day"])
    latest = pd.concat([_frame(50).assign(id="b"), _frame(40).assign(id="new"),
                        _frame(3).assign(id="short")])  # fmt: skip
    rows = forecast_rows(of_frame(latest, "f"), "f", data, with_target=False)
    assert rows.rows.shape == (2, 9, len(data.features.names))
    assert rows.count == 4
    assert rows.ids["id"].tolist() == ["b", "b", "new", "new"]
    assert rows.ids["day"].tolist() == ["2024-02-20", "2024-02-21", "2024-02-10", "2024-02-11"]
    assert rows.ids["step"].tolist() == [1, 2, 1, 2]
    assert any("too short to be forecast: `short`" in note for note in rows.notes)
    np.testing.assert_array_equal(rows.rows[0, :7, 0], _frame(50)["sold"][-7:])
    assert np.isnan(rows.rows[:, 7:, 0]).all()


def test_what_has_to_be_known_ahead_is_asked_for(tmp_path):
    data = _data(tmp_path, _frame(), known=["price"])
    latest = _frame(50)
    with pytest.raises(DataError, match="lacks `price` at 2024-02-20, which has to be known") as e:
        forecast_rows(of_frame(latest, "f"), "f", data, with_target=False)
    assert "add a row for each of the 2 steps to come" in e.value.problems[0].help
    latest.loc[48:, "sold"] = np.nan
    rows = forecast_rows(of_frame(latest, "f"), "f", data, with_target=False)
    assert rows.ids["day"].tolist() == ["2024-02-18", "2024-02-19"]
    price = data.features.names.index("price")
    np.testing.assert_array_equal(rows.rows[0, :, price], latest["price"][-9:])
    latest.loc[49, "price"] = np.nan
    with pytest.raises(DataError, match="lacks `price` at 2024-02-19"):
        forecast_rows(of_frame(latest, "f"), "f", data, with_target=False)
    with pytest.raises(DataError, match="no 7 steps, 1 day apart"):
        forecast_rows(of_frame(_frame(5), "f"), "f", data, with_target=False)


def test_a_later_file_gives_all_windows_with_a_target(tmp_path):
    data = _data(tmp_path, _frame())
    later = _frame(30, first="2024-09-01")
    rows = forecast_rows(of_frame(later, "f"), "f", data, with_target=True)
    assert rows.rows.shape[:2] == (22, 7)
    np.testing.assert_array_equal(rows.target[:, 0], later["sold"][7:29])
    assert len(np.unique(rows.groups)) < 22
    with pytest.raises(DataError, match="no window of 7 steps with 2 known ones"):
        forecast_rows(of_frame(later[:8], "f"), "f", data, with_target=True)
