"""What a run was made with: versions, machine, revision of the code around it, command."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ENVIRONMENT = "environment.json"
PACKAGES = (
    "hpopt",
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-optimize",
    "pydantic",
)


def describe_environment(config: Path) -> dict[str, Any]:
    """The environment as strict JSON; `config` says whose git revision is meant."""
    return {
        "packages": describe_packages(),
        "python": platform.python_version(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cpus": os.cpu_count(),
        },
        "git": _git_revision(config.resolve().parent),
        "command": sys.argv,
    }


def recorded_versions(run: Path) -> dict[str, str]:
    """The versions that a run folder names, of packages and of Python; none where it is damaged."""
    try:
        then = json.loads((run / ENVIRONMENT).read_text(encoding="utf-8"))
        versions = {**then["packages"], "Python": then["python"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {name: text for name, text in versions.items() if isinstance(text, str)}


def describe_packages() -> dict[str, str | None]:
    """The versions of what a network's predictions may hang on; None for what is not there."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_revision(folder: Path) -> str | None:
    """The commit that `folder` is at, marked where files differ; None outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
