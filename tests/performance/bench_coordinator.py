"""What the coordinator of a round costs an attempt: search processes whose searches end at once.

Messages, the schedule, the database, with and without a claim that is certified at once: everything but searching and
the gate. In processor seconds of the coordinator's process, so that other load matters little; a coordinator is busy
with as many attempts a second as one of its cores has time for.

    python -m tests.performance.bench_coordinator [--attempts 2000] [--processes 2]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from corpus.records import CertificateRecord, ProofRecord, StepRecord, TheoremRecord
from corpus.store import Corpus
from lean_env.theorem import Theorem
from prover.evaluation.evaluate import FixedTactics
from prover.rounds.attempt import Phase
from prover.rounds.crew import Crew
from prover.rounds.plan import Plan, RoundConfig
from prover.rounds.round import run_round
from prover.search.budget import Budget
from tests.begun import begin
from tests.performance.instant import INIT, Instant

#: The share of attempts that keep their tree, as a training round has it.
_TREES = 0.02


def bench_coordinator(attempts: int = 2000, processes: int = 2) -> dict[str, float]:
    """Milliseconds of the coordinator's processor an attempt: one that proves nothing (6 steps), and one that claims a
    proof (certifying it takes no time here); the attempts a second that one core of it can take; wall-clock ones."""
    figures: dict[str, float] = {"attempts": attempts, "processes": processes}
    with tempfile.TemporaryDirectory() as folder, Crew(Instant(), processes) as crew:
        for what, tactic in (("unproved", "fail"), ("proved", "finish")):
            with Corpus.open(str(Path(folder) / f"{what}.db")) as corpus:
                _round(corpus, crew, tactic, "warm-up", 100)
                cpu, wall = _round(corpus, crew, tactic, "bench", attempts)
            figures |= {
                f"{what}_cpu_ms": cpu / attempts * 1000,
                f"{what}_attempts_per_cpu_s": attempts / cpu,
                f"{what}_attempts_per_s": attempts / wall,
            }
    return figures


def _round(corpus: Corpus, crew: Crew, tactic: str, name: str, attempts: int) -> tuple[float, float]:
    """Processor seconds of this process and wall seconds of a round."""
    names = [f"{name}.{number}" for number in range(attempts)]
    corpus.add_benchmark(name, "1", "", [TheoremRecord(n, "True", n, INIT.key, None, "train", "") for n in names])
    round = begin(corpus, name, names, arm=name, seed=0)
    plan = Plan(Phase(FixedTactics("instant", [*(f"fail {n}" for n in range(5)), tactic]), Budget(6)))
    cpu, wall = time.process_time(), time.perf_counter()
    run_round(corpus, round, plan, crew, _certify, RoundConfig(minimize_steps=0, trees=_TREES))
    return time.process_time() - cpu, time.perf_counter() - wall


def _certify(theorem: Theorem, proof: object, source: str) -> ProofRecord:
    steps = (StepRecord("⊢ True", "finish", "no goals", "finish", goal_hashes=(theorem.name,)),)
    return ProofRecord(steps, source, CertificateRecord(theorem.name, "", theorem.name, (), {}, "bench"), "finish")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    print(json.dumps(bench_coordinator(**vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
