"""The fold of hpopt 0.1, frozen: what that version makes of a journal. It is never changed.

It is what runs/journal.py and runs/folder.py of 0.1 did, without hpopt: plain dicts in place of the
records, and no more of a run than its trials, the best of them, its steps and its end.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = "1.0"
NEEDED = object()
# The fields of each kind of event, with their defaults.
KINDS = {
    "header": {
        "hpopt": NEEDED,
        "metric": NEEDED,
        "greater_is_better": NEEDED,
        "fingerprints": NEEDED,
        "constants": NEEDED,
        "space": NEEDED,
        "format": FORMAT,
        "time": None,
        "config": None,
        "n_calls": None,
        "folder": None,
        "overrides": None,
        "code": {},
    },
    "known": {"run": NEEDED, "informs": NEEDED, "trials": NEEDED},
    "started": {
        "number": NEEDED,
        "params": NEEDED,
        "seed": NEEDED,
        "time": NEEDED,
        "info": {},
        "attempt": 1,
        "elapsed": None,
    },
    "finished": {
        "number": NEEDED,
        "value": NEEDED,
        "metrics": NEEDED,
        "scores": NEEDED,
        "curves": NEEDED,
        "epochs": NEEDED,
        "seconds": NEEDED,
        "weights": None,
        "standard_error": None,
        "kept_epoch": None,
    },
    "failed": {"number": NEEDED, "reason": NEEDED, "log_tail": ""},
    "ended": {"reason": NEEDED, "text": NEEDED, "time": NEEDED, "elapsed": None},
    "resumed": {"changes": NEEDED, "n_calls": NEEDED, "time": NEEDED, "hpopt": NEEDED, "code": {}},
    "fitted": {
        "step": NEEDED,
        "number": NEEDED,
        "seed": NEEDED,
        "time": NEEDED,
        "score": None,
        "seconds": 0.0,
        "reason": "",
    },
    "step": {"name": NEEDED, "time": NEEDED, "outcome": {}},
}


class RefusedError(Exception):
    """0.1 does not read the journal, and says so."""


@dataclass
class Fold:
    """A run as 0.1 sees it."""

    header: dict
    trials: dict[int, dict] = field(default_factory=dict)
    steps: dict[str, dict] = field(default_factory=dict)
    fits: list[dict] = field(default_factory=list)
    end: dict | None = None
    known: dict | None = None
    resumed: list[dict] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    is_reopened: bool = False

    @property
    def best(self) -> int | None:
        """The number of the finished trial of the lowest value, the earliest among equals."""
        finished = [trial for trial in self.trials.values() if trial["state"] == "finished"]
        finished.sort(key=lambda trial: (trial["result"]["value"], trial["number"]))
        return finished[0]["number"] if finished else None

    @property
    def n_calls(self) -> int | None:
        return self.resumed[-1]["n_calls"] if self.resumed else self.header["n_calls"]

    @property
    def state(self) -> str:
        """How the run stands, where nobody writes it."""
        if "summary" not in self.steps or self.is_reopened:
            return "interrupted"
        if "best" not in self.steps:
            return "failed"
        if self.end is None:
            return "stopped" if len(self.trials) < (self.n_calls or 0) else "finished"
        return "stopped" if self.end["reason"] == "interrupted" else "finished"

    def score(self, number: int) -> float:
        """The metric of a finished trial in its own direction."""
        return self.trials[number]["result"]["metrics"][self.header["metric"]]

    def fold_in(self, kind: str, event: dict) -> None:
        if kind == "started":
            if "test" in self.steps:
                self.seen.append(len(self.trials))
            self.steps.clear()
            self.end = None
        elif kind == "step":
            self.steps.pop(event["name"], None)
            self.steps[event["name"]] = event
        elif kind == "fitted":
            self.fits.append(event)
        elif kind == "ended":
            self.end, self.is_reopened = event, False
        elif kind == "known":
            self.known = event
        elif kind == "resumed":
            self.resumed.append(event)
            self.end, self.is_reopened = None, True
        self.apply(kind, event)

    def apply(self, kind: str, event: dict) -> None:
        if kind in ("finished", "failed") and event["number"] not in self.trials:
            raise RefusedError(f"the journal ends trial {event['number']}, which it never began")
        if kind == "started":
            self.trials[event["number"]] = {
                "number": event["number"],
                "params": event["params"],
                "seed": event["seed"],
                "state": "running",
                "attempt": event["attempt"],
                "started": event["time"],
                "info": event["info"],
                "result": None,
                "reason": None,
            }
        elif kind == "finished":
            result = {name: value for name, value in event.items() if name != "number"}
            self.trials[event["number"]] |= {"state": "finished", "result": result}
        elif kind == "failed":
            self.trials[event["number"]] |= {"state": "failed", "reason": event["reason"]}


def fold_0_1(path: Path) -> Fold:
    """What 0.1 makes of a journal. Raises RefusedError where it does not read it."""
    lines = path.read_bytes().split(b"\n")[:-1]
    events = [event for line in lines if (event := decode(line)) is not None]
    if not events or events[0][0] != "header":
        raise RefusedError("the journal has no header")
    fold = Fold(events[0][1])
    for event in events[1:]:
        fold.fold_in(*event)
    return fold


def decode(line: bytes) -> tuple[str, dict] | None:
    """The kind and the fields of a line; None for a kind that 0.1 does not know."""
    try:
        form = json.loads(line)
        kind = form.pop("kind")
        if kind == "header":
            check_format(str(form["format"]))
        if kind not in KINDS:
            return None
        event = {name: form.get(name, default) for name, default in KINDS[kind].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError("the journal is damaged in this line") from error
    if any(value is NEEDED for value in event.values()):
        raise RefusedError("the journal is damaged in this line")
    return kind, event


def check_format(written: str) -> None:
    if written.split(".")[0] != FORMAT.split(".")[0]:
        raise RefusedError(
            f"the run was written in format {written}, and this hpopt reads {FORMAT}"
        )
