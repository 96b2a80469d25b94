import pytest
from conftest import ROOT

from hpopt.config.loading import load_config

CONFIG = ROOT / "configs" / "breast_cancer.yaml"


@pytest.mark.parametrize(
    ("overrides", "note"),
    [
        (["search.engine=random"], "`search.acquisition` has no effect with the engine `random`"),
        (["training.momentum=0.9", "space.optimizer=adam"], "`momentum` has no effect"),
        (["training.momentum=0.9", "space.optimizer=[adam, lion]"], "`momentum` has no effect"),
        (["space.momentum=[0, 0.9]", "space.optimizer=adam"], "`momentum` has no effect"),
        (
            ["training.decay_steps=50", "space.learning_decay=null"],
            "`decay_steps` has no effect without `learning_decay`",
        ),
        (["training.beta_2=0.9", "space.optimizer=[sgd, rmsprop]"], "`beta_2` has no effect"),
        (
            ["search.engine=skopt", "space.dropout_prob.belief={around: 0.6, within: 0.1}"],
            "of the engine `skopt` its first trials go by the belief about `dropout_prob`",
        ),
        (["training.schedule_epochs=9"], "`schedule_epochs` has no effect without"),
    ],
)
def test_a_setting_that_nothing_heeds_is_noted(overrides, note):
    [said] = load_config(CONFIG, overrides).binding.notes
    assert said.startswith(note)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["training.momentum=0.9"],  # sgd is among the optimisers
        ["training.momentum=0.9", "space.optimizer=rmsprop"],
        ["training.decay_steps=50"],
        ["search.acquisition=LCB"],
        ["training.beta_2=0.9"],
        ["training.schedule_epochs=9", "training.learning_schedule=cosine"],
    ],
)
def test_a_setting_that_counts_is_not(overrides):
    assert load_config(CONFIG, overrides).binding.notes == ()
