import pickle
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_data

from hpopt.errors import TrialError
from hpopt.metrics.metrics import METRICS, default_metric
from hpopt.task import Output
from hpopt.training.class_weights import row_weights
from hpopt.training.objective import WEIGHTS, Objective
from hpopt.training.optimizers import OPTIMIZERS
from hpopt.training.settings import EarlyStopping, Training

pytestmark = pytest.mark.keras
TRAINING = Training(epochs=4, batch_size=16)


def make_objective(data, training=TRAINING, arguments=None) -> Objective:
    metric = default_metric(data.output.task).name
    return Objective("dense_dropout", arguments or {}, training, metric, data)


def test_the_value_is_the_metric_of_the_kept_weights_on_the_validation_part(data, tmp_path):
    objective = make_objective(data)
    result = objective({"num_dense_nodes": 7}, seed=5, folder=tmp_path / "t")
    network = objective.trained(
        {"num_dense_nodes": 7}, seed=5, weights=tmp_path / "t" / result.weights
    )
    metric = METRICS[objective.metric]
    score = metric.score(data.y("validation"), objective.predict(network, "validation"))
    assert result.scores == [score]
    assert result.metrics == {metric.name: score}
    assert result.value == (-score if metric.greater_is_better else score)
    assert result.epochs == 4
    assert result.weights == WEIGHTS


def test_regression_is_scored_in_the_targets_own_units(tmp_path):
    data = make_data(tmp_path / "data", "regression")
    objective = make_objective(data, Training(epochs=40, batch_size=16, learning_rate=0.02))
    result = objective({}, seed=0, folder=tmp_path / "t")
    spread = data.y("validation").std()
    assert 1 < result.metrics["rmse"] < spread


def test_a_trial_repeats_bit_for_bit_and_its_seed_matters(tmp_path):
    objective = make_objective(make_data(tmp_path / "data"))
    params = {"num_layers": 2, "dropout_prob": 0.3}
    first, again, other = (
        objective(params, seed=seed, folder=tmp_path / "t").curves for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_params_reach_the_builder_and_the_training_by_name(tmp_path):
    objective = make_objective(make_data(tmp_path / "data"), arguments={"activation": "tanh"})
    params = {"num_dense_nodes": 3, "learning_rate": 0.5, "epochs": 2}
    hidden = objective.network(params, seed=0).layers[1]
    assert (hidden.units, hidden.activation.__name__) == (3, "tanh")
    assert objective.settings(params).learning_rate == 0.5
    assert objective(params, seed=0, folder=tmp_path / "t").epochs == 2


def test_a_builder_that_changes_a_list_changes_no_param(tmp_path):
    file = tmp_path / "nets.py"
    file.write_text(
        "import keras\n"
        "def build(input_shape, output, *, widths, more):\n"
        "    inputs = keras.Input(input_shape)\n"
        "    x = inputs\n"
        "    for units in widths + more:\n"
        "        x = keras.layers.Dense(units)(x)\n"
        "    widths.append(3), more.append(3)\n"
        "    return keras.Model(inputs, keras.layers.Dense(output.units)(x))\n"
    )
    objective = replace(
        make_objective(make_data(tmp_path / "data"), arguments={"more": [5]}),
        builder=f"{file}:build",
    )
    params = {"widths": [4, 2]}
    for _ in range(2):
        assert [layer.units for layer in objective.network(params, seed=0).layers[1:4]] == [4, 2, 5]
    assert params == {"widths": [4, 2]}


def test_the_specification_can_be_pickled_and_is_small(tmp_path):
    objective = make_objective(make_data(tmp_path / "data", rows=2000))
    assert len(pickle.dumps(objective)) < 5000
    assert pickle.loads(pickle.dumps(objective)) == objective


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_is_built_by_name(tmp_path, optimizer):
    training = Training(epochs=1, optimizer=optimizer, learning_decay=0.9, momentum=0.5)
    objective = make_objective(make_data(tmp_path / "data", rows=60), training)
    assert np.isfinite(objective({}, seed=0, folder=tmp_path / "t").value)


def test_weight_decay_reaches_the_optimizer_and_null_leaves_it_its_own(tmp_path):
    from hpopt.training.objective import compile_model

    objective = make_objective(make_data(tmp_path / "data"))
    for optimizer, given, expected in (
        ("sgd", 0.2, 0.2),
        ("adamw", 0.01, 0.01),
        ("adamw", None, 0.004),
        ("adam", None, None),
    ):
        network = objective.network({}, seed=0)
        settings = Training(optimizer=optimizer, weight_decay=given)
        compile_model(network, settings, objective.data)
        assert network.optimizer.weight_decay == expected


def test_the_learning_rate_decays_by_the_factor_over_decay_steps(tmp_path):
    from hpopt.training.objective import compile_model

    objective = make_objective(make_data(tmp_path / "data", rows=60))
    network = objective.network({}, seed=0)
    settings = Training(learning_rate=0.1, learning_decay=0.5, decay_steps=10)
    compile_model(network, settings, objective.data)
    network.optimizer.iterations.assign(20)
    assert float(network.optimizer.learning_rate) == pytest.approx(0.1 * 0.5**2)


def test_momentum_reaches_sgd(tmp_path):
    data = make_data(tmp_path / "data", rows=60)
    curves = [
        make_objective(data, Training(epochs=3, optimizer="sgd", momentum=momentum))(
            {}, seed=0, folder=tmp_path / "t"
        ).curves
        for momentum in (0.0, 0.9)
    ]
    assert curves[0] != curves[1]


def test_an_exploding_fit_is_a_failed_trial(tmp_path):
    training = Training(epochs=50, optimizer="sgd", learning_rate=1e30)
    objective = make_objective(make_data(tmp_path / "data", "regression"), training)
    with pytest.raises(TrialError, match="epoch"):
        objective({}, seed=0, folder=tmp_path / "t")
    assert not (tmp_path / "t" / WEIGHTS).exists()


def test_early_stopping_is_read_from_the_training_section(tmp_path):
    training = Training.model_validate(
        {"epochs": 500, "learning_rate": 0.1, "early_stopping": {"patience": 2}}
    )
    objective = make_objective(make_data(tmp_path / "data", rows=60), training)
    assert objective({}, seed=0, folder=tmp_path / "t").epochs < 500


def test_a_part_of_a_section_may_be_a_param(tmp_path):
    data = make_data(tmp_path / "data", rows=60)
    constant = make_objective(
        data, Training(epochs=60, learning_rate=0.1, early_stopping=EarlyStopping(patience=2))
    )
    searched = make_objective(
        data, Training(epochs=60, learning_rate=0.1, early_stopping=EarlyStopping())
    )
    a = constant({}, seed=0, folder=tmp_path / "a")
    b = searched({"early_stopping.patience": 2}, seed=0, folder=tmp_path / "b")
    assert (a.value, a.curves, a.epochs) == (b.value, b.curves, b.epochs)
    assert a.epochs < searched({}, seed=0, folder=tmp_path / "c").epochs


@pytest.mark.parametrize(
    ("task", "output"),
    [
        ("binary", Output(1, "sigmoid", "binary")),
        ("multiclass", Output(4, "softmax", "multiclass")),
        ("regression", Output(1, "linear", "regression")),
    ],
)
def test_the_output_follows_from_the_task(task, output):
    assert Output.of(task, 4) == output


def test_the_curves_hold_the_metric_of_every_epoch(tmp_path):
    result = make_objective(make_data(tmp_path / "data"))({}, seed=0, folder=tmp_path / "t")
    assert set(result.curves) == {"loss", "val_loss", "learning_rate", "val_accuracy"}
    assert result.curves["val_accuracy"][-1] == result.metrics["accuracy"]
    assert all(len(curve) == 4 for curve in result.curves.values())


@pytest.mark.parametrize(
    ("class_weight", "ratio"),
    [(None, None), ("balanced", "balanced"), ({"yes": 5}, 5), (3.0, 3), ({"no": 2, "yes": 1}, 0.5)],
)
def test_class_weights_are_those_of_each_label_in_training_alone(tmp_path, class_weight, ratio):
    objective = make_objective(make_data(tmp_path / "data"), Training(epochs=1))
    train, y = objective.rows("train", class_weight=class_weight), objective.data.y("train")
    if ratio is None:
        assert train.weights is None
    elif ratio == "balanced":
        sums = [train.weights[y == label].sum() for label in np.unique(y)]
        assert sums == pytest.approx([len(y) / len(sums)] * len(sums), rel=1e-5)
    else:
        assert np.unique(train.weights[y == 1]) == ratio * np.unique(train.weights[y == 0])
    assert objective._validation.weights is None


def test_balanced_classes_say_as_much_as_each_other_by_the_weights_of_their_rows():
    y, weights = np.array([0, 0, 0, 1]), np.array([1.0, 0.2, 0.3, 4.5])
    total = row_weights("balanced", y, ("no", "yes"), weights) * weights
    assert [total[y == label].sum() for label in (0, 1)] == pytest.approx([3.0, 3.0])


def test_class_weights_can_be_searched(tmp_path):
    """A fit with weights that are params is the one with the same weights as a constant."""
    data = make_data(tmp_path / "data")
    searched, plain = make_objective(data), make_objective(data)
    constant = make_objective(data, Training(epochs=4, batch_size=16, class_weight={"yes": 7.0}))
    value = constant({}, seed=0, folder=tmp_path / "t").curves["loss"]
    by_part = searched({"class_weight.yes": 7.0}, seed=0, folder=tmp_path / "t").curves["loss"]
    by_number = searched({"class_weight": 7.0}, seed=0, folder=tmp_path / "t").curves["loss"]
    without = searched({"class_weight": None}, seed=0, folder=tmp_path / "t").curves["loss"]
    assert value == by_part == by_number != without
    assert without == plain({}, seed=0, folder=tmp_path / "t").curves["loss"]


def test_the_rows_are_read_once_for_all_trials(tmp_path):
    objective = make_objective(make_data(tmp_path / "data"))
    objective({}, seed=0, folder=tmp_path / "t")
    (tmp_path / "data" / "train.inputs.npy").unlink()
    assert np.isfinite(objective({}, seed=1, folder=tmp_path / "t").value)
    assert len(pickle.dumps(objective)) < 5000


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_smoothed_labels_are_for_training_rows_alone(tmp_path, task):
    from hpopt.training.objective import compile_model

    data = make_data(tmp_path / "data", task=task)
    objective = make_objective(data, Training(epochs=2, label_smoothing=0.2))
    train = objective.rows("train", smoothing=0.2)
    assert train.target.shape[1] == data.output.units
    assert train.target.max() < 1
    assert set(np.unique(objective._validation_of_shares.target)) == {0.0, 1.0}
    result = objective({}, seed=0, folder=tmp_path / "t")
    assert result.curves["val_loss"][-1] > 0
    network = objective.trained({}, seed=0, weights=tmp_path / "t" / result.weights)
    compile_model(network, Training(), data)
    plain = objective.rows("validation")
    by_labels = network.evaluate(plain.inputs, plain.target, verbose=0)
    assert result.curves["val_loss"][-1] == pytest.approx(by_labels, rel=1e-5)


def test_the_options_of_a_fit_reach_the_optimizer(tmp_path):
    from hpopt.training.objective import compile_model

    objective = make_objective(make_data(tmp_path / "data"))
    network = objective.network({}, seed=0)
    batches = -(-objective.data.sizes["train"] // 16)
    settings = Training(
        batch_size=16,
        learning_rate=0.1,
        learning_schedule="one_cycle",
        beta_2=0.95,
        gradient_clip=2.0,
        ema_epochs=0.5,
    )
    compile_model(network, settings, objective.data)
    optimizer = network.optimizer
    assert (optimizer.beta_2, optimizer.global_clipnorm) == (0.95, 2.0)
    assert optimizer.ema_momentum == pytest.approx(np.exp(-2 / batches))
    assert float(optimizer.learning_rate) < 0.01
