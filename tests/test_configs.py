"""The shipped configs: each one says what it is, and is tuned as it stands with three calls."""

import pytest
from conftest import ROOT

from hpopt import load_config, tune

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
NAMES = {
    "article",
    "breast_cancer",
    "diabetes",
    "digits",
    "digits_conv",
    "own_builder",
    "sales",
    "waves",
}
# Its graphs take a minute to trace.
SLOW = "waves"
TUNED = [pytest.param(p, marks=[pytest.mark.long] if p.stem == SLOW else []) for p in CONFIGS]
FEW = ["search.n_calls=3", "training.epochs=2", "execution.workers=0", "output.plots=false"]


def test_every_config_that_is_promised_is_there():
    assert {path.stem for path in CONFIGS} >= NAMES


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_says_what_it_is_and_where_editors_find_its_grammar(path):
    comment = path.read_text().split("dataset:")[0].splitlines()
    assert all(line.startswith("# ") for line in comment)
    assert f"hpopt tune configs/{path.name}" in " ".join(comment)
    assert comment[-1] == "# yaml-language-server: $schema=../docs/hpopt.schema.json"


@pytest.mark.keras
@pytest.mark.parametrize("path", TUNED, ids=lambda path: path.stem)
def test_a_config_is_tuned_as_it_stands(path, tmp_path):
    run = tune(load_config(path, FEW), output_dir=tmp_path)
    assert [trial.state for trial in run.trials()] == ["finished"] * 3
    assert (run.path / "best" / "model.keras").is_file()
    assert run.steps["test"].outcome["best"][run.header.metric] is not None


def test_the_article_is_what_was_published():
    config = load_config(ROOT / "configs" / "article.yaml")
    assert config.settings.dataset.scaling == "none"
    assert config.settings.dataset.split.stratify is False
    assert config.settings.search.n_calls == 1000
    assert len(config.binding.space) == 7
    assert config.binding.arguments["output_activation"] == "hidden"
    assert dict(config.binding.space.defaults) == {
        "optimizer": "adam",
        "learning_rate": 0.001,
        "learning_decay": 0.9,
        "num_layers": 1,
        "num_dense_nodes": 20,
        "dropout_prob": 0.8,
        "activation": "relu",
    }
