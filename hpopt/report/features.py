"""What each feature is worth to the final network, in words."""

from __future__ import annotations

from collections.abc import Sequence

from hpopt.report.words import counted, show_interval, show_with
from hpopt.runs.folder import Run
from hpopt.shown import in_markdown

_MOST = 10
_NAMED = 2  # features that are of no use, where they are so few


def feature_table(run: Run) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
    """The head and the rows of a table of the features that matter most; None without any."""
    found = run.outcomes.test.importance if run.outcomes.test else None
    if found is None:
        return None
    rows = [
        [
            in_markdown(name),
            f"{show_with(each.interval, each.difference)} {show_interval(each.interval)}",
        ]
        for name, each in list(found.features.items())[:_MOST]
        if each is not None
    ]
    return (["feature", f"{run.metric} lost without it"], rows) if rows else None


def describe_features(run: Run) -> list[str]:
    """What the table says, and what it does not."""
    found = run.outcomes.test.importance if run.outcomes.test else None
    if found is None:
        return []
    times = "" if found.deals == 1 else f", {found.deals} times"
    said = [
        f"What the score on the test part loses where a feature's values are dealt out anew among "
        f"{counted(found.rows, 'row')}{times}: what the network makes of a feature, which other "
        "features may say as well."
    ]
    idle = [n for n, each in found.features.items() if each is None or each.interval.low <= 0]
    count = found.of - len(found.features) + len(idle)
    if count == found.of:
        said.append("Of none of them does anything show that the network is better for it.")
    elif 0 < count <= _NAMED and len(found.features) == found.of:
        names = " and ".join(in_markdown(name) for name in idle)
        said.append(f"Of {names} nothing shows that the network is better for it.")
    elif count:
        said.append(
            f"Of {count} of the {found.of} features nothing shows that the network is better for "
            "them."
        )
    return said
