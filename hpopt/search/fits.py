"""Fits of the surrogate: what is fitted to the trials of a run, and how trials record it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hpopt.search.encoding import Encoding
from hpopt.search.fitting import TYPICAL_DISCREPANCY, fit_hyperparameters
from hpopt.search.gp import GP
from hpopt.search.kernel import Discrepancy, Hyperparameters
from hpopt.search.loudness import Loudness
from hpopt.search.observations import Observations
from hpopt.trials import Trial

# Hyperparameters are fitted to no more than these, spread evenly over the ranks of their values: a
# fit takes n^3 some tens of times, and more observations would hardly change it. Where it must be
# asked how much is noise and where, which takes several fits, to no more than `_MANY`.
_MOST_FITTED, _MANY = 300, 200
# With so few observations a fit is cheap, and may lie far from the last one: it starts twice.
_FEW = 60
# From how many trials on it is asked whether, and where, noise is loud.
_ENOUGH = 12
# By how much uneven noise must be the more probable, for its slopes are many; and above which
# variance it matters.
_MARGIN, _QUIET = 2.0, 0.1**2


@dataclass(frozen=True)
class Fit:
    """What is fitted; `loudness` is None where there is too little noise to ask where it is."""

    hyperparameters: Hyperparameters
    loudness: Loudness | None = None

    @property
    def levelled(self) -> Fit:
        """The same, with a discrepancy in any case: a typical one where none was fitted."""
        known = self.hyperparameters.discrepancy or TYPICAL_DISCREPANCY
        return replace(self, hyperparameters=replace(self.hyperparameters, discrepancy=known))

    def condition(self, encoding: Encoding, data: Observations) -> GP:
        """The posterior of f after the data."""
        given = data.features, data.y, encoding.groups, self.hyperparameters, data.variances
        if data.depths is not None:
            theta = self.levelled.hyperparameters
            shared = data.depths.covariance(data.features, encoding.groups, theta)
            return GP.condition(*given[:3], theta, data.variances, discrepancies=shared)
        gp = GP.condition(*given)
        if self.loudness is None:
            return gp
        return GP.condition(*given, self.loudness(data.features, gp.predict_mean(data.features)))

    def noise(self, features: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The noise's variance [m] at features [m, p] where the posterior mean is mu [m]."""
        loudness = 1.0 if self.loudness is None else self.loudness(features, mu)
        return np.asarray(self.hyperparameters.noise * loudness * np.ones(len(mu)))


def recorded_fit(encoding: Encoding, trials: Sequence[Trial]) -> tuple[int, Fit] | None:
    """The latest fit that was written with a trial, and on how many values it was made.

    None where there is none, or that of another space.
    """
    forms = [trial.info["fit"] for trial in reversed(trials) if "fit" in trial.info]
    of_space = [form for form in forms if list(form["lengthscales"]) == encoding.names]
    latest = max(of_space, key=lambda form: int(form["trials"]), default=None)
    return None if latest is None else (latest["trials"], _from_json(encoding, latest))


def _from_json(encoding: Encoding, form: Mapping[str, Any]) -> Fit:
    lengthscales = np.array(list(form["lengthscales"].values()), dtype=float)
    blocks, likeness = form.get("likeness", {}), None
    if blocks:
        likeness = np.eye(len(encoding.groups))
        for name, block in encoding.blocks.items():
            if name in blocks:
                likeness[block, block] = blocks[name]
    loudness = None
    if "loudness" in form:
        each = form["loudness"]
        loudness = Loudness(each["intercept"], np.array(each["slopes"]), each["by_mean"])
    of_g = form.get("discrepancy")
    discrepancy = None if of_g is None else Discrepancy(**of_g)
    variances = form["signal"], form["noise"]
    return Fit(Hyperparameters(lengthscales, *variances, likeness, discrepancy), loudness)


def fit_to_json(encoding: Encoding, n: int, fit: Fit) -> Mapping[str, Any]:
    """What `recorded_fit` reads; floats keep their last bit in JSON."""
    each = fit.hyperparameters
    form: dict[str, Any] = {
        "trials": n,
        "lengthscales": dict(zip(encoding.names, map(float, each.lengthscales), strict=True)),
        "signal": each.signal,
        "noise": each.noise,
    }
    if each.likeness is not None:
        blocks = encoding.blocks.items()
        form["likeness"] = {name: each.likeness[block, block].tolist() for name, block in blocks}
    if each.discrepancy is not None:
        form["discrepancy"] = asdict(each.discrepancy)
    if fit.loudness is not None:
        loudness = fit.loudness
        form["loudness"] = {
            "intercept": loudness.intercept,
            "slopes": loudness.slopes.tolist(),
            "by_mean": loudness.by_mean,
        }
    return form


def fit_to(encoding: Encoding, data: Observations, warm: Fit | None = None) -> Fit:
    """The most probable fit for the data, started from the prior and from `warm`.

    Of two explanations the more probable one is taken: that noise is even, or that it is loud where
    the residuals are large of a fit that takes most for noise. Of many data it is settled whether
    noise is even: the fit goes on from `warm`.
    """
    is_settled = len(data.y) > _MANY and warm is not None and warm.loudness is None
    blocks = _blocks(encoding, len(data.y))
    data = data.spread(_MOST_FITTED if is_settled else _MANY)
    even, density = _fit(encoding, data, blocks, _starts(encoding, data, warm))
    if data.has_plateau or is_settled or len(data.y) < _ENOUGH:
        return Fit(even)
    loud = _levelled(Hyperparameters.loud(len(encoding.searched)), data)
    noisy, noisy_density = _fit(encoding, data, blocks, [loud])
    if noisy_density > density:
        even, density = noisy, noisy_density
    if data.depths is not None:  # what is rough in short fits would look loud
        return Fit(even)
    loudness, prior = _loudness(encoding, data, Fit(noisy))
    gp = Fit(noisy, loudness).condition(encoding, data)
    uneven, uneven_density = _fit(encoding, data, blocks, [noisy], gp.loudness)
    is_uneven = uneven_density + prior > density + _MARGIN and uneven.noise > _QUIET
    return Fit(uneven, loudness) if is_uneven else Fit(even)


def _starts(encoding: Encoding, data: Observations, warm: Fit | None) -> list[Hyperparameters]:
    prior = _levelled(Hyperparameters.default(len(encoding.searched)), data)
    if warm is None:
        return [prior]
    last = _levelled(warm.hyperparameters, data)
    return [last, *([prior] if len(data.y) <= _FEW else [])]


def _levelled(start: Hyperparameters, data: Observations) -> Hyperparameters:
    """A start with a discrepancy where values were had at several depths, and without it else."""
    if data.depths is None:
        return replace(start, discrepancy=None)
    return replace(start, discrepancy=start.discrepancy or TYPICAL_DISCREPANCY)


def _blocks(encoding: Encoding, n: int) -> list[slice]:
    """The categories whose likeness is fitted to n observations.

    Every second fit takes them for equally unlike: what few trials show to be alike may not be, and
    a search that goes by nothing else would never find that out.
    """
    return list(encoding.blocks.values()) if n % 2 else []


def _fit(
    encoding: Encoding,
    data: Observations,
    blocks: list[slice],
    starts: list[Hyperparameters],
    loudness: np.ndarray | None = None,
) -> tuple[Hyperparameters, float]:
    """The fit from the best of the starts, and its log density."""
    return fit_hyperparameters(
        data.features,
        data.y,
        encoding.groups,
        starts,
        variances=data.variances,
        loudness=loudness,
        blocks=blocks,
        depths=data.depths,
    )


def _loudness(encoding: Encoding, data: Observations, fit: Fit) -> tuple[Loudness, float]:
    """Where the finished trials' values lie far from what the others say of them."""
    gp, n = fit.condition(encoding, data), data.n_finished
    mu, sigma = (part[:n] for part in gp.leave_one_out())
    means = gp.predict_mean(data.features[:n])
    return Loudness.fit(data.features[:n], means, (data.y[:n] - mu) / sigma)
