"""`python -m tests.fuzz`: see `tests/fuzz/__init__.py`."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.fuzz.case import Case, Failure, run
from tests.fuzz.smaller import smaller
from tests.fuzz.targets import TARGETS, make

_MEMORY_BYTES = 8 << 30


def main() -> None:
    """Fuzz for some time; exit code 1 where something was come upon."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="where to begin; the clock's if left out")
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--case", help="run this one again, such as configs:17")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"))
    options = parser.parse_args()
    _prepare()
    if options.case:
        target, _, seed = options.case.partition(":")
        sys.exit(_one(make(target, int(seed)), options.failures))
    seed = int(time.time()) if options.seed is None else options.seed
    print(f"seed {seed}: python -m tests.fuzz --seed {seed}", flush=True)
    sys.exit(_fuzz(options.target or list(TARGETS), seed, 60 * options.minutes, options.failures))


def _fuzz(targets: list[str], seed: int, seconds: float, folder: Path) -> int:
    begun, said = time.monotonic(), time.monotonic()
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    while time.monotonic() - begun < seconds:
        for target in targets:
            case = make(target, seed)
            counts[target] += 1
            if (failure := run(case)) is not None:
                kinds[failure.kind] += 1
                if kinds[failure.kind] == 1:
                    _keep(case, failure, folder)
        seed += 1
        if time.monotonic() - said > 60:
            said = time.monotonic()
            print(f"{sum(counts.values())} cases, {len(kinds)} kinds of failure", flush=True)
    print(", ".join(f"{count} {target}" for target, count in counts.items()))
    for kind, count in kinds.most_common():
        print(f"  {count} times {kind}")
    return 1 if kinds else 0


def _one(case: Case, folder: Path) -> int:
    failure = run(case)
    if failure is None:
        print(f"{case.name}: nothing is wrong")
        return 0
    _keep(case, failure, folder)
    return 1


def _keep(case: Case, failure: Failure, folder: Path) -> None:
    """Save what failed, cut down, with the words that it failed with."""
    print(f"{case.name}: {failure.kind}: {shlex.join(failure.command)}", flush=True)
    least = smaller(case, failure)
    place = folder / case.name.replace(":", "-")
    for name, content in least.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    commands = [shlex.join(command) for command in least.commands]
    text = [f"python -m tests.fuzz --case {case.name}", *commands, "", failure.kind, failure.text]
    place.mkdir(parents=True, exist_ok=True)
    (place / "failure.txt").write_text("\n".join(text), encoding="utf-8", errors="replace")
    print(f"  kept in {place}", flush=True)


def _prepare() -> None:
    """Keep it from the user's own state, from a terminal, and from the machine's memory."""
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="fuzz-state-")
    logging.disable(logging.CRITICAL)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    main()
