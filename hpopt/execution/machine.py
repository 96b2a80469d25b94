"""What this machine has for trials to run on, found out without importing TensorFlow."""

from __future__ import annotations

import ctypes.util
import importlib.util
import logging
import math
import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

_CGROUP = Path("/sys/fs/cgroup")
_PATIENCE_S = 10.0


def count_processors() -> int:
    """The physical cores that this process may use, those of a container if it is in one."""
    import psutil

    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    allowed = logical or 1
    physical, all_logical = psutil.cpu_count(logical=False), psutil.cpu_count()
    if physical and all_logical:
        allowed = math.ceil(allowed * physical / all_logical)
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        if quota != "max":
            allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)


def slowness() -> float:
    """How many times as long work takes as on idle processors, by how many want them; 1 or more."""
    try:
        waiting = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        return 1.0
    return max(1.0, waiting / (os.cpu_count() or 1))


def free_memory_bytes() -> int:
    """The memory that new processes can have, within the limit of a container if there is one."""
    import psutil

    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):
        most = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        pages = re.search(r"^inactive_file (\d+)", (_CGROUP / "memory.stat").read_text(), re.M)
        cached = int(pages[1]) if pages else 0  # of files, given up where memory is wanted
        free = min(free, max(0, most - used + cached))
    return free


def find_gpus() -> list[str]:
    """The GPUs that TensorFlow could use, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    program = shutil.which("nvidia-smi")
    if program is None or visible == "" or not _has_cuda():
        return []
    try:
        command = [program, "--list-gpus"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("nvidia-smi does not say which GPUs there are: %s", error)
        return []
    indices = re.findall(r"^GPU (\d+):", done.stdout, re.MULTILINE)
    if visible is None or not indices:
        return indices
    # As CUDA reads it: what follows a -1 is not seen.
    return [name.strip() for name in visible.partition("-1")[0].split(",") if name.strip()]


def _has_cuda() -> bool:
    """Whether the libraries are there without which TensorFlow sees no GPU."""
    return (
        importlib.util.find_spec("nvidia") is not None
        or ctypes.util.find_library("cudnn") is not None
    )
