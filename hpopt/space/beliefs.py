"""A belief about a number: where its owner expects the best value, as a density.

On the unit interval, on the scale of the dimension's prior, it is a normal density around `around`;
`within` is its deviation: a distance, or a factor where the prior is log-uniform. So some two
thirds of it lie between `around` less `within` and `around` and `within`. It never rules anything
out: a share of it is spread over all values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Of its height in the middle, what it has left far away: a search recovers from what is wrong.
_FLOOR = 0.05
# The share of what is drawn that is drawn from everywhere alike.
_SPREAD = 0.5
# A quantile is looked up among so many values.
_N_GRID = 513


@dataclass(frozen=True)
class Belief:
    """The best value is around `around`, and probably within `within` of it."""

    around: float
    within: float


@dataclass(frozen=True)
class UnitBelief:
    """A belief on the unit interval, of a centre and a deviation."""

    centre: float
    deviation: float

    @classmethod
    def of(cls, belief: Belief, low: float, high: float, *, is_log: bool) -> UnitBelief:
        """The belief between the ends `low` and `high` of the unit interval, in values."""
        if is_log:
            low, high, around = math.log(low), math.log(high), math.log(belief.around)
            within = math.log(belief.within)
        else:
            around, within = belief.around, belief.within
        return cls((around - low) / (high - low), within / (high - low))

    def log_density(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log of the density at u [m], and its derivative by u; of a uniform one it is 0.

        The density is in proportion to (1 - floor) exp(-z^2 / 2) + floor, z = (u - centre) /
        deviation, and its integral over the unit interval is 1.
        """
        import numpy as np
        from scipy.special import ndtr

        z = (u - self.centre) / self.deviation
        peak = (1 - _FLOOR) * np.exp(-z * z / 2)
        ends = ndtr(((1 - self.centre) / self.deviation, -self.centre / self.deviation))
        width = self.deviation * math.sqrt(2 * math.pi) * (ends[0] - ends[1])
        mass = (1 - _FLOOR) * width + _FLOOR
        return np.log((peak + _FLOOR) / mass), -z / self.deviation * peak / (peak + _FLOOR)

    def drawn(self, u: np.ndarray) -> np.ndarray:
        """The quantiles at u [m]: half of them by the belief, and half from everywhere."""
        import numpy as np
        from scipy.special import ndtr

        near = self.centre + self.deviation * np.linspace(-5, 5, _N_GRID)
        grid = np.unique(np.clip(np.concatenate([np.linspace(0, 1, _N_GRID), near]), 0, 1))
        mass = ndtr((grid - self.centre) / self.deviation)
        below = (mass - mass[0]) / (mass[-1] - mass[0])
        return np.asarray(np.interp(u, _SPREAD * grid + (1 - _SPREAD) * below, grid))
