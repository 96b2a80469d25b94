"""What a config's names come to: constants on either side of the space, and the space."""

import pytest

from hpopt.config.loading import load_config
from hpopt.errors import ConfigError
from hpopt.training.settings import EarlyStopping, Training

BUILDER = """\
from typing import Annotated, TypedDict
from annotated_types import Ge

class Head(TypedDict, total=False):
    units: Annotated[int, Ge(1)]
    kind: str

def build(input_shape, output, *, depth: int, width: float = 8.0, sizes: tuple = (3, 5),
          head: Head = {"units": 6, "kind": "dense"}, odd=print, limit: int | None = None):
    raise NotImplementedError
"""
LAYERS = {"type": "integer", "low": 1, "high": 4}


@pytest.fixture
def bound(tmp_path, monkeypatch):
    """Binds a config of an own builder, whose `space`, `model` and `training` are given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(BUILDER)

    def bind(space, model=None, training=None, initial=()):
        tree = {
            "dataset": {"source": "sklearn", "name": "iris"},
            "model": {"builder": "nets.py:build", **(model or {})},
            "training": training or {},
            "space": space,
            "search": {"initial": list(initial)},
        }
        return load_config(tree).binding

    return bind


def test_what_is_not_searched_is_constant_on_its_own_side(bound):
    binding = bound({"depth": LAYERS, "width": 2.5, "epochs": 7, "momentum": [0.1, 0.2]})
    assert binding.space.names == ["depth", "momentum"]
    assert binding.arguments == {
        "width": 2.5,
        "sizes": (3, 5),
        "limit": None,
    }
    assert binding.training == Training(epochs=7)


def test_the_model_s_constants_stand_before_the_builder_s_defaults(bound):
    binding = bound({"epochs": [3, 5]}, model={"depth": 2, "sizes": [1], "head": {"units": 3}})
    assert binding.arguments == {
        "depth": 2,
        "width": 8.0,
        "sizes": [1],
        "limit": None,
        "head": {"units": 3},
    }


def test_a_default_that_is_no_number_of_the_dimension_is_left_to_the_dimension(bound):
    space = {
        "depth": LAYERS,
        "width": {"type": "real", "low": 1, "high": 16},
        "limit": {"type": "integer", "low": 1, "high": 9},
        "epochs": {"type": "integer", "low": 1, "high": 9},
        "batch_size": {"type": "integer", "low": 8, "high": 64},
    }
    defaults = bound(space).space.defaults
    assert defaults == {"depth": 3, "width": 8.0, "limit": 5, "epochs": 5, "batch_size": 32}
    assert isinstance(defaults["width"], float)


def test_a_part_of_a_section_that_is_off_turns_it_on(bound):
    space = {"depth": 2, "early_stopping": {"patience": {"type": "integer", "low": 3, "high": 20}}}
    binding = bound(space)
    assert binding.training.early_stopping == EarlyStopping()
    assert binding.space.defaults == {"early_stopping.patience": 10}  # the section's own


def test_the_rest_of_a_section_is_constant(bound):
    space = {
        "depth": 2,
        "training": {"early_stopping": {"patience": [3, 9], "monitor": "loss"}},
    }
    binding = bound(space, training={"early_stopping": {"min_delta": 0.5}})
    assert binding.training.early_stopping == EarlyStopping(min_delta=0.5, monitor="loss")
    assert binding.space.names == ["early_stopping.patience"]


def test_the_rest_of_an_argument_is_the_model_s_or_the_builder_s(bound):
    space = {"depth": 2, "head": {"units": {"type": "integer", "low": 1, "high": 9}}}
    binding = bound(space)
    assert binding.arguments["head"] == {"kind": "dense"}
    assert binding.space.defaults == {"head.units": 6}
    binding = bound(space, model={"head": {"kind": "conv"}})
    assert binding.arguments["head"] == {"kind": "conv"}
    assert binding.space.defaults == {"head.units": 5}  # the model's head has none
    space["model"] = {"head": {"kind": "both"}}
    assert bound(space).arguments["head"] == {"kind": "both"}


def test_a_condition_on_a_part_that_is_constant_is_decided_at_once(bound):
    width = {"type": "real", "low": 1, "high": 2, "when": {"head.kind": "conv"}}
    space = {"depth": [1, 2], "epochs": [3, 5], "width": width}
    assert bound(space, model={"head": {"kind": "conv"}}).space.names == [
        "depth",
        "epochs",
        "width",
    ]
    binding = bound(space, model={"head": {"kind": "dense"}})
    assert binding.space.names == ["depth", "epochs"]
    assert binding.notes[0].startswith("`width` is left out of the search")


def test_initial_params_are_complete_legal_and_each_but_once(bound):
    space = {"depth": LAYERS, "width": {"type": "real", "low": 1, "high": 16}}
    binding = bound(space, initial=[{"width": 2}, {"width": 2.0}, {"depth": 3}, {"width": 8}])
    assert binding.initial == ({"depth": 3, "width": 2.0},)  # the others are the defaults
    assert isinstance(binding.initial[0]["width"], float)


@pytest.mark.parametrize(
    ("space", "options", "words"),
    [
        ({"epochs": [1, 2]}, {}, "the builder needs `depth`"),
        ({"depth": LAYERS, "head": {"unit": [1]}}, {}, "`head` has no `unit`"),
        ({"depth": {"a": [1]}}, {}, "space.depth does not say its `type`"),
        ({"depth": LAYERS, "head": {"units": [0, 3]}}, {}, "space.head.units[0] must be a number"),
        (
            {"depth": LAYERS, "head": {"units": [1, 3]}},
            {"model": {"head": {"units": 3}}},
            "`head.units` is both a constant in `model` and in `space`",
        ),
        ({"depth": 3}, {}, "there is nothing to search"),
        ({"depth": LAYERS}, {"initial": [{"depth": 9}]}, "`depth` can't be 9"),
        ({"depth": LAYERS}, {"initial": [{"width": 9}]}, "`width` is not searched"),
        ({"depth": LAYERS}, {"model": {"epochs": 3}}, "`epochs` is a setting of `training`"),
    ],
)
def test_what_does_not_fit_is_named(bound, space, options, words):
    with pytest.raises(ConfigError) as caught:
        bound(space, **options)
    assert words in caught.value.render()
