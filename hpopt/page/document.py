"""The page as one HTML file: its looks, its scripts and its data, with nothing to be fetched.

A content security policy lets these scripts run and no others, whatever a label or a log holds.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from string import Template
from typing import Any

from hpopt.jsonline import json_line
from hpopt.page.data import page_record
from hpopt.runs.folder import Run
from hpopt.version import VERSION

# The file in a run folder.
PAGE = "report.html"
# In the order in which they build on each other; one scope holds them all.
_SCRIPTS = (
    *("elements", "numbers", "state", "figures", "scores", "parameters", "search", "trials"),
    *("tested", "runs", "live", "page"),
)
# What a browser reads as the end of an element, or as a line's end in a script.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def report_page(runs: Sequence[Run]) -> str:
    """One self-contained page of runs, the first of which is shown first."""
    return document(report_data(runs), title=", ".join(run.path.name for run in runs))


def report_data(runs: Sequence[Run]) -> dict[str, Any]:
    """What the page of these runs is made of; docs/json.md has its fields."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {"hpopt": VERSION, "made": made, "runs": [page_record(run) for run in runs]}


def document(data: dict[str, Any], *, title: str, extra_policy: str = "") -> str:
    """The page with its data; `extra_policy` allows what a served page needs besides."""
    vendor, script = _static("vendor/echarts.min.js"), "\n".join(map(_script, _SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_fingerprint(vendor)} {_fingerprint(script)}; "
        f"style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return Template(_static("page.html")).substitute(
        policy=policy + extra_policy,
        version=VERSION,
        title=html.escape(title),
        style=_static("page.css"),
        data=json_line(data).translate(_ESCAPES),
        vendor=vendor,
        script=script,
    )


def _static(name: str) -> str:
    return files("hpopt.page").joinpath("static", *name.split("/")).read_text(encoding="utf-8")


def _script(name: str) -> str:
    return _static(f"js/{name}.js")


def _fingerprint(script: str) -> str:
    """How a content security policy names a script: by its SHA-256."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
