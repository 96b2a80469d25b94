"""Plain data as YAML: what params.yaml, resolved configs and suggested commands are made of."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hpopt.config.dumping import block_yaml, inline_yaml
from hpopt.config.parsing import parse_document
from hpopt.errors import ConfigError

TEXTS = st.one_of(
    st.sampled_from(
        ["no", "1e-3", "null", "~", "", "0x10", "a: b", "- a", "2026-01-01", "<<", "=="]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=9),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
TREES = st.dictionaries(
    st.sampled_from(["space", "early_stopping.patience", "a"]),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
    min_size=1,
)


@given(TREES)
def test_it_is_read_as_it_was(tree):
    document = parse_document(Path("c.yaml"), block_yaml(tree).encode())
    assert document.tree == tree
    again = parse_document(Path("c.yaml"), inline_yaml(tree).encode())
    assert again.tree == tree


@given(TREES)
def test_other_programs_that_know_yaml_1_1_read_the_same(tree):
    assert yaml.safe_load(block_yaml(tree)) == tree
    assert yaml.safe_load(inline_yaml(tree)) == tree


def test_one_line_is_one_line():
    assert inline_yaml({"a": ["x " * 200, 1e-9]}).count("\n") == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.array([1, 2]), "[1, 2]"),
        ((1, 2), "[1, 2]"),
        (PurePosixPath("/a/b.csv"), '"/a/b.csv"'),
    ],
)
def test_what_stands_for_plain_data_is_written_as_such(value, text):
    assert inline_yaml(value) == text


def test_what_is_no_data_is_refused():
    with pytest.raises(ConfigError, match="a function can't stand in a config"):
        block_yaml({"a": [test_what_is_no_data_is_refused]})


def test_letters_of_all_languages_stand_as_they_are_and_what_is_not_seen_does_not():
    assert inline_yaml({"größe": "判定"}) == '{größe: "判定"}'
    assert inline_yaml("a\u202eb") == r'"a\u202Eb"'
