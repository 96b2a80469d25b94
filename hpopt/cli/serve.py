"""`hpopt serve RUN`: the best model of a run behind an HTTP endpoint."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from hpopt.cli.options import RunArgument, TrustCode, own_code_aside


def serve_command(
    run: RunArgument,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where it is served; others than 127.0.0.1 are "
            "open to whoever reaches this machine.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any free one.")] = 8000,
    max_bytes: Annotated[
        int, typer.Option(metavar="N", min=1, help="The most bytes that a request may have.")
    ] = 10_000_000,
    max_rows: Annotated[
        int, typer.Option(metavar="N", min=1, help="The most rows that a request may have.")
    ] = 10_000,
    trust_code: TrustCode = False,
) -> None:
    """Serve the best model of RUN: POST rows to /predict, as JSON or CSV; GET /schema, /health.

    It answers what `hpopt predict` says, bit for bit. Ctrl-C ends it.
    """
    from hpopt.predicting import Model
    from hpopt.runs.finding import find_run
    from hpopt.serving.server import Endpoint

    model = Model(find_run(run), trust_code=trust_code)
    with own_code_aside():
        endpoint = Endpoint(model, host, port, most_bytes=max_bytes, most_rows=max_rows)
    if not endpoint.answering.is_warm:
        print("note: this network runs without a graph, and answers slower", file=sys.stderr)
    if not endpoint.is_local:
        print("note: whoever reaches this address can ask; there is no password", file=sys.stderr)
    print(f"{endpoint.url}/predict\nCtrl-C ends it.", flush=True)
    signal.signal(signal.SIGTERM, _interrupt)
    with endpoint, suppress(KeyboardInterrupt):
        endpoint.serve_forever()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
