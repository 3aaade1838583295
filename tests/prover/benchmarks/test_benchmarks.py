"""The false statements of lean-core: read by the real Lean, of train theorems alone."""

from __future__ import annotations

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.benchmark.lean_core.manifest import EnvironmentPolicy
from lean_env.embedded.pool import WorkerPool
from lean_env.session.stating import state_text
from prover.benchmarks.lean_core import NEGATIONS, CoreBenchmark
from prover.rounds.plan import theorem_of


def test_negations_are_statements_and_deny_theorems_of_train(pool: WorkerPool) -> None:
    manifest = load_lean_core()
    false = CoreBenchmark("lean-core", EnvironmentPolicy.STRICT, "").negations(manifest)
    train = {f"not.{theorem.name}": theorem for theorem in manifest.theorems(split="train")}
    assert len(false) == len({record.name for record in false}) == NEGATIONS
    for record in false:
        denied = train[record.name]
        assert record.statement == f"¬ ({denied.statement})" and record.environment == denied.environment.key
    for record in false[:40]:
        stated = state_text(pool, theorem_of(record, "lean-core"))
        assert stated.expression_ndjson and stated.levels == ()
