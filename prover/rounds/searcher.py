"""A search process: one core, one Lean worker, its own policies, nothing shared.

The coordinator's team starts it with one end of a socket pair (crew.py) or of a mailbox (ray_crew.py). It makes one
search at a time and hands back what the search claims. It writes no SQL and asks no gate. When the coordinator goes,
however it goes, the socket closes and the process ends at once; its worker ends within a second of it
(embedded/worker.py).
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol

# LeanDojo's types take a second to import. The worker starts meanwhile, so they are imported behind it.
if TYPE_CHECKING:
    from lean_env.embedded.pool import PoolCounters
    from lean_env.session.leandojo import TacticState
    from lean_env.session.outcomes import ProofSession
    from lean_env.theorem import Theorem
    from prover.actions.repertoire import Repertoire
    from prover.actions.space import ActionSpace
    from prover.policy import Policy, PolicyQuery, Proposal
    from prover.rounds.messages import Order


#: Seconds between two signs of life in a search.
_ALIVE = 5.0


class Workbench(Protocol):
    """What a search process works at: a Lean of its own (`prover.lean.Lean`)."""

    def open_session(self, theorem: Theorem) -> AbstractContextManager[tuple[ProofSession, TacticState]]: ...

    def space(self, repertoire: Repertoire) -> ActionSpace: ...

    def counters(self) -> Mapping[str, PoolCounters]: ...


class Kit(Protocol):
    """How a search process makes its workbench. It travels as a pickle."""

    def open(self) -> AbstractContextManager[Workbench]: ...


class Line(Protocol):
    """What connects it with the coordinator: whole messages, in order. Reading raises EOFError or OSError at the
    end."""

    def send_bytes(self, data: bytes) -> None: ...

    def recv_bytes(self) -> bytes: ...


def main(descriptor: int) -> None:
    """The life of a process with a socket pair."""
    serve(Connection(descriptor))


def serve(line: Line) -> None:
    """The first message is its kit, all others are of prover/rounds/messages.py. It never returns."""
    kit: Kit = pickle.loads(line.recv_bytes())
    with kit.open() as workbench:
        from prover.rounds.messages import Ready

        _leave_alone_what_stays()
        searcher = _Searcher(line, workbench)
        threading.Thread(target=searcher.listen, name="coordinator", daemon=True).start()
        searcher.say(Ready())
        searcher.work()


class _PolicyFailed(Exception):
    """The coordinator's policy raised; it knows, and ends the round."""


@dataclass(slots=True)
class _Searcher:
    line: Line
    workbench: Workbench
    inbox: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)
    #: By number; a pickle until it is first used.
    policies: dict[int, Policy | bytes] = field(default_factory=dict)
    #: When it last gave a sign of life.
    spoke: float = field(default_factory=time.monotonic)

    def listen(self) -> None:
        """A thread, so that a stop is heard during a search and the coordinator's end at any time."""
        from prover.rounds.messages import Order, Stop

        try:
            while True:
                message = pickle.loads(self.line.recv_bytes())
                if isinstance(message, Stop):
                    self.stopped.set()
                    continue
                if isinstance(message, Order):
                    self.stopped.clear()
                self.inbox.put(message)
        except (EOFError, OSError):
            os._exit(0)

    def asked_to_stop(self) -> bool:
        """Asked before each tactic: from the thread that searches, so that its silence means that it hangs."""
        if time.monotonic() - self.spoke > _ALIVE:
            from prover.rounds.messages import Alive

            self.say(Alive())
        return self.stopped.is_set()

    def say(self, message: object) -> None:
        self.spoke = time.monotonic()
        try:
            self.line.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        except OSError:
            os._exit(0)

    def work(self) -> None:
        from prover.rounds.messages import Done, Fault, Forget, Keep

        while True:
            message = self.inbox.get()
            try:
                match message:
                    case Keep(number, pickled):
                        self.policies[number] = pickled or _Asked(self, number)
                    case Forget(numbers):
                        for number in numbers:
                            self.policies.pop(number, None)
                    case order:
                        searched = self.search(order)
                        self.say(Done(searched, self.workbench.counters(), time.process_time()))
            except _PolicyFailed:
                self.say(Done(None, self.workbench.counters(), time.process_time()))
            except Exception as error:
                self.say(Fault(_portable(error), traceback.format_exc()))

    def search(self, order: Order) -> Any:
        from prover.rounds.attempt import Phase, search_for
        from prover.rounds.messages import unpack_policy

        policy = self.policies[order.policy]
        if isinstance(policy, bytes):
            policy = self.policies[order.policy] = unpack_policy(policy, self.workbench.space)
            _leave_alone_what_stays()
        return search_for(
            order.theorem,
            Phase(policy, order.budget, order.search, order.source),
            order.seed,
            self.workbench.open_session,
            minimize_steps=order.minimize_steps,
            closers=order.closers,
            stopped=self.asked_to_stop,
            keep_trees=order.keep_trees,
            closed_goals=order.closed_goals,
        )


@dataclass(slots=True)
class _Asked:
    """A policy that stays with the coordinator."""

    searcher: _Searcher
    number: int
    name: str = "asked"
    #: Seconds in `propose` beyond the model's own (BatchingPolicy).
    waited_here: float = 0.0

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        from prover.rounds.messages import Ask

        started = time.perf_counter()
        self.searcher.say(Ask(self.number, queries))
        answer = self.searcher.inbox.get()
        if answer.proposals is None:
            raise _PolicyFailed
        self.waited_here += time.perf_counter() - started - answer.seconds
        return [list(proposals) for proposals in answer.proposals]


def _leave_alone_what_stays() -> None:
    """Modules and models are no garbage: without looking through them again and again, a tenth of Python's time in a
    search is saved."""
    gc.collect()
    gc.freeze()


def _portable(error: Exception) -> Exception | None:
    """The error itself if a pickle brings it back."""
    try:
        return error if isinstance(pickle.loads(pickle.dumps(error)), type(error)) else None
    except Exception:
        return None
