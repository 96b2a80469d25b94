"""How long a fit takes beside `model.fit`: `python benchmarks/fit.py`.

Both fit the same networks on the same rows in the same warm process, turn by turn; what is timed
begins with a compiled model and ends with its weights. The ratios are what counts: seconds vary
with the machine and with what else it does.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.backend import begin_names_anew, load_keras
from hpopt.training import drivers
from hpopt.training.fit import Fit, Rows

keras = load_keras()
keras.utils.set_random_seed(0)
layers = keras.layers
rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Work:
    """One line of the table: `make(k)` is the k-th network, compiled."""

    name: str
    make: Callable[[int], Any]
    train: Rows
    validation: Rows
    batch_size: int
    epochs: int
    bar: float
    seen_before: bool = False


def compiled(stack: list[Any], learning_rate: float = 1e-3) -> Any:
    model = keras.Sequential(stack)
    decay = keras.optimizers.schedules.ExponentialDecay(learning_rate, 1000, 0.95)
    model.compile(keras.optimizers.Adam(decay), "binary_crossentropy", jit_compile=False)
    return model


def reference(nodes: int, rate: float = 0.8, learning_rate: float = 1e-3) -> Any:
    hidden = [layers.Dense(nodes, "relu")]
    for _ in range(2):
        hidden += [layers.Dense(nodes, "relu"), layers.Dropout(rate)]
    head = layers.Dense(1, "sigmoid")
    return compiled([layers.Input((30,)), *hidden, head], learning_rate)


def perceptron(units: int, depth: int) -> Any:
    hidden = [layers.Dense(units, "relu") for _ in range(depth)]
    return compiled([layers.Input((100,)), *hidden, layers.Dense(1, "sigmoid")])


def convolutional(_: int) -> Any:
    body = [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    body += [layers.Dense(32, "relu"), layers.Dense(1, "sigmoid")]
    return compiled([layers.Input((8, 8, 1)), *body])


def recurrent(_: int) -> Any:
    return compiled([layers.Input((40, 4)), layers.GRU(32), layers.Dense(1, "sigmoid")])


def rows(count: int, *shape: int) -> Rows:
    inputs = rng.normal(size=(count, *shape)).astype(np.float32)
    flat = inputs.reshape(count, -1)
    target = (flat[:, 0] * flat[:, 1] > 0).astype(np.float32)
    return Rows(inputs, target[:, None])


def all_work() -> list[Work]:
    cancer = rows(341, 30), rows(136, 30)
    large = rows(32_000, 100), rows(8_000, 100)
    images = rows(1_078, 8, 8, 1), rows(431, 8, 8, 1)
    sequences = rows(1_000, 40, 4), rows(400, 40, 4)
    return [
        Work("reference, a new shape each time", lambda k: reference(15 + k), *cancer, 256, 50, 6),
        Work(
            "reference, a shape seen before",
            lambda k: reference(14, 0.5 + 0.01 * k, 1e-3 * (k + 1)),
            *cancer,
            256,
            50,
            25,
            seen_before=True,
        ),
        Work("32,000 x 100, 2 x 64 units", lambda _: perceptron(64, 2), *large, 256, 10, 3),
        Work("32,000 x 100, 3 x 512 units", lambda _: perceptron(512, 3), *large, 256, 3, 1),
        Work("8 x 8 images, convolution", convolutional, *images, 32, 10, 2),
        Work("40 steps, GRU of 32", recurrent, *sequences, 32, 10, 2),
        Work("40 steps, GRU of 32, 50 epochs", recurrent, *sequences, 32, 50, 2),
        Work("40 steps, GRU, seen before", recurrent, *sequences, 32, 10, 2, seen_before=True),
    ]


def fit_here(work: Work, k: int) -> float:
    model = work.make(k)
    began = time.perf_counter()
    fit = Fit(model, work.train, work.validation, batch_size=work.batch_size, seed=k)
    fit.run(work.epochs)
    fit.finish()
    return time.perf_counter() - began


def fit_in_keras(work: Work, k: int) -> float:
    model = work.make(k)
    began = time.perf_counter()
    model.fit(
        *work.train.arrays,
        validation_data=work.validation.arrays,
        batch_size=work.batch_size,
        epochs=work.epochs,
        verbose=0,
    )
    return time.perf_counter() - began


def measure(work: Work, repeats: int) -> list[tuple[float, float]]:
    """Seconds here and in Keras [repeats, 2]; a first pair, which warms both up, is left out."""
    pairs = []
    for k in range(repeats + 1):
        if not work.seen_before:
            drivers._GRAPHS.clear()  # what was traced for an earlier fit serves nobody
        seconds = {}
        for fit in (fit_here, fit_in_keras)[:: 1 if k % 2 else -1]:  # who goes first changes
            begin_names_anew()
            random.seed(k)  # as hpopt does; Keras' own seeding forgets what is compiled
            seconds[fit] = fit(work, k)
        pairs.append((seconds[fit_here], seconds[fit_in_keras]))
    return pairs[1:]


def main() -> None:
    """Measure what was asked for, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="lines whose name holds this text")
    options = parser.parse_args()
    print("| work | here, s | `model.fit`, s | times faster (lowest to highest) | bar |")
    print("| --- | --- | --- | --- | --- |")
    for work in all_work():
        if options.only in work.name:
            pairs = measure(work, options.repeats)
            here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratios = sorted(theirs / ours for ours, theirs in pairs)
            span = f"{statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
            print(f"| {work.name} | {here:.2f} | {there:.2f} | {span} | {work.bar} |", flush=True)


if __name__ == "__main__":
    main()
