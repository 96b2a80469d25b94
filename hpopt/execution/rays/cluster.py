"""Starts Ray on this machine, or joins a cluster; whether its nodes have room, and fit."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hpopt.errors import RunError, in_words
from hpopt.execution.resources import Resources

log = logging.getLogger(__name__)

# Ray started here is for this run alone: it listens on the loopback, and tells nobody of it. The
# two variables that begin with RAY_ENABLE and RAY_DEDUP are read when Ray is imported: the first
# has it take 127.0.0.1 for an address, the second keeps what it says of workers that are gone out
# of stdout.
_LOOPBACK = "127.0.0.1"
_KNOCK_S = 10.0
_OF_ALL = {"RAY_DEDUP_LOGS_SKIP_REGEX": "."}
_OF_OURS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_worker_niceness": "0",  # as without Ray
}


def enter(resources: Resources) -> bool:
    """Join the cluster at the address, or else start Ray here; True where it is to be ended.

    A cluster that this process is in already is used as it is. Raises RunError where there is none.
    """
    address = resources.address or os.environ.get("RAY_ADDRESS")
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    with _variables(_OF_ALL if address else _OF_ALL | _OF_OURS), _handlers_kept():
        import ray

        if ray.is_initialized():
            return False
        try:
            if address:
                _knock(address)
                ray.init(address=address, **quiet)
                return False
            ray.init(
                address="local",
                num_cpus=max(1, math.ceil(resources.workers * resources.cpus_per_trial)),
                include_dashboard=False,
                _node_ip_address=_LOOPBACK,
                **quiet,
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            where = f"joined at `{address}`" if address else "started on this machine"
            raise RunError(
                f"Ray can't be {where}: {in_words(error)}",
                help="start it there with `ray start --head`, or leave execution.address out"
                if address
                else None,
            ) from error
    return True


def leave() -> None:
    """End the Ray that was started here."""
    import ray

    with _handlers_kept():
        ray.shutdown()


def workers_on(node: str, resources: Resources) -> int:
    """How many workers have room on a node, by its id, whatever else is there; at least 1."""
    import ray

    found = [_room(each, resources) for each in ray.nodes() if each["NodeID"] == node]
    return max(1, *found) if found else 1


def check_room(resources: Resources, *, may_grow: bool) -> None:
    """Raise RunError where no node has room for a worker; only say so of a cluster that may grow.

    What others have reserved may come free, and does not count.
    """
    import ray

    if any(_room(node, resources) for node in ray.nodes() if node["Alive"]):
        return
    if not may_grow:
        raise RunError(f"Ray has no room: {describe_room(resources)}")
    log.warning("the cluster has no room yet: %s", describe_room(resources))


def describe_room(resources: Resources) -> str:
    """What a worker wants, and what the nodes of the cluster have in all."""
    import ray

    def told(cpus: float, gpus: float) -> str:
        return f"{cpus:g} CPUs" + (f" and {gpus:g} GPUs" if resources.gpus_per_trial else "")

    has = [
        f"{node['NodeManagerHostname']} {told(of.get('CPU', 0), of.get('GPU', 0))}"
        for node in ray.nodes()
        if node["Alive"] and (of := node["Resources"]) is not None
    ]
    wants = told(resources.cpus_per_trial, resources.gpus_per_trial)
    return f"a worker wants {wants}, and this is what the nodes have: {'; '.join(has)}"


def check_versions(
    node: str, there: Mapping[str, str | None], here: Mapping[str, str | None]
) -> None:
    """Raise RunError where a node has other versions than this process."""
    for package, version in here.items():
        if there[package] != version:
            has = f"has {package} {there[package]}" if there[package] else f"has no {package}"
            raise RunError(
                f"the node {node} {has}, and this process {version or 'none'}",
                help=f"install the same there: pip install {package.lower()}=={version}"
                if version and package != "Python"
                else "use the same environment on all nodes",
            )


def _room(node: Mapping[str, Any], resources: Resources) -> int:
    """How many workers have room on a node of `ray.nodes()`."""
    has, wants = node["Resources"], {"CPU": resources.cpus_per_trial}
    wants |= {"GPU": resources.gpus_per_trial} if resources.gpus_per_trial else {}
    counts = [int(has.get(name, 0) / amount) for name, amount in wants.items()]
    return min(resources.workers, *counts)


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at `host:port`: Ray would try for ten minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()


@contextmanager
def _variables(of: Mapping[str, str]) -> Iterator[None]:
    """Have variables of the environment meanwhile, as far as nobody has set them."""
    added = {name: value for name, value in of.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back the signal handlers that Ray sets: how a run ends is said elsewhere."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
