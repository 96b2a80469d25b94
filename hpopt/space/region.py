"""How much of a space its rules leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpopt.space.dimensions import Params
from hpopt.space.space import Space

# So many random points are tried.
_N = 10_000
# A smaller share is worth a note.
_SMALL = 0.01


@dataclass(frozen=True)
class Region:
    """Of `n` random points so many met all rules, and each by itself; `example` is one of them."""

    n: int
    met: int
    met_each: Sequence[int]
    example: Params | None

    @classmethod
    def of(cls, space: Space) -> Region:
        """The region of a space: the same each time."""
        rng = np.random.default_rng(0)
        met_each, met = [0] * len(space.rules), 0
        example: Params | None = None
        for _ in range(_N):
            params = space.from_unit(rng.random(len(space)))
            each = [rule.is_met(params) for rule in space.rules]
            met_each = [count + one for count, one in zip(met_each, each, strict=True)]
            if all(each):
                met += 1
                example = params if example is None else example
        return cls(_N, met, met_each, example)

    @property
    def is_small(self) -> bool:
        """Whether people should know how little is left."""
        return self.met < _SMALL * self.n

    @property
    def narrowest(self) -> int:
        """The rule, by its index, that the fewest met."""
        return min(range(len(self.met_each)), key=lambda i: self.met_each[i])

    def describe(self, space: Space) -> str:
        """How many random points met the rules, and which rule the fewest, in a line."""
        text = f"of {self.n:,} random points {self.met:,} meet the rules"
        if len(space.rules) == 1:
            return f"{text} (`{space.rules[0].text}`)"
        rule, count = space.rules[self.narrowest], self.met_each[self.narrowest]
        return f"{text}; the fewest, {count:,}, meet `{rule.text}`"
