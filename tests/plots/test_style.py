import pytest

from hpopt.plots.style import label


@pytest.mark.parametrize(
    ("name", "most", "shown"),
    [
        ("num_dense_nodes", 22, "num_dense_nodes"),
        ("a_builders_argument_with_a_long_name", 20, "a_builders_argument…"),
        ("early_stopping.patience", 24, "early_stopping.patience"),
        ("early_stopping.patience", 18, "early_st….patience"),
        ("early_stopping.min_delta", 18, "early_s….min_delta"),
        ("training.augmentation.flip", 16, "training.a….flip"),
        ("early_stopping.patience", 9, "early_st…"),
        ("cost.in_$", 24, r"cost.in_\$"),
    ],
)
def test_a_long_name_keeps_its_last_step(name, most, shown):
    assert label(name, most) == shown
