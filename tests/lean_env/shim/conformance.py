"""Both backends on the same theorems and tactics: outcomes and states must be the same.

    python -m tests.lean_env.shim.conformance [--theorems 200] [--bench-seconds 10]

Each theorem is walked for a few steps in a session of each backend at once: every tactic is tried on the same state in
both, and the first that advances is followed. The full run takes minutes; the suite runs a small one.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.embedded.installation import find
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.session.leandojo import LeanError, TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult
from lean_env.session.stepping import SteppingSession
from lean_env.shim.backend import LeanDojoBackend
from lean_env.theorem import Environment, Theorem
from training.experiments.demo.workload import THEOREMS as BENCH_THEOREMS
from training.experiments.demo.workload import lines

import lean_dojo  # isort: skip  # after lean_env.leandojo, which makes this import silent and local

#: Tried on the states of library theorems; some advance, some prove, some fail in each of the ways there are.
TACTICS = (
    "intros",
    "intro x y z",
    "rfl",
    "simp",
    "simp_all",
    "decide",
    "omega",
    "constructor",
    "cases x",
    "induction x <;> simp_all",
    "ext",
    "funext i",
    "split",
    "unfold List.map",
    "exact sorry",
    "have h : 1 = 1 := rfl",
    "rw [",
    "no_such_tactic",
    'fail "proof contains `sorry`"',
    "refine ⟨?_, ?_⟩",
    "apply propext",
    "all_goals (first | assumption | skip)",
)

INIT = Environment(("Init",))

TEXTS = (
    Theorem("bare", "∀ (p q : Prop), p ∧ q → q ∧ p", INIT),
    Theorem("binders", "(x y : Nat) (h : x ≤ y) : x < y + 1", INIT),
    Theorem("a colon alone", ": True ∧ 1 = 1", INIT),
    Theorem("«odd ⊢ name»", "{α : Type} (l : List α) : l ++ [] = l", INIT),
    Theorem("strings", '(s : String) : s = "a\\nb := by x" → s.length = 11', INIT),
    Theorem("instances", "{α : Type} [DecidableEq α] (x y : α) : (x == y) = (y == x)", INIT),
)


@dataclass(slots=True)
class Comparison:
    """What was compared, by outcome, and every difference in words."""

    steps: Counter[Outcome] = field(default_factory=Counter)
    theorems: int = 0
    differences: list[str] = field(default_factory=list)


def sample(count: int, seed: int = 0) -> list[Theorem]:
    """Library theorems, easy and hard, of any split; the same ones for the same numbers."""
    manifest = load_lean_core()
    return [manifest.theorem(entry.name) for entry in random.Random(seed).sample(manifest.entries, count)]


def compare(
    pool: WorkerPool, backend: LeanDojoBackend, theorems: Sequence[Theorem], tactics: int, depth: int = 2, seed: int = 0
) -> Comparison:
    """Tries `tactics` tactics on each of `depth` states of each theorem. `pool` needs two workers free."""
    found = Comparison()
    for theorem in theorems:
        draw = random.Random(f"{seed} {theorem.name}")
        with Dojo(theorem, pool) as (ours, our_root), backend.open_session(theorem) as (theirs, their_root):
            found.theorems += 1
            here: tuple[TacticState, TacticState] | None = (our_root, their_root)
            if our_root != their_root:
                found.differences.append(f"{theorem.name}: {our_root.pp!r} and {their_root.pp!r} to begin with")
                continue
            for _ in range(depth):
                if here is None:
                    break
                here = _walk(found, theorem, ours, theirs, here, draw.sample(TACTICS, tactics))
    return found


def _walk(
    found: Comparison,
    theorem: Theorem,
    ours: ProofSession,
    theirs: ProofSession,
    here: tuple[TacticState, TacticState],
    tactics: Sequence[str],
) -> tuple[TacticState, TacticState] | None:
    """The last pair of states that a tactic led to in both, if any."""
    after = None
    for tactic in tactics:
        (our,) = ours.run_tacs(here[0], [tactic])
        (their,) = theirs.run_tacs(here[1], [tactic])
        found.steps[our.outcome] += 1
        if difference := _difference(our, their):
            found.differences.append(f"{theorem.name}: `{tactic}` on\n{here[0].pp}\n{difference}")
        elif isinstance(our.result, TacticState) and isinstance(their.result, TacticState):
            after = (our.result, their.result)
    return after


def _difference(our: StepResult, their: StepResult) -> str:
    if our.outcome is not their.outcome:
        return f"{our.outcome} ({our.result}) and {their.outcome} ({their.result})"
    match our.result, their.result:
        case (TacticState() as one, TacticState() as other) if one != other:
            return f"{one.pp!r} and {other.pp!r}"
        case (LeanError() as one, LeanError() as other) if _words(one) != _words(other):
            return f"{one.error!r} and {other.error!r}"
    return ""


def _words(error: LeanError) -> str:
    """The shim puts straight quotes where LeanDojo would see its own words, and LeanDojo trims."""
    return error.error.replace("'", "`").strip()


def bench(pool: WorkerPool, backend: LeanDojoBackend, seconds: float) -> dict[str, float]:
    """Tactic steps a wall second in one session after the other of the bench's workload, embedded, through LeanDojo as
    `--backend dojo` tunes it and as it comes (stock), and the median milliseconds until a theorem is open."""
    figures = {}
    openers = {
        "embedded": lambda theorem: Dojo(theorem, pool),
        "dojo": backend.open_session,
        "stock": lambda theorem: _stock(backend, theorem),
    }
    for name, opener in openers.items():
        steps, inside, starts = 0, 0.0, []
        for theorem in BENCH_THEOREMS:
            begun = time.perf_counter()
            with opener(theorem) as (session, root):
                starts.append(time.perf_counter() - begun)
                _run_lines(session, root, seconds / 20)  # what is tried for the first time is slower
                begun = time.perf_counter()
                steps += _run_lines(session, root, seconds / len(BENCH_THEOREMS))
                inside += time.perf_counter() - begun
        figures[f"{name}_steps_per_second"] = steps / inside
        figures[f"{name}_start_ms"] = sorted(starts)[len(starts) // 2] * 1000
    return figures


@contextmanager
def _stock(backend: LeanDojoBackend, theorem: Theorem) -> Iterator[tuple[StockSession, TacticState]]:
    path = f"{backend.bin}{os.pathsep}{os.environ['PATH']}"
    with (
        mock.patch.dict(os.environ, PATH=path),
        lean_dojo.Dojo(backend.entry(theorem), timeout=60) as (dojo, root),
    ):
        yield StockSession(dojo), root


class StockSession(SteppingSession):
    """The unmodified Dojo with the one method more that the bench calls."""

    def __init__(self, dojo: lean_dojo.Dojo) -> None:
        self._dojo = dojo

    def _step(self, state: TacticState, tactic: str, errors: bool = True) -> StepResult:
        result = self._dojo.run_tac(state, tactic)
        outcome = Outcome.ADVANCED if isinstance(result, TacticState) else Outcome.FAILED
        return StepResult(outcome, result, 0.0, 0)


def _run_lines(session: SteppingSession, root: TacticState, seconds: float) -> int:
    end, steps = time.perf_counter() + seconds, 0
    for line in lines(0):
        state = root
        for tactic in line:
            (step,) = session.run_tacs(state, [tactic], errors=False)
            steps += 1
            if not isinstance(step.result, TacticState):
                break
            state = step.result
        if time.perf_counter() >= end:
            return steps
    raise AssertionError("lines never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theorems", type=int, default=200)
    parser.add_argument("--tactics", type=int, default=5)
    parser.add_argument("--bench-seconds", type=float, default=10.0)
    options = parser.parse_args()
    with WorkerPool(find(), 2, spares=0) as pool, LeanDojoBackend(pool) as backend:
        found = compare(pool, backend, [*sample(options.theorems), *TEXTS], options.tactics)
        figures = bench(pool, backend, options.bench_seconds)
    for difference in found.differences:
        print(difference, end="\n\n")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.steps.items()))
    print(f"{found.theorems} theorems, {found.steps.total()} steps ({counts}), {len(found.differences)} differences")
    print(", ".join(f"{name} {value:.1f}" for name, value in figures.items()))
    raise SystemExit(1 if found.differences else 0)


if __name__ == "__main__":
    main()
