"""Those who search in a round, as its coordinator sees them: started, spoken to, replaced when they die.

One contract and two ways to keep it: search processes of this machine (`crew.Crew`), and actors of a Ray cluster
(`ray_crew.RayCrew`). What they are told and what they say is in messages.py, what they do in searcher.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

from lean_env.embedded.pool import PoolCounters, total
from prover.rounds.messages import Done, Ready

#: Members that may end in a row before one can search.
_FAILED_STARTS = 3


class CrewLost(Exception):
    """Nobody can search any more."""


class Member(ABC):
    """One search process, wherever it runs."""

    def __init__(self) -> None:
        self.ready = False
        #: The policies that it has, by number.
        self.policies: set[int] = set()
        self.counters: Mapping[str, PoolCounters] = {}
        self.cpu_seconds = 0.0
        #: Whether its machine is gone: then no theorem is to blame for its end.
        self.machine_lost = False

    @abstractmethod
    def say(self, message: object) -> None:
        """Sends it; several threads may. To a dead one nothing is sent: its end is heard by `Team.hear`."""

    @abstractmethod
    def end(self) -> str:
        """Ends it unless it is dead already, and says how it ended. Its worker follows by itself."""

    def note(self, message: object) -> None:
        """Keeps what a message from it says of itself."""
        if isinstance(message, Ready):
            self.ready = True
        if isinstance(message, Done):
            self.counters, self.cpu_seconds = message.counters, message.cpu_seconds


M = TypeVar("M", bound=Member)


class Team(ABC, Generic[M]):
    """Members, and an account of what they and those before them did. One thread at a time may use a team; `wake` and
    `Member.say` are for any."""

    def __init__(self) -> None:
        self.processes: list[M] = []
        #: Members that died.
        self.deaths = 0
        self._failed_starts = 0
        self._numbers = 0
        self._retired: dict[str, PoolCounters] = {}
        self._retired_cpu = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    @abstractmethod
    def size(self) -> int:
        """How many are wanted now."""

    @abstractmethod
    def fill(self) -> None:
        """Starts those that are missing, in the background. Raises CrewLost where there is no place for any."""

    @abstractmethod
    def hear(self, seconds: float) -> list[tuple[M, object | None]]:
        """Waits at most so long for somebody to say something: who, and what; None from one that is gone."""

    @abstractmethod
    def wake(self) -> None:
        """Ends the wait of `hear`."""

    def close(self) -> None:
        """Ends every member. Idempotent."""
        while self.processes:
            self.retire(self.processes[0])

    def number(self) -> int:
        """For a policy: every member knows it by this."""
        self._numbers += 1
        return self._numbers

    def retire(self, process: M) -> str:
        """Ends a member, what it did stays counted; how it ended."""
        self.processes.remove(process)
        self._retired = _added([self._retired, process.counters])
        self._retired_cpu += process.cpu_seconds
        return process.end()

    def replace(self, process: M) -> str:
        """Another one in the place of a member that died; how that ended. Raises CrewLost when none can start."""
        started = process.ready or process.machine_lost
        self._failed_starts = 0 if started else self._failed_starts + 1
        self.deaths += 1
        how = self.retire(process)
        if self._failed_starts >= _FAILED_STARTS:
            raise CrewLost(
                f"{self._failed_starts} search processes in a row ended before they could search ({how}); what they "
                "printed stands above, on a cluster in Ray's logs. `flywheel doctor` says what is wrong; then run the "
                "same command again."
            )
        self.fill()
        return how

    @property
    def counters(self) -> dict[str, PoolCounters]:
        """The sums over the workers of all members, the dead ones' too; a member reports after each attempt."""
        return _added([self._retired, *(process.counters for process in self.processes)])

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the members themselves."""
        return self._retired_cpu + sum(process.cpu_seconds for process in self.processes)


def _added(counters: Iterable[Mapping[str, PoolCounters]]) -> dict[str, PoolCounters]:
    summed: dict[str, PoolCounters] = {}
    for each in counters:
        for name, counts in each.items():
            summed[name] = total([summed.get(name, PoolCounters()), counts])
    return summed
