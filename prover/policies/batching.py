"""One model for several searches: threads of this process, or search processes that ask this one.

In deterministic mode a model call holds exactly the states that one search asks about. A matrix product may round
differently in a larger batch, and no number may depend on which threads happen to run together. In the other mode,
threads that come during a call are answered together by the next one.

A policy that is `concurrent` gains nothing from larger batches: its threads call it side by side.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from prover.policy import Policy, PolicyQuery, Proposal


@dataclass(slots=True)
class _Request:
    queries: Sequence[PolicyQuery]
    answers: list[list[Proposal]] | None = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class _Account(threading.local):
    waited: float = 0.0


@dataclass(slots=True)
class BatchingPolicy:
    """A Policy that several threads may call. The policy behind it sees one call at a time, unless it is concurrent."""

    policy: Policy
    deterministic: bool = True
    _waiting: list[_Request] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _account: _Account = field(default_factory=_Account)

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def waited_here(self) -> float:
        """Seconds that the calling thread has spent in `propose` beyond its own share of the model's time."""
        return self._account.waited

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        started = time.perf_counter()
        answers, seconds = self.propose_timed(queries)
        if not getattr(self.policy, "concurrent", False):
            self._account.waited += time.perf_counter() - started - seconds
        return answers

    def propose_timed(self, queries: Sequence[PolicyQuery]) -> tuple[list[list[Proposal]], float]:
        """The proposals, and these queries' own share of the model's seconds."""
        if getattr(self.policy, "concurrent", False):
            started = time.perf_counter()
            return self.policy.propose(queries), time.perf_counter() - started
        request = _Request(queries)
        with self._guard:
            self._waiting.append(request)
        with self._turn:
            if request.answers is None and request.error is None:
                self._serve(self._take(request))
        if request.error is not None:
            raise request.error
        assert request.answers is not None
        return request.answers, request.seconds

    def give_up(self) -> None:
        """Whoever waits for a policy that can be given up (a server) stops waiting, with an exception."""
        give_up = getattr(self.policy, "give_up", None)
        if give_up is not None:
            give_up()

    def _take(self, request: _Request) -> list[_Request]:
        with self._guard:
            if self.deterministic:
                self._waiting.remove(request)
                return [request]
            batch, self._waiting = self._waiting, []
            return batch

    def _serve(self, batch: list[_Request]) -> None:
        """One call for the whole batch; its time is shared by the number of states."""
        queries = [query for request in batch for query in request.queries]
        started = time.perf_counter()
        try:
            answers = iter(self.policy.propose(queries))
        except Exception as error:
            for request in batch:
                request.error = error
            return
        seconds = time.perf_counter() - started
        for request in batch:
            request.seconds = seconds * len(request.queries) / len(queries)
            request.answers = [next(answers) for _ in request.queries]
