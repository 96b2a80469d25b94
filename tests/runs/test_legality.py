"""A journal may come from anywhere: what it names stays inside its folder."""

import os.path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hpopt.runs.legality import is_legal

PATHS = st.lists(st.sampled_from(["..", ".", "/", "//", "a", "\\", "~", "weights.npz", " "]))


@given(st.text() | PATHS.map("".join))
@example("../../.ssh/id_rsa")
@example("/etc/passwd")
@example("..")
@example("weights.npz/")
def test_weights_that_are_named_are_in_the_folder_of_their_trial(name):
    if is_legal("weights", name):
        path = os.path.normpath(os.path.join("/runs/x/trials/0001", name))
        assert os.path.dirname(path) == "/runs/x/trials/0001"


@pytest.mark.parametrize("name", ["weights.npz", "weights.h5", "a b", "grün.npz", "...", None])
def test_plain_names_are_legal(name):
    assert is_legal("weights", name)


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "1", None, [1]])
def test_what_counts_from_one_is_a_whole_number_from_one(value):
    assert not is_legal("number", value)
    assert not is_legal("attempt", value)
    assert is_legal("number", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("params", [["rate", 0.1]]),
        ("scores", 0.5),
        ("value", "0.5"),
        ("value", None),
        ("seed", None),
        ("space", {}),
        ("reason", None),
        ("code", None),
        ("outcome", []),
    ],
)
def test_a_value_of_another_kind_is_illegal(name, value):
    assert not is_legal(name, value)


def test_a_field_that_this_version_does_not_know_is_no_fault():
    assert is_legal("of a later version", object())
