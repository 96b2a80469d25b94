from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from hpopt.data.prepared import Prepared, prepare
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows

# A loaded machine is no fault of the code.
settings.register_profile("hpopt", deadline=None)
settings.load_profile("hpopt")

ROOT = Path(__file__).parent.parent


def make_table(task="binary", rows=200, columns=6, seed=0) -> Table:
    """Rows of very different scales whose target a small network can learn."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** np.arange(columns)
    features = rng.normal(size=(rows, columns)) * scales + 3 * scales
    signal = (features[:, 0] - 3) + (features[:, 1] / 10 - 3)
    labels: tuple[str, ...] = ()
    target = 1000 + 50 * signal
    if task == "binary":
        target, labels = (signal > 0).astype(np.int64), ("no", "yes")
    elif task == "multiclass":
        target, labels = np.digitize(signal, [-0.7, 0.7]), ("low", "middle", "high")
    names = tuple(f"column {i}" for i in range(columns))
    return Table(features, target, names, labels, task)


def make_data(folder, task="binary", scaling="standard", **options) -> Prepared:
    table = make_table(task, **options)
    split = {"train": 0.6, "validation": 0.2, "test": 0.2}
    parts = split_rows(table, **split, seed=0, stratify="auto")
    return prepare(table, parts, folder, scaling)


@pytest.fixture(params=["binary", "multiclass", "regression"])
def data(request, tmp_path) -> Prepared:
    return make_data(tmp_path / "data", request.param)


@pytest.fixture
def base_config() -> str:
    return (ROOT / "configs" / "breast_cancer.yaml").read_text()
