"""Fits of every family are paused here and go on in another process, bit for bit."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import rest_long
from test_pausing import everything

from hpopt.data.prepared import prepare
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows
from hpopt.training import graph
from hpopt.training.objective import Objective
from hpopt.training.settings import Augmentation, EarlyStopping, Training
from hpopt.trials import STATE

pytestmark = pytest.mark.keras
RNG = np.random.default_rng(0)
EPOCHS = 9
TURNED = Augmentation(flip="horizontal", shift=0.2, rotation=10, zoom=0.1, contrast=0.2)

# The builder, the kind of rows and their shape, the builder's arguments, and settings of the fit.
FAMILIES = {
    "images, augmented": (
        *("conv", "image", (8, 8, 1)),
        {"num_blocks": 2, "filters": 4, "dropout_prob": 0.2},
        {"augmentation": TURNED, "learning_schedule": "one_cycle"},
    ),
    "convolutions over series": (
        *("conv", "series", (12, 2)),
        {"residual": True, "normalization": "layer", "causal": True, "num_blocks": 2, "filters": 4},
        {"optimizer": "nadam", "early_stopping": EarlyStopping(patience=3, monitor="loss")},
    ),
    "GRU compiled by XLA": (
        *("recurrent", "series", (6, 2)),
        {"units": 5, "recurrent_dropout": 0.2, "dropout_prob": 0.2},
        {"ema_epochs": 1.0},
    ),
    "LSTMs with attention": (
        *("recurrent", "series", (6, 2)),
        {"cell": "lstm", "num_layers": 2, "units": 5, "head": "attention", "bidirectional": True},
        {"optimizer": "rmsprop", "momentum": 0.5, "gradient_clip": 1.0},
    ),
    "members with waves of numbers": (
        *("tabular", "array", (6,)),
        {"members": 3, "embedding": "periodic", "num_dense_nodes": 9},
        {"optimizer": "adamw", "weight_decay": 0.1, "learning_schedule": "coslog4"},
    ),
}
IN_ANOTHER = """
import pickle, sys
from hpopt.training import graph
orders = pickle.load(sys.stdin.buffer)
results = {}
for family, (objective, folder) in orders.items():
    graph._MANY_TIME_STEPS = 1 if "XLA" in family else 10**9
    for share in (2 / 3, 1.0):
        results[family, share] = objective({}, seed=3, folder=folder, share=share)
sys.stdout.buffer.write(b"RESULTS" + pickle.dumps(results))
"""


def make_objective(folder, family) -> Objective:
    builder, kind, shape, arguments, settings = FAMILIES[family]
    target = RNG.integers(0, 2, 80)
    features = RNG.normal(size=(80, *shape)) + target.reshape(-1, *(1 for _ in shape))
    if kind == "image":
        features = (features * 30 + 100).clip(0, 255).astype(np.uint8)
    names = tuple("abcdef")[: shape[-1]] if kind != "image" else ()
    table = Table(features, target, names, ("no", "yes"), "binary", kind=kind)
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    training = Training(epochs=EPOCHS, batch_size=16, learning_rate=0.01, **settings)
    return Objective(builder, arguments, training, "log_loss", prepare(table, parts, folder))


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """Of each family the folders and results: the whole fit's, and that which was paused twice."""
    top = tmp_path_factory.mktemp("families")
    whole, orders = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        for family in FAMILIES:
            patch.setattr(graph, "_MANY_TIME_STEPS", 1 if "XLA" in family else 10**9)
            folder = top / family
            folder.mkdir()
            objective = make_objective(folder / "data", family)
            whole[family] = objective({}, seed=3, folder=folder / "whole")
            part = objective({}, seed=3, folder=folder / "parts", share=1 / 3)
            assert (part.epochs, part.state) == (EPOCHS // 3, STATE)
            orders[family] = objective, folder / "parts"
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER],
        input=pickle.dumps(orders),
        capture_output=True,
        check=True,
    )
    parts = pickle.loads(done.stdout.partition(b"RESULTS")[2])
    assert b"anew" not in done.stderr
    return top, whole, parts


@pytest.mark.parametrize("family", rest_long([*list(FAMILIES)[1:], *list(FAMILIES)[:1]], short=2))
def test_a_fit_of_the_family_goes_on_in_another_process(family, fits):
    top, whole, parts = fits
    last = parts[family, 1.0]
    one, other = top / family / "whole", top / family / "parts"
    assert everything(other, last) == everything(one, whole[family])
    short = parts[family, 2 / 3]
    assert short.curves["loss"] == last.curves["loss"][: short.epochs]
