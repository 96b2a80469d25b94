"""A run folder: one writer makes it and appends to its journal; anybody may read it at any time."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from hpopt.errors import ConfigError, RunError
from hpopt.files import PART, sync_folder, write_whole, writing
from hpopt.runs.frame import trial_columns, trial_rows
from hpopt.runs.journal import (
    Ended,
    Event,
    Fitted,
    Header,
    Journal,
    Known,
    Resumed,
    Started,
    Step,
    apply,
    read_journal,
)
from hpopt.runs.lock import is_locked
from hpopt.runs.steps import StepOutcomes
from hpopt.trials import Trial, best_of, ranked

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JOURNAL = "journal.jsonl"
DATA = "data.json"  # what is known of the data besides its rows
HALF = 0.5  # the threshold where none was chosen
# finished; stopped early on request, and closed; closed without a model; its writer has gone.
RunState = Literal["running", "finished", "stopped", "failed", "interrupted"]


# Why a search ended, where asking to resume is reason enough to go on.
_TO_GO_ON = ("interrupted", "failures")


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Pass over what a full disk does not take: the journal's error is the one to see."""


class Run:
    """A run folder. `Run.create` gives the writer's; `Run.open` a reader's, as of that moment."""

    def __init__(
        self, path: Path, header: Header, events: list[Event], journal: Journal | None
    ) -> None:
        self.path = path
        self.header = header
        self._journal = journal
        self._has_writer = False
        self._trials: dict[int, Trial] = {}
        self._steps: dict[str, Step] = {}
        self._fits: list[Fitted] = []
        self._end: Ended | None = None
        self._is_reopened = False
        self._known: Known | None = None
        self._resumed: list[Resumed] = []
        self._seen: list[int] = []
        for event in events:
            self._fold_in(event)
        told = [event.elapsed or 0.0 for event in events if isinstance(event, Started | Ended)]
        self._elapsed_before_s = max(told, default=0.0)
        self._opened = time.monotonic()

    @classmethod
    def create(cls, parent: Path, name: str, header: Header) -> Run:
        """Make a new folder, named by the time and `name`, with a journal that has its header.

        Raises ConfigError where no folder can be made there.
        """
        path = _new_folder(parent.absolute(), name)
        journal = Journal(path / JOURNAL)
        journal.append(header)
        with writing(path):
            sync_folder(path)
        return cls(path, header, [], journal)

    @classmethod
    def reopen(cls, path: Path) -> Run:
        """Go on writing a run folder that another process left, wherever it is now.

        Raises RunError where it is none, is damaged, can't be written or has a writer already.
        """
        path = path.absolute()
        cls.open(path, curves=False)  # says what is wrong before anything is touched
        journal = Journal(path / JOURNAL)
        try:
            return cls(path, *read_journal(path / JOURNAL), journal)
        except BaseException:
            journal.close()
            raise

    @classmethod
    def open(cls, path: Path, *, curves: bool = True) -> Run:
        """Read a run folder, also one that is being written. Raises RunError where it is none.

        Without `curves`, which are most of what there is to read, results have none.
        """
        if not (path / JOURNAL).is_file():
            raise RunError(f"{path} is no run folder: it has no {JOURNAL}")
        has_writer = is_locked(path / JOURNAL)  # first: what it writes before it goes is then read
        run = cls(path, *read_journal(path / JOURNAL, curves=curves), journal=None)
        run._has_writer = has_writer
        return run

    def __repr__(self) -> str:
        best, count = self.best, len(self.trials())
        trials = f"{count} trials" if self.n_calls is None else f"{count} of {self.n_calls} trials"
        score = "no best yet" if best is None else f"best {self.metric} {self.score(best):.4g}"
        place = "" if best is None else f" (trial {best.number})"
        return f"<Run {self.path.name}: {self.state}, {trials}, {score}{place}>"

    @property
    def state(self) -> RunState:
        """How the run stands; of a reader's run, how it stood when it was opened."""
        if "summary" not in self.steps or self._is_reopened:
            return "running" if self._journal or self._has_writer else "interrupted"
        if "best" not in self.steps:
            return "failed"
        if self._end is None:  # as journals were before they told why a search ended
            return "stopped" if len(self._trials) < (self.n_calls or 0) else "finished"
        return "stopped" if self._end.reason == "interrupted" else "finished"

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do: the search came to its own end, and all steps are done."""
        is_closed = self.state == "finished" or (self.state == "failed" and self.best is None)
        return is_closed and (self._end is None or self._end.reason not in _TO_GO_ON)

    @property
    def end(self) -> Ended | None:
        """Why the search is over; None while it goes on, and of runs that did not write it."""
        return self._end

    @property
    def overrides(self) -> Sequence[str]:
        """All that was laid over the config so far, as it was written."""
        later = [change for resumed in self._resumed for change in resumed.changes]
        return [*(self.header.overrides or ()), *later]

    @property
    def code(self) -> Mapping[str, str]:
        """Fingerprints of the files of own code, as they were when the run was last worked on."""
        return {**self.header.code, **{k: v for r in self._resumed for k, v in r.code.items()}}

    @property
    def known(self) -> Known | None:
        """What the run knew of an earlier one when it was begun."""
        return self._known

    @property
    def resumed(self) -> Sequence[Resumed]:
        """Every time that a later process went on with the run."""
        return self._resumed

    @property
    def seen_test_after(self) -> Sequence[int]:
        """After how many trials the test part was scored, each time that more of them followed."""
        return self._seen

    @property
    def elapsed_s(self) -> float:
        """How long the run has been worked on, by its writers one after the other."""
        return self._elapsed_before_s + (time.monotonic() - self._opened if self._journal else 0.0)

    @property
    def metric(self) -> str:
        """The metric that was searched by."""
        return self.header.metric

    @property
    def n_calls(self) -> int | None:
        """How many trials the run is to have, by its last session; None where that is not known."""
        return self._resumed[-1].n_calls if self._resumed else self.header.n_calls

    @property
    def begun(self) -> datetime | None:
        """When the run was begun, where that is known."""
        first = next(iter(self._trials.values()), None)
        time = self.header.time or (first.started if first else "")
        return datetime.fromisoformat(time) if time else None

    def score(self, trial: Trial) -> float | None:
        """The metric of a trial in its own direction, on the validation part; None without one."""
        return None if trial.result is None else trial.result.metrics[self.metric]

    def append(self, event: Event) -> None:
        """Write an event to the journal and to the disk, and fold it in."""
        assert self._journal is not None, "the run was opened for reading"
        self._journal.append(event)
        self._fold_in(event)

    def check_place(self) -> None:
        """Raise RunError where the folder that is written is no longer where it was."""
        if self._journal is not None:
            self._journal.check_place()

    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def best(self) -> Trial | None:
        """The finished trial of the lowest value."""
        return best_of(self.trials())

    @property
    def chosen(self) -> Trial | None:
        """The trial whose network the run is for: the confirmed one, or else `best`.

        The lowest of many noisy values is in part luck; confirming tells it from skill.
        """
        confirmed = self.outcomes.confirm
        return self.best if confirmed is None else self._trials[confirmed.chosen]

    @property
    def ensemble(self) -> list[Trial]:
        """The trials of whose networks the run's model is the average; mostly there are none."""
        ensembled = self.outcomes.ensemble
        if ensembled is None or not ensembled.taken:
            return []
        return [self._trials[number] for number in ensembled.members]

    @property
    def final(self) -> list[Trial]:
        """The trials whose networks make the run's model: the chosen one, or an ensemble's."""
        return self.ensemble or [trial for trial in (self.chosen,) if trial is not None]

    @property
    def steps(self) -> Mapping[str, Step]:
        """The closing steps that are done, by name, in the order in which they were done last.

        A trial that begins after them undoes them all.
        """
        return self._steps

    @property
    def outcomes(self) -> StepOutcomes:
        """What the closing steps that are done have given, by attribute."""
        return StepOutcomes.of({name: step.record for name, step in self._steps.items()})

    @property
    def fits(self) -> Sequence[Fitted]:
        """The fits of closing steps that have ended."""
        return self._fits

    @property
    def threshold(self) -> float:
        """The probability above which the best network of two labels says the second."""
        chosen = self.outcomes.threshold
        return HALF if chosen is None else chosen.threshold

    def to_frame(self) -> Any:
        """The trials as a pandas.DataFrame, one row each: metrics by name, params as `params.NAME`.

        An inactive param is missing.
        """
        import pandas as pd

        return pd.DataFrame(trial_rows(self), columns=trial_columns(self))

    def trial(self, number: int) -> Trial:
        """One trial. Raises KeyError where there is none of that number."""
        return self._trials[number]

    @property
    def shown_path(self) -> str:
        """The path as people would write it: from where they stand, if the folder is below."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    @property
    def data_folder(self) -> Path:
        """Where the prepared rows stand while the run goes on."""
        return self.path / "data"

    def trial_folder(self, number: int) -> Path:
        """The folder of a trial's weights and logs; it need not exist."""
        return self.path / "trials" / f"{number:04d}"

    def clear_trial(self, number: int) -> None:
        """Remove what an attempt at a trial left behind."""
        shutil.rmtree(self.trial_folder(number), ignore_errors=True)

    def refit_folder(self, number: int) -> Path:
        """The folder of the weights that params were fitted to on all rows; it need not exist."""
        return self.path / "refit" / f"{number:04d}"

    def weights(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to the training part, where it is still there.

        They are those the trial kept, or of a trial that keeps none those of the step `refit`.
        """
        if trial.result is None:
            return None
        if trial.result.weights is None:
            return self._refitted(trial, "train", self.trial_folder(trial.number))
        return self._file(self.trial_folder(trial.number) / trial.result.weights)

    def refitted_weights(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to training and validation part, if it is there."""
        return self._refitted(trial, "train+validation", self.refit_folder(trial.number))

    def _refitted(self, trial: Trial, part: str, folder: Path) -> Path | None:
        """The weights that a closing step has fitted to a part and left in `folder`."""
        refitted = self.outcomes.refit or self.outcomes.network
        networks = refitted.networks if refitted else {}
        network = networks.get(str(trial.number), {}).get(part)
        return self._file(folder / network.weights) if network else None

    def _file(self, path: Path) -> Path | None:
        """A file of the folder, if it is there. Raises RunError where it is another's."""
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise RunError(f"{self.path} names a file outside of itself: {path}")
        return path if path.is_file() else None

    def keep_weights_of_best(self, count: int) -> None:
        """Delete the weights of all trials but the first (the defaults) and the best `count`.

        Those that the step `refit` has fitted again stay as well, for the steps behind it.
        """
        refit = self.outcomes.refit
        needed = {"1", *(refit.networks if refit else ())}
        for trial in ranked(self.trials())[count:]:
            path = self.weights(trial) if str(trial.number) not in needed else None
            if path is not None:
                with writing(path):
                    path.unlink()
                    _remove_if_empty(path.parent)

    def sweep(self, count: int) -> None:
        """Clear away what a kill left behind: rows, half files, and weights that are not kept."""
        with writing(self.path):
            shutil.rmtree(self.data_folder, ignore_errors=True)
            for path in self.path.rglob(f".*{PART}"):
                path.unlink()
            for trial in self.trials():
                if trial.state == "running":
                    self.clear_trial(trial.number)
        self.keep_weights_of_best(count)

    def write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Have `write` fill a file of the folder, which appears under its name only when whole."""
        self.check_place()
        write_whole(self.path / name, write)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the folder in one piece."""
        self.write(name, lambda file: file.write(text.encode(errors="backslashreplace")))

    def write_json(self, name: str, form: Any) -> None:
        """Write a JSON file of the folder in one piece."""
        self.write_text(name, json.dumps(form, indent=2, allow_nan=False) + "\n")

    @contextmanager
    def log_file(self) -> Iterator[None]:
        """Append what hpopt logs, and what others warn of, to the folder's `hpopt.log`."""
        with writing(self.path / "hpopt.log"):
            handler = _LogFile(self.path / "hpopt.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        loggers = [logging.getLogger(name) for name in ("hpopt", "py.warnings")]
        for logger in loggers:
            logger.setLevel(logging.INFO)
            logger.addHandler(handler)
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            for logger in loggers:
                logger.removeHandler(handler)
            handler.close()

    def plot(self, name: str = "convergence", dimensions: Sequence[str] = ()) -> Figure:
        """A picture of the run so far, as `hpopt.plot` gives it."""
        import hpopt

        return hpopt.plot(self, name, dimensions)

    def close(self) -> None:
        """End writing, and give the prepared rows back."""
        if self._journal is not None:
            self._journal.close()
            shutil.rmtree(self.data_folder, ignore_errors=True)
            self._journal = None

    def discard(self) -> None:
        """End writing and remove the folder."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def _fold_in(self, event: Event) -> None:
        if isinstance(event, Started):
            if "test" in self._steps:
                self._seen.append(len(self._trials))
            self._steps.clear()
            self._end = None
        elif isinstance(event, Step):
            self._steps.pop(event.name, None)  # so that they stand as they were done
            self._steps[event.name] = event
        elif isinstance(event, Fitted):
            self._fits.append(event)
        elif isinstance(event, Ended):
            self._end, self._is_reopened = event, False
        elif isinstance(event, Known):
            self._known = event
        elif isinstance(event, Resumed):
            self._resumed.append(event)
            self._end, self._is_reopened = None, True
        apply(self._trials, event)


def now() -> str:
    """The time for the journal: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _new_folder(parent: Path, name: str) -> Path:
    stem = f"{datetime.now():%Y-%m-%dT%H-%M-%S}_{name}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        attempt = 1
        while True:
            path = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
            try:
                path.mkdir()
            except FileExistsError:
                attempt += 1
                continue
            return path
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "that is a file" if is_file else error.strerror
        raise ConfigError(
            f"no run folder can be made in {parent}: {reason}",
            help="name another folder with --output-dir",
        ) from None


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
