import numpy as np
import pandas as pd
import pytest

from hpopt.data.column_kinds import look
from hpopt.data.reading import of_frame
from hpopt.inputs.raw import raw_columns
from hpopt.inputs.stored import Texts, raw_values

RNG = np.random.default_rng(0)
N = 200


def column(values, name="x", asked=None):
    stored = of_frame(pd.DataFrame({name: values}), "it").columns[name]
    return look(name, stored, asked=asked)


DATES = pd.date_range("2020-01-01", periods=N, freq="37h")
KINDS = {
    "numeric": RNG.normal(size=N),
    "few whole numbers": RNG.integers(0, 5, N),
    "whole, all different": RNG.permutation(10 * N)[:N],
    "text numbers": [f"{number:,}" for number in RNG.integers(0, 10**6, N)],
    "percent": [f"{number} %" for number in RNG.integers(0, 100, N)],
    "gap words": [["12.5", "?", "NA", "-", "3"][i % 5] for i in range(N)],
    "categorical": [["red", "green", "blue"][i % 3] for i in range(N)],
    "rare": [f"name{i}" if i < 30 else "often" for i in range(N)],
    "boolean": [["Yes", "no"][i % 2] for i in range(N)],
    "zero one": RNG.integers(0, 2, N),
    "flag": RNG.integers(0, 2, N).astype(bool),
    "iso": DATES.strftime("%Y-%m-%d"),
    "german": DATES.strftime("%d.%m.%Y"),
    "american": DATES.strftime("%m/%d/%Y"),
    "stamped": DATES.strftime("%Y-%m-%dT%H:%M:%S"),
    "times": DATES,
    "words": [f"a text of {i} words or more" for i in range(N)],
    "codes": [f"A{i:05}" for i in range(N)],
    "row": np.arange(N) + 1,
    "customer_id": RNG.integers(0, 10**6, N),
    "constant": ["same"] * N,
    "empty": [None] * N,
    "mostly missing": [f"C{i}" if i < 60 else None for i in range(N)],
}
EXPECTED = {
    "numeric": [
        "numeric",
        "few whole numbers",
        "whole, all different",
        "text numbers",
        "percent",
        "gap words",
    ],
    "categorical": ["categorical", "rare", "mostly missing"],
    "boolean": ["boolean", "zero one", "flag"],
    "date": ["iso", "german", "american", "stamped", "times"],
    "text": ["words"],
    "id": ["codes", "row", "customer_id"],
    "constant": ["constant", "empty"],
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in EXPECTED.items() for name in names]
)
def test_a_column_is_what_its_values_say(kind, name):
    found = column(KINDS[name], name)
    assert found.kind == kind, found.reason
    assert found.reason
    assert found.use == ("left out" if kind in ("text", "id", "constant") else "feature")


def test_gaps_and_different_values_are_counted():
    found = column(["a", "b", None, "b"] * 5)
    assert (found.gaps, found.distinct) == (5, 2)


def test_infinite_numbers_count_as_gaps_with_a_word():
    found = column([1.0, np.inf, -np.inf, 2.0] * 5)
    assert found.gaps == 10
    assert "10 infinite ones count as gaps" in found.reason


def test_texts_that_are_no_numbers_are_named():
    found = column([str(i / 7) for i in range(100)] + ["broken"])
    assert found.kind == "numeric"
    assert '"broken"' in found.reason


def test_words_for_a_gap_among_numbers_are_gaps():
    found = column(KINDS["gap words"])
    assert found.gaps == 120
    assert '"?" is a gap' in found.reason


def test_a_date_whose_day_could_be_the_month_says_so():
    found = column([f"{1 + i % 12:02}/{1 + i % 11:02}/2020" for i in range(100)])
    assert found.reader["formats"] == ["%m/%d/%Y"]
    assert "the day?" in found.reason


@pytest.mark.parametrize(
    ("texts", "number", "word"),
    [
        (["$3,601.31", "-$5", "$7.5"], 3601.31, '"$" at them'),
        (["3.601,31 €", "5 €", "7,5 €"], 3601.31, '"€" at them'),
        (["CHF 3'601.31", "CHF 5", "CHF 7"], 3601.31, '"chf" at them'),
        (["3\u202f601,31", "5", "7,5"], 3601.31, "is 3601.31"),
        (["(3,601.31)", "5", "7.5"], -3601.31, "in brackets are negative"),
        (["3601.31-", "5.00", "7.50"], -3601.31, "numbers"),
        (["\u22123601.31", "5", "7.5"], -3601.31, "numbers"),
        (["1,23,456", "5", "12,345"], 123456, "is 123456"),
        (["12 kg", "5.5 kg", "7kg"], 12, '"kg" at them'),
        (["12 months", "1 month", "7 months"], 12, '"month" at them'),
        (["12 %", "0.5 %", "7%"], 12, "in %"),
        (["12 %", "0.5", "0.07"], 0.12, "12 % is 0.12"),
        (["12 %", "5", "7"], 12, "12 % is 12"),
        (["01:30", "23:15", "12:00:36"], 1.5, "in hours"),
        (["1:30 PM", "11:15 am", "12:00 am"], 13.5, "in hours"),
        (["1h 30m", "45 min", "2 days 3h"], 1.5, "in hours"),
        (["1 days 01:30:00", "0 days 02:00:00", "45:15"], 25.5, "in hours"),
        (["PT1H30M", "PT45M", "P1DT2H"], 1.5, "in hours"),
    ],
)
def test_numbers_are_read_as_people_write_them(texts, number, word):
    found = column(texts * 10)
    assert found.kind == "numeric"
    assert word in found.reason
    values = raw_columns(pd.DataFrame({"x": texts}), [found.reader])["x"]
    assert values[0] == pytest.approx(number)
    assert not np.isnan(values).any()


@pytest.mark.parametrize(
    "texts",
    [["v1", "v2", "v3"], ["Q1", "Q2", "Q3"], ["1.0.1", "1.0.2", "1.1"], ["1/2", "2/3", "3/4"]],
)
def test_codes_with_digits_stay_texts(texts):
    assert column(texts * 10).kind == "categorical"


def test_numbers_of_several_units_stay_texts_with_a_word():
    found = column([f"{i % 9} {'kg' if i % 2 else 'g'}" for i in range(100)])
    assert found.kind == "categorical"
    assert "several units" in found.reason


def test_a_few_words_among_many_numbers_are_gaps():
    found = column([f"{i / 7:.3f}" if i % 4 else "unknown" for i in range(200)])
    assert found.kind == "numeric"
    assert '50 others count as gaps ("unknown"' in found.reason
    few = column([str(i % 3) if i % 4 else "unknown" for i in range(200)])
    assert few.kind == "categorical"


MOMENT = np.datetime64("2020-10-26T04:40:00", "ns")


@pytest.mark.parametrize(
    ("text", "moment", "formats"),
    [
        ("10/26/2020 04:40 AM", MOMENT, ["%m/%d/%Y"]),
        ("10/26/2020 4:40:00 a.m.", MOMENT, ["%m/%d/%Y"]),
        ("2020-10-26 04:40:00 UTC", MOMENT, ["%Y-%m-%d"]),
        ("26.10.2020 05:40:00 +01:00", MOMENT, ["%d.%m.%Y"]),
        ("Mon, 26 Oct 2020 04:40:00 +0000", MOMENT, ["%d %b %Y"]),
        ("26.10.2020 04:40:00.000000", MOMENT, ["%d.%m.%Y"]),
        ("Monday, 26 October 2020", MOMENT.astype("datetime64[D]"), ["%d %B %Y"]),
        ("October 26, 2020 4:40 AM", MOMENT, ["%B %d, %Y"]),
        ("Oct-20", MOMENT.astype("datetime64[M]"), ["%b-%y"]),
        ("2020Q4", MOMENT.astype("datetime64[M]"), ["quarter"]),
        ("2020-W44", MOMENT.astype("datetime64[D]"), ["week"]),
    ],
)
def test_dates_are_read_as_people_write_them(text, moment, formats):
    found = column([text] * 10 + [text.replace("2020", "2021").replace("Oct-20", "Oct-21")] * 10)
    assert found.kind == "date", found.reason
    assert found.reader["formats"] == formats
    values = raw_columns(pd.DataFrame({"x": [text]}), [{**found.reader, "parts": ["days"]}])
    days = (moment - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
    assert values["x.days"][0] == pytest.approx(days, abs=1e-9)


def test_dates_of_mixed_forms_never_take_day_and_month_in_turn():
    found = column(["26/10/2020", "2020-05-21", "1 Mar 2021", "03/04/2020"] * 10)
    assert found.reader["formats"] == ["%d/%m/%Y", "%Y-%m-%d", "%d %b %Y"]


def test_dates_that_are_not_there_are_gaps():
    found = column(["2020-10-26", "2021-05-21", "0000-00-00", "9999-12-31"] * 10)
    assert (found.kind, found.gaps) == ("date", 20)
    assert found.words == {"0000-00-00": 10, "9999-12-31": 10}


@pytest.mark.parametrize(
    "values",
    [
        [1603687200, 1590102840],
        [1603687200123, 1590102840456],
        [20201026044000, 20200521231400],
        [202010, 202005],
        [2020, 2019],
        ["26/10/2020", "unknown"],
        ["2020-10-26 04:40", "2020-05-21 23:14"],
    ],
)
def test_a_column_of_dates_can_always_be_said_to_be_one(values):
    found = column(values * 10, asked="date")
    [year] = raw_columns(
        pd.DataFrame({"x": values[:1]}), [{**found.reader, "parts": ["year"]}]
    ).values()
    assert year[0] == 2020


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("%Y-%m-%d %H:%M CET", 'at which "CET" is not understood'),
        ("%m/%d/%Y %I:%M %p EST", 'at which "EST" is not understood'),
        ("%d.%m.%Y %H:%M Uhr", 'at which "Uhr" is not understood'),
        ("%d/%b/%Y:%H:%M:%S +0100", "of a form that is not known"),
        ("%a %b %d %H:%M:%S CET %Y", "of a form that is not known"),
        ("%dth %B %Y", "of a form that is not known"),
        ("%d. Oktober %Y", "of a form that is not known"),
        ("%d%b%Y", "of a form that is not known"),
        ("%Y-%j", "of a form that is not known"),
        ("%y-%m-%d", "of a form that is not known"),
        ("%Y-%m-%d_%H-%M", "of a form that is not known"),
        ("%Y年%m月", "of a form that is not known"),
    ],
)
def test_dates_that_are_taken_for_texts_name_what_was_not_understood(written, word):
    found = column(DATES.strftime(written))
    assert found.kind != "date"
    assert "looks like a date, " in found.doubt
    assert word in found.doubt
    with pytest.raises(ValueError, match=word):
        column(DATES.strftime(written), asked="date")


@pytest.mark.parametrize(
    "text", ["AB-{0}-2020-{1}", "10.{1}.{0}.7", "Mary {0} May", "{0} Main St", "2.{1}.{0}", "A{0}"]
)
def test_other_texts_with_digits_do_not_look_like_dates(text):
    assert not column([text.format(i, i % 24) for i in range(N)]).doubt


def test_the_owner_names_the_form_of_dates():
    stored = of_frame(pd.DataFrame({"x": ["03/04/2020", "05/06/2020"] * 10}), "it").columns["x"]
    found = look("x", stored, asked="date", date_format="%d/%m/%Y")
    [month] = raw_columns(
        pd.DataFrame({"x": ["03/04/2020"]}), [{**found.reader, "parts": ["month"]}]
    ).values()
    assert month[0] == 4


def test_the_owner_has_the_last_word():
    assert column([1, 2, 3] * 10, asked="categorical").kind == "categorical"
    assert column(np.arange(50), asked="numeric").use == "feature"
    assert column([20200131, 20200201] * 10, asked="date").kind == "date"
    assert column(["a", "b"] * 10, asked="id").use == "left out"
    for values, asked in ((["a", "b"], "numeric"), (["a", "b"], "date"), ([1, 2, 3], "boolean")):
        with pytest.raises(ValueError):
            column(values, asked=asked)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"constant", "empty"}))
def test_raw_columns_are_those_of_the_frame_by_the_same_reader(name):
    """What a table is trained on is what an exported model is given."""
    frame = pd.DataFrame({name: KINDS[name]})
    stored = of_frame(frame, "it").columns[name]
    found = look(name, stored)
    reader = found.reader or {"column": name, "kind": "categorical"}
    trained, given = raw_values(stored, reader), raw_columns(frame, [reader])
    assert trained.keys() == given.keys()
    for part, values in trained.items():
        array = values if isinstance(values, np.ndarray) else values.to_array()
        np.testing.assert_array_equal(array, given[part])


@pytest.mark.parametrize(
    "name",
    ["Fallnummer", "PatientenNr.", "Kunden-Nr", "cod_produto", "número do pedido", "顧客番号"],
)
def test_numbers_of_cases_are_ids_in_other_languages_too(name):
    numbers = RNG.permutation(10**6)[:200].astype(float)
    assert look(name, numbers).kind == "id"
    for count in ("numero_filhos", "num_views", "numeric", "Anzahl"):
        assert look(count, numbers).kind == "numeric"


NUMBERS = [f"{i % 30}.25" for i in range(120)]


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([*NUMBERS, *["<0.5"] * 40], '40 values are no numbers ("<0.5", ...)'),
        ([f"{i}/80" for i in range(100, 160)], '"100/80" holds two numbers'),
        (["1.1", "1.10", "1.2", "2"] * 20, '"1.10" is read as 1.1'),
        (["1E5", "1E05", "2E3"] * 20, '"1E5" is read as 100000'),
    ],
)
def test_what_may_be_meant_otherwise_is_said(texts, word):
    assert word in column(texts).doubt


@pytest.mark.parametrize(
    "texts",
    [
        [*NUMBERS, "<0.5"],
        ["1/3", "2/3", "1/2"] * 20,
        ["1.10", "1.20", "2.00"] * 20,
        ["1.5", "2.0", "3"] * 20,
        ["1e+05", "2.5e3"] * 20,
        ["38", "40", "S", "M"] * 20,
    ],
)
def test_what_is_sure_has_no_word(texts):
    assert not column(texts).doubt


def test_numeric_takes_what_is_half_of_numbers_and_says_the_others():
    found = column([*NUMBERS, *["<0.5"] * 40], asked="numeric")
    assert (found.kind, found.reader["misread"]) == ("numeric", True)
    assert '40 others count as gaps ("<0.5", ...)' in found.reason
    with pytest.raises(ValueError, match="can't be read as numbers"):
        column([*["<0.5"] * 121, *NUMBERS], asked="numeric")


def test_long_codes_with_a_decimal_comma_stay_apart():
    codes = np.array([f"9000000000000000{i:02},0" for i in range(40)] * 9)
    assert look("code", Texts.of(codes), ",").kind == "categorical"


def test_dates_of_the_east_are_dates():
    texts = [f"2020年{i}月{i + 2}日" for i in range(1, 13)]
    assert column(texts).reader["formats"] == ["%Y-%m-%d"]
