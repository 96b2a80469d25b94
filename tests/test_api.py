import sys

import numpy as np
import pytest
from conftest import ROOT

import hpopt
from hpopt.errors import ConfigError, HpoptError

CONFIG = ROOT / "configs" / "breast_cancer.yaml"
MAPPING = {
    "dataset": {"source": "sklearn", "name": "wine"},
    "model": {"builder": "dense_dropout"},
    "training": {"epochs": 2},
    "space": {
        "learning_rate": {"type": "real", "low": 1e-3, "high": np.float64(0.1)},
        "num_dense_nodes": [4, 8],
    },
    "search": {"n_calls": 3, "engine": "random"},
    "execution": {"workers": 0},
    "output": {"plots": False},
}


@pytest.mark.keras
def test_a_mapping_is_tuned_with_overrides(tmp_path, capfd):
    run = hpopt.tune(MAPPING, output_dir=tmp_path, search__n_calls=2, output__name="mine")
    assert run.path.name.endswith("_mine")
    assert len(run.trials()) == 2
    assert run.state == "finished"
    assert run.score(run.best) == max(run.score(trial) for trial in run.trials())
    assert repr(run).startswith(f"<Run {run.path.name}: finished, 2 of 2 trials, best accuracy")
    assert len(run.to_frame()) == 2
    found = hpopt.find_run("mine", tmp_path)
    assert found.trials() == run.trials()
    assert found.path.joinpath("config.yaml").read_text().startswith("dataset:")
    out, err = capfd.readouterr()
    assert out == ""
    assert "trial 2 of 2" in err

    again = hpopt.tune(run.path / "config.resolved.yaml", output_dir=tmp_path, progress=False)
    assert [trial.value for trial in again.trials()] == [trial.value for trial in run.trials()]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"n_calls": 3}, "did you mean `search__n_calls`?"),
        ({"search__ncalls": 3}, "did you mean `n_calls`?"),
        ({"serach__n_calls": 3}, "did you mean `search__n_calls`?"),
        ({"verbose": 3}, "name a section"),
        ({"search__n_calls": "many"}, 'must be a whole number, not the text "many"'),
        ({"space__optimizer": "sdg"}, "did you mean `sgd`?"),
        ({"space__learning_rate": object()}, "can't stand in a config"),
        ({"space__training__early_stopping__patience": [0, 3]}, "must be a number at least 1"),
    ],
)
def test_an_override_that_makes_no_sense(tmp_path, overrides, words):
    with pytest.raises(ConfigError) as caught:
        hpopt.tune(CONFIG, output_dir=tmp_path, **overrides)
    assert words in caught.value.render()
    assert words in str(caught.value)  # as a notebook shows it
    assert list(tmp_path.iterdir()) == []


def test_a_loaded_config_takes_no_overrides(tmp_path):
    with pytest.raises(ConfigError, match="can't be overridden"):
        hpopt.tune(hpopt.load_config(CONFIG), output_dir=tmp_path, search__n_calls=3)


def test_a_mapping_s_mistake_is_shown_with_its_line():
    with pytest.raises(ConfigError) as caught:
        hpopt.load_config(MAPPING | {"search": {"n_calls": "many"}})
    assert "--> mapping:7:19" in caught.value.render()


def test_an_override_keeps_its_type():
    space = {"space__activation": ["relu", "tanh"], "space__dropout_prob": 0.25}
    from hpopt.api import _as_written

    config = hpopt.load_config(CONFIG, _as_written({**space, "training__early_stopping": None}))
    assert config.settings.space["activation"].categories == ["relu", "tanh"]
    assert config.settings.space["dropout_prob"].value == 0.25


@pytest.mark.parametrize("builder", ["{file}:build", "unguarded:build"])
@pytest.mark.parametrize(
    "call",
    [
        "hpopt.tune(CONFIG)",
        "hpopt.resume('latest')",
        "hpopt.minimize(lambda params: 0.0, {'rate': [1, 2]}, n_calls=2)",
    ],
)
def test_a_file_that_begins_a_run_while_it_is_imported_for_one_is_refused(
    tmp_path, monkeypatch, builder, call
):
    file = tmp_path / "unguarded.py"
    file.write_text(
        f"import hpopt\nCONFIG = 'any.yaml'\n"
        f"def build(input_shape, output, *, num_dense_nodes=3): ...\n{call}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "unguarded", raising=False)
    config = MAPPING | {"model": {"builder": builder.format(file=file)}}
    with pytest.raises(HpoptError, match="while it is imported") as caught:
        hpopt.tune(config, output_dir=tmp_path / "runs")
    assert "__main__" in caught.value.problems[0].help
    assert not (tmp_path / "runs").exists()


def test_a_builder_of_the_running_script_is_refused_with_the_file_to_name(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/home/me/train.py", raising=False)
    config = MAPPING | {"model": {"builder": "__main__:build"}}
    with pytest.raises(HpoptError, match="is not there in other processes") as caught:
        hpopt.tune(config, output_dir=tmp_path)
    assert "`train.py:build`" in caught.value.problems[0].help
