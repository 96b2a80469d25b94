"""What names set, by the annotations of a builder and of the training."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

import pytest
from annotated_types import Ge, doc

from hpopt.builders.registry import read_signature
from hpopt.config.settable import Settable
from hpopt.training.settings import EarlyStopping


class Head(TypedDict, total=False):
    units: Annotated[int, Ge(1)]
    kind: Literal["dense", "conv"]


def build(
    input_shape,
    output,
    *,
    depth: int = 1,
    head: Annotated[Head | None, doc("The head.")] = None,
    rates: dict[str, float] | None = None,
    options: Mapping = {},
    whatever=None,
):
    raise NotImplementedError


SETTABLE = Settable(read_signature(build))


def open_build(input_shape, output, **arguments):
    raise NotImplementedError


@pytest.mark.parametrize(
    "name",
    [
        *("depth", "head", "head.units", "rates.first", "options.a", "options.a.b", "whatever.x"),
        *("epochs", "early_stopping", "early_stopping.patience"),
    ],
)
def test_arguments_settings_and_their_parts_are_there(name):
    assert SETTABLE.is_there(name)


@pytest.mark.parametrize(
    "name",
    [
        *("nothing", "nothing.x", "depth.x", "head.unit", "head.units.x", "rates.a.b"),
        *("epochs.x", "early_stopping.patiense", "early_stopping.patience.x"),
    ],
)
def test_others_are_not(name):
    assert not SETTABLE.is_there(name)
    assert SETTABLE.complaints(name, object()) == []
    assert SETTABLE.parts(name) == []
    assert not SETTABLE.nests(name)


def test_a_builder_that_takes_anything_has_every_name():
    settable = Settable(read_signature(open_build))
    assert settable.is_there("message.embedding")
    assert settable.of_builder("message")
    assert not settable.is_there("early_stopping.embedding")


@pytest.mark.parametrize(
    ("name", "value", "kinds"),
    [
        ("depth", 3, []),
        ("depth", 3.0, ["int_type"]),
        ("head.units", 3, []),
        ("head.units", 0, ["greater_than_equal"]),
        ("head.kind", "desne", ["literal_error"]),
        ("rates.first", "x", ["float_type"]),
        ("whatever.x", object(), []),
        ("early_stopping.patience", 0, ["greater_than_equal"]),
        ("early_stopping.min_delta", 0.5, []),
        ("optimizer", "sdg", ["literal_error"]),
    ],
)
def test_values_are_checked_against_the_annotation(name, value, kinds):
    assert [detail["type"] for detail in SETTABLE.complaints(name, value)] == kinds


def test_names_are_listed_with_the_parts_of_sections():
    names = SETTABLE.searchable()
    assert names[:3] == ["depth", "head.units", "head.kind"]
    assert {"rates", "early_stopping.patience", "learning_rate"} <= set(names)
    assert not {"early_stopping", "folds", "metric"} & set(names)


def test_a_section_has_its_defaults():
    assert SETTABLE.section("early_stopping") == EarlyStopping()
    assert SETTABLE.section("learning_rate") is None


def test_an_annotation_that_is_none_for_pydantic_is_not_checked():
    class Odd:
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            raise RuntimeError

    def odd(input_shape, output, *, size: Odd | None = None):
        raise NotImplementedError

    assert Settable(read_signature(odd)).complaints("size", "x") == []
