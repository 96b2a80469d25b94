"""Records as lines of strict JSON: for the journal, and for programs that read what we print."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_line(record: Mapping[str, Any]) -> str:
    """A record as one line of ASCII, with null for every number that JSON does not have."""
    return json.dumps(_strict(record), allow_nan=False, separators=(",", ":"))


def _strict(form: Any) -> Any:
    if isinstance(form, float):
        return form if math.isfinite(form) else None
    if isinstance(form, Mapping):
        return {key: _strict(value) for key, value in form.items()}
    return [_strict(value) for value in form] if isinstance(form, list | tuple) else form
