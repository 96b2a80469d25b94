"""What hpopt finds where it is to run: versions, devices, locks, disk, memory, extras."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from hpopt.backend import gpus_of_tensorflow
from hpopt.errors import HpoptError, MissingDependency, RunError, SetupError, in_words
from hpopt.execution.machine import count_processors, free_memory_bytes
from hpopt.runs.environment import PACKAGES, describe_packages
from hpopt.runs.lock import knows_locks
from hpopt.version import VERSION

# Packages that stand for another: they hold the same module.
STANDING_IN = {
    "tensorflow": ("tensorflow-cpu", "intel-tensorflow", "tensorflow-macos", "tf-nightly")
}
_EXTRAS: Mapping[str, tuple[str, Sequence[str]]] = {
    "mlflow": ("tracking: {mlflow: ...}", ("mlflow-skinny", "alembic", "sqlalchemy")),
    "onnx": ("export-best --format onnx", ("onnx", "onnxruntime", "tf2onnx")),
    "optuna": ("export-trials", ("optuna",)),
    "parquet": ("Parquet files", ("pyarrow",)),
    "ray": ("execution: {backend: ray}", ("ray",)),
    "tensorboard": ("tracking: {tensorboard: true}", ("tensorboard",)),
    "tflite": ("export-best --format tflite", ("ai-edge-litert",)),
}
# The least that a run with its best networks wants, with room to spare.
_DISK_BYTES = 500_000_000
_MEMORY_BYTES = 1_500_000_000  # of a worker


@dataclass(frozen=True)
class Extra:
    """An extra of hpopt, what it is for, and which of its packages are missing."""

    name: str
    use: str
    missing: Sequence[str]

    @property
    def command(self) -> str:
        """The command that installs it."""
        return f'pip install "hpopt[{self.name}]"'


@dataclass(frozen=True)
class Examination:
    """What was found. `problems` keep hpopt from working here; `cautions` do not."""

    packages: Mapping[str, str | None]
    folder: Path
    gpus: Sequence[str]  # as TensorFlow names them
    has_locks: bool | None  # None where the folder can't be written
    free_disk_bytes: int
    cores: int
    free_memory_bytes: int
    extras: Sequence[Extra]
    problems: Sequence[HpoptError]
    cautions: Sequence[str]

    @property
    def exit_code(self) -> int:
        """0 where all that is needed is there, else that of the first problem."""
        return self.problems[0].exit_code if self.problems else 0

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "hpopt": VERSION,
            "python": platform.python_version(),
            "system": platform.platform(),
            "packages": dict(self.packages),
            "gpus": list(self.gpus),
            "folder": str(self.folder),
            "locks": self.has_locks,
            "free_disk_bytes": self.free_disk_bytes,
            "cores": self.cores,
            "free_memory_bytes": self.free_memory_bytes,
            "extras": [
                {"name": e.name, "use": e.use, "missing": list(e.missing), "command": e.command}
                for e in self.extras
            ],
            "problems": [
                {"kind": error.kind, "message": p.message, "help": p.help}
                for error in self.problems
                for p in error.problems
            ],
            "cautions": list(self.cautions),
            "exit_code": self.exit_code,
        }


def examine(folder: Path) -> Examination:
    """Look at this Python, this machine, and the file system that `folder` for runs is on.

    TensorFlow is imported for its list of GPUs; nothing is left behind.
    """
    packages = _packages()
    problems: list[HpoptError] = [
        MissingPackage(name) for name in PACKAGES[1:] if packages[name] is None
    ]
    gpus: Sequence[str] = ()
    if packages["tensorflow"] and packages["keras"]:
        try:
            gpus = gpus_of_tensorflow()
        except Exception as error:  # a broken library raises whatever it likes
            problems.append(
                SetupError(
                    f"TensorFlow can't be imported: {in_words(error)}",
                    help="pip install --force-reinstall tensorflow",
                )
            )
    here = _existing(folder)
    has_locks: bool | None = None
    try:
        with tempfile.TemporaryDirectory(prefix=".hpopt-", dir=here) as place:
            has_locks = knows_locks(Path(place))
    except OSError as error:
        problems.append(
            RunError(
                f"{here} can't be written: {error.strerror or error}",
                help="give `--output-dir` of `hpopt tune` a folder that is yours",
            )
        )
    disk, memory = shutil.disk_usage(here).free, free_memory_bytes()
    return Examination(
        packages=packages,
        folder=here,
        gpus=gpus,
        has_locks=has_locks,
        free_disk_bytes=disk,
        cores=count_processors(),
        free_memory_bytes=memory,
        extras=[_extra(name, *of) for name, of in _EXTRAS.items()],
        problems=problems,
        cautions=list(_cautions(here, gpus, has_locks, disk, memory)),
    )


def _cautions(
    here: Path, gpus: Sequence[str], has_locks: bool | None, disk: int, memory: int
) -> Iterator[str]:
    if shutil.which("nvidia-smi") and not gpus:
        yield 'there is nvidia-smi, but TensorFlow sees no GPU: pip install "tensorflow[and-cuda]"'
    if has_locks is False:
        yield (
            f"{here} knows no locks: the file journal.lock names the writer of a run, and has to "
            "be deleted by hand where that one was killed on another host"
        )
    if disk < _DISK_BYTES:
        yield f"little disk is free at {here}: {disk / 1e6:.0f} MB"
    if memory < _MEMORY_BYTES:
        yield f"little memory is free: {memory / 1e9:.1f} GB, and a worker takes some 1.5 GB"


class MissingPackage(MissingDependency):
    """A package that hpopt can't do without."""

    def __init__(self, name: str) -> None:
        HpoptError.__init__(
            self, f"{name} is not installed", help=f"pip install {name}, or hpopt anew"
        )


def _packages() -> dict[str, str | None]:
    """The versions of the packages that count; of TensorFlow also one that stands in for it."""
    found = describe_packages() | {"hpopt": VERSION}
    for name, others in STANDING_IN.items():
        for other in others:
            if found[name] is None and (version := _version(other)):
                found[name] = f"{version} ({other})"
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _extra(name: str, use: str, packages: Sequence[str]) -> Extra:
    return Extra(name, use, [package for package in packages if _version(package) is None])


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.is_dir())
