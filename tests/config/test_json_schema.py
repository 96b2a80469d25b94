"""What editors are told of the YAML: checked against the program, so that both say the same."""

import json

import jsonschema
import pytest
from conftest import ROOT

from hpopt.builders.registry import load_builder, read_signature
from hpopt.config.document import read_document
from hpopt.config.json_schema import config_schema
from hpopt.config.loading import load_config
from hpopt.config.reference import configuration_page
from hpopt.errors import ConfigError
from hpopt.training.settings import NOT_SEARCHABLE, Training

BASE = (ROOT / "configs" / "breast_cancer.yaml").read_text()
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
SCHEMA = config_schema()
DENSE = SCHEMA["allOf"][0]["then"]["properties"]


def complaints(path) -> list[str]:
    tree = read_document(path).tree
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(tree)]


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_the_shipped_files_are_what_the_program_says():
    # After a change of the grammar: python docs/generate.py
    shipped = json.loads((ROOT / "docs" / "hpopt.schema.json").read_text())
    assert shipped == json.loads(json.dumps(SCHEMA))
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == configuration_page(json.loads(json.dumps(SCHEMA)))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_each_example_fits_the_schema_and_names_it(path):
    assert complaints(path) == []
    marker = "# yaml-language-server: $schema="
    [line] = [line for line in path.read_text().splitlines() if line.startswith(marker)]
    named = (path.parent / line.removeprefix(marker)).resolve()
    assert named == ROOT / "docs" / "hpopt.schema.json"


def walk(form, path=""):
    """Every key of the schema that a person may write, with what is said of it."""
    for name, inner in form.get("properties", {}).items():
        if isinstance(inner, dict):
            yield f"{path}.{name}", inner
            for option in (inner, *inner.get("anyOf", [])):
                yield from walk(option, f"{path}.{name}")


def test_every_key_is_described():
    keys = dict(walk(SCHEMA)) | dict(walk({"properties": DENSE}))
    for kind, form in SCHEMA["definitions"].items():
        keys |= dict(walk(form, kind))
    undescribed = [
        key for key, form in keys.items() if not form.get("description") and key.count(".") > 1
    ]
    assert undescribed == []
    assert len(keys) > 60


def test_all_arguments_of_the_shipped_builder_are_known():
    arguments = set(read_signature(load_builder("dense_dropout")).arguments)
    assert set(DENSE["model"]["properties"]) == {"builder", *arguments}
    searchable = set(Training.model_fields) - set(NOT_SEARCHABLE)
    assert set(DENSE["space"]["properties"]) == arguments | searchable | {"training", "model"}
    assert set(DENSE["space"]["properties"]["model"]["properties"]) == arguments
    of_training = SCHEMA["properties"]["space"]["properties"]["training"]
    assert set(of_training["properties"]) == searchable


ACCEPTED = [
    ("activation:      [relu, sigmoid, softmax]", "activation: tanh"),
    ("activation:      [relu, sigmoid, softmax]", "l2: [0, 1e-3]"),
    ("high: 0.99, default: 0.8}", "high: 0.99, when: {num_layers: '>= 2'}}"),
    ("high: 0.99, default: 0.8}", "high: 0.99, when: {num_layers: [2, 3], optimizer: adam}}"),
    ("high: 5, default: 1}", "high: 5, prior: log-uniform}"),
    ("execution:\n  workers: auto", "execution:\n"),
    ("split: {train: 0.6, validation: 0.24, test: 0.16, seed: 2, stratify: auto}", "split:"),
    ("  metric: accuracy", "  metric: f1\n  early_stopping: {patience: 3}"),
    ("builder: dense_dropout", "builder: dense_dropout\n  dropout_after: all"),
    ("space:\n", "space:\n  early_stopping: {patience: [3, 5], monitor: loss}\n"),
    ("space:\n", "space:\n  training: {momentum: [0.5], early_stopping: {patience: [3]}}\n"),
    ("space:\n", "space:\n  model: {l2: [0, 1e-3], units_1: {type: integer, low: 1, high: 9}}\n"),
    ("space:\n", "space:\n  model:\n"),
    ("space:\n", "space:\n  training:\n"),
]
REFUSED = [
    ("prior: log-uniform", "priorr: log-uniform"),
    ("prior: log-uniform", "prior: log"),
    ("type: real, low: 1e-3", "low: 1e-3"),
    ("type: real, low: 1e-3", "type: reel, low: 1e-3"),
    ("low: 1e-3, high: 1e-1", "low: 1e-3"),
    ("activation:      [relu, sigmoid, softmax]", "activation: [relu, sigmoyd]"),
    ("activation:      [relu, sigmoid, softmax]", "activation: []"),
    ("activation:      [relu, sigmoid, softmax]", "actvation: [relu]"),
    ("activation:      [relu, sigmoid, softmax]", "metric: [f1, accuracy]"),
    ("type: integer, low: 1, high: 5, default: 1", "type: real, low: 1, high: 5"),
    ("n_calls: 100", "n_calls: many"),
    ("n_calls: 100", "ncalls: 100"),
    ("engine: gp", "engine: pg"),
    ("\nsearch:", "\nserach:"),
    ("name: breast_cancer", "name: breast"),
    ("metric: accuracy", "metric: acc"),
    ("builder: dense_dropout", "builder: dense_drpout"),
    ("builder: dense_dropout", "builder: dense_dropout\n  dropout_after: none"),
    ("builder: dense_dropout", "builder: dense_dropout\n  nodes: 5"),
    ("train: 0.6", "train: 1.6"),
    ("space:\n", "space:\n  early_stopping: {patiense: [3, 5]}\n"),
    ("space:\n", "space:\n  early_stopping: {patience: [three, 5]}\n"),
    ("space:\n", "space:\n  early_stopping: [3, 5]\n"),
    ("space:\n", "space:\n  training: {l2: [0, 1e-3]}\n"),
    ("space:\n", "space:\n  model: {epochs: [1, 2]}\n"),
    ("space:\n", "space:\n  model: {l2: [-1]}\n"),
]


def edited(tmp_path, old, new):
    assert BASE.count(old) == 1, old
    path = tmp_path / "c.yaml"
    path.write_text(BASE.replace(old, new))
    return path


@pytest.mark.parametrize(("old", "new"), ACCEPTED)
def test_what_the_program_takes_an_editor_takes(tmp_path, old, new):
    path = edited(tmp_path, old, new)
    load_config(path)
    assert complaints(path) == []


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_what_an_editor_refuses_the_program_refuses(tmp_path, old, new):
    path = edited(tmp_path, old, new)
    assert complaints(path)
    with pytest.raises(ConfigError):
        load_config(path)


def test_an_own_builder_may_take_anything(tmp_path):
    path = edited(tmp_path, "builder: dense_dropout", "builder: nets.py:build\n  depth: [1, 2]")
    assert complaints(path) == []
