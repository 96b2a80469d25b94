"""A worker on a node of Ray: the actor that keeps a worker process there and hands jobs to it.

Limits, logs, crashes and growth are seen to where the process is, as they are without Ray. This
class is sent by value, so that a node without hpopt can say that; so hpopt is imported inside its
methods only.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from hpopt.execution.messages import FarReport
    from hpopt.execution.rays.files import Parcel
    from hpopt.execution.resources import Resources
    from hpopt.execution.slots import Job

_TICK_S = 0.25
_PREFIX = "hpopt-node-"
_IN_USE, _FETCHING = "in_use", "fetching"
_WROTE_BYTES = 2**16


class Actor:
    """Runs one job at a time, in a process that is a child of this one.

    What it needs stands in a folder of the node that all workers of a run share there. It is gone
    with the last of them, or else when the next comes to that node.
    """

    def look_around(
        self, run: str, sys_path: Sequence[str], files: Mapping[str, tuple[int, int]]
    ) -> dict[str, Any]:
        """Where this is, what is installed here, and whether the driver's `files` are seen here.

        Of each the size and the nanosecond of its last change are given.
        """
        import ray

        sys.path += [entry for entry in sys_path if entry not in sys.path and Path(entry).exists()]
        node = ray.get_runtime_context().get_node_id()
        _sweep()
        self._folder, self._held = _hold(f"{_PREFIX}{run}-{node[:16]}")
        self._slots: Any = None
        return {
            "id": node,
            "name": f"{socket.gethostname()} ({ray.util.get_node_ip_address()})",
            "folder": str(self._folder),
            "versions": versions(),
            "sees_files": _sees(files),
            "pid": os.getpid(),
        }

    def begin(self, function: bytes, resources: Resources, beside: int) -> None:
        """Start the worker process, one of so many on this node; it warms up."""
        from hpopt.execution.processes import ProcessSlots
        from hpopt.execution.rays.files import Packed

        here = resources.on_this_node(beside)
        packed: Any = Packed(function)
        self._slots = ProcessSlots(packed, here, spare_early=False)

    def run(
        self,
        job: Job,
        work: bytes | None,
        parcels: Mapping[str, Parcel],
        takes: Mapping[str, np.ndarray],
    ) -> Iterator[FarReport]:
        """Run a job, with what it takes in files and with its own work if it has any."""
        from hpopt.errors import HpoptError, RunError
        from hpopt.execution.messages import Broken

        scratch = Path(tempfile.mkdtemp(prefix=f"{job.number:04d}-", dir=self._folder))
        try:
            yield from self._run(job, work, parcels, takes, scratch)
        except HpoptError as error:
            yield Broken(error)
        except OSError as error:
            reason = f"{error.strerror or error}: {error.filename or self._folder}"
            yield Broken(RunError(f"a job can't be run on {socket.gethostname()}: {reason}"))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _run(
        self,
        job: Job,
        work: bytes | None,
        parcels: Mapping[str, Parcel],
        takes: Mapping[str, np.ndarray],
        scratch: Path,
    ) -> Iterator[FarReport]:
        from dataclasses import replace

        import numpy as np

        from hpopt.execution.logs import log_path
        from hpopt.execution.messages import Begun, Returned, Wrote
        from hpopt.execution.rays.files import Packed
        from hpopt.execution.slots import LOG

        self._fetch(parcels)
        for name, content in takes.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            content.tofile(scratch / name)
        yield Begun()
        packed: Any = None if work is None else Packed(work)
        here = replace(job, folder=scratch, work=packed)
        self._slots.submit(here)
        log, read = log_path(here), 0
        while not (outcomes := self._slots.events(_TICK_S)):
            if LOG in job.gives and log.is_file() and log.stat().st_size != read:
                text, read = _written_since(log, read)
                yield Wrote(text)
        files = {
            name: np.fromfile(scratch / name, np.uint8)
            for name in job.gives
            if (scratch / name).is_file()
        }
        yield Returned(replace(outcomes[0], job=job), files)

    def retire(self) -> None:
        """End the worker process; the last of a node's workers leaves nothing there."""
        if self._slots is not None:
            self._slots.close()
        os.close(self._held)
        _sweep()

    def _fetch(self, parcels: Mapping[str, Parcel]) -> None:
        """Have the files here, each of which one worker of the node writes."""
        import ray

        with (self._folder / _FETCHING).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name, parcel in parcels.items():
                path, stamp = self._folder / name, parcel.stamp
                if _state(path) == (stamp.size, stamp.modified_ns):
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.part")
                with part.open("wb") as file:
                    for chunk in parcel.chunks:
                        file.write(ray.get(chunk))
                os.utime(part, ns=(stamp.modified_ns, stamp.modified_ns))
                os.replace(part, path)


def versions() -> dict[str, str | None]:
    """What has to be the same on all nodes; None is what is not installed."""
    try:
        from hpopt.version import VERSION
    except ImportError:
        VERSION = None  # type: ignore[assignment]  # noqa: N806
    python = ".".join(platform.python_version_tuple()[:2])
    tensorflow = _installed("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly")
    return {
        "Python": python,
        "hpopt": VERSION,
        "TensorFlow": tensorflow,
        "Keras": _installed("keras"),
    }


def _installed(*names: str) -> str | None:
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return None


def _sees(files: Mapping[str, tuple[int, int]]) -> bool:
    """Whether files are here as they are where the driver is."""
    return all(_state(path) == state for path, state in files.items())


def _state(path: str | Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _written_since(log: Path, read: int) -> tuple[bytes, int]:
    """The end of what a log has got since so many bytes of it were read, and how many there are.

    It may have been cut down to its end meanwhile.
    """
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(read if read <= size else 0, size - _WROTE_BYTES))
        text = file.read()
        return text, file.tell()


def _hold(name: str) -> tuple[Path, int]:
    """A folder of this node that nobody removes as long as the descriptor that comes back is open.

    One that was left behind may be removed between any two steps.
    """
    folder = Path(tempfile.gettempdir()) / name
    while True:
        with suppress(FileNotFoundError):
            folder.mkdir(mode=0o700, exist_ok=True)
            held = os.open(folder / _IN_USE, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(held, fcntl.LOCK_SH)
            if (folder / _IN_USE).exists():
                return folder, held
            os.close(held)


def _sweep() -> None:
    """Remove the folders of workers that are gone, also of runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            held = os.open(folder / _IN_USE, os.O_RDWR)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(held)
