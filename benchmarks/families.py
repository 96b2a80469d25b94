"""What the right family is worth: `python benchmarks/families.py digits`.

Digits as images of 8 x 8 pixels, convolutional against fully connected networks, hpopt against
KerasTuner's random and Bayesian tuner on the same space in the same minutes. Each sees the same
training and validation part; what is told is the accuracy of its best network, as it came out of
the search, on the same test part.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

import hpopt
from hpopt.backend import load_keras
from hpopt.builders.registry import load_builder
from hpopt.task import Output

keras = load_keras()
EPOCHS, PATIENCE = 40, 8
SPACES: dict[str, dict[str, Any]] = {
    "conv": {
        "learning_rate": (3e-4, 1e-2),
        "filters": (8, 64),
        "convolutions": [1, 2],
        "residual": [False, True],
        "dropout_prob": (0.0, 0.5),
    },
    "dense_dropout": {
        "learning_rate": (3e-4, 1e-2),
        "num_dense_nodes": (16, 512),
        "num_layers": [1, 2, 3],
        "batch_normalization": [False, True],
        "dropout_prob": (0.0, 0.5),
    },
}
CONSTANTS: dict[str, dict[str, Any]] = {
    "conv": {"num_blocks": 2, "head": "flatten"},
    "dense_dropout": {"dropout_after": "all"},
}
LOGARITHMIC = ("learning_rate", "filters", "num_dense_nodes")
Parts = tuple[np.ndarray, np.ndarray, np.ndarray]
Entrant = Callable[[str, Parts, int, int, Path], tuple[int, float]]


def digits(seed: int) -> Parts:
    """Images [n, 8, 8, 1], what they show, and the part of each: 0 training, 1 validation, 2 test.

    Every fifth is of the test part, whatever the seed.
    """
    bunch = load_digits()
    part = np.random.default_rng(seed).choice([0, 1], len(bunch.target), p=[0.75, 0.25])
    part[::5] = 2
    return (bunch.images[..., None] - 4.9) / 6.0, bunch.target, part


def dimension(name: str, form: Any) -> Any:
    """A dimension in hpopt's words."""
    if isinstance(form, list):
        return form
    low, high = form
    prior = "log-uniform" if name in LOGARITHMIC else "uniform"
    return {
        "type": "real" if isinstance(low, float) else "integer",
        "low": low,
        "high": high,
        "prior": prior,
    }


def by_hpopt(
    family: str, parts: Parts, seconds: int, seed: int, folder: Path, changes: Any = None
) -> tuple[int, float]:
    """How many trials there were, and the accuracy of the best network on the test part.

    hpopt keeps a twentieth of the rows for a test of its own.
    """
    x, y, part = parts
    np.savez(folder / "rows.npz", x=x[part < 2], y=y[part < 2])
    np.savez(folder / "test.npz", x=x[part == 2], y=y[part == 2])
    config = {
        "dataset": {
            "source": "npz",
            "path": str(folder / "rows.npz"),
            "task": "multiclass",
            "split": {"train": 0.75, "validation": 0.2, "test": 0.05, "seed": seed},
        },
        "model": {"builder": family, **CONSTANTS[family]},
        "training": {
            "epochs": EPOCHS,
            "batch_size": 32,
            "metric": "log_loss",
            "early_stopping": {"patience": PATIENCE},
            **(changes or {}),
        },
        "space": {name: dimension(name, form) for name, form in SPACES[family].items()},
        "search": {"n_calls": 1000, "time_limit": seconds, "seed": seed},
        "execution": {"workers": 1},
        "output": {"plots": False},
    }
    run = hpopt.tune(config, output_dir=folder, progress=False)
    test = hpopt.evaluate(run, folder / "test.npz").scores["accuracy"]
    return len(run.trials()), test


def augmented(*given: Any) -> tuple[int, float]:
    """hpopt, whose training images are moved and turned a little."""
    return by_hpopt(*given, changes={"augmentation": {"shift": 0.1, "rotation": 10.0}})


def by_keras_tuner(kind: str) -> Entrant:
    """One of KerasTuner's tuners, on the networks of the same builder."""

    def search(
        family: str, parts: Parts, seconds: int, seed: int, folder: Path
    ) -> tuple[int, float]:
        import keras_tuner

        keras.utils.set_random_seed(seed)
        x, y, part = parts
        data = [(x[part == number], y[part == number]) for number in range(3)]

        def build(hp: Any) -> Any:
            values = {name: chosen(hp, name, form) for name, form in SPACES[family].items()}
            rate = values.pop("learning_rate")
            output = Output.of("multiclass", 10)
            model = load_builder(family)(x.shape[1:], output, **CONSTANTS[family], **values)
            loss = "sparse_categorical_crossentropy"
            model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
            return model

        ends = time.monotonic() + seconds

        class UntilTheEnd(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                if time.monotonic() > ends:
                    tuner.oracle.max_trials = 1
                    self.model.stop_training = True

        tuner = getattr(keras_tuner, kind)(
            build,
            objective=keras_tuner.Objective("val_loss", "min"),
            max_trials=1000,
            seed=seed,
            directory=folder,
            overwrite=True,
        )
        tuner.search(
            *data[0],
            validation_data=data[1],
            epochs=EPOCHS,
            batch_size=32,
            verbose=0,
            callbacks=[
                keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True),
                UntilTheEnd(),
            ],
        )
        [model] = tuner.get_best_models(1)
        return len(tuner.oracle.trials), float(model.evaluate(*data[2], verbose=0)[1])

    return search


def chosen(hp: Any, name: str, form: Any) -> Any:
    """What KerasTuner chooses for a dimension."""
    if isinstance(form, list):
        return hp.Choice(name, form)
    choose = hp.Float if isinstance(form[0], float) else hp.Int
    return choose(name, *form, sampling="log" if name in LOGARITHMIC else "linear")


ENTRANTS: dict[str, tuple[Entrant, str]] = {
    "hpopt, conv": (by_hpopt, "conv"),
    "hpopt, conv, augmented": (augmented, "conv"),
    "hpopt, dense": (by_hpopt, "dense_dropout"),
    "KerasTuner random, conv": (by_keras_tuner("RandomSearch"), "conv"),
    "KerasTuner Bayesian, conv": (by_keras_tuner("BayesianOptimization"), "conv"),
}


def main() -> None:
    """Run those that were asked for, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=["digits"])
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="lines whose name holds this text")
    options = parser.parse_args()
    print("| who | trials | accuracy on test |")
    print("| --- | --- | --- |")
    for name, (entrant, family) in ENTRANTS.items():
        for seed in range(options.seeds if options.only in name else 0):
            with tempfile.TemporaryDirectory() as folder:
                parts = digits(seed)
                trials, test = entrant(family, parts, options.seconds, seed, Path(folder))
            print(f"| {name} | {trials} | {test:.4f} |", flush=True)


if __name__ == "__main__":
    main()
