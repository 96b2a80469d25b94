"""A run folder: one writer makes it and appends to its journal; anybody may read it at any time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, BinaryIO

from hpopt.clock import running_s
from hpopt.errors import RunError, in_words
from hpopt.files import (
    PART,
    json_writer,
    refuse_links,
    remove,
    sync_folder,
    text_writer,
    write_whole,
    write_whole_folder,
    writing,
)
from hpopt.runs.events import Ended, Event, Fitted, Header, Known, Resumed, Step
from hpopt.runs.frame import trial_frame
from hpopt.runs.journal import Journal, Place, begin_reading, read_journal, read_on
from hpopt.runs.lock import is_locked
from hpopt.runs.logfile import logging_to
from hpopt.runs.naming import new_folder
from hpopt.runs.objectives import Goal, goals_of
from hpopt.runs.state import RunState, Status
from hpopt.runs.steps import StepOutcomes
from hpopt.runs.weights import Weights
from hpopt.trials import Trial, made, repeats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hpopt.space.space import Space

JOURNAL = "journal.jsonl"
CONFIG = "config.yaml"
RESOLVED = "config.resolved.yaml"
SUMMARY = "summary.md"
DATA = "data.json"  # what is known of the data besides its rows


# What `dir` shows of a run.
PUBLIC = (
    "begun", "best", "best_params", "chosen", "elapsed_s", "end", "ensemble", "is_over",
    "load_model", "mean_score", "metric", "n_calls", "path", "plot", "predict", "score", "space",
    "state", "summary", "to_frame", "trial", "trials", "weights",
)  # fmt: skip


class Run:
    """A run folder. `Run.create` gives the writer's; `Run.open` a reader's, as of that moment."""

    def __init__(
        self, path: Path, header: Header, events: Sequence[Event], journal: Journal | None
    ) -> None:
        self.path = path
        self.header = header
        self._journal = journal
        self._has_writer = False
        self._place = Place()  # of a reader: how far it has come
        self._state = RunState.of(header, events)
        self._weights = Weights(path, self._state)
        self._elapsed_before_s = self._state.elapsed_s
        self._opened = running_s()

    @classmethod
    def create(cls, parent: Path, name: str, header: Header, begun_s: float | None = None) -> Run:
        """Make a new folder, named by the time and `name`, with a journal that has its header.

        Work on it began at `begun_s`, by `running_s`, if not now.
        Raises ConfigError where no folder can be made there, and RunError where the disk is full;
        no folder is left then.
        """
        path = new_folder(parent.absolute(), name)
        with ExitStack() as on_failure:
            on_failure.callback(shutil.rmtree, path, ignore_errors=True)
            journal = Journal(path / JOURNAL)
            on_failure.callback(journal.close)
            journal.append(header)
            with writing(path):
                sync_folder(path)
            on_failure.pop_all()
        run = cls(path, header, [], journal)
        run._opened = run._opened if begun_s is None else begun_s
        return run

    @classmethod
    def reopen(cls, path: Path) -> Run:
        """Go on writing a run folder that another process left, wherever it is now.

        Raises RunError where it is none, is damaged, can't be written, has a writer already, or
        holds a link that leads out of it.
        """
        path = path.absolute()
        cls.open(path, curves=False)  # says what is wrong before anything is touched
        refuse_links(path)
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
            raise RunError(
                f"{path} is no run folder: it has no {JOURNAL}", help=_what_is_left(path)
            )
        has_writer = is_locked(path / JOURNAL)  # first: what it writes before it goes is then read
        header, events, place = begin_reading(path / JOURNAL, curves=curves)
        run = cls(path, header, events, journal=None)
        run._has_writer, run._place = has_writer, place
        return run

    def read_on(self) -> Sequence[Event]:
        """Fold in what the writer of a run that is read has written meanwhile, and give that.

        Raises RunError where the journal is damaged, gone, or has become shorter.
        """
        self._has_writer = is_locked(self.path / JOURNAL)
        events, self._place = read_on(self.path / JOURNAL, self._place)
        for event in events:
            self._state.apply(event)
        return events

    def __dir__(self) -> list[str]:
        """What people want of a run; what writes it is hpopt's own."""
        return [name for name in PUBLIC if hasattr(type(self), name) or name in vars(self)]

    def __repr__(self) -> str:
        best, count = self.best, made(self.trials())
        of = "" if self.n_calls is None else f" of {self.n_calls}"
        trials = f"{count}{of} trial{'' if (self.n_calls or count) == 1 else 's'}"
        score = "no best yet" if best is None else f"best {self.metric} {self.score(best):.4g}"
        place = "" if best is None else f" (trial {best.number})"
        return f"<Run {self.path.name}: {self.state}, {trials}, {score}{place}>"

    @property
    def state(self) -> Status:
        """How the run stands; of a reader's run, how it stood when it was opened."""
        return self._state.status(self._is_written)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do: the search came to its own end, and all steps are done."""
        return self._state.is_over(self._is_written)

    @property
    def _is_written(self) -> bool:
        return self._journal is not None or self._has_writer

    @property
    def metric(self) -> str:
        """The metric that was searched by."""
        return self.header.metric

    @property
    def space(self) -> Space:
        """What was searched. Raises RunError where the header does not say it rightly."""
        from hpopt.space.space import Space

        try:
            return Space.from_json(self.header.space, self.header.require)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise RunError(
                f"the search space in the journal of {self.path} makes no sense: {in_words(error)}",
                help="put its first line back from a copy of the folder",
            ) from None

    @property
    def n_calls(self) -> int | None:
        """How many trials the run is to have, by its last session; None where that is not known."""
        return self._state.n_calls

    @property
    def begun(self) -> datetime | None:
        """When the run was begun, where that is known."""
        return self._state.begun

    @property
    def elapsed_s(self) -> float:
        """How long the run has been worked on, by its writers one after the other.

        Time in which the writer was frozen does not count.
        """
        return self._elapsed_before_s + (running_s() - self._opened if self._journal else 0.0)

    @property
    def end(self) -> Ended | None:
        """Why the search is over; None while it goes on, and of runs that did not write it."""
        return self._state.end

    @property
    def overrides(self) -> Sequence[str]:
        """All that was laid over the config so far, as it was written."""
        return self._state.overrides

    @property
    def code(self) -> Mapping[str, str]:
        """Fingerprints of the files of own code, as they were when the run was last worked on."""
        return self._state.code

    @property
    def known(self) -> Known | None:
        """What the run knew of an earlier one when it was begun."""
        return self._state.known

    @property
    def resumed(self) -> Sequence[Resumed]:
        """Every time that a later process went on with the run."""
        return self._state.resumed

    @property
    def seen_test_after(self) -> Sequence[int]:
        """After how many trials the test part was scored, each time that more of them followed."""
        return self._state.seen_test_after

    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return self._state.trials

    def trial(self, number: int) -> Trial:
        """One trial. Raises KeyError where there is none of that number."""
        return self._state.by_number[number]

    def score(self, trial: Trial) -> float | None:
        """The metric of a trial in its own direction, on the validation part; None without one."""
        return None if trial.result is None else trial.result.metrics[self.metric]

    def mean_score(self, trial: Trial) -> float | None:
        """The score of a trial's params: the mean, where they ran several times."""
        results = [each.result for each in repeats(trial, self.trials())]
        scores = [result.metrics[self.metric] for result in results if result is not None]
        return fmean(scores) if scores else None

    @property
    def best(self) -> Trial | None:
        """The finished trial of the lowest value."""
        return self._state.best

    @property
    def chosen(self) -> Trial | None:
        """The trial whose network the run is for: the confirmed one, or else `best`.

        The lowest of many noisy values is in part luck; confirming tells it from skill.
        """
        return self._state.chosen

    @property
    def ensemble(self) -> list[Trial]:
        """The trials of whose networks the run's model is the average; mostly there are none."""
        return self._state.ensemble

    @property
    def final(self) -> list[Trial]:
        """The trials whose networks make the run's model: the chosen one, or an ensemble's."""
        return self._state.final

    @property
    def steps(self) -> Mapping[str, Step]:
        """The closing steps that are done, by name, in the order in which they were done last.

        A trial that begins after them undoes them all.
        """
        return self._state.steps

    @property
    def outcomes(self) -> StepOutcomes:
        """What the closing steps that are done have given, by attribute."""
        return self._state.outcomes

    @property
    def fits(self) -> Sequence[Fitted]:
        """The fits of closing steps that have ended."""
        return self._state.fits

    @property
    def goal(self) -> Goal:
        """What trials are judged by: the first of the objectives, of which there is one so far."""
        return goals_of(self.header)[0]

    @property
    def rule(self) -> str | None:
        """How probabilities become labels where trials are scored; see `hpopt/task.py`."""
        return self.goal.rule

    @property
    def threshold(self) -> float:
        """The probability above which the best network of two labels says the second."""
        return self._state.threshold

    def weights(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to the training part, where it is still there."""
        return self._weights.of_training(trial)

    def refitted_weights(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to training and validation part, if it is there."""
        return self._weights.of_all_rows(trial)

    def keep_weights_of_best(self, count: int) -> None:
        """Delete the weights of all trials but the first, the best `count` and the refitted."""
        self._weights.keep_best(count)

    def has_state(self, trial: Trial) -> bool:
        """Whether a paused trial can go on from where it was."""
        return bool(trial.partial) and bool(self._weights.states(trial.number))

    def keep_states(self, count: int) -> None:
        """Delete the states of all paused trials but the best `count` at each level."""
        self._weights.keep_states(count)

    def drop_states(self, number: int) -> None:
        """Delete the states of a trial that does not go on."""
        self._weights.drop_states(number)

    def trial_folder(self, number: int) -> Path:
        """The folder of a trial's weights and logs; it need not exist."""
        return self._weights.trial_folder(number)

    def refit_folder(self, number: int) -> Path:
        """The folder of the weights that params were fitted to on all rows; it need not exist."""
        return self._weights.refit_folder(number)

    def to_frame(self) -> Any:
        """The trials as a pandas.DataFrame, one row each: metrics by name, params as `params.NAME`.

        An inactive param is missing.
        """
        return trial_frame(self.header, self.trials(), is_going_on=self.state == "running")

    @property
    def best_params(self) -> dict[str, Any] | None:
        """The params of the run's network, `chosen`; None before a trial has finished.

        Of an ensemble they are those of the single best.
        """
        return None if self.chosen is None else dict(self.chosen.params)

    @property
    def summary(self) -> str:
        """The text of `summary.md`, in Markdown. Raises RunError where the run has none yet."""
        path = self.path / SUMMARY
        if not path.is_file():
            raise RunError(f"{self.shown_path} has no {SUMMARY}: it is {self.state}")
        return path.read_text(encoding="utf-8", errors="backslashreplace")

    def load_model(self, *, trust_code: bool = False) -> Any:
        """The run's network as a keras.Model that takes raw rows: see `hpopt.load_model`."""
        import hpopt

        return hpopt.load_model(self, trust_code=trust_code)

    def predict(self, rows: Any, *, trust_code: bool = False) -> Any:
        """What the run's network says of rows, as a DataFrame: see `hpopt.predict`."""
        import hpopt

        return hpopt.predict(self, rows, trust_code=trust_code)

    def plot(self, name: str = "convergence", dimensions: Sequence[str] = ()) -> Figure:
        """A picture of the run so far, as `hpopt.plot` gives it."""
        import hpopt

        return hpopt.plot(self, name, dimensions)

    @property
    def shown_path(self) -> str:
        """The path as people would write it: from where they stand, if the folder is below."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    @property
    def data_folder(self) -> Path:
        """Where the prepared rows stand while the run goes on."""
        return self.path / "data"

    def append(self, event: Event) -> None:
        """Write an event to the journal and to the disk, and fold it in."""
        assert self._journal is not None, "the run was opened for reading"
        self._journal.append(event)
        self._state.apply(event)

    def check_place(self) -> None:
        """Raise RunError where the folder that is written is no longer where it was."""
        if self._journal is not None:
            self._journal.check_place()

    def clear_trial(self, number: int) -> None:
        """Remove what an attempt at a trial left behind."""
        shutil.rmtree(self.trial_folder(number), ignore_errors=True)

    def sweep(self, count: int) -> None:
        """Clear away what a kill left behind: rows, half files, and weights that are not kept."""
        with writing(self.path):
            shutil.rmtree(self.data_folder, ignore_errors=True)
            for path in list(self.path.rglob(f".*{PART}")):
                remove(path)
            for trial in self.trials():
                if trial.state in ("running", "cut") and not trial.partial:
                    self.clear_trial(trial.number)
        self._weights.keep_best(count)

    def write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Have `write` fill a file of the folder, which appears under its name only when whole."""
        self.check_place()
        write_whole(self.path / name, write)

    def write_folder(self, name: str, files: Mapping[str, Callable[[BinaryIO], object]]) -> None:
        """Write the files of a folder, which takes the place of an earlier one once it is whole."""
        self.check_place()
        write_whole_folder(self.path / name, files)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the folder in one piece."""
        self.write(name, text_writer(text))

    def write_json(self, name: str, form: Any) -> None:
        """Write a JSON file of the folder in one piece."""
        self.write(name, json_writer(form))

    def log_file(self) -> AbstractContextManager[None]:
        """Append what hpopt logs, and what others warn of, to the folder's `hpopt.log`."""
        return logging_to(self.path / "hpopt.log")

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


def _what_is_left(path: Path) -> str | None:
    """What can be done with a folder that had a journal, if it is one."""
    if not (path / CONFIG).is_file():
        return None
    model = path / "best" / "model.keras"
    text = "a run is its journal: put it back from a copy"
    return f"{text}; its model, {model}, works without" if model.is_file() else text


def now() -> str:
    """The time for the journal: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
