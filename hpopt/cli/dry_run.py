"""`hpopt tune CONFIG --dry-run`: every value that would be in force."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from hpopt.cli.options import emit
from hpopt.config.loading import Config


def print_dry_run(config: Config, *, as_json: bool) -> None:
    """Print the resolved configuration on stdout, and on stderr what of it was checked.

    The task of a data set of one's own is read from it. Raises ConfigError where the metric or the
    loss does not fit the data, DataError where that can't be read.
    """
    from hpopt.config.resolved import resolved_tree, resolved_yaml
    from hpopt.data.settings import SklearnData
    from hpopt.data.sources import SKLEARN_DATASETS
    from hpopt.execution.resources import Resources
    from hpopt.tuning.material import read_table

    dataset = config.settings.dataset
    labels: Sequence[str] = ()
    if isinstance(dataset, SklearnData) and config.binding.training.costs is None:
        task, untried = SKLEARN_DATASETS[dataset.name], "the data and the network"
    else:
        table = read_table(config)
        task, labels, untried = table.task, table.labels, "the split and the network"
    resources = Resources.of(config.settings.execution, n_jobs=config.settings.search.n_calls)
    metric, loss = config.metric(task, labels).name, config.loss(task)
    in_force: dict[str, Any] = {"metric": metric, "loss": loss, "workers": resources.workers}
    notes = config.binding.notes
    if as_json:
        emit({"config": resolved_tree(config, **in_force), "task": task, "notes": notes})
    else:
        print(resolved_yaml(config, **in_force), end="")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    own = "; the builder's file was run, and with it TensorFlow imported"
    imported = own if "tensorflow" in sys.modules else "; TensorFlow was not imported"
    print(
        f"checked: the file, every name and value, metric and loss{imported}\n"
        f"not tried: {untried}; `hpopt check {config.document.path}` does that",
        file=sys.stderr,
    )
