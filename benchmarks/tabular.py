"""What members, waves and a watched metric bring: `python benchmarks/tabular.py TABLE.csv TARGET`.

One fit each of `dense_dropout` as `hpopt init` drafts it and of `tabular`, on the same splits of a
table. What is told is the metric on the test part, and the seconds of the fit, as means over the
splits; beside them stands gradient boosting on the same rows.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import hpopt
from hpopt.config.parsing import parse_document
from hpopt.drafting.tables import draft_config

BOOSTING = "gradient boosting"
WATCHED = {"early_stopping": {"monitor": "metric", "patience": 20}}
WIDE = {"num_layers": 3, "num_dense_nodes": 256}
VARIANTS: dict[str, dict[str, Any]] = {
    "dense_dropout as drafted": {},
    "... by the metric": {"training": WATCHED},
    "... 3 layers of 256": {"model": WIDE},
    "... 3 of 256, by the metric": {"model": WIDE, "training": WATCHED},
    "tabular, 1 member": {"builder": "tabular", "model": {"members": 1}},
    "tabular, 4 members": {"builder": "tabular", "model": {"members": 4}},
    "tabular, 8 members": {"builder": "tabular", "model": {"members": 8}},
    "tabular, 4 members, waves": {
        "builder": "tabular",
        "model": {"members": 4, "embedding": "periodic"},
    },
}
OF_BUILDER = ("num_layers", "num_dense_nodes", "activation", "batch_normalization", "dropout_prob")


def drafted(table: Path, target: str, metric: str | None) -> dict[str, Any]:
    """The config that init drafts, with the defaults of its space as constants."""
    text = draft_config(table, target, table.parent).text
    form: Any = parse_document(table, text.encode()).tree
    form["dataset"]["path"] = str(table.resolve())
    defaults = {
        name: dimension[0] if isinstance(dimension, list) else dimension["default"]
        for name, dimension in form.pop("space").items()
    }
    form["model"] |= {name: defaults[name] for name in OF_BUILDER}
    form["training"] |= {n: value for n, value in defaults.items() if n not in OF_BUILDER}
    form["training"] |= {"metric": metric} if metric else {}
    form["output"] = {"plots": False, "confirm": 0}
    form["execution"] = {"workers": 0}
    return form


def fitted(form: dict[str, Any], variant: dict[str, Any], seed: int) -> tuple[float, float, float]:
    """The score on test of one fit, its seconds, and the score of boosting on the same rows."""
    form = copy.deepcopy(form)
    if "builder" in variant:
        form["model"] = {"builder": variant["builder"]}
    form["model"] |= variant.get("model", {})
    form["training"] |= variant.get("training", {})
    form["dataset"]["split"] |= {"seed": seed}
    rate = form["training"].pop("learning_rate")  # a space needs a dimension
    ends = {"low": 0.99 * rate, "high": 1.01 * rate, "default": rate}
    form["space"] = {"learning_rate": {"type": "real", **ends}}
    form["search"] = {"n_calls": 1, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        run = hpopt.tune(form, output_dir=folder, progress=False)
        [trial], test = run.trials(), run.outcomes.test
        metric = run.header.metric
        return test.best[metric], trial.result.seconds, test.baselines[BOOSTING].test[metric]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("target")
    parser.add_argument("--metric", help="if not the one that init drafts")
    parser.add_argument("--splits", type=int, default=4)
    arguments = parser.parse_args()
    form = drafted(arguments.table, arguments.target, arguments.metric)
    for name, variant in VARIANTS.items():
        fits = np.array([fitted(form, variant, seed) for seed in range(arguments.splits)])
        score, seconds, boosting = fits.mean(axis=0)
        print(
            f"{name:<28} {score:>10.4g} (sd {fits[:, 0].std():.2g})  {seconds:>6.1f} s  "
            f"boosting {boosting:.4g}",
            flush=True,
        )


if __name__ == "__main__":
    main()
