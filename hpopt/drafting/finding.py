"""Finds the series of a table: columns that count up, or rows that are steps of one id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpopt.data.column_kinds import look
from hpopt.data.row_roles import group_numbers, order_of
from hpopt.data.series_columns import NUMBERED
from hpopt.inputs.stored import Sheet, numbers_of

_FEWEST_STEPS = 12
# How much neighbouring steps go together, and by how much more than steps far apart: in a series
# both do, among numbered measurements that have no order neither.
_ALIKE, _MORE_ALIKE = 0.3, 0.1
_MOST_OF_COLUMNS = 0.8  # are steps: a network of series would not see the others
_PIXEL = "pix"  # in a name: neighbours go together in pictures too
_MOST_ROWS = 2_000  # that are looked at for it
_MOST_PAIRS = 2_000  # of steps that are far from each other
_FEWEST_IDS = 10
_FEWEST_STEPS_OF_IDS = 4  # on average
_EVEN = 0.9  # of the steps of an id are as far apart as its middle one
_NUMBERS = ("numeric", "boolean")


@dataclass(frozen=True)
class Wide:
    """A row a series: the columns of each channel, step by step, and whether they look it."""

    channels: Mapping[str, Sequence[str]]
    looks_it: bool

    @property
    def ranges(self) -> dict[str, str]:
        """The channels as a config names them."""
        return {name: f"{names[0]}..{names[-1]}" for name, names in self.channels.items()}


@dataclass(frozen=True)
class Long:
    """A row a step: the column of ids, that of times if it is clear, and what is measured."""

    id: str
    time: str | None
    channels: Sequence[str]


def find_wide(sheet: Sheet, target: str) -> Wide | None:
    """The columns that share a stem and count up without a gap, where they are many numbers.

    Stems of as many steps from the same number on are channels of one series; of others the one
    with the most steps is taken.
    """
    stems: dict[tuple[str, str], dict[int, str]] = {}
    for name in sheet.columns:
        if name != target and (match := NUMBERED.fullmatch(name)):
            stems.setdefault((match[1], match[3]), {})[int(match[2])] = name
    runs = {
        stem: [numbered[number] for number in sorted(numbered)]
        for stem, numbered in stems.items()
        if len(numbered) >= _FEWEST_STEPS and max(numbered) - min(numbered) == len(numbered) - 1
    }
    runs = {stem: names for stem, names in runs.items() if _are_numbers(sheet, names)}
    if not runs:
        return None
    steps = max(len(names) for names in runs.values())
    taken = {stem: names for stem, names in runs.items() if len(names) == steps}
    channels: dict[str, Sequence[str]] = {}
    for (before, behind), names in taken.items():
        name = (before + behind).strip(" _-.") or "x"
        channels[name if name not in channels else before + behind] = names
    looks_it = (
        steps * len(channels) >= _MOST_OF_COLUMNS * (len(sheet.columns) - 1)
        and not any(_PIXEL in name.casefold() for name in channels)
        and all(_goes_on(sheet, names) for names in channels.values())
    )
    return Wide(channels, looks_it)


def _are_numbers(sheet: Sheet, names: Sequence[str]) -> bool:
    """Whether columns hold numbers; a step that no series has is empty."""
    kinds = [look(n, sheet.columns[n], sheet.decimal, gaps=sheet.gaps).kind for n in names]
    numbers = sum(kind in _NUMBERS for kind in kinds)
    return numbers >= len(names) / 2 and {*kinds} <= {*_NUMBERS, "constant"}


def _goes_on(sheet: Sheet, names: Sequence[str]) -> bool:
    """Whether each step says much of the next one, and less of those that are far."""
    values = np.stack([numbers_of(sheet, name)[:_MOST_ROWS] for name in names])
    values = np.where(np.isfinite(values), values, np.nan)
    there = ~np.isnan(values)
    count = np.maximum(there.sum(1, keepdims=True), 1)
    centred = np.where(there, values - np.nansum(values, 1, keepdims=True) / count, 0.0)
    norms = np.sqrt((centred**2).sum(1, keepdims=True))
    units = centred[norms[:, 0] > 0] / norms[norms[:, 0] > 0]
    if len(units) < _FEWEST_STEPS:
        return False
    near = float((units[:-1] * units[1:]).sum(1).mean())
    rng, half = np.random.default_rng(0), len(units) // 2  # of ten thousand steps not all pairs
    one = rng.integers(0, len(units) - half, _MOST_PAIRS)
    other = rng.integers(one + half, len(units))
    far = float(np.abs((units[one] * units[other]).sum(1)).mean())
    return near >= _ALIKE and near - far >= _MORE_ALIKE


def find_long(sheet: Sheet, target: str) -> Long | None:
    """The column whose rows of one value are a series, each with one target, if only one can be."""
    found = []
    codes = group_numbers(sheet.columns[target])
    for name in sheet.columns:
        if name == target or _has_gaps(sheet, name):  # a row without an id is of no series
            continue
        ids = group_numbers(sheet.columns[name])
        distinct = len(np.unique(ids))
        if not _FEWEST_IDS <= distinct <= len(ids) / _FEWEST_STEPS_OF_IDS:
            continue
        if len(np.unique(np.stack([ids, codes]), axis=1)[0]) > distinct:
            continue
        found.append((name, _time(sheet, ids, {name, target})))
    if len(timed := [entry for entry in found if entry[1] is not None]) != 1 and len(found) != 1:
        return None
    name, time = (timed or found)[0]
    channels = [
        other
        for other, values in sheet.columns.items()
        if other not in (name, time, target)
        and look(other, values, sheet.decimal, gaps=sheet.gaps).kind in _NUMBERS
        and not _is_same_within(group_numbers(sheet.columns[name]), numbers_of(sheet, other))
    ]
    return Long(name, time, channels) if channels else None


def _is_same_within(ids: np.ndarray, values: np.ndarray) -> bool:
    """Whether a column says one thing of each id, and not of each step."""
    pairs = np.stack([ids.astype(np.float64), np.nan_to_num(values, nan=-np.inf)])
    return bool(np.unique(pairs, axis=1).shape[1] == len(np.unique(ids)))


def _time(sheet: Sheet, ids: np.ndarray, others: set[str]) -> str | None:
    """The column whose values are evenly apart within each id; of several that of the fewest.

    Each id counts the same: of a state of customers one value may hold most of the rows, in the
    order in which these were numbered.
    """
    found = {}
    for name, values in sheet.columns.items():
        kind = look(name, values, sheet.decimal, gaps=sheet.gaps).kind
        if name in others or kind not in ("numeric", "date", "id") or _has_gaps(sheet, name):
            continue
        times = order_of(name, values, sheet.decimal)
        order = np.lexsort((times, ids))
        within = np.diff(ids[order]) == 0
        apart, of = np.diff(times[order])[within], ids[order][1:][within]
        if len(apart) and apart.min() > 0:
            is_even = np.isclose(apart, np.median(apart), rtol=1e-3)
            steps = np.bincount(of)
            shares = np.bincount(of, weights=is_even)[steps > 0] / steps[steps > 0]
            if shares.mean() >= _EVEN:
                found[name] = len(np.unique(times))
    return min(found, key=lambda name: found[name]) if found else None


def _has_gaps(sheet: Sheet, name: str) -> bool:
    column = look(name, sheet.columns[name], sheet.decimal, gaps=sheet.gaps)
    return column.gaps > 0
