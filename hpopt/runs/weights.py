"""The weights in a run folder: where they stand, which are there, and which are kept."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from hpopt.errors import RunError
from hpopt.files import PART, writing
from hpopt.runs.state import RunState
from hpopt.trials import STATE, Trial, ranked


@dataclass(frozen=True)
class Weights:
    """The weights in the run folder at `path`, as its events name them."""

    path: Path
    state: RunState

    def trial_folder(self, number: int) -> Path:
        """The folder of a trial's weights and logs; it need not exist."""
        return self.path / "trials" / f"{number:04d}"

    def refit_folder(self, number: int) -> Path:
        """The folder of the weights that params were fitted to on all rows; it need not exist."""
        return self.path / "refit" / f"{number:04d}"

    def of_training(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to the training part, where it is still there.

        They are those the trial kept, or of a trial that keeps none those of the step `refit`.
        Raises RunError where the journal names a file outside of the folder.
        """
        if trial.result is None:
            return None
        folder = self.trial_folder(trial.number)
        if trial.result.weights is None:
            return self._refitted(trial, "train", folder)
        return self._there(folder / trial.result.weights)

    def of_all_rows(self, trial: Trial) -> Path | None:
        """The file of a trial's weights, fitted to training and validation part, if it is there."""
        return self._refitted(trial, "train+validation", self.refit_folder(trial.number))

    def keep_best(self, count: int) -> None:
        """Delete the weights of all trials but the first (the defaults) and the best `count`.

        Those that the step `refit` has fitted again stay as well, for the steps behind it.
        """
        refit = self.state.outcomes.refit
        needed = {"1", *(refit.networks if refit else ())}
        for trial in ranked(self.state.trials)[count:]:
            path = self.of_training(trial) if str(trial.number) not in needed else None
            if path is not None:
                with writing(path):
                    path.unlink()
                    if not any(path.parent.iterdir()):
                        path.parent.rmdir()

    def states(self, number: int) -> list[Path]:
        """The files from which a paused trial goes on: one, or one a fit of it."""
        folder = self.trial_folder(number)
        return sorted([*folder.glob(STATE), *folder.glob(f"fit_*/{STATE}")])

    def keep_states(self, count: int) -> None:
        """Delete the states of all paused trials but the best `count` at each level."""
        paused = [trial for trial in self.state.trials if trial.state == "paused"]
        for level in {trial.level for trial in paused}:
            at = [trial for trial in paused if trial.level == level]
            at.sort(key=lambda trial: trial.partial[level].value)
            for trial in at[count:]:
                self.drop_states(trial.number)

    def drop_states(self, number: int) -> None:
        """Delete the states of a trial: it is over, or goes on from nothing.

        What a killed worker has left of one that it wrote goes too.
        """
        folder, half = self.trial_folder(number), f".{STATE}{PART}"
        halves = [*folder.glob(half), *folder.glob(f"fit_*/{half}")]
        for path in [*halves, *self.states(number)]:
            with writing(path):
                path.unlink(missing_ok=True)
                if path.parent != self.trial_folder(number):  # a fold's, which has nothing else
                    shutil.rmtree(path.parent, ignore_errors=True)

    def _refitted(self, trial: Trial, part: str, folder: Path) -> Path | None:
        """The weights that a closing step has fitted to a part and left in `folder`."""
        refitted = self.state.outcomes.refit or self.state.outcomes.network
        networks = refitted.networks if refitted else {}
        network = networks.get(str(trial.number), {}).get(part)
        return self._there(folder / network.weights) if network else None

    def _there(self, path: Path) -> Path | None:
        """A file of the folder, if it is there. Raises RunError where it is another's."""
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise RunError(f"{self.path} names a file outside of itself: {path}")
        return path if path.is_file() else None
