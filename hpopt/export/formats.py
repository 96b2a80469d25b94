"""The formats a model can be exported in: what each needs, and how it is written."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hpopt.backend import load_keras, silent_stderr
from hpopt.data.prepared import Prepared
from hpopt.errors import MissingDependency
from hpopt.export.numpy_steps import RUNTIME, write_numpy_model
from hpopt.export.twin import KERAS, network_of, raw_model
from hpopt.inputs.kind import Runtime
from hpopt.inputs.naming import tensorflow_names


@dataclass(frozen=True)
class Format:
    """`write` puts a model for raw rows at a path; `modules` have to be there for it."""

    name: str
    artifact: str
    packages: tuple[str, ...]  # what using the export takes, beside NumPy
    says: str
    write: Callable[[Any, Prepared, Path], None] | None = None  # None: it is how models are kept
    modules: tuple[str, ...] = ()
    runtime: Runtime = KERAS  # what runs it
    holds: str = "the model"  # what the artifact is

    def offset(self, data: Prepared) -> float:
        """What the model's outputs are less, and whoever runs it adds in float64; 0 for most."""
        return data.target.float32_offset if self.runtime.dtype == "float32" else 0.0

    def require(self) -> None:
        """Raise MissingDependency where what the format needs is not installed."""
        for module in self.modules:
            if find_spec(module) is None:
                what = f"the package {module.replace('_', '-')}, which this format needs,"
                raise MissingDependency(what, self.name)


_TENSORFLOW = Runtime(naming=tensorflow_names)
_ONNX = Runtime(takes_texts=False)
_NUMPY = Runtime(takes_texts=False)
_TFLITE = Runtime(takes_texts=False, dtype="float32")  # the interpreter has no float64


def _write_saved_model(model: Any, data: Prepared, path: Path) -> None:
    named = raw_model(network_of(model), data.features, data.target, _TENSORFLOW)
    named.export(path, format="tf_saved_model", verbose=False)


def _write_onnx(model: Any, data: Prepared, path: Path) -> None:
    import onnx
    import tensorflow as tf

    whole = raw_model(network_of(model), data.features, data.target, _ONNX)
    log = logging.getLogger("tf2onnx")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it can't convert shows when the file is checked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras' patch for tf2onnx
            signature = [tf.TensorSpec(i.shape, i.dtype, name=i.name) for i in whole.inputs]
            whole.export(path, format="onnx", input_signature=signature, verbose=False)
    finally:
        log.setLevel(level)
    onnx_model = onnx.load(path)
    _spell_out(onnx_model.graph)
    onnx.checker.check_model(onnx_model)
    onnx.save(onnx_model, path)


def _spell_out(graph: Any) -> None:
    """Write what tf2onnx leaves as TensorFlow's own in ONNX: erfc x = 1 - erf x, expm1 x = e^x - 1.

    Keras' gelu and celu are made of them.
    """
    from onnx import TensorProto, helper

    one = "hpopt_one"
    nodes: list[Any] = []
    for node in graph.node:
        function = {"Erfc": "Erf", "Expm1": "Exp"}.get(node.op_type)
        if function is None:
            nodes.append(node)
            continue
        [wanted] = node.output
        between = f"{wanted}/{function}"
        operands = [one, between] if function == "Erf" else [between, one]
        nodes.append(helper.make_node(function, node.input, [between]))
        nodes.append(helper.make_node("Sub", operands, [wanted]))
    if len(nodes) > len(graph.node):
        graph.initializer.append(helper.make_tensor(one, TensorProto.FLOAT, [], [1.0]))
        del graph.node[:]
        graph.node.extend(nodes)


def _write_numpy(model: Any, data: Prepared, path: Path) -> None:
    whole = raw_model(network_of(model), data.features, data.target, _NUMPY)
    write_numpy_model(whole, path)


def _write_tflite(model: Any, data: Prepared, path: Path) -> None:
    target = data.target.less(data.target.float32_offset)
    single = raw_model(_unrolled(network_of(model)), data.features, target, _TFLITE)
    with silent_stderr():  # the converter speaks of its passes, whatever the log level
        single.export(str(path), format="litert", verbose=False)


def _unrolled(network: Any) -> Any:
    """The network with its loops over time steps written out, for LiteRT's interpreter has none."""
    keras = load_keras()
    if not any(hasattr(layer, "unroll") for layer in network._flatten_layers()):
        return network

    def copy(layer: Any) -> Any:
        config = layer.get_config()
        inside = [config[key]["config"] for key in ("layer", "backward_layer") if key in config]
        for form in (config, *inside):
            if "unroll" in form:
                form["unroll"] = True
        return type(layer).from_config(config)

    clone = keras.models.clone_model(network, clone_function=copy)
    clone.set_weights(network.get_weights())
    for layer in clone._flatten_layers():
        if hasattr(layer, "zero_output_for_mask"):
            # Written out, Keras 3.15 puts the zeros of a layer that goes backwards in wrong places.
            # No layer that heeds a mask looks at them.
            layer.zero_output_for_mask = False
    return clone


FORMATS = {
    format.name: format
    for format in (
        Format(
            "keras",
            "model.keras",
            ("tensorflow", "keras"),
            "Keras' own file: to be used, and to be trained further",
        ),
        Format(
            "saved_model",
            "saved_model",
            ("tensorflow",),
            "TensorFlow's SavedModel, for TensorFlow Serving: the computation alone",
            _write_saved_model,
            runtime=_TENSORFLOW,
        ),
        Format(
            "onnx",
            "model.onnx",
            ("onnxruntime",),
            "ONNX: the computation alone, for runtimes in many languages",
            _write_onnx,
            ("onnx", "tf2onnx", "onnxruntime"),
            runtime=_ONNX,
        ),
        Format(
            "tflite",
            "model.tflite",
            ("ai-edge-litert",),
            "TensorFlow Lite (LiteRT): the computation alone, in float32, for small devices",
            _write_tflite,
            ("ai_edge_litert",),
            runtime=_TFLITE,
        ),
        Format(
            "numpy",
            "model.npz",
            (),
            "NumPy alone: the computation as a file of arrays and a page of Python",
            _write_numpy,
            runtime=_NUMPY,
            holds=f"the model, which `{RUNTIME}` computes",
        ),
    )
}
