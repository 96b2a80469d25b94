"""The body of a network that was trained before, from a `.keras` file, under a new head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Lt, doc

from hpopt.builders.parts import Activation, Count, dense_layers
from hpopt.builders.registry import FILE
from hpopt.errors import SetupError, in_words, suggest_name
from hpopt.task import Output

if TYPE_CHECKING:
    import keras

_MOST_NAMED = 30


def build(
    input_shape: tuple[int, ...],
    output: Output,
    *,
    file: Annotated[str, FILE, doc("The model, a `.keras` file, relative to the config.")],
    body_ends: Annotated[
        str | None,
        doc(
            "The layer whose output is the body's. If left out, it is the last one that is no "
            "`Dense` at the model's end."
        ),
    ] = None,
    trainable_from: Annotated[
        str | None,
        doc("The first layer that is fitted on, with all behind it. If left out, none is."),
    ] = None,
    pooling: Annotated[
        Literal["average", "max", "flatten"],
        doc("How the body's output becomes a row, where it has places or steps."),
    ] = "average",
    head_layers: Annotated[
        int, Ge(0), doc("The number of fully connected layers before the output.")
    ] = 0,
    head_units: Annotated[Count, doc("The units of each of them.")] = 64,
    head_dropout_prob: Annotated[
        float, Ge(0), Lt(1), doc("The share of numbers dropped before and behind each of them.")
    ] = 0.0,
    activation: Annotated[Activation, doc("The activation of these layers.")] = "relu",
) -> keras.Model:
    """Build the body that a file holds, frozen or fitted on from a layer, and a head for the task.

    Layers are in the order of the file's `model.layers`. Frozen ones keep their weights, and a
    frozen batch normalisation its statistics too.

    Raises SetupError where the file can't be read, needs code of one's own, takes other rows, or
    has no layer of a name that is given.
    """
    import keras

    body = _body(_load(Path(file)), body_ends, Path(file).name)
    given, wanted = tuple(body.input_shape[1:]), tuple(input_shape)
    fits = len(given) == len(wanted) and all(
        size in (None, side) for size, side in zip(given, wanted, strict=True)
    )
    if not fits:
        raise SetupError(
            f"the model in {Path(file).name} takes rows {_shown(given)}, and a row here is "
            f"{_shown(wanted)}",
            help="give rows of that shape: the `size` and `channels` of images, the same columns",
        )
    _freeze(body, trainable_from, Path(file).name)
    inputs = keras.Input(input_shape)
    hidden = body(inputs)
    if len(hidden.shape) > 2:
        hidden = _pooled(hidden, pooling)
    hidden = keras.layers.Dropout(head_dropout_prob)(hidden)
    row = dense_layers(hidden, [head_units] * head_layers, activation, head_dropout_prob)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(row))


def _load(path: Path) -> Any:
    """The model of a file, none of whose own code is run."""
    import keras

    if path.suffix != ".keras":
        raise SetupError(
            f"{path.name} is no .keras file", help='`model.save("body.keras")` writes one'
        )
    if not path.is_file():
        raise SetupError(f"there is no file {path}")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever Keras, h5py or zipfile find wrong in it
        why = in_words(error)
        if "safe_mode" in why or "unsafe" in why or "Could not locate" in why:
            raise SetupError(
                f"the model in {path.name} needs code of its own: {why.splitlines()[0]}",
                help="a body is of Keras' own layers; load yours in a builder of your own",
            ) from error
        raise SetupError(f"{path.name} can't be read as a model: {why}") from error
    if not isinstance(model, keras.Sequential) and type(model).__name__ != "Functional":
        raise SetupError(
            f"the model in {path.name} is a {type(model).__name__}, whose layers are not known",
            help="a body is a functional or sequential model",
        )
    if len(model.inputs) != 1:
        raise SetupError(
            f"the model in {path.name} has {len(model.inputs)} inputs, and rows are one array",
            help="a body has one input",
        )
    return model


def _body(model: Any, ends: str | None, name: str) -> Any:
    """The model up to the layer that its body ends with."""
    import keras

    layers = [each for each in model.layers if not isinstance(each, keras.layers.InputLayer)]
    if ends is not None:
        last = layers[_index(ends, layers, name)]
    else:
        has_output = isinstance(layers[-1], keras.layers.Dense) and len(layers) > 1
        last = layers[-2] if has_output else layers[-1]
    return keras.Model(model.inputs, last.output, name="body")


def _freeze(body: Any, trainable_from: str | None, name: str) -> None:
    """Freeze what lies before a layer, or all of the body."""
    layers = body.layers
    first = len(layers) if trainable_from is None else _index(trainable_from, layers, name)
    for index, layer in enumerate(layers):
        layer.trainable = index >= first


def _index(wanted: str, layers: Sequence[Any], name: str) -> int:
    names = [layer.name for layer in layers]
    if wanted not in names:
        shown = ", ".join(f"`{each}`" for each in names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise SetupError(
            f"the body of {name} has no layer `{wanted}`",
            help=f"{suggest_name(wanted, names)}; it has {shown}{more}",
        )
    return names.index(wanted)


def _pooled(hidden: Any, pooling: str) -> Any:
    """The body's output [n, ..., channels] as rows [n, features]."""
    import keras

    if pooling == "flatten":
        return keras.layers.Flatten()(hidden)
    axes = len(hidden.shape) - 2
    kind = "Average" if pooling == "average" else "Max"
    return getattr(keras.layers, f"Global{kind}Pooling{axes}D")()(hidden)


def _shown(shape: Sequence[int | None]) -> str:
    return "[" + ", ".join("any" if size is None else str(size) for size in shape) + "]"
