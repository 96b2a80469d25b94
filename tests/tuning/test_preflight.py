import pytest
from conftest import make_data

from hpopt.errors import SetupError
from hpopt.own_code import absolute_reference
from hpopt.training.objective import Objective
from hpopt.training.settings import Training
from hpopt.tuning.preflight import preflight

pytestmark = pytest.mark.keras
HEAD = (
    "import keras\n\ndef build(input_shape, output, *, units=4):\n"
    "    x = keras.Input(input_shape)\n"
)
OUTPUT = "keras.layers.Dense(output.units, output.activation)"


def preflown(tmp_path, body, head=HEAD, **training) -> None:
    (tmp_path / "nets.py").write_text(head + body)
    reference = absolute_reference("nets.py:build", tmp_path)
    data = make_data(tmp_path / "data")
    objective = Objective(reference, {}, Training(epochs=1, **training), "accuracy", data)
    preflight(objective, {}, seed=0)


def test_a_builder_that_works_passes(tmp_path):
    preflown(tmp_path, f"    return keras.Model(x, {OUTPUT}(x))")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    return keras.Model(x, keras.layers.Dense(3)(x))", "needs (2, 1)"),
        ("    return keras.layers.Dense(1)", "gave back a Dense, not a keras.Model"),
        ("    return None", "gave back a NoneType"),
        (
            "    two = [keras.Input((2,)), keras.Input((2,))]\n"
            "    return keras.Model(two, keras.layers.Concatenate()(two))",
            "has 2 inputs, and rows are one array",
        ),
        ("    return keras.Model(x, keras.layers.Dense(1)(x))", "are no probabilities"),
        ("    import sys\n    sys.exit(0)", "SystemExit: 0"),
        ("    return keras.Model(x, keras.layers.Dense(units / 0)(x))", "nets.py:5"),
        ("    return keras.Model(x, keras.layers.Dense(1)(x) * float('nan'))", "became nan"),
        (
            "    net = keras.layers.Lambda(lambda t: t * 2)\n"
            f"    return keras.Model(x, {OUTPUT}(net(x)))",
            "Lambda",
        ),
    ],
)
def test_a_fault_of_the_default_network_is_found_before_any_trial(tmp_path, body, words):
    with pytest.raises(SetupError) as caught:
        preflown(tmp_path, body)
    assert words in caught.value.render()


def test_a_model_class_that_cant_be_loaded_again_is_found_before_any_trial(tmp_path):
    head = (
        "import keras\n\nclass Net(keras.Model):\n"
        "    def __init__(self, units):\n        super().__init__()\n"
        "        self.out = keras.layers.Dense(units, 'sigmoid')\n"
        "    def call(self, x):\n        return self.out(x)\n"
        "\ndef build(input_shape, output):\n"
    )
    with pytest.raises(SetupError, match="be saved and loaded again"):
        preflown(tmp_path, "    return Net(output.units)", head=head)


def test_a_registered_model_class_passes(tmp_path):
    head = (
        "import keras\n\n@keras.saving.register_keras_serializable('tests')\n"
        "class Registered(keras.Model):\n"
        "    def __init__(self, units, **options):\n        super().__init__(**options)\n"
        "        self.units = units\n        self.out = keras.layers.Dense(units, 'sigmoid')\n"
        "    def call(self, x):\n        return self.out(x)\n"
        "    def get_config(self):\n        return {'units': self.units}\n"
        "\ndef build(input_shape, output):\n"
    )
    preflown(tmp_path, "    return Registered(output.units)", head=head)


def test_a_builder_that_gives_the_same_network_each_time_is_found(tmp_path):
    head = HEAD.replace("import keras\n", "import keras\nkept = []\n")
    body = (
        f"    if not kept:\n        kept.append(keras.Model(x, {OUTPUT}(x)))\n    return kept[0]\n"
    )
    with pytest.raises(SetupError, match="the same network twice"):
        preflown(tmp_path, body, head=head)


def test_outputs_that_are_no_probabilities_pass_only_when_asked_for_by_name(tmp_path):
    data = make_data(tmp_path / "data")
    arguments = {"activation": "linear", "output_activation": "hidden"}
    objective = Objective("dense_dropout", arguments, Training(epochs=1), "accuracy", data)
    assert objective.network({}, seed=0).layers[-1].activation.__name__ == "linear"
    preflight(objective, {}, seed=0)
