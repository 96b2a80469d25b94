"""Families of made-up problems of the kinds that people with small data have.

Plateaus of ties, noise as large as the signal, categories alone, trees of conditions, mixed spaces.
Where the best lies is drawn anew for each instance, so that no searcher gets used to a place. All
are cheap, and their minimum is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Dimension, Integer, Params, Real

# A function whose minimum is 0, and its dimensions.
Made = tuple[Callable[[Params], float], list[Dimension]]

# Rows of a validation part, of which accuracies are multiples.
_ROWS = 92


@dataclass(frozen=True)
class Family:
    """How instances of a problem are made from random numbers.

    `scatter` draws the noise of a value from the truth, the first coordinate and random numbers;
    in units of the range between the minimum and the median of random params.
    """

    make: Callable[[np.random.Generator], Made]
    scatter: Callable[[float, float, np.random.Generator], float] | None = None


def _reals(d: int) -> list[Dimension]:
    return [Real(f"x{i}", 0.0, 1.0) for i in range(d)]


def _vector(params: Params) -> np.ndarray:
    return np.array([float(value) for value in params.values()])  # type: ignore[arg-type]


def _plateau(
    dead: float, *, majorities: int = 1, lucky: bool = False, flicker: bool = False
) -> Callable[[np.random.Generator], Made]:
    """Accuracies of networks of which a share `dead` name one class, or one class or another.

    What is alive lies around a centre. With `lucky` defaults these are just alive; with `flicker`
    the dead ones now and then get a row more.
    """

    def make(rng: np.random.Generator) -> Made:
        centre, weights = rng.uniform(0.15, 0.85, 5), rng.uniform(0.5, 2.0, 5)

        def distances(x: np.ndarray) -> np.ndarray:
            return np.asarray((weights * np.abs(x - centre) ** 1.5).sum(axis=-1))

        edge = float(np.quantile(distances(rng.random((20_000, 5))), 1 - dead))
        phase = rng.uniform(0, 6, 5)

        def truth(params: Params) -> float:
            x = _vector(params)
            depth = float(distances(x)) / edge
            if depth < 1:
                accuracy = 1 - 0.4 * depth
            else:
                side = math.sin(7 * float(x @ np.cos(phase)) + phase[0]) > 0
                accuracy = 0.45 if majorities == 2 and side else 0.58
                accuracy += flicker * (math.sin(91 * float(x @ np.sin(phase))) > 0.8) / _ROWS
            return 1 - round(accuracy * _ROWS) / _ROWS

        dimensions = _reals(5)
        if lucky:
            towards = rng.normal(size=5)
            low, high = 0.0, 2.0
            for _ in range(40):  # the point in that direction that is just alive
                middle = (low + high) / 2
                alive = distances(np.clip(centre + middle * towards, 0, 1)) < 0.85 * edge
                low, high = (middle, high) if alive else (low, middle)
            start = np.clip(centre + low * towards, 0, 1)
            dimensions = [Real(f"x{i}", 0.0, 1.0, default=float(u)) for i, u in enumerate(start)]
        return truth, dimensions

    return make


def _bowl(rng: np.random.Generator) -> Made:
    """A bowl with ripples in four dimensions that count more and less."""
    centre, weights = rng.uniform(0.15, 0.85, 4), np.array([2.0, 1.0, 0.6, 0.3])

    def truth(params: Params) -> float:
        off = _vector(params) - centre
        ripples = 0.04 * (1 - np.cos(9 * off)) @ weights
        return float((weights * off**2).sum() + ripples)

    return truth, _reals(4)


def _factors(rng: np.random.Generator) -> Made:
    """Six categories of four values, each alone and each with the next."""
    alone = rng.normal(size=(6, 4))
    pairs = 0.5 * rng.normal(size=(5, 4, 4))
    return _by_tables(alone, pairs)


def _alike(rng: np.random.Generator) -> Made:
    """Five categories of six values, of which three are nearly the same, and two others as well."""
    levels = rng.normal(size=(5, 3)) * 1.5
    kinds = np.array([rng.permutation([0, 0, 0, 1, 1, 2]) for _ in range(5)])
    alone = np.take_along_axis(levels, kinds, axis=1) + 0.1 * rng.normal(size=(5, 6))
    of_kinds = rng.normal(size=(4, 3, 3))
    pairs = np.array([of_kinds[j][np.ix_(kinds[j], kinds[j + 1])] for j in range(4)])
    return _by_tables(alone, pairs)


def _by_tables(alone: np.ndarray, pairs: np.ndarray) -> Made:
    d, size = alone.shape
    names = [chr(ord("a") + i) for i in range(size)]

    def value(index: np.ndarray) -> np.ndarray:
        total = alone[np.arange(d), index].sum(axis=-1)
        return total + sum(pairs[j][index[..., j], index[..., j + 1]] for j in range(d - 1))

    grid = np.stack(np.meshgrid(*[np.arange(size)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    lowest = float(value(grid).min())

    def truth(params: Params) -> float:
        return float(value(np.array([names.index(str(v)) for v in params.values()]))) - lowest

    return truth, [Categorical(f"c{j}", tuple(names), names[0]) for j in range(d)]


def _tree(rng: np.random.Generator) -> Made:
    """A family of models, each with settings of its own, of which some open others."""
    base = rng.permutation([0.0, 0.15, 0.5])
    centres = rng.uniform(0.2, 0.8, 6)
    best = rng.integers(0, 3, 4)
    cost = rng.uniform(0.3, 1.0, (4, 3))

    def truth(params: Params) -> float:
        kind = "abc".index(str(params["model"]))
        total = float(base[kind] - base.min())
        total += 2 * (float(params["rate"]) - centres[0]) ** 2  # type: ignore[arg-type]
        for j, name in enumerate(("norm", "pooling", "head", "loss")):
            if name in params:
                chosen = "xyz".index(str(params[name]))
                total += 0.0 if chosen == best[j] else float(cost[j, chosen])
        for j, name in enumerate(("depth", "width", "decay", "margin"), 1):
            if name in params:
                total += 1.5 * (float(params[name]) - centres[j]) ** 2  # type: ignore[arg-type]
        return total

    def only(parent: str, value: str) -> tuple[Condition, ...]:
        return (Condition.parse(parent, value),)

    return truth, [
        Categorical("model", ("a", "b", "c"), "a"),
        Real("rate", 0, 1),
        Categorical("norm", ("x", "y", "z"), "x", when=only("model", "a")),
        Real("depth", 0, 1, when=only("model", "a")),
        Categorical("pooling", ("x", "y", "z"), "x", when=only("model", "b")),
        Real("width", 0, 1, when=only("model", "b")),
        Categorical("head", ("x", "y", "z"), "x"),
        Real("decay", 0, 1, when=only("head", "y")),
        Categorical("loss", ("x", "y", "z"), "x"),
        Real("margin", 0, 1, when=only("loss", "z")),
    ]


def _network(rng: np.random.Generator) -> Made:
    """A small network: rates whose best hangs on the optimizer, widths, an activation, dropout."""
    rates = rng.uniform(-3.5, -1.5, 3)
    optimizers, activations = rng.permutation([0, 0.1, 0.3]), rng.permutation([0, 0.02, 0.05, 0.4])
    layers, units, dropout, l2 = rng.integers(1, 5), rng.uniform(4, 8), rng.uniform(0, 0.5), -4.0

    def loss(params: Params) -> float:
        kind = ("sgd", "adam", "rmsprop").index(str(params["optimizer"]))
        off = math.log10(float(params["rate"])) - rates[kind]  # type: ignore[arg-type]
        activation = ("relu", "elu", "tanh", "sigmoid").index(str(params["activation"]))
        terms = [
            optimizers[kind],
            activations[activation],
            0.2 * off**2,
            0.06 * abs(int(params["layers"]) - int(layers)),  # type: ignore[arg-type]
            0.05 * (math.log2(int(params["units"])) - units) ** 2,  # type: ignore[arg-type]
            0.6 * (float(params["dropout"]) - dropout) ** 2,  # type: ignore[arg-type]
            0.02 * (math.log10(float(params["l2"])) - l2) ** 2,  # type: ignore[arg-type]
            0.03 * abs(math.log2(int(params["batch"])) - 5 - off),  # type: ignore[arg-type]
        ]
        return float(sum(terms))

    dimensions: list[Dimension] = [
        Categorical("optimizer", ("sgd", "adam", "rmsprop"), "sgd"),
        Categorical("activation", ("relu", "elu", "tanh", "sigmoid"), "relu"),
        Real("rate", 1e-5, 1.0, "log-uniform"),
        Real("l2", 1e-7, 1e-1, "log-uniform"),
        Real("dropout", 0.0, 0.7),
        Integer("layers", 1, 5),
        Integer("units", 4, 512, "log-uniform"),
        Categorical("batch", (8, 16, 32, 64, 128), 32),
    ]
    best = {
        "optimizer": ("sgd", "adam", "rmsprop")[int(optimizers.argmin())],
        "activation": ("relu", "elu", "tanh", "sigmoid")[int(activations.argmin())],
        "rate": 10.0 ** rates[int(optimizers.argmin())],
        "l2": 1e-4,
        "dropout": float(dropout),
        "layers": int(layers),
        "units": round(2.0**units),
        "batch": 32,
    }
    lowest = loss(best)
    return (lambda params: loss(params) - lowest), dimensions


def _normal(size: float) -> Callable[[float, float, np.random.Generator], float]:
    return lambda truth, u, rng: size * float(rng.normal())


FAMILIES: dict[str, dict[str, Family]] = {
    "plateaus": {
        "plateau-50": Family(_plateau(0.50)),
        "plateau-80": Family(_plateau(0.80)),
        "plateau-92": Family(_plateau(0.92)),
        "plateau-95": Family(_plateau(0.95)),
        "plateau-lucky": Family(_plateau(0.97, lucky=True)),
        "plateau-two": Family(_plateau(0.92, majorities=2)),
        "plateau-flicker": Family(_plateau(0.92, flicker=True)),
    },
    "noises": {
        "noise-0.1": Family(_bowl, _normal(0.1)),
        "noise-0.3": Family(_bowl, _normal(0.3)),
        "noise-1": Family(_bowl, _normal(1.0)),
        "noise-2": Family(_bowl, _normal(2.0)),
        "noise-growing": Family(_bowl, lambda f, u, rng: 1.5 * f * float(rng.normal())),
        "noise-sided": Family(_bowl, lambda f, u, rng: (0.05, 2.0)[u > 0.5] * float(rng.normal())),
        "noise-heavy": Family(_bowl, lambda f, u, rng: 0.3 * float(rng.standard_t(2))),
    },
    "categories": {
        "factors": Family(_factors),
        "alike": Family(_alike),
        "alike-noisy": Family(_alike, _normal(0.3)),
        "tree": Family(_tree),
    },
    "mixed": {
        "network": Family(_network),
        "network-noisy": Family(_network, _normal(0.2)),
        "network-loud": Family(_network, _normal(1.0)),
        "tree-noisy": Family(_tree, _normal(0.3)),
    },
}
