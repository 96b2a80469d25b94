"""The text of `example.py`: how an export is used, without hpopt."""

from __future__ import annotations

from hpopt.data.prepared import Prepared
from hpopt.errors import RunError
from hpopt.export.formats import Format
from hpopt.inputs.kind import Usage

# For each format: what is imported, how the model is loaded, and how it is called: with all rows,
# or with a few of them.
_LOADING = {
    "keras": (
        "import keras\n",
        'model = keras.saving.load_model(HERE / "model.keras")',
        "model.predict(rows, verbose=0)",
        "model(%s, training=False).numpy()",
    ),
    "saved_model": (
        "import tensorflow as tf\n",
        'model = tf.saved_model.load(str(HERE / "saved_model"))',
        "model.serve(tf.constant(rows)).numpy()",
        "model.serve(%s).numpy()",
    ),
    "onnx": (
        "import onnxruntime\n",
        'model = onnxruntime.InferenceSession(str(HERE / "model.onnx"))',
        'model.run(None, {"rows": rows})[0]',
        'model.run(None, {"rows": %s})[0]',
    ),
    "tflite": (
        "from ai_edge_litert.interpreter import Interpreter\n",
        'model = Interpreter(str(HERE / "model.tflite")).get_signature_runner()',
        'model(rows=rows)["output_0"]',
        'model(rows=%s)["output_0"]',
    ),
    "numpy": (
        "import numpy_model\n",
        'model = numpy_model.Model(HERE / "model.npz")',
        "model(rows)",
        "model(%s)",
    ),
}
# For each task: how the first outputs are printed.
_SHOWING = {
    "binary": """\
    for row in outputs[:5]:
        print(f"{LABELS[1]}: {row[0]:.3f}  so it is {LABELS[int(row[0] > THRESHOLD)]}")
""",
    "multiclass": """\
    for row in outputs[:5]:
        print(f"{LABELS[row.argmax()]}  with the probability {row.max():.3f}")
""",
    "regression": """\
    for row in outputs[:5]:
        print(f"{row[0]:.15g}")
""",
    "forecast": """\
    for row in outputs[:5]:
        print("the next steps:", ", ".join(f"{value:.6g}" for value in row))
""",
}


# For each task: what the outputs for rows [n, ...] mean. Data never stand in a generated program,
# not in its comments either, where a label could become code. It reads them from labels.json.
OUTPUTS = {
    "binary": "[n, 1]: the probability of the second label of labels.json",
    "multiclass": "[n, labels]: the probability of each label, in the order of labels.json",
    "regression": "[n, 1]: the value, in the target's own units",
    "forecast": "[n, steps ahead]: the values of the next steps, in the target's own units",
}


def needed(format: Format) -> str:
    """What a format needs beside NumPy, each with a space before it."""
    return "".join(f" {package}" for package in format.packages)


def usage_of(format: Format, data: Prepared, code: str | None) -> Usage:
    """What a kind makes `example.py` of.

    `code` is the module that registers own classes, if there are. Raises RunError where that is no
    name of a module.
    """
    if code is not None and not all(map(str.isidentifier, code.split("."))):
        raise RunError(f"`{code}` is no name of a module")
    imports, load, call, call_batch = _LOADING[format.name]
    if offset := format.offset(data):
        added = f"{offset!r} + np.asarray(%s, np.float64)"
        call, call_batch = added % call, added % call_batch
    task = data.output.kind
    constants = ["labels"] * task.has_labels + ["threshold"] * task.has_threshold
    own_code = f"import {code}  # noqa: F401 (registers the classes of the network)\n"
    return Usage(
        runtime=format.runtime,
        packages=needed(format),
        imports=imports,
        own_code=own_code if code else "",
        load=load,
        call=call,
        call_batch=call_batch,
        constants=constants,
        outputs=OUTPUTS[data.output.task],
        show=_SHOWING[data.output.task],
    )
