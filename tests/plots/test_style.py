import pytest

from hpopt.plots import style
from hpopt.plots.history import set_heights
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


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([19000.0, 19500.0, 20000.0], ["19,000", "19,500", "20,000"]),
        ([19004.3, 19107.1, 19210.2], ["19,004", "19,107", "19,210"]),
        ([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]),
        ([0.8, 0.9, 1.0], ["0.8", "0.9", "1.0"]),
        ([-0.1, 0.0, 0.1], ["-0.1", "0.0", "0.1"]),
        ([1e-6, 2e-6], ["1e-06", "2e-06"]),
        ([5.0], ["5"]),
    ],
)
def test_axes_are_numbered_as_people_write(ticks, labels):
    assert [style.tick_label(tick, ticks) for tick in ticks] == labels


@pytest.mark.parametrize(
    ("limits", "greater_is_better", "expected"),
    [
        ((0.5, 1.0), True, (0.47, 1.0)),
        ((0.0, 5.0), False, (0.0, 5.3)),
        ((2.0, 3.0), True, (1.94, 3.06)),
        ((-1.0, 3.0), False, (-1.24, 3.24)),
    ],
)
def test_an_axis_of_scores_ends_where_scores_do(limits, greater_is_better, expected):
    axes = style.new_figure(2).subplots()
    set_heights(axes, *limits, greater_is_better)
    assert axes.get_ylim() == pytest.approx(expected)
