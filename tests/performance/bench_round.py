"""A round on lean-logic end to end, and the same tactics sent by bare workers: what Python, protocol and model cost.

The policy is a network of the preset's size with untrained weights: it costs what a trained one costs. Both halves use
the same pool of two warm workers and two threads; every tactic of the round is sent again, on the same states.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from corpus.records import RoundKind
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.statement import CleanStatement
from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import ProofSession, StepResult
from lean_env.theorem import Theorem
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from prover.lean import Lean
from prover.policies.ranker.network import ActionRanker
from prover.policies.ranker.policy import RankerPolicy
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from prover.rounds.attempt import Phase, Tools
from prover.rounds.round import Plan, RoundConfig, record_of, run_round
from prover.rounds.verify import Verifier
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from training.config import FlywheelConfig

STEPS = 96


@dataclass
class Recording:
    """A session that notes every call: the number of the state, the tactics, and the numbers of the states reached."""

    session: ProofSession
    calls: list[tuple[int, list[str], list[int | None]]] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def number(self, state: TacticState) -> int:
        return self.numbers.setdefault(state.id, len(self.numbers))

    def run_tacs(self, state: TacticState, tactics: Sequence[str], **options: Any) -> list[StepResult]:
        steps = self.session.run_tacs(state, tactics, **options)
        reached = [self.number(s.result) if isinstance(s.result, TacticState) else None for s in steps]
        self.calls.append((self.number(state), list(tactics[: len(steps)]), reached))
        return steps

    def drop(self, states: Sequence[TacticState]) -> None:
        self.session.drop(states)


@dataclass
class TimedGate:
    """The gate, with what it was asked and the seconds that it took."""

    gate: Gate
    asked: list[tuple[Theorem, str, CleanStatement | None]] = field(default_factory=list)
    seconds: float = 0.0

    def check(
        self, theorem: Theorem, proof_ndjson: str, stated: CleanStatement | None = None
    ) -> Certificate | Rejection:
        start = time.perf_counter()
        verdict = self.gate.check(theorem, proof_ndjson, stated)
        self.seconds += time.perf_counter() - start
        self.asked.append((theorem, proof_ndjson, stated))
        if isinstance(verdict, Rejection):
            raise AssertionError(f"the gate refuses what it is to be timed on: {verdict.reason}")
        return verdict

    def checks_per_second(self) -> float:
        """Everything that it was asked once more, one after the other, nothing else going on."""
        start = time.perf_counter()
        for theorem, proof_ndjson, stated in self.asked:
            self.gate.check(theorem, proof_ndjson, stated)
        return len(self.asked) / (time.perf_counter() - start)


def bench_round(theorems: int = 150, workers: int = 2) -> dict[str, float]:
    """Steps a second of a round, of its tactics alone, and shares of the round's processor time; the gate (both
    kernels) as a share of the threads' time, and how many proofs it checks a second when nothing else runs."""
    settings = FlywheelConfig.load(None, benchmark="lean-logic")
    chosen = load_lean_logic(LogicConfig(train=theorems + 50, held_out=0, beyond=0, non_theorems=0)).theorems("train")
    space = ActionSpace(None, ELEMENTARY)
    policy = _untrained(settings, space, chosen)
    recordings: list[tuple[Theorem, Recording]] = []
    with Lean(workers, settings.limits) as lean, tempfile.TemporaryDirectory() as folder:

        @contextmanager
        def open_recorded(theorem: Theorem) -> Iterator[tuple[Recording, TacticState]]:
            with lean.open_session(theorem) as (session, root):
                recording = Recording(session)
                recording.number(root)
                recordings.append((theorem, recording))
                yield recording, root

        gate = TimedGate(lean.gate)
        tools = Tools(open_recorded, Verifier(lean.replayers, gate, lean.statement_of))
        with Corpus.open(str(Path(folder) / "corpus.db")) as corpus:
            _round(corpus, "warm-up", chosen[theorems:], policy, tools, workers)
            recordings.clear()
            gate.asked.clear()
            gate.seconds = 0.0
            lean_before, own_before = _lean_seconds(lean), time.process_time()
            wall, steps = _round(corpus, "bench", chosen[:theorems], policy, tools, workers)
            lean_cpu, own_cpu = _lean_seconds(lean) - lean_before, time.process_time() - own_before
        share = gate.seconds / (wall * workers)
        checks = gate.checks_per_second()
        bare_wall, bare_steps = _send_again(lean, recordings, workers)
    return {
        "theorems": theorems,
        "steps": steps,
        "steps_per_s": steps / wall,
        "bare_steps_per_s": bare_steps / bare_wall,
        "states_scored": policy.states_read,
        "proofs_checked": len(gate.asked),
        "gate_share_of_round": share,
        "gate_checks_per_s": checks,
        "lean_cpu_ms_per_step": lean_cpu / steps * 1000,
        "own_cpu_ms_per_step": own_cpu / steps * 1000,
    }


def _untrained(settings: FlywheelConfig, space: ActionSpace, theorems: Sequence[Theorem]) -> RankerPolicy:
    tokenizer = train_tokenizer(
        [readable(space.look(theorem.environment, theorem.statement)) for theorem in theorems],
        settings.train.vocabulary,
    )
    model = ActionRanker(settings.train.model, tokenizer.get_vocab_size(), ELEMENTARY)
    model.initialise(torch.Generator().manual_seed(0))
    return RankerPolicy(model, PromptEncoder(tokenizer), space)


def _round(
    corpus: Corpus, arm: str, theorems: Sequence[Theorem], policy: RankerPolicy, tools: Tools, threads: int
) -> tuple[float, int]:
    """Wall seconds and steps of a whole round: search, shortening, replay, gate, database."""
    records = [record_of(replace(theorem, split="train", stratum="same-size")) for theorem in theorems]
    corpus.add_benchmark(arm, "1", "", records)
    corpus.start_run("bench", {})
    round = corpus.start_round(
        run="bench",
        generation_id=None,
        benchmark=arm,
        split="train",
        stratum="same-size",
        arm=arm,
        kind=RoundKind.TRAIN,
        seed=0,
        config={},
        selection=[t.name for t in theorems],
    )
    plan = Plan(Phase(policy, Budget(STEPS), BestFirst(max_depth=60)))
    start = time.perf_counter()
    summary = run_round(corpus, round, plan, tools, RoundConfig(threads=threads, closers=()))
    return time.perf_counter() - start, summary.progress.steps


def _send_again(lean: Lean, recordings: Sequence[tuple[Theorem, Recording]], threads: int) -> tuple[float, int]:
    """Wall seconds and steps of the recorded calls, nothing else."""
    waiting, lock, counts = list(recordings), threading.Lock(), []

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                theorem, recording = waiting.pop(0)
            with lean.open_session(theorem) as (session, root):
                states = {0: root}
                for number, tactics, reached in recording.calls:
                    steps = session.run_tacs(states[number], tactics)
                    counts.append(len(steps))
                    for step, name in zip(steps, reached, strict=True):
                        if name is not None and isinstance(step.result, TacticState):
                            states[name] = step.result

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as executor:
        for future in [executor.submit(work) for _ in range(threads)]:
            future.result()
    return time.perf_counter() - start, sum(counts)


def _lean_seconds(lean: Lean) -> float:
    return sum(counters.cpu_seconds for counters in lean.counters().values())
