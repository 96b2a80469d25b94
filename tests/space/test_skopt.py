"""A dimension as scikit-optimize knows it: another range or scale would spoil a search silently."""

import numpy as np
import pytest

from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.skopt import skopt_dimension, skopt_value


@pytest.mark.parametrize("prior", ["uniform", "log-uniform"])
@pytest.mark.parametrize(
    ("dimension", "kind"),
    [(lambda prior: Real("x", 1e-4, 0.1, prior), "Real"),
     (lambda prior: Integer("x", 2, 300, prior), "Integer")],
)  # fmt: skip
def test_a_number_keeps_its_range_its_scale_and_its_name(dimension, kind, prior):
    ours = dimension(prior)
    theirs = skopt_dimension(ours)
    assert type(theirs).__name__ == kind
    assert (theirs.name, theirs.bounds, theirs.prior) == ("x", (ours.low, ours.high), prior)
    theirs.set_transformer("normalize")
    # The middle of the unit interval is the middle of both, on whichever scale.
    assert theirs.inverse_transform([0.5])[0] == pytest.approx(ours.from_unit(0.5), rel=0.2)


def test_categories_of_any_kind_keep_their_values_and_order():
    values = (0.1, "auto", 16, None, True)
    theirs = skopt_dimension(Categorical("x", values, "auto"))
    assert [(type(value), value) for value in theirs.categories] == [
        (type(value), value) for value in values
    ]
    assert list(theirs.inverse_transform(theirs.transform(list(values)))) == list(values)


def test_lists_and_mappings_are_texts_and_so_is_what_stands_beside_them():
    values = ([64, 32], "[64, 32]", {"a": None}, None)
    dimension = Categorical("x", values, None)
    theirs = skopt_dimension(dimension)
    texts = [skopt_value(dimension, value) for value in values]
    assert texts == ["[64, 32]", '"[64, 32]"', '{"a": null}', "null"]
    assert list(theirs.inverse_transform(theirs.transform(texts))) == texts


def test_other_categories_can_stand_for_its_own():
    dimension = Categorical("x", (None, True), None)
    theirs = skopt_dimension(dimension, categories=["null", "true"])
    assert list(np.asarray(theirs.categories)) == ["null", "true"]
