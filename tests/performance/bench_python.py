"""What Python costs a step of a round on lean-logic, Lean left out: searches over recorded replies.

    python -m tests.performance.bench_python [--theorems 40] [--rounds 5]

The searches run once over a real worker, and its replies are kept as the bytes that they were. Then the same searches
run over the bytes: parsing, policy, tactics, the search's own books, requests written and replies read, everything but
the system calls to the worker. In processor time of one thread, so that other load matters little; the caches of
printed goals are emptied before each round. They have to take the same steps.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from lean_env.embedded.protocol import FrameReader
from lean_env.embedded.worker import Worker
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo
from lean_env.session.surviving import SurvivingSession
from lean_env.theorem import Theorem
from prover.actions.space import ActionSpace, Candidates
from prover.benchmarks.registry import benchmark_of
from prover.lean import Lean
from prover.policies.ranker.inference import Inference
from prover.policies.ranker.policy import RankerOptions, RankerPolicy
from prover.policies.ranker.prompt import Prompt, PromptEncoder
from prover.rounds.attempt import Phase, Searched, search_for
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.performance.bench_round import STEPS, theorems_of, untrained
from training.config import FlywheelConfig


class Played(Worker):
    """A worker that is none: its replies are those in `replies`, whatever it is asked."""

    def __init__(self, replies: Sequence[bytes]) -> None:
        self.limits, self.wall_limit_hits, self.lean_seconds = Limits(), 0, 0.0
        self.wasm_mb, self.ran_code, self.tainted, self._exit = 0.0, False, False, None
        self.requests = json.loads(replies[0][4:])["id"] - 1
        self._reader, self._left = FrameReader(), iter(replies)

    def _send(self, frame: bytes, deadline: float) -> None:
        pass

    def _receive(self, deadline: float) -> dict[str, Any]:
        self._reader.feed(next(self._left))
        reply = self._reader.next()
        assert reply is not None
        return reply

    def kill(self) -> None:
        raise AssertionError("the searches did not go the way that was recorded")


@dataclass
class _Pool:
    """Lends one worker, as `WorkerPool` does."""

    worker: Worker
    limits: Limits

    def lease(self, _environment: object) -> Any:
        return nullcontext(self.worker)


class TimedInference:
    """The network's forward pass, and the processor seconds that it took."""

    def __init__(self, inference: Inference) -> None:
        self._inference, self.seconds = inference, 0.0

    def judge(self, prompt: Prompt, candidates: Candidates) -> Any:
        started = time.thread_time()
        found = self._inference.judge(prompt, candidates)
        self.seconds += time.thread_time() - started
        return found


def record(theorems: Sequence[Theorem], policy: RankerPolicy) -> tuple[list[bytes], list[Searched]]:
    """The replies of a real worker to the searches, in order."""
    replies: list[bytes] = []
    receive, feed = Worker._receive, FrameReader.feed
    parts: list[bytes] = []

    def recorded(worker: Worker, deadline: float) -> dict[str, Any]:
        parts.clear()
        reply = receive(worker, deadline)
        replies.append(b"".join(parts))
        return reply

    def fed(reader: FrameReader, data: bytes) -> None:
        parts.append(data)
        feed(reader, data)

    with Lean(1, spares=0) as lean:
        with lean.open_session(theorems[0]):
            pass  # the worker has started
        Worker._receive, FrameReader.feed = recorded, fed
        try:
            found = [_search(lean.open_session, theorem, policy) for theorem in theorems]
        finally:
            Worker._receive, FrameReader.feed = receive, feed
    return replies, found


def _search(open_session: Any, theorem: Theorem, policy: RankerPolicy) -> Searched:
    phase = Phase(policy, Budget(STEPS), BestFirst(max_depth=60, noise=0.5))
    found = search_for(theorem, phase, 5, open_session, closers=(), minimize_steps=64)
    assert found is not None
    return found


def bench_python(theorems: int = 40, rounds: int = 5) -> dict[str, float]:
    """Milliseconds of a processor a step, medians: all of it, the network's arithmetic, the rest."""
    settings = FlywheelConfig.load(None, benchmark="lean-logic")
    chosen = theorems_of("lean-logic", theorems)
    made = untrained(settings, ActionSpace(None, benchmark_of("lean-logic").repertoire), chosen)
    replies, expected = record(chosen, _fresh(made, made._inference))
    steps = sum(one.steps for one in expected)
    found: dict[str, list[float]] = {"python_ms": [], "model_ms": [], "rest_ms": []}
    for _ in range(rounds):
        _forget()
        inference, pool = TimedInference(made._inference), _Pool(Played(replies), Limits())
        policy = _fresh(made, inference)

        def open_session(theorem: Theorem, pool: Any = pool) -> SurvivingSession:
            return SurvivingSession(theorem, lambda opened: Dojo(opened, pool))

        started = time.thread_time()
        again = [_search(open_session, theorem, policy) for theorem in chosen]
        seconds = time.thread_time() - started
        assert [(one.found, one.steps, one.nodes) for one in again] == [(e.found, e.steps, e.nodes) for e in expected]
        for figure, spent in zip(found, (seconds, inference.seconds, seconds - inference.seconds), strict=True):
            found[figure].append(1000 * spent / steps)
    return {"steps": steps, **{figure: statistics.median(all_) for figure, all_ in found.items()}}


def _fresh(made: RankerPolicy, inference: Any) -> RankerPolicy:
    """The same policy with empty caches and the options of a round."""
    encoder = PromptEncoder(made._encoder._tokenizer)
    return RankerPolicy(inference, encoder, made._space, RankerOptions(prior_weight=0.05))


def _forget() -> None:
    """Empties every cache of the prover."""
    for name, module in list(sys.modules.items()):
        if name.startswith("prover."):
            for value in _cached(module):
                value.cache_clear()


def _cached(module: Any) -> Iterator[Any]:
    return (value for value in vars(module).values() if hasattr(value, "cache_clear"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theorems", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    print(json.dumps(bench_python(**vars(parser.parse_args())), indent=1))
