"""Dimensions in the sections that they set: the same space as side by side, and where it stands."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from hpopt.config.dumping import block_yaml
from hpopt.config.loading import check_document, load_config
from hpopt.config.nesting import flattened
from hpopt.config.parsing import parse_document
from hpopt.errors import ConfigError
from hpopt.runs.events import Header, Started
from hpopt.runs.journal import Journal, read_journal
from hpopt.space.names import laid_over
from hpopt.space.space import Space
from hpopt.training.settings import Training

HEAD = """\
dataset: {source: sklearn, name: breast_cancer}
model: {builder: dense_dropout}
space:
"""
FLAT = """\
  optimizer: [adam, sgd]
  momentum: {type: real, low: 0, high: 0.9, when: {optimizer: sgd}}
  early_stopping: {patience: {type: integer, low: 2, high: 9}}
  num_layers: {type: integer, low: 1, high: 3, when: {early_stopping.patience: ">= 3"}}
"""
NESTED = """\
  training:
    optimizer: [adam, sgd]
    momentum: {type: real, low: 0, high: 0.9, when: {training.optimizer: sgd}}
    early_stopping:
      patience: {type: integer, low: 2, high: 9}
  model:
    num_layers:
      {type: integer, low: 1, high: 3, when: {training.early_stopping.patience: ">= 3"}}
"""


def config_of(space, overrides=(), head=HEAD):
    return check_document(parse_document(Path("c.yaml"), (head + space).encode(), overrides))


def error_of(space, overrides=(), head=HEAD) -> str:
    with pytest.raises(ConfigError) as caught:
        config_of(space, overrides, head)
    return caught.value.render()


def test_a_file_says_the_same_with_sections_and_without():
    flat, nested = config_of(FLAT).binding, config_of(NESTED).binding
    assert nested.space.to_json() == flat.space.to_json()
    assert nested.training == flat.training
    assert nested.arguments == flat.arguments
    assert nested.space.names == ["optimizer", "momentum", "early_stopping.patience", "num_layers"]


def test_a_flat_document_is_as_it_was():
    document = parse_document(ROOT / "c.yaml", (ROOT / "configs/breast_cancer.yaml").read_bytes())
    flat, problems = flattened(document)
    assert problems == []
    assert flat.tree == document.tree
    assert flat.key_places == document.key_places
    assert flat.value_places == document.value_places


def test_each_value_knows_where_it_is_written():
    document = config_of(NESTED).document
    place = document.location(("space", "early_stopping.patience", "low"))
    assert (place.line, place.column) == (8, 38)
    assert document.origin(("space", "early_stopping.patience")) == "c.yaml:8:17"
    condition = document.location(("space", "momentum", "when", "optimizer"), of_key=True)
    assert (condition.line, condition.column) == (6, 54)


@pytest.mark.parametrize("space", [FLAT, NESTED], ids=["flat", "nested"])
@pytest.mark.parametrize("home", ["space", "space.training"])
def test_an_override_names_a_dimension_with_its_section_or_without(space, home):
    overrides = [f"{home}.momentum.high=0.5", f"{home}.early_stopping.patience=4"]
    binding = config_of(space, overrides).binding
    [momentum] = [d for d in binding.space if d.name == "momentum"]
    assert momentum.high == 0.5
    assert binding.training.early_stopping.patience == 4
    assert "early_stopping.patience" not in binding.space.names


@pytest.mark.parametrize("space", [FLAT, NESTED], ids=["flat", "nested"])
def test_an_override_may_add_a_dimension_in_a_section(space):
    overrides = ["space.training.learning_rate=[0.1, 0.2]", "space.early_stopping.min_delta=[0, 1]"]
    names = config_of(space, overrides).binding.space.names
    assert {"learning_rate", "early_stopping.min_delta", "early_stopping.patience"} <= set(names)


def test_initial_params_may_name_the_section():
    initial = ["search.initial=[{training.optimizer: sgd, early_stopping.patience: 2}]"]
    [params] = config_of(NESTED, initial).binding.initial
    assert params == {"optimizer": "sgd", "momentum": 0.0, "early_stopping.patience": 2}


WRONG = [
    # the same dimension twice
    (
        "  momentum: [0.1]\n  training: {momentum: [0.2]}\n",
        "`momentum` stands twice in `space`",
        "c.yaml:5:14",
        "`momentum` is at c.yaml:4:3",
    ),
    (
        "  early_stopping: {patience: [3]}\n  training: {early_stopping: {patience: [4]}}\n",
        "`early_stopping.patience` stands twice",
        "c.yaml:5:31",
        "c.yaml:4:20",
    ),
    (
        "  early_stopping: [3, 5]\n  training: {early_stopping: {patience: [4]}}\n",
        "`early_stopping` is searched as a whole, and its part `early_stopping.patience` by itself",
        "c.yaml:5:31",
        "c.yaml:4:3",
    ),
    (
        "  l2: {type: real, low: 0, high: 0.9, when: {optimizer: sgd, training.optimizer: a}}\n",
        "`optimizer` stands twice",
        "c.yaml:4:62",
        "keep one of them",
    ),
    # names
    (
        "  early_stopping.patience: [3, 5]\n",
        "the name `early_stopping.patience` has a dot",
        "c.yaml:4:3",
        "nest it: `early_stopping: {patience: ...}`",
    ),
    ("  my text: {units: [3, 5]}\n", "`my text` can't be a step", "c.yaml:4:3", "letters, digits"),
    (
        "  early_stopping: {my patience: [3, 5]}\n",
        "`my patience` can't be a step",
        "c.yaml:4:20",
        "letters",
    ),
    (
        "  message: {units: [3, 5]}\n",
        "`message.units` is neither an argument of the builder nor a setting",
        "c.yaml:4:13",
        "one of `num_layers`",
    ),
    (
        "  early_stoping: {patience: [3, 5]}\n",
        "`early_stoping.patience` is neither",
        "c.yaml:4:19",
        "did you mean `early_stopping.patience`?",
    ),
    (
        "  early_stopping: {patiense: [3, 5]}\n",
        "`early_stopping` has no `patiense`",
        "c.yaml:4:20",
        "did you mean `early_stopping.patience`?",
    ),
    (
        "  early_stopping: {patience: {epochs: [3, 5]}}\n",
        "space.early_stopping.patience does not say its `type`",
        "c.yaml:4:20",
        "add `type: real`",
    ),
    (
        "  num_layers: {lo: 1, hi: 3}\n",
        "space.num_layers does not say its `type`",
        "c.yaml:4:3",
        "add `type: real`",
    ),
    # sections
    (
        "  training: {num_layers: [1, 2]}\n",
        "`num_layers` is no setting of `training`",
        "c.yaml:4:14",
        "one of `epochs`",
    ),
    (
        "  training: {momentun: [0.1]}\n",
        "`momentun` is no setting of `training`",
        "c.yaml:4:14",
        "did you mean `momentum`?",
    ),
    (
        "  model: {momentum: [0.1]}\n",
        "`momentum` is a setting of `training`",
        "c.yaml:4:11",
        "move it there",
    ),
    ("  model: {num_layer: [1]}\n", "`num_layer` is neither", "c.yaml:4:11", "`num_layers`?"),
    ("  training: 5\n", "space.training holds no dimensions", "c.yaml:4:3", "training: {name:"),
    ("  training: {folds: [2, 3]}\n", "`folds` can't be searched", "c.yaml:4:14", "`training`"),
    (
        "  training: {early_stopping: [3]}\n",
        "`early_stopping` is searched by its parts only",
        "c.yaml:4:14",
        "`early_stopping: {monitor: ..., patience: ..., min_delta: ...}`",
    ),
    # values and conditions
    (
        "  training: {momentum: {type: real, low: 0, high: 0.5, priorr: uniform}}\n",
        "unknown key `priorr` in space.momentum",
        "c.yaml:4:56",
        "did you mean `prior`?",
    ),
    (
        "  early_stopping: {patience: {type: real, low: 1, high: 4}}\n",
        "`early_stopping.patience` takes whole numbers",
        "c.yaml:4:37",
        "use `type: integer`",
    ),
    (
        "  early_stopping: {monitor: [los, loss]}\n",
        "unknown value `los` for space.early_stopping.monitor[0]",
        "c.yaml:4:30",
        "did you mean `loss`?",
    ),
    (
        "  l2: {type: real, low: 0, high: 1, when: {early_stopping.patiense: 3}}\n"
        "  early_stopping: {patience: [3, 4]}\n",
        "the condition hangs on `early_stopping.patiense`, which there is not",
        "c.yaml:4:44",
        "did you mean `early_stopping.patience`?",
    ),
    (
        "  early_stopping: {patience: [3, 4], min_delta: {type: real, low: 0, high: 1, "
        "when: {early_stopping.patience: 5}}}\n",
        "space.early_stopping.min_delta: the condition `early_stopping.patience is 5` can never",
        "c.yaml:4:85",
        "`early_stopping.patience` is one of `3`, `4`",
    ),
]


@pytest.mark.parametrize(("space", "message", "place", "help"), WRONG)
def test_what_is_wrong_is_said_with_its_place(space, message, place, help):
    shown = error_of(space)
    assert shown.count("error[config]") == 1
    assert message in shown
    assert f"--> {place}\n" in shown
    assert help in shown


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.early_stopping.patience=3", "training.early_stopping.patience is at --set"),
        ("training.early_stopping=null", "training.early_stopping is at --set"),
    ],
)
def test_a_part_can_t_be_constant_and_searched(override, message):
    shown = error_of(NESTED, [override])
    assert "`early_stopping.patience` is both a constant in `training` and in `space`" in shown
    assert message in shown


def test_all_that_is_wrong_with_names_is_said_at_once_in_order():
    shown = error_of(
        "  model: {momentum: [1]}\n  a.b: [1]\n  training: {epocs: [3]}\n  x: {type: reel}\n"
    )
    lines = [int(part.split(":")[0]) for part in shown.split("c.yaml:")[1:]]
    assert lines == [4, 5, 6, 7]


def test_a_section_with_everything_commented_out_is_empty():
    assert config_of("  training:\n  num_layers: [1, 2]\n").binding.space.names == ["num_layers"]


# Forms of `space`, by the joined names of what shipped and own settings there are.
PRIORS = st.sampled_from(["uniform", "log-uniform"])
FORMS = {
    "momentum": st.floats(0, 0.5).map(lambda low: {"type": "real", "low": low, "high": low + 0.4}),
    "learning_rate": PRIORS.map(
        lambda prior: {"type": "real", "low": 1e-3, "high": 0.1, "prior": prior}
    ),
    "early_stopping.patience": st.integers(1, 5).map(
        lambda low: {"type": "integer", "low": low, "high": low + 9}
    ),
    "early_stopping.min_delta": st.just([0.0, 0.5, 1e-9]),
    "early_stopping.monitor": st.permutations(["loss", "val_loss"]),
    "num_layers": st.just({"type": "integer", "low": 1, "high": 4, "prior": "log-uniform"}),
    "activation": st.just(["relu", "tanh"]),
    "l2": st.just(
        {"type": "real", "low": 0.0, "high": 1.0, "when": {"early_stopping.patience": ">= 3"}}
    ),
}


@st.composite
def spaces(draw):
    """A space by joined names, and the same with some of them in their sections."""
    names = draw(st.permutations(sorted(FORMS)))[: draw(st.integers(1, len(FORMS)))]
    flat = {name: draw(FORMS[name]) for name in names}
    if not any(name.startswith("early_stopping.") for name in names):
        flat.pop("l2", None)  # its condition would hang on nothing
        flat["momentum"] = [0.5, 0.0]
    in_section = {
        f"{'training' if name.split('.')[0] in Training.model_fields else 'model'}.{name}"
        if draw(st.booleans())
        else name: form
        for name, form in flat.items()
    }
    return flat, laid_over({}, in_section)


@given(spaces(), st.integers(0, 100))
def test_from_yaml_to_params_to_the_journal_and_back(tmp_path_factory, space_forms, seed):
    flat, nested = space_forms
    tree = {
        "dataset": {"source": "sklearn", "name": "iris"},
        "model": {"builder": "dense_dropout"},
        "space": nested,
    }
    space = load_config(tree).binding.space
    assert sorted(space.names) == sorted(flat)
    params = space.sample(np.random.default_rng(seed))
    journal_path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    journal = Journal(journal_path)
    journal.append(Header("0", "rmse", False, {}, {}, space.to_json()))
    journal.append(Started(1, params, seed=1, time="2026-01-01T00:00:00.000+00:00"))
    journal.close()
    header, [started] = read_journal(journal_path)
    assert started.params == params
    assert list(started.params) == list(params)
    again = Space.from_json(json.loads(json.dumps(header.space)))
    assert again.to_json() == space.to_json()
    assert again.contains(started.params)
    # The names lead back to a config that says the same.
    tree["space"] = laid_over({}, {form.pop("name"): form for form in space.to_json()})
    text = block_yaml(tree).encode()
    assert check_document(parse_document(Path("c.yaml"), text)).binding.space.to_json() == (
        space.to_json()
    )
