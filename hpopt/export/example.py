"""The text of `example.py`: how an export is used, without hpopt."""

from __future__ import annotations

from hpopt.data.prepared import Prepared
from hpopt.export.formats import Format

# For each format: what is imported, how the model is loaded, and how it is called.
LOADING = {
    "keras": (
        "import keras\n",
        'model = keras.saving.load_model(HERE / "model.keras")',
        "model.predict(rows, verbose=0)",
    ),
    "saved_model": (
        "import tensorflow as tf\n",
        'model = tf.saved_model.load(str(HERE / "saved_model"))',
        "model.serve(tf.constant(rows)).numpy()",
    ),
    "onnx": (
        "import onnxruntime\n",
        'model = onnxruntime.InferenceSession(str(HERE / "model.onnx"))',
        'model.run(None, {"rows": rows})[0]',
    ),
    "tflite": (
        "from ai_edge_litert.interpreter import Interpreter\n",
        'model = Interpreter(str(HERE / "model.tflite")).get_signature_runner()',
        'model(rows=rows)["output_0"]',
    ),
}
# For each task: how the first outputs are printed.
SAYING = {
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
        print(f"{row[0]:.6g}")
""",
}


def outputs_in_words(data: Prepared) -> str:
    """What the outputs for rows [n, ...] mean."""
    if data.output.task == "binary":
        return (
            f"[n, 1]: the probability of {data.labels[1]!r}; the other label is {data.labels[0]!r}"
        )
    if data.output.task == "multiclass":
        return (
            f"[n, {data.output.units}]: the probability of each label, in the order of labels.json"
        )
    return "[n, 1]: the value, in the target's own units"


def example_text(format: Format, data: Prepared, code: str | None) -> str:
    """The whole of `example.py`. `code` is the module that registers own classes, if there are."""
    imports, load, call = LOADING[format.name]
    packages = " ".join(format.packages)
    shape = ", ".join(["n", *map(str, data.features.input_shape)])
    if code is not None:
        imports += f"import {code}  # noqa: F401 (registers the classes of the network)\n"
    json_import, labels = "", ""
    if data.labels:
        json_import = "import json\n"
        labels = 'LABELS = json.loads((HERE / "labels.json").read_text())["labels"]\n'
    if data.output.task == "binary":
        labels += 'THRESHOLD = json.loads((HERE / "labels.json").read_text())["threshold"]\n'
    return f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy {packages}
    python example.py
"""

{json_import}from pathlib import Path

{imports}import numpy as np

HERE = Path(__file__).parent
{labels}{load}


def predict(rows):
    """Raw rows [{shape}], columns as in columns.json, to outputs.

    {outputs_in_words(data)}.
    """
    rows = np.asarray(rows, dtype=np.float32)
    return {call}


if __name__ == "__main__":
    kept = np.load(HERE / "check.npz")  # a few rows, and what was said of them
    outputs = predict(kept["rows"])
{SAYING[data.output.task]}    difference = np.abs(outputs - kept["outputs"]).max()
    print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''
