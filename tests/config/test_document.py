import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.config.dumping import inline_yaml
from hpopt.config.parsing import read_document
from hpopt.errors import ConfigError


def read(tmp_path, text, overrides=()):
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path, overrides)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+2", 100.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-12", -12),
        ("014", 14),
        ("0o14", 12),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("TRUE", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("-.inf", -math.inf),
        ("'1e-3'", "1e-3"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
    ],
)
def test_scalars_follow_yaml_1_2(tmp_path, text, value):
    read_value = read(tmp_path, f"key: {text}").tree["key"]
    assert (type(read_value), read_value) == (type(value), value)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False)
    | st.text()
)


@given(value=scalars | st.lists(scalars) | st.dictionaries(st.text(min_size=1), scalars))
def test_what_the_resolved_config_writes_is_read_as_it_was(tmp_path_factory, value):
    try:
        line = inline_yaml(value).encode()
    except UnicodeEncodeError:  # a lone surrogate can't stand in any file
        return
    if isinstance(value, dict) and "<<" in value:
        return
    document = read(tmp_path_factory.mktemp("yaml"), b"key: " + line + b"  # a comment")
    assert document.tree["key"] == value
    assert type(document.tree["key"]) is type(value)


def test_keys_and_values_know_their_places(tmp_path):
    document = read(tmp_path, "a:\n  b: [1, {c: 2}]\n")
    assert str(document.location(("a", "b", 1, "c"))).endswith("config.yaml:2:14")
    assert str(document.location(("a", "b"), of_key=True)).endswith("config.yaml:2:3")
    assert str(document.location(("a", "missing"))).endswith("config.yaml:2:3")


def test_an_override_replaces_adds_and_says_where_it_came_from(tmp_path):
    document = read(tmp_path, "a: {b: 1}\nd:\n", ["a.b=1e-3", "a.c=[x, no]", "d.e.f=2"])
    assert document.tree == {"a": {"b": 0.001, "c": ["x", "no"]}, "d": {"e": {"f": 2}}}
    assert document.origin(("a", "b")) == "--set a.b=1e-3"
    assert str(document.location(("d", "e"))) == "--set d.e.f=2"


def test_the_last_override_wins(tmp_path):
    assert read(tmp_path, "a: 1", ["a=2", "a=3"]).tree == {"a": 3}


@pytest.mark.parametrize("text", ["a: 1\r\nb: 2\r\n", "\ufeffa: 1\nb: 2\n"])
def test_files_from_windows_are_read(tmp_path, text):
    assert read(tmp_path, text).tree == {"a": 1, "b": 2}


def test_anchors_are_followed(tmp_path):
    assert read(tmp_path, "a: &x {b: 1}\nc: *x").tree == {"a": {"b": 1}, "c": {"b": 1}}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore")))
def test_any_bytes_are_a_document_or_a_config_error(tmp_path_factory, source):
    with contextlib.suppress(ConfigError):
        read(tmp_path_factory.mktemp("bytes"), source)
