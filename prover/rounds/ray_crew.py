"""Actors of a Ray cluster as a round's team: one a core of each node that can search.

    with Cluster.join("auto") as cluster, RayCrew(kit, cluster) as crew: ...

Each actor is the search process of searcher.py. What it is told comes by a method of its own and in order; what it has
to say is fetched by a call that waits for it. An actor has one theorem at a time and gets the next one when the attempt
is stored, so nothing piles up anywhere. Nodes that join get actors within seconds. A node's death costs the attempts
that its actors were at, which are made again elsewhere.
"""

from __future__ import annotations

import pickle
import queue
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import Future
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from prover.rounds.cluster import Cluster
from prover.rounds.searcher import Kit, serve
from prover.rounds.team import CrewLost, Member, Team

#: Seconds between two looks at which nodes there are.
_LOOK_ROUND = 2.0
#: Seconds that a round waits for a node when none is left that can search.
_PATIENCE = 60.0


class _Mailbox:
    """An actor's two queues, as a `Line`."""

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()

    def send_bytes(self, data: bytes) -> None:
        self.said.put(data)

    def recv_bytes(self) -> bytes:
        return self.told.get()


class _Actor:
    """What runs on a node. Its methods have a thread each, so that calls of one of them keep their order."""

    def __init__(self) -> None:
        self._mailbox = _Mailbox()
        threading.Thread(target=self._serve, name="search", daemon=True).start()

    def _serve(self) -> None:
        try:
            serve(self._mailbox)
        except Exception as error:
            traceback.print_exc()
            self._mailbox.said.put(error)

    def tell(self, data: bytes) -> None:
        self._mailbox.told.put(data)

    def hear(self) -> list[bytes]:
        """All that it has to say; waits until it has something. Raises what its search process ended by."""
        said: list[bytes] = []
        while not said or not self._mailbox.said.empty():
            one = self._mailbox.said.get()
            if isinstance(one, Exception):
                raise RuntimeError(f"{type(one).__name__}: {one}")
            said.append(one)
        return said


class RayMember(Member):
    """An actor, as the coordinator sees it."""

    def __init__(self, kit: Kit, node: str, crew: RayCrew) -> None:
        super().__init__()
        self.node, self._crew = node, crew
        self._why = "ended"
        #: Whether nobody says that it ended: it is its node that does not answer.
        self.unreachable = False
        remote: Any = ray.remote
        made = remote(num_cpus=1, max_restarts=0, concurrency_groups={"tell": 1, "hear": 1})(_Actor)
        self._actor = made.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote()
        self.say(kit)
        self._listen()

    def say(self, message: object) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._actor.tell.options(concurrency_group="tell").remote(data)

    def _listen(self) -> None:
        waiting: Future[list[bytes]] = self._actor.hear.options(concurrency_group="hear").remote().future()
        waiting.add_done_callback(self._heard)

    def _heard(self, waiting: Future[list[bytes]]) -> None:
        """In a thread of Ray's."""
        error = waiting.exception()
        if error is not None:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            self._why = lines[-1] if isinstance(error, RayTaskError) else lines[0]
            self.unreachable = isinstance(error, ActorUnavailableError)
            self._crew.heard.put((self, None))
            return
        for data in waiting.result():
            self._crew.heard.put((self, data))
        self._listen()

    def end(self) -> str:
        ray.kill(self._actor)
        return self._why


class RayCrew(Team[RayMember]):
    """An actor for each core of the cluster's nodes that can search, at most `most` in all."""

    def __init__(self, kit: Kit, cluster: Cluster, most: int | None = None) -> None:
        super().__init__()
        self._kit, self._cluster, self._most = kit, cluster, most
        self.heard: queue.SimpleQueue[tuple[RayMember, bytes | None] | None] = queue.SimpleQueue()
        self._looked = self._had_nodes = time.monotonic()

    @property
    def size(self) -> int:
        cores = sum(self._cluster.cores().values())
        return cores if self._most is None else min(cores, self._most)

    def fill(self) -> None:
        there = Counter(process.node for process in self.processes)
        for node, cores in self._cluster.cores().items():
            for _ in range(cores - there[node]):
                if self._most is None or len(self.processes) < self._most:
                    self.processes.append(RayMember(self._kit, node, self))
        if self.processes:
            self._had_nodes = time.monotonic()

    def hear(self, seconds: float) -> list[tuple[RayMember, object | None]]:
        """Raises CrewLost when no node that can search was there for a minute."""
        self._look_round()
        found: list[tuple[RayMember, object | None]] = []
        try:
            one = self.heard.get(timeout=seconds)
            while True:
                if one is not None and one[0] in self.processes:
                    found.append(self._read(*one))
                one = self.heard.get_nowait()
        except queue.Empty:
            return found

    def _look_round(self) -> None:
        if time.monotonic() - self._looked < _LOOK_ROUND:
            return
        self._looked = time.monotonic()
        self._cluster.look_round()
        self.fill()
        if time.monotonic() - self._had_nodes > _PATIENCE:
            raise CrewLost(
                "no node of the Ray cluster can search any more. What was accepted is stored: when nodes are back, the "
                "same command goes on."
            )

    def _read(self, member: RayMember, data: bytes | None) -> tuple[RayMember, object | None]:
        if data is None:
            if member.unreachable:
                self._cluster.suspect(member.node)
            self._cluster.look_round()
            member.machine_lost = member.node not in self._cluster.cores()
            return member, None
        message: object = pickle.loads(data)
        member.note(message)
        return member, message

    def wake(self) -> None:
        self.heard.put(None)
