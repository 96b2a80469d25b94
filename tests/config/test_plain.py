"""What a Python program may put into a config, and what it is told otherwise."""

import functools

import numpy as np
import pandas as pd
import pytest

import hpopt
from hpopt.config.loading import load_config
from hpopt.config.plain import check_plain
from hpopt.errors import ConfigError

TREE = {
    "dataset": {"source": "sklearn", "name": "iris"},
    "model": {"builder": "dense_dropout"},
    "space": {"learning_rate": {"type": "real", "low": 1e-4, "high": 0.1}},
}


def build(input_shape, output): ...


class Adam: ...


@pytest.mark.parametrize(
    ("section", "key", "value", "told", "help"),
    [
        ("model", "builder", build, "model.builder: a function", '"test_plain.py:build"'),
        ("model", "builder", build, "model.builder: a function", "builder=build"),
        ("model", "builder", lambda s, o: 0, "model.builder: a function", "with `def`"),
        ("model", "builder", len, "a builtin_function_or_method", "with `def`"),
        ("model", "builder", functools.partial(build, 1), "a partial", '"file.py:build"`, and its'),
        ("model", "builder", dict, "model.builder: a type", "is a function that is named"),
        ("training", "optimizer", Adam, "training.optimizer: a type", "such as `adam`"),
        ("dataset", "source", pd.DataFrame({"a": [1]}), "dataset.source: a DataFrame", "parquet"),
        ("space", "units", range(1, 9), "space.units: a range", "list(range(...))"),
        ("space", "units", {4, 8}, "space.units: a set", "no order"),
        ("space", "rate", (0.0, 1.0), "space.rate: a tuple", "'type': 'real', 'low': 0.0"),
        ("space", "units", (1, 9), "space.units: a tuple", "'type': 'integer', 'low': 1"),
        ("space", "rate", (0.1, 1.0, "log-uniform"), "space.rate: a tuple", "`[0.1, 1.0]`"),
        ("space", "training", {"momentum": (0.0, 0.9)}, "space.training.momentum", "`[0.0, 0.9]`"),
        ("space", "units", [4, object()], "space.units.1: an object", "plain data"),
        ("space", "units", (n for n in (1, 2)), "space.units: a generator", "list(...)"),
    ],
)
def test_what_no_yaml_holds_is_told_with_what_to_write_instead(section, key, value, told, help):
    tree = TREE | {section: TREE.get(section, {}) | {key: value}}
    with pytest.raises(ConfigError) as caught:
        hpopt.tune(tree, progress=False)
    assert told in str(caught.value)
    assert help in caught.value.render()
    if section == "space":
        with pytest.raises(ConfigError) as caught:
            hpopt.minimize(lambda params: 0.0, {key: value}, n_calls=1)
        assert help in caught.value.render()
        with pytest.raises(ConfigError) as caught:
            hpopt.tune(TREE, progress=False, **{f"space__{key}": value})
        assert help in caught.value.render()


@pytest.mark.parametrize(
    ("config", "help"),
    [
        (build, "builder=build"),
        (pd.DataFrame(), "data=frame"),
        (3, "path of a YAML"),
        (None, "path of a YAML"),
        ([TREE], "a mapping"),
    ],
)
def test_what_is_no_config_is_told(config, help):
    with pytest.raises(ConfigError, match="is no config") as caught:
        hpopt.tune(config, progress=False)
    assert help in caught.value.problems[0].help


def test_a_space_and_an_objective_are_what_they_have_to_be():
    with pytest.raises(ConfigError, match="the space is a list"):
        hpopt.minimize(lambda params: 0.0, [(0.0, 1.0)], n_calls=1)
    with pytest.raises(ConfigError, match="the objective is a float"):
        hpopt.minimize(0.0, {"x": [1, 2]}, n_calls=1)


def test_a_mapping_that_holds_itself_is_told():
    tree = {"model": {}}
    tree["model"]["it"] = tree
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_config(tree)


@pytest.mark.parametrize(
    "space",
    [
        {"optimizer": ("adam", "sgd"), "units": (4, 8, 16), "flag": (True, False)},
        {"units": {"type": "categorical", "categories": (4, 8)}},
        {"rate": {"type": "real", "low": 0, "high": 1, "when": {"units": (4, 8)}}},
        {"units": np.array([4, 8]), "rate": np.float64(0.1)},
    ],
)
def test_what_can_mean_one_thing_only_is_taken(space):
    check_plain({"space": space})


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("данные.yaml", "данные"),
        ("über uns.yaml", "über_uns"),
        ("u\u0308ber.yaml", "über"),
        ("数据" * 40 + ".yaml", "数据" * 16 + "数"),
        ("_.yaml", "run"),
        ("..a/b.yaml", "b"),
    ],
)
def test_a_run_is_called_by_its_config_in_any_script(file, name, tmp_path):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "dataset: {source: sklearn, name: iris}\nmodel: {builder: dense_dropout}\n"
        "space: {learning_rate: {type: real, low: 1e-4, high: 0.1}}\n"
    )
    assert load_config(path).run_name == name


@pytest.mark.parametrize("name", ["a/b", "..", "-x", "a b", "a\n", "_a", "я" * 51, ""])
def test_no_run_is_called_what_no_folder_should_be(name):
    with pytest.raises(ConfigError, match="a run can't be named"):
        load_config(TREE | {"output": {"name": name}})
