"""Names may carry 32-bit hashes (`inst._@.1547331413._hygCtx`); a proof about such instances must get a verdict."""

from __future__ import annotations

import pytest

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate
from lean_env.gate.gate import Gate
from lean_env.library.index import Library
from lean_env.session.replay import replay

#: Proofs that mention an instance whose name holds a hash beyond 30 bits.
CASES = {
    "Option.isSome_guard": ["intros", "fun_cases Option.guard <;> simp_all"],
    "Option.get_eq_get!": ["intros", "fun_cases Option.get <;> simp_all", "rfl"],
    "List.min?_eq_some_min": ["intros", "fun_cases List.min <;> simp_all", "rfl"],
    "List.isSome_head?": ["intros", "cases l <;> simp_all"],
    "Array.count_eq_countP": ["intros", "rfl"],
}


@pytest.mark.parametrize("name", CASES)
def test_a_proof_with_hashes_in_names_is_decided(name: str, pool: WorkerPool, installation: Installation) -> None:
    theorem = load_lean_core().theorem(name)
    proof = replay(pool, theorem, CASES[name]).proof_ndjson
    with Library.open(installation) as library, WorkerPool(installation, 1, role="decide", spares=0) as deciders:
        assert isinstance(Gate(library, deciders).check(theorem, proof), Certificate)
