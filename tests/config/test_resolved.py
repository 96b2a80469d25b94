"""The resolved config repeats the run: read again, it is bound to the same."""

from pathlib import Path

import pytest
from conftest import ROOT

from hpopt.config.document import parse_document
from hpopt.config.loading import check_document, load_config
from hpopt.config.resolved import resolved_yaml

NESTED = [
    "space.training.early_stopping={patience: {type: integer, low: 2, high: 9}, monitor: loss}",
    "space.model.l2={type: real, low: 0, high: 1, when: {early_stopping.patience: '>= 3'}}",
    "space.early_stopping.min_delta=[0.0, 0.1]",
]


@pytest.mark.parametrize("overrides", [[], NESTED], ids=["flat", "nested"])
@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_it_repeats_the_run(path, overrides):
    text = path.read_text()
    if "early_stopping" in text or path.name == "own_builder.yaml":
        overrides = ["space.momentum={type: real, low: 0, high: 0.5}"]
    config = load_config(path, overrides)
    training = config.binding.training
    text = resolved_yaml(config, metric=training.metric, loss=training.loss, workers=1)
    again = check_document(parse_document(Path("resolved.yaml"), text.encode()))
    assert again.binding.space.to_json() == config.binding.space.to_json()
    assert again.binding.arguments == config.binding.arguments
    assert again.binding.training == training
    assert again.settings.search == config.settings.search


def test_each_value_says_where_it_came_from():
    config = load_config(ROOT / "configs" / "breast_cancer.yaml", NESTED)
    text = resolved_yaml(config, metric="accuracy", loss="auto", workers=1)
    lines = [line.strip() for line in text.splitlines()]
    [monitor] = [line for line in lines if line.startswith("monitor:")]
    assert monitor == f"monitor: loss  # --set {NESTED[0]}"
    [delta] = [line for line in lines if line.startswith("min_delta:")]
    assert delta.endswith(f"# --set {NESTED[2]}")
    assert "early_stopping: {}  # default" in lines  # all of it is in the space
    [rate] = [line for line in lines if line.startswith("learning_rate:")]
    assert rate.endswith("breast_cancer.yaml:21:20")
