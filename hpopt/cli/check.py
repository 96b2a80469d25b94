"""`hpopt check CONFIG`: what a run would be, tried on one batch and timed on short fits."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpopt.cli.hints import check_config_argument
from hpopt.cli.options import ConfigArgument, Json, Overrides, emit, own_code_aside

if TYPE_CHECKING:
    from hpopt.checking import Check
    from hpopt.config.loading import Config
    from hpopt.data.column_kinds import Column
    from hpopt.data.sources import Table
    from hpopt.space.space import Space

_MOST_COLUMNS = 100


def check_command(
    config: ConfigArgument,
    overrides: Overrides = None,
    as_json: Json = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Show what a column was taken for, and why."),
    ] = None,
) -> None:
    """Try a config: what its run would be, and how long.

    Reads the data, builds the default network, fits one batch, saves and loads it, and fits a few
    short trials to measure the time. Leaves no folder behind.
    """
    from hpopt.checking import check
    from hpopt.cli.text import to_fit
    from hpopt.config.loading import load_config

    check_config_argument(config, "check")
    with own_code_aside():
        loaded = load_config(config, overrides or ())
        explained = None if explain is None else "\n".join(_explained(loaded, explain))
    if explained is not None:
        print(explained)
        return
    with own_code_aside():
        print("trying the defaults and measuring short fits", file=sys.stderr, flush=True)
        checked = check(loaded, note=lambda text: print(f"note: {text}", file=sys.stderr))
    for note in checked.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        emit(_record(loaded, checked))
    else:
        print(to_fit("\n".join(_lines(loaded, checked))))


def _lines(config: Config, check: Check) -> Iterator[str]:
    from hpopt.cli.text import facts, space_table
    from hpopt.report.words import duration, show_score, show_shares

    material, search = check.material, config.settings.search
    acquisition = search.of_searcher.get("acquisition")
    parts = ", ".join(f"{len(rows):,} {part}" for part, rows in material.parts.items())
    direction = "higher" if material.metric.greater_is_better else "lower"
    slowest = max(trial.seconds for trial in check.trial_times)
    default = check.trial_times[0]
    how = (
        "measured"
        if default.measured_epochs == default.epochs
        else f"reckoned from {default.measured_epochs}"
    )
    several = check.workers > 1
    at_once = f", {check.workers} trials at once" if several else ""
    labels, baselines = len(material.table.labels), check.baselines.items()
    yield f"{config.document.path}: a run can begin"
    yield from facts(
        {
            "rows" if material.table.forecast is None else "windows": (
                f"{len(material.table.target):,}: {parts}"
            ),
            "features": _features(material.table),
            **_windows(material.table),
            "task": material.table.task + (f", {labels} classes" if labels > 2 else ""),
            **({"shares": show_shares(material.table.shares)} if labels else {}),
            **_positive(material.table),
            "metric": f"{material.metric.name} ({direction} is better)"
            + (f", by the {material.rule}" if material.rule else ""),
            "plain models": ", ".join(f"{name} {show_score(score)}" for name, score in baselines),
            "loss": material.loss,
            "network": f"{config.settings.model.builder}, with the default params "
            f"{check.parameters:,} trainable parameters",
            "search": f"{search.n_calls} calls of {search.engine}"
            + (f", {acquisition}" if acquisition else ""),
        }
    )
    yield ""
    if material.table.columns:
        yield from _column_table(material.table.columns)
        yield ""
    yield from space_table(config.binding.space)
    yield ""
    if config.binding.space.rules:
        yield from _rules(config.binding.space)
        yield ""
    yield from facts(
        {
            "a fit": f"{duration(default.seconds)} with the defaults ({default.epochs} epochs, "
            f"{how}), up to {duration(slowest)} among {len(check.trial_times)} tried",
            "a suggestion": f"{duration(check.suggestion_s)} half-way through the run",
            "the run": f"about {duration(check.run_s(search.n_calls))} on this machine{at_once}",
            "of that": f"{duration(check.start_s)} to begin, "
            f"{duration(check.search_s(search.n_calls))} of search, "
            f"{duration(check.closing_s(search.n_calls))} of closing steps and pictures",
        }
    )


def _rules(space: Space) -> Iterator[str]:
    """The rules between parameters, and what share of the space each of them leaves."""
    from hpopt.cli.text import table
    from hpopt.space.region import Region

    region = Region.of(space)
    counts = zip(space.rules, region.met_each, strict=True)
    rows = [[rule.text, _share(count, region.n)] for rule, count in counts]
    yield from table(["rule", "is met by"], [*rows, ["all", _share(region.met, region.n)]], "")
    yield f"Shares are of {region.n:,} random points of the space."


def _share(count: int, n: int) -> str:
    return f"{100 * count / n:.2g} %" if count else f"none of {n:,}"


def _features(table: Table) -> str:
    """How much a row has; of series and images along each axis."""
    if table.kind == "series":
        steps, channels = table.features.shape[1:]
        return f"{steps:,} steps x {channels:,} {'channel' if channels == 1 else 'channels'}"
    return f"{table.width:,}"


def _windows(table: Table) -> dict[str, str]:
    """How the windows of a forecast lie in time."""
    forecast = table.forecast
    if forecast is None or table.order is None:
        return {}
    from hpopt.data.time_steps import shown_stamp

    of_parts = "none" if forecast.season == 1 else f"{forecast.season} steps"
    ends = forecast.steps.stamps(table.order[[0, -1]])
    first, last = (shown_stamp(stamp) for stamp in ends)
    known = f"; known ahead: {', '.join(forecast.known)}" if forecast.known else ""
    steps = "step" if forecast.horizon == 1 else "steps"
    return {
        "a window": f"{forecast.length} steps, to say {forecast.horizon} {steps} ahead{known}",
        "a step": f"{forecast.steps} of {forecast.time}; forecasts from {first} to {last}",
        "a season": of_parts,
    }


def _positive(table: Table) -> dict[str, str]:
    """Of two classes the one that f1, the threshold and reports are about."""
    if table.positive is None:
        return {}
    rows = int((table.target == 1).sum())
    return {"positive": f'"{table.positive}", {rows:,} of {len(table.target):,} rows'}


def _explained(config: Config, name: str) -> Iterator[str]:
    """What was decided of a column, and from which values."""
    from hpopt.cli.text import facts
    from hpopt.config.dumping import inline_yaml
    from hpopt.errors import ConfigError, suggest_name
    from hpopt.shown import one_line
    from hpopt.tuning.material import read_table

    columns = {column.name: column for column in read_table(config).columns}
    if name not in columns:
        raise ConfigError(f"the data have no column `{name}`", help=suggest_name(name, columns))
    column = columns[name]
    reader = {k: v for k, v in (column.reader or {}).items() if k not in ("column", "kind", "gaps")}
    yield f"{one_line(name)}: {column.kind}, {column.use}"
    yield from facts(
        {
            "why": one_line(_why(column)),
            "read by": inline_yaml(reader) if reader else "its values as they are",
            "gaps": f"{column.gaps:,}",
            "different": f"{column.distinct:,}",
            "values": one_line(
                ", ".join(f"{text} ({count})" for text, count in column.examples.items())
            ),
        }
    )


def _column_table(columns: Sequence[Column]) -> Iterator[str]:
    """What each column of a table was taken for, and why."""
    from hpopt.cli.text import table

    shown = columns[:_MOST_COLUMNS]
    rows = [
        [
            " ".join(c.name.split()),
            c.kind,
            c.use,
            f"{c.gaps:,}" if c.gaps else "",
            f"{c.distinct:,}",
            _why(c),
        ]
        for c in shown
    ]
    yield from table(["column", "kind", "use", "gaps", "distinct", "why"], rows, "gaps distinct")
    if len(columns) > len(shown):
        yield f"and {len(columns) - len(shown)} more, which `--json` lists"


def _why(column: Column) -> str:
    from hpopt.data.column_kinds import said_words

    gaps = f"; gaps: {said_words(column.words)}" if column.words else ""
    return column.reason + gaps


def _forecast_record(table: Table) -> dict[str, Any]:
    return {} if table.forecast is None else {"forecast": table.forecast.to_json()}


def _rules_record(space: Space) -> dict[str, Any]:
    """The rules and the share of random points that meets all of them, where there are any."""
    from hpopt.space.region import Region

    if not space.rules:
        return {}
    region = Region.of(space)
    return {"require": [rule.text for rule in space.rules], "allowed": region.met / region.n}


def _record(config: Config, check: Check) -> dict[str, Any]:
    material, search = check.material, config.settings.search
    return {
        "config": str(config.document.path),
        "rows": {part: len(rows) for part, rows in material.parts.items()},
        "features": check.features,
        "columns": [
            {
                "name": c.name,
                "kind": c.kind,
                "use": c.use,
                "gaps": c.gaps,
                "distinct": c.distinct,
                "reason": c.reason,
                "gap_words": dict(c.words),
            }
            for c in material.table.columns
        ],
        "task": material.table.task,
        "labels": list(material.table.labels),
        "shares": material.table.shares,
        "baselines": dict(check.baselines),
        "positive": material.table.positive,
        **_forecast_record(material.table),
        "metric": material.metric.name,
        "greater_is_better": material.metric.greater_is_better,
        "loss": material.loss,
        "parameters": check.parameters,
        "space": config.binding.space.to_json(),
        **_rules_record(config.binding.space),
        "n_calls": search.n_calls,
        "points": check.points,
        "trial_times": [vars(trial) for trial in check.trial_times],
        "suggestion_s": check.suggestion_s,
        "workers": check.workers,
        "start_s": check.start_s,
        "closing_s": check.closing_s(search.n_calls),
        "run_s": check.run_s(search.n_calls),
        "notes": list(check.notes),
    }
