"""Notices that trials are no better than the same for every row: no search gets further so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpopt.tracking.observer import Observer
from hpopt.trials import Trial

# So many in a row are no accident.
_IN_A_ROW = 8


class ConstantWatch(Observer):
    """Says once that the last trials are no better than the same for all rows, and what helps."""

    def __init__(self, say: Callable[[str], None], *, has_labels: bool) -> None:
        self._say = say
        self._has_labels = has_labels
        self._is_said = False

    def ended(self, trial: Trial, trials: Sequence[Trial]) -> None:
        """Look at the last trials."""
        finished = [each.result for each in trials if each.result is not None]
        last = finished[-_IN_A_ROW:]
        if self._is_said or len(last) < _IN_A_ROW or not all(each.is_constant for each in last):
            return
        self._is_said = True
        self._say(
            f"the last {_IN_A_ROW} trials are no better than predicting one "
            + (
                "class, whatever the row: what helps is `class_weight: balanced`, a metric that "
                "sees how rows are told apart (`average_precision`, `auc`), "
                if self._has_labels
                else "value, whatever the row: what helps is "
            )
            + "a lower learning rate, more epochs, columns that say more; `hpopt check` shows what "
            "plain models reach"
        )
