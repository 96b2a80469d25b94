import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.errors import Location, RunError
from hpopt.runs.events import Failed, Finished, Header, Paused, Started, Step, Thawed
from hpopt.runs.journal import Journal, encode, read_journal

HEADER = Header(
    hpopt="0.1.0",
    metric="accuracy",
    greater_is_better=True,
    fingerprints={"data": "0a1b", "split": "2c3d"},
    constants={"builder": "dense_dropout", "training": {"epochs": 3, "metric": "auto"}},
    space=[{"type": "integer", "name": "layers", "low": 1, "high": 5, "when": {}}],
)
STARTED = Started(1, {"rate": 1e-3, "size": None}, seed=4, time="2026-11-23T10:37:05.000+00:00")
FINISHED = Finished(
    number=1,
    value=-0.975,
    metrics={"accuracy": 0.975},
    scores=[0.975],
    curves={"loss": [0.5, 0.25], "val_loss": [0.75, 1 / 3]},
    epochs=2,
    seconds=0.125,
    weights="weights.npz",
)
FAILED = Failed(2, 'the loss became NaN\n"here", in epoch 3 — größer als nötig')
STEP = Step("test", "2026-11-23T10:39:00.000+00:00", {"best": {"accuracy": 0.9}})
PAUSED = Paused(2, -0.75, {"accuracy": 0.75}, [0.75], {}, 6, 0.1, state="state.npz", level=1 / 9)
THAWED = Thawed(2, 1 / 3, "", {"fit": {"trials": 3}}, 1.5)
EVENTS = [
    STARTED,
    FINISHED,
    PAUSED,
    THAWED,
    Started(2, {"rate": 0.1}, 5, "", {"gains": [1.5]}, 2),
    FAILED,
    STEP,
]

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**200), 2**200) | numbers | texts
trees = scalars | st.lists(scalars, max_size=3) | st.dictionaries(texts, scalars, max_size=3)
mappings = st.dictionaries(texts, trees, max_size=3)
trials = st.integers(1, 1_000_000)
params = st.dictionaries(texts, scalars, max_size=3)
events = st.one_of(
    st.builds(Started, trials, params, st.integers(0, 2**200), texts, mappings),
    st.builds(
        Finished,
        number=trials,
        value=numbers,
        metrics=st.dictionaries(texts, numbers, max_size=3),
        scores=st.lists(numbers, max_size=3),
        curves=st.dictionaries(texts, st.lists(numbers, max_size=3), max_size=3),
        epochs=st.integers(0, 2**200),
        seconds=st.floats(0, 1e100),
        weights=st.none() | st.just("weights.npz"),
    ),
    st.builds(
        Paused,
        number=trials,
        level=st.floats(0, 1, exclude_min=True),
        value=numbers,
        metrics=st.dictionaries(texts, numbers, max_size=3),
        scores=st.lists(numbers, max_size=3),
        curves=st.just({}),
        epochs=st.integers(0, 2**200),
        seconds=st.floats(0, 1e100),
        state=st.none() | st.just("state.npz"),
    ),
    st.builds(Thawed, trials, st.floats(0, 1, exclude_min=True), texts, mappings),
    st.builds(Failed, trials, texts),
    st.builds(Step, texts, texts, mappings),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "journal.jsonl"


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def strict(line):
    return json.loads(line, parse_constant=refuse)


def line(**form):
    return json.dumps(form).encode() + b"\n"


def read_lines(file, *lines):
    file.write_bytes(b"".join(lines))
    return read_journal(file)


def refusal_of(file, *lines):
    with pytest.raises(RunError) as caught:
        read_lines(file, *lines)
    return caught.value.problems[0]


@given(found=st.lists(events, max_size=3))
def test_events_come_back_to_the_last_bit(file, found):
    header, back = read_lines(file, encode(HEADER), *(encode(event) for event in found))
    assert header == HEADER
    assert back == found
    assert repr(back) == repr(found)  # tells -0.0 from 0.0, and 1 from 1.0 and True


@given(mappings)
def test_any_header_comes_back(file, constants):
    before = Header("0.1.0", "rmse", False, {}, constants, [])
    assert read_lines(file, encode(before)) == (before, [])


@given(event=events)
def test_an_event_is_one_line_of_strict_json_that_names_its_kind(event):
    encoded = encode(event)
    assert encoded.endswith(b"\n")
    assert encoded.count(b"\n") == 1
    assert strict(encoded)["kind"] == event.kind


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null(bad):
    event = Finished(1, bad, {"auc": bad}, [0.5, bad], {"loss": [1.0, bad]}, 2, 0.1)
    form = strict(encode(event))
    assert form["value"] is None
    assert form["metrics"] == {"auc": None}
    assert form["scores"] == [0.5, None]
    assert form["curves"] == {"loss": [1.0, None]}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_however_deep(bad):
    event = Started(1, {}, 0, "", {"gains": [[1.0], {"deep": (bad, 2.0)}]})
    assert strict(encode(event))["info"] == {"gains": [[1.0], {"deep": [None, 2.0]}]}


def test_what_is_appended_can_be_read_at_once(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    for count, event in enumerate([HEADER, *EVENTS]):
        journal.append(event)
        assert read_journal(tmp_path / "journal.jsonl") == (HEADER, EVENTS[:count])
    journal.close()


def test_a_journal_that_is_opened_again_goes_on_at_its_end(tmp_path):
    for event in (HEADER, STARTED):
        journal = Journal(tmp_path / "journal.jsonl")
        journal.append(event)
        journal.close()
    assert read_journal(tmp_path / "journal.jsonl") == (HEADER, [STARTED])


def test_a_file_cut_at_any_byte_keeps_its_whole_lines(file):
    lines = [encode(event) for event in (HEADER, *EVENTS)]
    whole = b"".join(lines)
    for cut in range(len(lines[0]), len(whole) + 1):
        expected = EVENTS[: whole[:cut].count(b"\n") - 1]
        assert read_lines(file, whole[:cut]) == (HEADER, expected)


def test_a_file_cut_within_its_first_line_is_said_to_have_no_header(file):
    header = encode(HEADER)
    for cut in range(len(header)):
        problem = refusal_of(file, header[:cut])
        assert problem.message == "the journal has no header"
        assert problem.location == Location(str(file), 1)


@pytest.mark.parametrize("tail", [b"\0" * 512, b"\xff\xfe", b'{"kind":"failed","number":', b"{}"])
def test_a_torn_last_line_is_passed_over(file, tail):
    assert read_lines(file, encode(HEADER), encode(STARTED), tail) == (HEADER, [STARTED])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"\0\0\0\0",
        b"\xff\xfe",
        b"3",
        b"null",
        b'"started"',
        b"[]",
        b"{}",
        b'{"number":1}',
        b'{"kind":[]}',
        b'{"kind":"started","number":1}',
        b'{"kind":"finished"}',
        encode(STARTED)[:-20],
        encode(STARTED)[:-1] + encode(FINISHED)[:-1],
    ],
    ids=range(15),
)
def test_a_damaged_line_in_the_middle_is_named_with_its_file(file, damaged):
    problem = refusal_of(file, encode(HEADER), encode(STARTED), damaged + b"\n", encode(FINISHED))
    assert problem.location == Location(str(file), 3)
    assert "damaged" in problem.message
    assert f"{file}:3" in problem.render("run")


def test_a_journal_that_begins_with_something_else_has_no_header(file):
    assert "no header" in refusal_of(file, encode(STARTED), encode(HEADER)).message


def test_a_journal_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RunError, match=r"nowhere\.jsonl"):
        read_journal(tmp_path / "nowhere.jsonl")


def test_kinds_of_a_later_version_are_skipped(file):
    later = line(kind="dreamt", number=1, whatever=[1, {"a": None}])
    assert read_lines(file, encode(HEADER), encode(STARTED), later, encode(FINISHED)) == (
        HEADER,
        [STARTED, FINISHED],
    )


@pytest.mark.parametrize("event", [HEADER, *EVENTS], ids=lambda event: event.kind)
def test_fields_of_a_later_version_are_skipped(file, event):
    later = line(**strict(encode(event)), mood="good", extra={"kind": "failed"})
    lines = [later] if event is HEADER else [encode(HEADER), later]
    assert read_lines(file, *lines) == (HEADER, [] if event is HEADER else [event])


def test_fields_that_came_later_have_their_defaults(file):
    started = line(kind="started", number=3, params={"rate": 0.1}, seed=9, time="")
    assert read_lines(file, encode(HEADER), started)[1] == [Started(3, {"rate": 0.1}, 9, "")]


@pytest.mark.parametrize("found", ["1.0", "1.1", "1.7.3", "1.99"])
def test_a_later_minor_format_is_read(file, found):
    header, _ = read_lines(file, line(**strict(encode(HEADER)) | {"format": found}))
    assert header.format == found


@pytest.mark.parametrize("found", ["2.0", "2", "10.0", "0.9"])
def test_another_major_format_is_refused_by_its_name(file, found):
    problem = refusal_of(file, line(**strict(encode(HEADER)) | {"format": found}))
    assert f"format {found}" in problem.message
    assert problem.location == Location(str(file), 1)
    assert "version of hpopt" in problem.help


def test_a_later_major_format_is_refused_whatever_else_it_holds(file):
    problem = refusal_of(file, line(kind="header", format="2.0"), b"\x93binary\n")
    assert "format 2.0" in problem.message


def test_without_curves_all_else_is_read(tmp_path):
    # Names and reasons that look like the curves' own text must not be taken for them.
    odd = '"curves":{"loss":[1.0]}'
    curves = {"loss": [0.5, float("nan")], "val_loss": [], "learning_rate": [1e-3]}
    events = [
        Started(1, {"a": odd}, seed=1, time=odd),
        Finished(1, 0.5, {"accuracy": 0.5}, [0.5], curves, 2, 0.1, odd),
        Started(2, {}, seed=2, time=""),
        Failed(2, odd),
    ]
    path = tmp_path / "journal.jsonl"
    header = Header("0.1.0", "accuracy", True, {}, {}, [])
    path.write_bytes(b"".join(map(encode, [header, *events])))
    whole, bare = read_journal(path)[1], read_journal(path, curves=False)[1]
    assert bare[1] == dataclasses.replace(whole[1], curves={})
    assert [bare[0], *bare[2:]] == [whole[0], *whole[2:]]
