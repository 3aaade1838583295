"""A Ray cluster, and which of its nodes can search: those with the same Lean, the same library and the same program.

A node that has another one would find other proofs, or none, so it is refused, with what it has and what is wanted.
Ray asks nobody who they are: whoever reaches its ports can run programs on every node, this one among them. So a
cluster is for a network whose members trust each other (docs/CLUSTER.md).
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lean_env.embedded.errors import NotInstalled
from lean_env.embedded.installation import find
from lean_env.library.index import Library, LibraryUnavailable

#: Seconds for a node to say what it has. Ray starts a process for it first.
_INSPECTION = 60.0
_CONNECTING = 5.0
_ANSWER = 40.0
_SUSPICION = 30.0
#: The packages whose code decides what a search finds.
_PACKAGES = ("lean_env", "prover", "corpus")


class ClusterUnavailable(Exception):
    """There is no cluster at the address, or none of its nodes can search."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a node has: digests of its installed Lean, of the library's constants and of this program's code."""

    lean: str
    library: str
    program: str

    @classmethod
    def here(cls) -> Facts:
        """Raises NotInstalled, LibraryUnavailable."""
        installation = find()
        with Library.open(installation) as library:
            return cls(installation.version, library.indexed_digest[:16], _program())

    def objection(self, wanted: Facts) -> str:
        """What is wrong with a node that has this, '' for nothing."""
        mine, theirs = asdict(wanted), asdict(self)
        said = [f"its {name} is {theirs[name]}, here it is {mine[name]}" for name in mine if mine[name] != theirs[name]]
        return "; ".join(said)


@cache
def _program() -> str:
    digest, home = hashlib.sha256(), Path(__file__).parents[2]
    for package in _PACKAGES:
        for source in sorted((home / package).rglob("*.py")):
            digest.update(source.relative_to(home).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _inspect() -> Facts | str:
    """Runs on a node: what it has, or why it cannot search."""
    try:
        return Facts.here()
    except (NotInstalled, LibraryUnavailable) as error:
        return str(error)


@dataclass
class Cluster:
    """`with Cluster.join(address) as cluster`. `say` is told of nodes that are refused."""

    wanted: Facts
    say: Callable[[str], None]
    #: By node: what it has, why it is refused, or the answer that is awaited.
    _known: dict[str, Any] = field(default_factory=dict)
    #: Cores of the nodes that are there and can search.
    _cores: dict[str, int] = field(default_factory=dict)
    #: Nodes that did not answer, and until when nothing new is given to them.
    _suspected: dict[str, float] = field(default_factory=dict)

    @classmethod
    def join(cls, address: str, say: Callable[[str], None] = lambda _text: None) -> Cluster:
        """The cluster that this machine is part of (`auto`), or the one at HOST:PORT. Raises ClusterUnavailable,
        NotInstalled."""
        _look_there(address)
        cluster = cls(Facts.here(), say)
        _connect(address)
        try:
            cluster.look_round(wait=_INSPECTION)
            if not cluster.cores():
                raise ClusterUnavailable(f"no node of the Ray cluster can search: {cluster.refusals()}")
        except BaseException:
            ray.shutdown()
            raise
        return cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ray.shutdown()

    def cores(self) -> dict[str, int]:
        """By node that can search, how many searches it can make at a time."""
        return self._cores

    def suspect(self, node: str) -> None:
        """An actor there could not be reached. Ray takes up to half a minute to say that a node is dead."""
        self._suspected[node] = time.monotonic() + _SUSPICION

    def refusals(self) -> str:
        return "; ".join(dict.fromkeys(said for said in self._known.values() if isinstance(said, str))) or "it has none"

    def look_round(self, wait: float = 0.0) -> None:
        """Which nodes are there, and what new ones have; their answers are awaited for so many seconds."""
        listed: Any = ray.nodes
        nodes = {node["NodeID"]: node for node in listed() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1}
        for node in nodes.keys() - self._known.keys():
            inspect: Any = ray.remote(num_cpus=0, max_retries=0)(_inspect)
            here = NodeAffinitySchedulingStrategy(node, soft=False)
            self._known[node] = inspect.options(scheduling_strategy=here).remote()
        awaited = {ref: node for node, ref in self._known.items() if isinstance(ref, ray.ObjectRef)}
        done, _ = ray.wait(list(awaited), num_returns=len(awaited), timeout=wait) if awaited else ([], [])
        for ref in done:
            node = awaited[ref]
            where = nodes[node]["NodeManagerHostname"] if node in nodes else node[:8]
            if isinstance(judged := self._judge(ref, where), str):
                self.say(judged)
            self._known[node] = judged
        self._cores = {
            node: int(about["Resources"]["CPU"])
            for node, about in nodes.items()
            if isinstance(self._known[node], Facts) and self._suspected.get(node, 0.0) < time.monotonic()
        }

    def _judge(self, ref: Any, where: str) -> Facts | str:
        try:
            found: Facts | str = ray.get(ref, timeout=1)
        except (RayError, GetTimeoutError) as error:
            last = str(error).strip().splitlines()[-1]
            return (
                f"node {where} is not used: it cannot run this program ({last}); lean-flywheel[cluster] goes there, too"
            )
        objection = found if isinstance(found, str) else found.objection(self.wanted)
        return f"node {where} is not used: {objection}" if objection else found


def _look_there(address: str) -> None:
    """Raises ClusterUnavailable where nobody listens."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not (host and port.isdigit()) or "/" in host:
            raise ClusterUnavailable(f"--ray {address}: give auto or HOST:PORT, as `ray start --head` prints it")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _CONNECTING).close()
        except (OSError, OverflowError) as error:
            raise ClusterUnavailable(f"--ray {address}: nobody listens there ({error}); {_START}") from None


def _connect(address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if said := _trouble(address):
        raise ClusterUnavailable(f"--ray {address}: no Ray cluster can be joined from here ({said}); {_START}")
    # What nodes print would stand between the lines of a JSON document.
    ray.init(address=address, logging_level=logging.ERROR, configure_logging=False, log_to_driver=False)


def _trouble(address: str) -> str:
    """What is wrong with joining, '' for nothing: tried in a process of its own, because Ray waits for minutes where
    something else listens, and ends the process that asks where it does not like what it hears."""
    script = "import sys, ray; ray.init(address=sys.argv[1], logging_level='ERROR', log_to_driver=False)"
    try:
        trial = subprocess.run(
            [sys.executable, "-c", script, address], capture_output=True, text=True, timeout=_ANSWER, check=False
        )
    except subprocess.TimeoutExpired:
        return f"what is there did not answer as Ray does within {_ANSWER:.0f} s"
    lines = [line for line in trial.stderr.splitlines() if "Error: " in line] or ["Ray ended without a word"]
    return lines[-1].strip() if trial.returncode else ""


_START = "`ray start --head` starts one, `ray start --address=HOST:PORT` joins it with another machine"
