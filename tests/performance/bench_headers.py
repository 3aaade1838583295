"""What headers cost: elaboration, statement, first step, gate, memory, and a theorem opened again under a warm header.

The headers are those of `tests/own_world`, and for the row of fifty in turn copies of one under other names.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.certificate import Certificate
from lean_env.session.dojo import Dojo
from lean_env.session.replay import replay
from lean_env.theorem import Environment, Header, Theorem
from prover.lean import Lean

OWN_WORLD = Path(__file__).parents[1] / "own_world" / "own_world.jsonl"
#: As many headers come in turn in one worker.
IN_TURN = 50
PLAIN = Theorem("plain", "(t : List Nat) : t.reverse.reverse = t", Environment(("Init",)))
STATEMENT = "(t : Tree Nat) : t.mirror.mirror = t"
PROOF = "induction t <;> simp_all [Tree.mirror]"


def bench_headers(installation: Installation) -> dict[str, float]:
    """Milliseconds of wall time, megabytes of a worker's resident memory."""
    texts = list(dict.fromkeys(json.loads(line)["header"] for line in OWN_WORLD.read_text().splitlines()))[:4]
    tree = Environment(("Init",), Header(texts[0]))
    with ExitStack() as stack:
        pool = stack.enter_context(WorkerPool(installation, 1, spares=0))
        _open(pool, PLAIN)
        first = [_milliseconds(lambda t=text: _open(pool, Theorem("x", ": True", _under(t)))) for text in texts]
        again = Theorem("mirror", STATEMENT, tree)
        figures = {
            "elaboration_ms": statistics.median(first),
            "elaboration_max_ms": max(first),
            "warm_ms": _median(lambda: _open(pool, again)),
            "plain_ms": _median(lambda: _open(pool, PLAIN)),
            "first_step_ms": _median(lambda: _open(pool, again, PROOF)),
            "plain_first_step_ms": _median(lambda: _open(pool, PLAIN, "simp")),
        }
        before = _rss(pool)
        started = time.perf_counter()
        for number in range(IN_TURN):
            _open(pool, Theorem("x", STATEMENT.replace("Tree", f"Tree{number}"), _under(_renamed(texts[0], number))))
        figures["in_turn_ms"] = (time.perf_counter() - started) * 1000 / IN_TURN
        figures["header_mb"] = (_rss(pool) - before) / IN_TURN
        figures["back_ms"] = _milliseconds(lambda: _open(pool, again))
    with Lean(1, installation=installation) as lean:
        stated = {one.name: lean.stated(one) for one in (again, PLAIN)}
        for theorem, tactic, name in ((again, PROOF, "gate_ms"), (PLAIN, "simp", "plain_gate_ms")):
            term = replay(lean.replayers, theorem, [tactic]).proof_ndjson
            assert isinstance(lean.gate.check(theorem, term, stated[theorem.name]), Certificate)
            figures[name] = _median(lambda o=theorem, t=term: lean.gate.check(o, t, stated[o.name]))
    figures["warm_against_plain"] = figures["warm_ms"] / figures["plain_ms"]
    return figures


def _under(text: str) -> Environment:
    return Environment(("Init",), Header(text))


def _renamed(text: str, number: int) -> str:
    return text.replace("Tree", f"Tree{number}")


def _open(pool: WorkerPool, theorem: Theorem, *tactics: str) -> None:
    with Dojo(theorem, pool) as (dojo, state):
        dojo.run_tacs(state, list(tactics))


def _rss(pool: WorkerPool) -> float:
    with pool.lease(PLAIN.environment) as worker:
        return float(worker.request("memory")["rss_mb"])


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _median(work: Callable[[], object], times: int = 25) -> float:
    for _ in range(5):
        work()
    return statistics.median(_milliseconds(work) for _ in range(times))


def main() -> None:
    """The figures alone: python -m tests.performance.bench_headers"""
    from lean_env.embedded.installation import find

    print(json.dumps(bench_headers(find()), indent=2))


if __name__ == "__main__":
    main()
