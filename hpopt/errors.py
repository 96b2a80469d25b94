"""The errors that hpopt reports to people, each kind with its exit code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from hpopt.shown import printable

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*m")
_INNER_ERROR = re.compile(r"Exception encountered: |\w*(Error|Exception): ")
_SAYS_NOTHING = (
    *("in user code:", "Exception encountered when calling", "File ", "Arguments "),
    *("Graph execution error", "Detected at node", "<stack traces unavailable", "[["),
)


@dataclass(frozen=True)
class Location:
    """A place in a text that a person wrote; `line` and `column` count from 1."""

    file: str
    line: int | None = None
    column: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        return ":".join(
            str(part) for part in (self.file, self.line, self.column) if part is not None
        )


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where, and what would be right."""

    message: str
    location: Location | None = None
    help: str | None = None

    def render(self, kind: str) -> str:
        """Lay the problem out for a terminal, in the manner of compilers."""
        return f"error[{kind}]: {self}"

    def __str__(self) -> str:
        """The problem with its place and its help, without what kind it is."""
        lines = [printable(self.message)]
        if self.location is not None:
            lines.append(f"  --> {printable(str(self.location))}")
            if self.location.text and self.location.text.strip():
                lines.append(f"   |   {shorten(printable(self.location.text.strip()))}")
        if self.help:
            lines.append(f"   = help: {printable(self.help)}".replace("\n", "\n           "))
        return "\n".join(lines)


class HpoptError(Exception):
    """Base of all errors that a user can mend; shown without a traceback."""

    kind = "run"
    exit_code = 1

    def __init__(
        self, message: str, *, location: Location | None = None, help: str | None = None
    ) -> None:
        super().__init__(message)
        self.problems: Sequence[Problem] = [Problem(message, location, help)]

    def __str__(self) -> str:
        """All that is wrong, with places and help, as a traceback or a notebook shows it."""
        return "\n\n".join(map(str, self.problems))

    @property
    def message(self) -> str:
        """What is wrong, without places and help."""
        return "; ".join(problem.message for problem in self.problems)

    def at(self, location: Location | None) -> Self:
        """The same error, with `location` for the problems that have none."""
        self.problems = [replace(p, location=p.location or location) for p in self.problems]
        return self

    def render(self) -> str:
        """The whole error as the terminal shows it."""
        return "\n\n".join(problem.render(self.kind) for problem in self.problems)


class RunError(HpoptError):
    """A run, or its folder, can't give what was asked of it."""


class ConfigError(HpoptError):
    """The YAML file, an override or another argument is wrong."""

    kind = "config"
    exit_code = 2

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> ConfigError:
        """Report several problems at once, so that they can be mended in one go."""
        error = cls("; ".join(problem.message for problem in problems))
        error.problems = problems
        return error


class SetupError(HpoptError):
    """What was declared can't be built or fitted even once: it stops a run before it begins."""

    kind = "set-up"
    exit_code = 2


class DataError(HpoptError):
    """The data can't be read or can't be used."""

    kind = "data"
    exit_code = 3


class SettingError(DataError):
    """What a setting of `dataset` says is not so in the data; `key` is its path in there."""

    def __init__(
        self, message: str, key: tuple[str | int, ...], *, help: str | None = None
    ) -> None:
        super().__init__(message, help=help)
        self.key = key


class MissingDependency(HpoptError):  # noqa: N818 (it says what is wrong)
    """Something that hpopt does without, unless it is asked for, is not installed."""

    kind = "dependency"
    exit_code = 4

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", help=f'pip install "hpopt[{extra}]"')


class Interrupted(HpoptError):  # noqa: N818 (it is none)
    """Somebody asked the run to end at once."""

    exit_code = 130

    def render(self) -> str:
        """The plain message: this is no error."""
        return self.message


class TrialError(Exception):
    """One trial gives no value (a loss became NaN, say): it is recorded, and the search goes on."""


def closest(name: str, legal: Iterable[str]) -> str | None:
    """The legal name that `name` was most likely meant to be, if any is near."""
    by_folded_name = {option.casefold(): option for option in legal}
    name = name.casefold()
    longer = [option for option in by_folded_name if len(name) > 1 and option.startswith(name)]
    matches = longer or difflib.get_close_matches(name, by_folded_name, n=1, cutoff=0.6)
    return by_folded_name[min(matches, key=len)] if matches else None


def suggest_name(name: str, legal: Iterable[str]) -> str:
    """A line of help for an unknown name: a did-you-mean, and what is legal."""
    legal = list(legal)
    if not legal:
        return "there is none that could be meant"
    options = "one of " + ", ".join(f"`{option}`" for option in legal)
    match = closest(name, legal)
    return f"did you mean `{match}`? ({options})" if match else options


def in_words(error: BaseException) -> str:
    """An exception on one line: its kind, and the line of its text that says most.

    Keras and TensorFlow wrap the error that matters into several others, which say nothing.
    """
    kind = type(error).__name__
    lines = [line.strip() for line in _TERMINAL_CODE.sub("", str(error)).splitlines()]
    inner = [
        line
        for line in lines
        if (match := _INNER_ERROR.match(line)) and not line[match.end() :].startswith(_SAYS_NOTHING)
    ]
    telling = [
        line for line in lines if line and not line.split(": ")[-1].startswith(_SAYS_NOTHING)
    ]
    if inner:
        return shorten(inner[-1].removeprefix("Exception encountered: "), 300)
    return shorten(f"{kind}: {telling[0]}" if telling else kind, 300)


def shorten(text: str, width: int = 96) -> str:
    """The text, cut to `width` characters where it is longer."""
    return text if len(text) <= width else text[: width - 1] + "…"
