"""What lean-magma costs: statements with class, split and verdict; a disproof on `Fin 3` by both kernels.

    python -m tests.performance.bench_magma [--statements 10000]

Its rounds are timed by `bench_round --benchmark lean-magma`, in one run with those of lean-logic (`make bench`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from lean_env.benchmark.lean_magma import LeanMagma, MagmaConfig, load_lean_magma
from lean_env.benchmark.lean_magma.laws import implication_class
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.statements import refutation
from lean_env.gate.certificate import Certificate, KernelVerdict
from lean_env.session.replay import replay
from lean_env.theorem import Theorem
from prover.lean import Lean

#: Each of so many denials is certified so often.
DENIALS, TIMES = 20, 5


def bench_magma(statements: int = 10_000) -> dict[str, float]:
    """Seconds for so many statements, first without a cached refuter; milliseconds of a certificate on `Fin 3`, median
    and 95th percentile, of the gate alone and with the replay that exports the term."""
    start = time.perf_counter()
    Refuter.make()
    making = time.perf_counter() - start
    Refuter.load()
    start = time.perf_counter()
    held_out = statements // 10
    magma = load_lean_magma(MagmaConfig(train=statements - 2 * held_out, held_out=held_out, non_theorems=0))
    known = {(one.split, one.verdict, implication_class(one.hypothesis, one.conclusion)) for one in magma.implications}
    assert len(known) == statements
    generated = time.perf_counter() - start
    return {
        "statements": statements,
        "refuter_s": making,
        "statements_s": generated,
        "with_refuter_s": making + generated,
        **_disproofs(magma),
    }


def _disproofs(magma: LeanMagma) -> dict[str, float]:
    chosen = [one for one in magma.implications if one.table is not None and one.table.size == 3][:DENIALS]
    theorems = {theorem.name: theorem for theorem in magma.theorems()}
    gate, whole = [], []
    with Lean(1) as lean:
        for one in chosen:
            theorem: Theorem = theorems[one.denial_name]
            assert one.table is not None
            stated = lean.stated(theorem)
            for _ in range(TIMES):
                start = time.perf_counter()
                term = replay(lean.replayers, theorem, [refutation(one.table)]).proof_ndjson
                middle = time.perf_counter()
                verdict = lean.gate.check(theorem, term, stated)
                end = time.perf_counter()
                assert isinstance(verdict, Certificate)
                assert all(one.verdict is KernelVerdict.ACCEPT for one in verdict.kernels.values())
                gate.append((end - middle) * 1000)
                whole.append((end - start) * 1000)
    return {
        "disproofs": len(gate),
        "gate_ms": statistics.median(gate),
        "gate_p95_ms": statistics.quantiles(gate, n=20)[-1],
        "certified_ms": statistics.median(whole),
        "certified_p95_ms": statistics.quantiles(whole, n=20)[-1],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=10_000)
    print(json.dumps(bench_magma(**vars(parser.parse_args())), indent=1))
