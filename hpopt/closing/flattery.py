"""How far the search's best validation score flattered: what the test part takes back of it.

The best of many validation scores is in part luck, so other rows give less. What they give less is
set beside a linear baseline, which no validation score has chosen: what that lost as well is due to
the rows. All are judged by the rule that trials are judged by.
"""

from __future__ import annotations

from hpopt.runs.steps import Beyond, Flattery
from hpopt.statistics.bootstrap import LEVEL
from hpopt.statistics.records import Interval
from hpopt.statistics.sample import Sample, independent_difference

# The network of a sample: the search's best on the validation part, the final one on the test part.
NETWORK = "network"


def flattery(
    search: float,
    of_search: Interval | None,
    test: Sample,
    *,
    rows: int,
    greater_is_better: bool,
    confirmed: float | None = None,
    beyond: Beyond | None = None,
) -> Flattery | None:
    """How much better the score `search` of so many validation `rows` was than that on `test`.

    `test` has one metric. Without an interval `of_search` only the scores stand side by side; None
    where the test part gives no score, or none that is known with an interval.
    """
    [metric] = test.metrics
    score, of_test = test.score(NETWORK, metric), test.interval(NETWORK, metric)
    if score is None or of_test is None:
        return None
    if of_search is None:
        return Flattery(search=search, test=score, confirmed=confirmed)
    interval = independent_difference(search, of_search, score, of_test)
    return Flattery(
        search=search,
        test=score,
        confirmed=confirmed,
        difference=search - score if greater_is_better else score - search,
        interval=interval if greater_is_better else interval.negated,
        rows=rows,
        beyond=beyond,
    )


def beyond_baseline(
    name: str, validation: Sample, test: Sample, *, greater_is_better: bool
) -> Beyond | None:
    """What the network lost from `validation` to `test` more than the baseline `name` did."""
    [metric] = test.metrics
    before, after = (part.compare(NETWORK, name, metric) for part in (validation, test))
    if before is None or after is None:
        return None
    lost = before.difference - after.difference
    interval = independent_difference(
        before.difference, before.interval, after.difference, after.interval
    )
    if greater_is_better:
        return Beyond(name=name, difference=lost, interval=interval)
    return Beyond(name=name, difference=-lost, interval=interval.negated)


def interval_of_folds(score: float, standard_error: float | None, folds: int) -> Interval | None:
    """The interval of a score from the standard error that its folds give: Student's t."""
    from scipy.special import stdtrit

    if standard_error is None:
        return None
    reach = float(stdtrit(folds - 1, (1 + LEVEL) / 2)) * standard_error
    return Interval(score - reach, score + reach)
