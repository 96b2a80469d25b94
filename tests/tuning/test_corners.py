"""What a shipped builder refuses somewhere in the space is an error before the first trial."""

import pytest
from conftest import ROOT, make_data

from hpopt.config.loading import load_config
from hpopt.errors import SetupError
from hpopt.training.objective import Objective
from hpopt.training.settings import Training
from hpopt.tuning.corners import corners_of
from hpopt.tuning.preflight import preflight

WITHOUT_CONDITION = """\
dataset: {source: sklearn, name: breast_cancer}
model: {builder: dense_dropout}
space:
  learning_rate: {type: real, low: 1e-4, high: 1e-2}
  num_layers: {type: integer, low: 1, high: 3, default: 3}
  activation: [relu, tanh]
  units_3: {type: integer, low: 4, high: 8, default: 4}
"""


@pytest.fixture
def config(tmp_path):
    def of(text):
        (tmp_path / "c.yaml").write_text(text)
        return load_config(tmp_path / "c.yaml")

    return of


def test_each_edge_of_an_argument_is_a_corner(config):
    base = {"learning_rate": 0.001, "num_layers": 3, "activation": "relu", "units_3": 4}
    corners = corners_of(config(WITHOUT_CONDITION))
    changes = [{"num_layers": 1}, {"activation": "tanh"}, {"units_3": 8}]
    assert [dict(corner.params) for corner in corners] == [base | change for change in changes]
    when = ', when: {num_layers: ">= 3"}}'
    corners = corners_of(config(WITHOUT_CONDITION.replace("default: 4}", "default: 4" + when)))
    assert "units_3" not in corners[0].params


@pytest.mark.parametrize(
    ("when", "switched"),
    [
        ('{num_layers: ">= 2"}', {"num_layers": 2}),
        ('{num_layers: "> 1"}', {"num_layers": 2}),
        ("{num_layers: [1, 3]}", {}),
        ("{activation: tanh}", {"activation": "tanh"}),
        ('{learning_rate: "> 0.005"}', {"learning_rate": 0.01}),
        ("{batch_normalization: true}", {"num_layers": 3, "batch_normalization": True}),
        (
            '{num_layers: "<= 2", batch_normalization: true}',  # which can't be
            None,
        ),
    ],
)
def test_a_condition_that_is_off_at_the_defaults_is_switched_on(config, when, switched):
    text = f"""\
dataset: {{source: sklearn, name: breast_cancer}}
model: {{builder: dense_dropout}}
space:
  learning_rate: {{type: real, low: 1e-4, high: 1e-2}}
  num_layers: {{type: integer, low: 1, high: 4, default: 1}}
  activation: [relu, tanh]
  batch_normalization: {{type: categorical, categories: [false, true], when: {{num_layers: 3}}}}
  num_dense_nodes: {{type: integer, low: 4, high: 8, default: 6, when: {when}}}
"""
    defaults = {"learning_rate": 0.001, "num_layers": 1, "activation": "relu"}
    corners = [dict(c.params) for c in corners_of(config(text)) if c.name == "num_dense_nodes"]
    if switched is None:
        assert corners == []
    else:
        assert corners == [defaults | switched | {"num_dense_nodes": value} for value in (4, 8)]


def test_an_own_builder_has_none():
    assert corners_of(load_config(ROOT / "configs" / "own_builder.yaml")) == ()


@pytest.mark.keras
def test_what_is_refused_there_is_an_error_with_its_line(config, tmp_path):
    corners = corners_of(config(WITHOUT_CONDITION))
    objective = Objective(
        "dense_dropout", {}, Training(epochs=1), "accuracy", make_data(tmp_path / "data")
    )
    defaults = {"num_layers": 3, "units_3": 4}
    with pytest.raises(SetupError) as caught:
        preflight(objective, defaults, seed=0, corners=corners)
    text = caught.value.render()
    assert "where `num_layers` is 1, the network can't be built: `units_3` is given" in text
    assert f"{tmp_path / 'c.yaml'}:5:3" in text
    assert text.count('when: {num_layers: ">= 3"}') == 1
