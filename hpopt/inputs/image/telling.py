"""What an export says of images: its `example.py`, and the words of its card."""

from __future__ import annotations

import inspect

from hpopt.inputs.image import pixels
from hpopt.inputs.image.files import COLOURS
from hpopt.inputs.kind import CardParts, Usage

READING = "pixels.py"

_IMPORT = "from pixels import read_pixels\n"
_READING = '''\
def read(path):
    """The pixels of an image file, of whatever size and colours, as the model takes them."""
    return read_pixels(path, tuple(COLUMNS["size"]), COLUMNS["channels"])


'''


def example(usage: Usage, reads_files: bool) -> dict[str, str]:
    """`example.py`, and what it reads files with, where there are files of such images."""
    constants = "".join(
        f'{key.upper()} = json.loads((HERE / "labels.json").read_text("utf-8"))["{key}"]\n'
        for key in usage.constants
    )
    pillow = " pillow" if reads_files else ""
    mine = "    python example.py mine.png ...    # your images\n" if reads_files else ""
    columns = 'COLUMNS = json.loads((HERE / "columns.json").read_text("utf-8"))\n'
    given = 'rows = kept["rows"]'
    if reads_files:
        given = 'rows = np.stack([read(path) for path in files]) if files else kept["rows"]'
    text = f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy{pillow}{usage.packages}
    python example.py                 # a few images that are kept here
{mine}"""

import json
import sys
from pathlib import Path

{usage.imports}{usage.own_code}import numpy as np
{_IMPORT if reads_files else ""}
HERE = Path(__file__).parent
{columns}{constants}{usage.load}


{_READING if reads_files else ""}def predict(rows):
    """Pixels, uint8 [n, height, width, channels], to outputs.

    {usage.outputs}.
    """
    rows = np.asarray(rows, dtype=np.uint8)
    return np.concatenate([call(rows[i : i + 256]) for i in range(0, max(len(rows), 1), 256)])


def call(rows):
    """What the model says of a batch."""
    return {usage.call}


if __name__ == "__main__":
    files = sys.argv[1:]
    kept = np.load(HERE / "check.npz")  # a few images, and what was said of them
    {given}
    outputs = predict(rows)
{usage.show}    if not files:
        difference = np.abs(outputs - kept["outputs"]).max()
        print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''
    reading = {READING: inspect.getsource(pixels)} if reads_files else {}
    return {"example.py": text, **reading}


def card(size: tuple[int, int], channels: int) -> CardParts:
    """What the card says of images of this size."""
    height, width = size
    colours = COLOURS.get(channels)
    what = f"{channels} channels" if colours is None else ", ".join(colours)
    reading = (
        f"\n`example.py` reads image files of any size and colours, by `{READING}`, which needs "
        "Pillow.\n"
        if colours
        else ""
    )
    return CardParts(
        inside="the scaling of pixels is inside",
        packages=" pillow" if colours else "",
        inputs=f"""## Inputs

`rows`: uint8 [n, {height}, {width}, {channels}]: images of {height} x {width} pixels (height x
width), from the top down and from the left to the right, each pixel {what}, from 0 to 255.
{reading}""",
        columns="the size of an image, height and width, and its channels",
        training=_TRAINING,
        limits=["- It expects images like those that it learned from, as whole as these."],
    )


_TRAINING = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
model = keras.saving.load_model("model.keras")
model.fit(rows, y, epochs=5)  # rows: uint8, as for predict; y: {target}
```
"""
