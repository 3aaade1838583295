"""A round on lean-logic or lean-magma end to end, and the same tactics sent by bare workers: what Python, protocol and
model cost.

The policy is a network of the preset's size with untrained weights: it costs what a trained one costs. The round runs
in search processes, one worker each. Every tactic of it is sent again, on the same states, by two threads over a pool
of two workers: the kept search trees say which.

    python -m tests.performance.bench_round [--theorems 150] [--workers 2] [--benchmark lean-magma]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from sqlalchemy import select

from corpus import schema
from corpus.database import reading
from corpus.records import RoundRecord, SearchTree
from corpus.search_tree import load_trees
from corpus.store import Corpus
from lean_env.benchmark.lean_logic import LogicConfig, load_lean_logic
from lean_env.benchmark.lean_magma import MagmaConfig, load_lean_magma
from lean_env.gate.certificate import Certificate, Rejection
from lean_env.gate.gate import Gate
from lean_env.gate.statement import CleanStatement
from lean_env.session.leandojo import TacticState
from lean_env.theorem import Theorem
from prover.actions.space import ActionSpace
from prover.benchmarks.registry import benchmark_of
from prover.lean import Lean
from prover.policies.ranker.network import ActionRanker
from prover.policies.ranker.policy import RankerPolicy
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from prover.rounds.attempt import Phase, Verify
from prover.rounds.plan import Plan, RoundConfig, record_of
from prover.rounds.round import run_round
from prover.rounds.verify import Verifier
from prover.search.best_first import BestFirst
from prover.search.budget import Budget
from tests.begun import begin
from training.config import FlywheelConfig

STEPS = 96


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


def bench_round(theorems: int = 150, workers: int = 2, benchmark: str = "lean-logic") -> dict[str, float]:
    """Steps a second of a round, of its tactics alone, and shares of the round's processor time; the gate (both
    kernels) as a share of the processes' time, and how many proofs it checks a second when nothing else runs. Memory in
    MB of one search process and of its worker, each page that several share divided among them."""
    settings = FlywheelConfig.load(None, benchmark=benchmark)
    chosen = theorems_of(benchmark, theorems + 50)
    policy = untrained(settings, ActionSpace(None, benchmark_of(benchmark).repertoire), chosen)
    with (
        Lean(workers, settings.limits) as lean,
        tempfile.TemporaryDirectory() as folder,
        Corpus.open(str(Path(folder) / "corpus.db")) as corpus,
    ):
        gate = TimedGate(lean.gate)
        verify = Verifier(lean.replayers, gate, lean.statement_of)
        _round(corpus, "warm-up", chosen[theorems:], policy, lean, verify)
        gate.asked.clear()
        gate.seconds = 0.0
        crew_before = lean.crew_seconds
        lean_before, own_before = _lean_seconds(lean), time.process_time()
        wall, steps, round = _round(corpus, "bench", chosen[:theorems], policy, lean, verify)
        lean_cpu, coordinator_cpu = _lean_seconds(lean) - lean_before, time.process_time() - own_before
        searchers_cpu = lean.crew_seconds - crew_before
        own, worker = lean.crew.memory()[0]
        share = gate.seconds / (wall * workers)
        checks = gate.checks_per_second()
        bare_wall, bare_steps = _send_again(lean, _trees(corpus, round, chosen), workers)
    return {
        "theorems": theorems,
        "steps": steps,
        "steps_per_s": steps / wall,
        "bare_steps_per_s": bare_steps / bare_wall,
        "proofs_checked": len(gate.asked),
        "gate_share_of_round": share,
        "gate_checks_per_s": checks,
        "lean_cpu_ms_per_step": lean_cpu / steps * 1000,
        "own_cpu_ms_per_step": (searchers_cpu + coordinator_cpu) / steps * 1000,
        "coordinator_cpu_ms_per_step": coordinator_cpu / steps * 1000,
        "idle": 1 - (lean_cpu + searchers_cpu + coordinator_cpu) / (wall * workers),
        "searcher_mb": own / 2**20,
        "searchers_worker_mb": worker / 2**20,
    }


def theorems_of(benchmark: str, count: int) -> list[Theorem]:
    """Train theorems; of lean-magma half of them are denials."""
    if benchmark == "lean-magma":
        return load_lean_magma(MagmaConfig(train=-(-count // 2), held_out=0, non_theorems=0)).theorems("train")[:count]
    return load_lean_logic(LogicConfig(train=count, held_out=0, beyond=0, non_theorems=0)).theorems("train")


def untrained(settings: FlywheelConfig, space: ActionSpace, theorems: Sequence[Theorem]) -> RankerPolicy:
    tokenizer = train_tokenizer(
        [readable(space.look(theorem.environment, theorem.statement)) for theorem in theorems],
        settings.train.vocabulary,
    )
    model = ActionRanker(settings.train.model, tokenizer.get_vocab_size(), space.repertoire)
    model.initialise(torch.Generator().manual_seed(0))
    return RankerPolicy(model.inference, PromptEncoder(tokenizer), space)


def _round(
    corpus: Corpus, arm: str, theorems: Sequence[Theorem], policy: RankerPolicy, lean: Lean, verify: Verify
) -> tuple[float, int, RoundRecord]:
    """Wall seconds and steps of a whole round: search, shortening, replay, gate, database."""
    records = [record_of(replace(theorem, split="train", stratum="same-size")) for theorem in theorems]
    corpus.add_benchmark(arm, "1", "", records)
    round = begin(corpus, arm, [t.name for t in theorems], arm=arm, stratum="same-size", seed=0)
    plan = Plan(Phase(policy, Budget(STEPS), BestFirst(max_depth=60)))
    start = time.perf_counter()
    summary = run_round(corpus, round, plan, lean.crew, verify, RoundConfig(closers=(), trees=1.0))
    return time.perf_counter() - start, summary.progress.steps, round


def _trees(corpus: Corpus, round: RoundRecord, theorems: Sequence[Theorem]) -> list[tuple[Theorem, SearchTree]]:
    """What the round searched, by theorem."""
    named = {theorem.name: theorem for theorem in theorems}
    with reading(corpus.engine) as session:
        rows = session.execute(
            select(schema.Theorem.name, schema.Attempt.id)
            .join(schema.Attempt, schema.Attempt.theorem_id == schema.Theorem.id)
            .where(schema.Attempt.round_id == round.id)
        ).all()
        return [(named[name], tree) for name, id in rows for tree in load_trees(session, id) or ()]


def _send_again(lean: Lean, trees: Sequence[tuple[Theorem, SearchTree]], threads: int) -> tuple[float, int]:
    """Wall seconds and steps of the same tactics on the same states, nothing else."""
    waiting, lock, counts = list(trees), threading.Lock(), []

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                theorem, tree = waiting.pop(0)
            with lean.open_session(theorem) as (session, root):
                states = {0: root}
                for step in tree.steps:
                    (done,) = session.run_tacs(states[step.source], [step.tactic], errors=False)
                    counts.append(1)
                    if step.new and step.target is not None and isinstance(done.result, TacticState):
                        states[step.target] = done.result

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as executor:
        for future in [executor.submit(work) for _ in range(threads)]:
            future.result()
    return time.perf_counter() - start, sum(counts)


def _lean_seconds(lean: Lean) -> float:
    return sum(counters.cpu_seconds for counters in lean.counters().values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theorems", type=int, default=150)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--benchmark", choices=("lean-logic", "lean-magma"), default="lean-logic")
    print(json.dumps(bench_round(**vars(parser.parse_args())), indent=1))
