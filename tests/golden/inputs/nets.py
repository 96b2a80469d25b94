"""An own builder with a class of its own, and with one value that builds nothing."""

import keras


@keras.saving.register_keras_serializable("golden")
class Twice(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def build(input_shape, output, *, units=4, shape="plain"):
    if shape == "broken":
        raise ValueError("this shape can't be built")
    inputs = hidden = keras.Input(input_shape)
    if shape == "twice":
        hidden = Twice()(hidden)
    hidden = keras.layers.Dense(units, "relu")(hidden)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
