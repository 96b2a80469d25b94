"""What the first configs for whatever data have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpopt.config.dumping import inline_yaml
from hpopt.data.sources import Table
from hpopt.shown import one_line

SCHEMA = "hpopt.schema.json"

_PARTS = 3
# A class of less than this part of its fair share of the rows makes accuracy blind to it: of two
# classes one with less than a fifth.
_RARE = 0.4


@dataclass(frozen=True)
class Draft:
    """The text of a config, and what people should know of the table that it is for."""

    text: str
    notes: Sequence[str]


def path_from(place: Path, data: Path) -> str:
    """The data's path as a config in `place` names it: relative where they are near each other."""
    relative = os.path.relpath(data.absolute(), place.absolute())
    return str(data.absolute()) if relative.startswith(os.path.join("..", "..")) else relative


def head_lines(source: str, path: str, docs: str) -> Iterator[str]:
    """The beginning of a config: its schema, a word on the `docs`, and where the data are."""
    yield f"# yaml-language-server: $schema={SCHEMA}"
    yield f"# {docs}"
    yield ""
    yield "dataset:"
    yield f"  source: {source}"
    yield f"  path: {inline_yaml(path)}" + ("" if os.path.isabs(path) else "  # seen from here")


def search_lines(n_calls: int) -> Iterator[str]:
    """The end of a config: how it is searched."""
    yield "search:"
    yield "  engine: gp"
    yield f"  n_calls: {n_calls}"
    yield "output:"
    yield "  confirm: 0.2  # of the trials' time, to fit the best few again: was it skill or luck?"


def comment(text: str) -> str:
    """A text of the data as a comment has it: on one line, of characters that YAML allows."""
    return one_line(" ".join(text.split()))


def shares_for(rows: int) -> tuple[float, float, float]:
    """Of so many rows the shares to train, to validate and to test."""
    if rows < 2_000:
        return 0.6, 0.2, 0.2
    return (0.7, 0.15, 0.15) if rows < 100_000 else (0.8, 0.1, 0.1)


def batch_size_for(rows: int) -> int:
    """About a hundred steps an epoch, in powers of 2."""
    return int(2 ** np.clip(round(float(np.log2(max(rows, 1) / 100))), 5, 10))


def few_of_a_class(table: Table) -> str:
    """A word on the rarest class, where it has fewer rows than there are parts."""
    if not table.labels:
        return ""
    counts = np.bincount(table.target, minlength=len(table.labels))
    label, few = table.labels[int(counts.argmin())], int(counts.min())
    if few >= _PARTS:
        return ""
    return (
        f"{'1 row' if few == 1 else f'{few} rows'} of {inline_yaml(label)} can't stand in {_PARTS} "
        "parts: scores say little of it, and more rows of it would help most"
    )


def metric_lines(table: Table) -> Iterator[str]:
    """The metric that such a target is best searched by, with a word on others."""
    if table.task == "regression":
        yield "  metric: rmse  # or mae, r2"
        return
    if few := few_of_a_class(table):
        yield f"  metric: log_loss  # {comment(few)}"
        return
    rarest, share = min(table.shares.items(), key=lambda entry: entry[1])
    others = "balanced_accuracy, auc, f1, log_loss"
    if share * len(table.labels) >= _RARE:
        yield f"  metric: accuracy  # or {others}"
        return
    metric, instead = ("average_precision", others) if table.task == "binary" else ("auc", others)
    label = comment(inline_yaml(rarest))
    instead = instead.replace(f"{metric}, ", "")
    commonest, most = max(table.shares.items(), key=lambda entry: entry[1])
    always = comment(inline_yaml(commonest))
    yield f"  # Accuracy is {most:.3f} for whoever always says {always}, and {100 * share:.3g} % of"
    yield f"  # the rows are {label}: {metric} goes by how well rows are told apart, from the"
    yield "  # likeliest down."
    yield f"  metric: {metric}  # or {instead}"
    if table.task == "binary":
        yield "  # Where you know what mistakes cost, search by that, with your own figures:"
        yield "  # metric: cost"
        costs = f"{{{label}: {most / share:.0f}, {always}: 1}}"
        yield f"  # costs: {costs}  # of a row that is taken for the other"
    yield "  # class_weight: balanced  # lets rare classes count more in the loss; or by label:"
    yield f"  # class_weight: {{{label}: {round(most / share, 1):g}}}; in space it can be searched"
