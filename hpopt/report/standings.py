"""Runs side by side: what each found, and in how many trials."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from hpopt.errors import ConfigError
from hpopt.report.words import align, duration, show_interval, show_score, show_with
from hpopt.runs.folder import RESOLVED, Run
from hpopt.runs.naming import name_of
from hpopt.runs.objectives import Goal, goals_of
from hpopt.trials import made

_COMMENT = re.compile(r"\s+# .*")
# Where trials run and what is drawn changes no result; nor does where the data lie, whose
# fingerprint counts.
_ELSEWHERE = ("execution:", "tracking:")
_VARIES = re.compile(r"\s+(seed|name|path|plots): ")
_SEED = re.compile(r"\s+seed: ")


@dataclass(frozen=True)
class Standing:
    """What one run found; a score is None where there is none (yet)."""

    run: str
    name: str
    trials: int
    failed: int
    best_trial: int | None
    validation: float | None
    test: float | None
    seconds: float
    test_interval: Sequence[float] | None = None

    @classmethod
    def of(cls, run: Run) -> Standing:
        """The run as it stands now."""
        trials, best, metric = run.trials(), run.chosen, run.header.metric
        scored = run.outcomes.test
        return cls(
            run=run.path.name,
            name=name_of(run.path),
            trials=made(trials),
            failed=sum(trial.state == "failed" for trial in trials),
            best_trial=best.number if best else None,
            validation=best.result.metrics[metric] if best and best.result else None,
            test=scored.best.get(metric) if scored else None,
            test_interval=scored.interval("best", metric) if scored else None,
            seconds=sum(trial.latest.seconds for trial in trials if trial.latest),
        )


def notes_on_comparing(runs: Sequence[Run]) -> list[str]:
    """Notes on what makes a comparison lame. Raises ConfigError where there is none at all."""
    if len({run.path.resolve() for run in runs}) < 2:
        raise ConfigError(
            "two different runs at least are needed to compare",
            help="hpopt compare RUN RUN...; `hpopt runs` lists them",
        )
    _check_objectives(runs)
    notes = []
    targets = {goal.target for run in runs for goal in goals_of(run.header)}
    for what, count in (
        ("the same target", len(targets - {None})),
        ("the same data", len({run.header.fingerprints.get("data") for run in runs})),
        ("the same split of the rows", len({run.header.fingerprints.get("split") for run in runs})),
    ):
        if count > 1:
            notes.append(
                f"the runs do not have {what}, so their scores are not strictly comparable"
            )
            break
    copies = [group for group in _by_beginning(runs).values() if len(group) > 1]
    for first, *others in copies:
        names = ", ".join(run.path.name for run in others)
        what = "is a copy" if len(others) == 1 else "are copies"
        notes.append(
            f"{names} {what} of {first.path.name}, or of the same seeds, and no repetition of it"
        )
    return notes


def repetitions(runs: Sequence[Run]) -> Mapping[str, Sequence[Run]]:
    """The runs in groups: those of one name whose configs are the same but for the seeds.

    A group is called by its name, where that is its own; a run that is alone there, by its folder.
    So is a copy of another run, or a run of the same seeds, which says nothing more.
    """
    by_config: dict[tuple[str, str, str], list[Run]] = {}
    for first, *copies in _by_beginning(runs).values():
        by_config.setdefault((name_of(first.path), _told(first), ""), []).append(first)
        by_config |= {(name_of(run.path), "", run.path.name): [run] for run in copies}
    names = Counter(name for name, *_ in by_config)
    groups: dict[str, list[Run]] = {}
    for (name, *_), group in by_config.items():
        label = name
        if names[name] > 1:
            label = group[0].path.name
            label += f" and {len(group) - 1} alike" if len(group) > 1 else ""
        groups[label] = group
    return groups


def _by_beginning(runs: Sequence[Run]) -> Mapping[object, Sequence[Run]]:
    """The runs by all that their first trial depends on, and what it gave."""
    groups: dict[object, list[Run]] = {}
    for run in runs:
        trials = run.trials()
        first = (trials[0].seed, trials[0].result and trials[0].result.value) if trials else run
        seeds = tuple(line for line in _resolved_lines(run) if _SEED.match(line))
        groups.setdefault((_told(run), seeds, first), []).append(run)
    return groups


def _resolved_lines(run: Run) -> Sequence[str]:
    """The lines of the resolved config, without their comments; none where it is gone."""
    try:
        text = (run.path / RESOLVED).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ()
    return [_COMMENT.sub("", line) for line in text.splitlines()]


def _told(run: Run) -> str:
    """All that a run was told that its result depends on, but the seeds."""
    header = run.header
    data = header.fingerprints.get("data")
    form = [header.constants, header.space, header.n_calls, header.code, data]
    section, lines = "", []
    for line in _resolved_lines(run):
        section = line if line[:1].strip() else section
        if section not in _ELSEWHERE and not _VARIES.match(line):
            lines.append(line)
    return json.dumps([form, lines], sort_keys=True, default=str)


def _check_objectives(runs: Sequence[Run]) -> None:
    """Raise ConfigError where the scores of the runs do not measure the same."""
    for what, text_of in (("metrics", _metric), ("objectives", _measure)):
        by_text: dict[str, list[str]] = {}
        for run in runs:
            text = " and ".join(map(text_of, goals_of(run.header)))
            by_text.setdefault(text, []).append(run.path.name)
        if len(by_text) > 1:
            groups = "; ".join(f"{text} in {', '.join(ids)}" for text, ids in by_text.items())
            raise ConfigError(
                f"the runs have different {what}, which can't be compared: {groups}",
                help="compare runs whose `training.metric` is the same"
                if what == "metrics"
                else "scores are made by another rule or of another target: tune the config of "
                "the older run anew, and compare that",
            )


def _metric(goal: Goal) -> str:
    return goal.name


def _measure(goal: Goal) -> str:
    rule = "" if goal.rule is None else f" by the {goal.rule}"
    return f"{goal.direction} {goal.name}{rule}"


def show_standings(
    standings: Sequence[Standing], metric: str, groups: Mapping[str, Sequence[Run]]
) -> list[str]:
    """The table of the runs, and one of their groups (`repetitions`) where several are in one."""
    rows = [
        [s.run, str(s.trials), str(s.failed), show_score(s.validation),
         f"{show_with(s.test_interval, s.test)} {show_interval(s.test_interval)}".rstrip(),
         duration(s.seconds)]
        for s in standings
    ]  # fmt: skip
    head = ["run", "trials", "failed", f"{metric} on validation", "on test", "fitting"]
    lines = align([head, *rows])
    if any(len(runs) > 1 for runs in groups.values()):
        scores = f"{metric} on validation: median (range)"
        head = ["alike but for the seed", "runs", scores, "on test"]
        ids = {name: {run.path.name for run in group} for name, group in groups.items()}
        members = {name: [s for s in standings if s.run in ids[name]] for name in groups}
        rows = [
            [name, str(len(group)), _spread([s.validation for s in group]),
             _spread([s.test for s in group])]
            for name, group in members.items()
        ]  # fmt: skip
        lines += ["", *align([head, *rows])]
    return lines


def as_record(standing: Standing, metric: str) -> Mapping[str, object]:
    """A standing as a line of `--json`."""
    return {"metric": metric, **vars(standing)}


def _spread(scores: Sequence[float | None]) -> str:
    values = [score for score in scores if score is not None]
    if not values:
        return show_score(None)
    return f"{show_score(median(values))} ({show_score(min(values))} to {show_score(max(values))})"
