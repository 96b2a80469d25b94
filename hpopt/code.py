"""The files of a user's own code that a configuration has run, and what they were."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpopt.builders.registry import absolute_reference, source_of

# The two settings that may name a function: its section, and its key there.
PLACES = {"builder": ("model", "builder"), "data": ("dataset", "source")}


def code_files(tree: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The files of own code that a config's `tree` names, seen from `folder`; none of it is run."""
    files = {}
    for role, (section, key) in PLACES.items():
        reference = (tree.get(section) or {}).get(key)
        if isinstance(reference, str):
            source = source_of(absolute_reference(reference, folder))
            if source is not None:
                files[role] = source
    return files


def code_prints(files: Mapping[str, Path]) -> dict[str, str]:
    """A short hash of each file; of one that is gone, none."""
    return {
        role: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for role, path in files.items()
        if path.is_file()
    }
