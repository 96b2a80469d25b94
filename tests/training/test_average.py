import numpy as np
import pytest

from hpopt.backend import begin_names_anew, load_keras
from hpopt.data.target_spec import TargetSpec
from hpopt.inputs.array import ArrayKind
from hpopt.training.average import average

pytestmark = pytest.mark.keras
ROWS = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def network(units, activation):
    """A network with the names that every trial's has."""
    keras = load_keras()
    begin_names_anew()
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(units, activation)(inputs))


@pytest.mark.parametrize(
    ("units", "activation", "target"),
    [
        (1, "sigmoid", TargetSpec()),
        (4, "softmax", TargetSpec()),
        (1, None, TargetSpec(1000.0, 50.0)),
        (1, None, TargetSpec(2.0, 0.7, "log1p")),
    ],
)
def test_what_an_average_says_is_the_mean_in_the_targets_units(units, activation, target):
    networks = [network(units, activation) for _ in range(3)]
    features = ArrayKind((0.0,) * 3, (1.0,) * 3)
    mean = average(networks, features, target)
    said = [target.restore(np.asarray(each(ROWS))) for each in networks]
    expected = np.mean(said, axis=0)
    assert target.restore(np.asarray(mean(ROWS))) == pytest.approx(expected, rel=1e-5)
    assert average(networks[:1], features, target) is networks[0]
