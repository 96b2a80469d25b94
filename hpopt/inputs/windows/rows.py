"""Windows over series as they stand in memory: each step once, however many windows it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from hpopt.inputs.stored import Sheet, Texts
from hpopt.inputs.table.columns import RawColumns


@dataclass(frozen=True)
class Windows:
    """Windows of `length` steps over series that stand in raw `columns`, each [m], one behind the
    other.

    Window i begins at the step `starts[i]`. Behind its past are the `horizon` steps that are to be
    forecast: of these, and of these alone, the columns that are `known` ahead are given as well.
    """

    columns: RawColumns
    starts: np.ndarray
    length: int
    horizon: int
    known: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def steps(self) -> int:
        """How many steps a window has: its past, and the steps ahead where any column is known."""
        return self.length + (self.horizon if self.known else 0)

    def take(self, rows: np.ndarray | slice) -> Windows:
        """Some of the windows, over the same series."""
        return replace(self, starts=self.starts[rows])

    def compact(self) -> Windows:
        """The same windows over the steps that they see, and no others."""
        seen = np.unique(self.index)
        columns = {name: values[seen] for name, values in self.columns.items()}
        return replace(self, columns=columns, starts=np.searchsorted(seen, self.starts))

    @property
    def index(self) -> np.ndarray:
        """The steps [n, steps] of each window."""
        return np.asarray(self.starts[:, None] + np.arange(self.steps))

    def ahead(self) -> RawColumns:
        """The columns as they are given of steps ahead: what is not known there is a gap."""
        return {
            name: values if name in self.known else _gaps_like(values)
            for name, values in self.columns.items()
        }


class KindOfWindows(Protocol):
    """What `data/` asks of the kind of windows, besides what it asks of any."""

    names: Any
    known: tuple[str, ...]

    def columns_needed(self) -> Sequence[str]:
        """The columns that a sheet must have, but for the target and the time stamps."""

    def columns_of_sheet(
        self, sheet: Sheet, source: str
    ) -> tuple[dict[str, np.ndarray | Texts], list[str]]:
        """The columns of a step [rows] of a sheet, and what people should know of them."""

    def kept(self, raw: Windows) -> np.ndarray:
        """Windows as kept rows [n, steps, columns]."""

    def is_gap_possible(self, name: str) -> bool:
        """Whether a column had gaps in training, so that one says something ahead too."""


def _gaps_like(values: np.ndarray | Texts) -> np.ndarray | Texts:
    if isinstance(values, Texts):
        return replace(values, codes=np.full_like(values.codes, -1))
    return np.full(len(values), np.nan)


def windows_of(base: np.ndarray, starts: np.ndarray, steps: int) -> np.ndarray:
    """Windows [n, steps, d] of the rows of `base` [m, d], as copies."""
    views = np.lib.stride_tricks.sliding_window_view(base, steps, axis=0)
    return np.ascontiguousarray(views[starts].swapaxes(1, 2))
