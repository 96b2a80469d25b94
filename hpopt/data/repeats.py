"""Rows that stand in the training part and in another one as well: they are known before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.inputs.registry import kind_named
from hpopt.inputs.stored import Texts

_IMAGE = "image"


def repeated_rows(
    table: Table, parts: Parts, *, with_target: bool | None = None
) -> Mapping[str, int]:
    """How many rows of each part but the training one stand in that too, by the part's name.

    Two rows are the same that have the same values in all that a network is given, and the same
    target, which of images may differ if nothing else is asked for: no two are alike by chance.
    Parts without any are left out; so are all where rows can't be compared.
    """
    hashes = _hashes(table, table.kind != _IMAGE if with_target is None else with_target)
    if hashes is None:
        return {}
    in_training = np.unique(hashes[parts.train])
    counts = {
        part: int(np.isin(hashes[rows], in_training).sum())
        for part, rows in parts.items()
        if part != "train"
    }
    return {part: count for part, count in counts.items() if count}


def note_on_repeats(table: Table, parts: Parts) -> str | None:
    """A word on rows that stand in two parts, where there are any."""
    counts, sizes = repeated_rows(table, parts), {part: len(rows) for part, rows in parts.items()}
    if not counts:
        return None
    shown = " and ".join(f"{count:,} of {sizes[part]:,} {part}" for part, count in counts.items())
    if table.kind == _IMAGE:
        alike = sum(repeated_rows(table, parts, with_target=True).values())
        return _note_on_images(shown, sum(counts.values()), alike)
    same_in = "values" if table.kind == "array" else "columns"
    by_groups = "" if table.given is not None else ", or keep them in one part by `groups` in split"
    return (
        f"{shown} rows stand in the training part too, the same in all {same_in} that are used and "
        "in the target: a network may know them by heart, so scores flatter; delete repeated rows"
        f"{by_groups}"
    )


def _note_on_images(shown: str, count: int, alike: int) -> str:
    """A word on images of which so many are `alike` in their target too."""
    words = [f"{shown} images stand in the training part too, pixel by pixel"]
    if alike:
        words.append("a network may know them by heart, so scores flatter")
    if count > alike:
        words.append(f"{count - alike} of them with another target, of which one is wrong")
    return ": ".join([words[0], "; ".join([*words[1:], "delete copies, or keep them in one part"])])


def _hashes(table: Table, with_target: bool) -> np.ndarray | None:
    """A number for each row [n], the same for the same features, and the same target if need be."""
    import pandas as pd

    columns = kind_named(table.kind).named_columns(table.features)
    if columns:
        values = {
            str(place): each.codes if isinstance(each, Texts) else each
            for place, each in enumerate(columns.values())
        }
        frame = pd.DataFrame({**values, "target": table.target} if with_target else values)
        return np.asarray(pd.util.hash_pandas_object(frame, index=False))
    if not isinstance(table.features, np.ndarray):
        return None
    targets = table.target if with_target else np.zeros(len(table.target))
    rows = zip(table.features, targets, strict=True)
    return np.array([hash((row.tobytes(), value)) for row, value in rows])
