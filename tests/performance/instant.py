"""A workbench for search processes that answers at once: every tactic fails but `finish`, which proves anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lean_env.embedded.pool import PoolCounters
from lean_env.session.leandojo import LeanError, ProofFinished, TacticState
from lean_env.session.outcomes import Outcome, StepResult
from lean_env.theorem import Environment, Theorem
from prover.actions.repertoire import Repertoire
from prover.actions.space import ActionSpace

INIT = Environment(("Init",))


class _Session:
    def run_tac(self, state: TacticState, tactic: str) -> object:
        return self.run_tacs(state, [tactic])[0].result

    def run_tacs(
        self, state: TacticState, tactics: Sequence[str], *, stop_at_proof: bool = True, errors: bool = True
    ) -> list[StepResult]:
        return [
            StepResult(Outcome.PROVED, ProofFinished(1), 0.0, 1)
            if tactic == "finish"
            else StepResult(Outcome.FAILED, LeanError("no"), 0.0, 1)
            for tactic in tactics
        ]

    def drop(self, states: Sequence[TacticState]) -> None:
        pass


class Instant:
    """`prover.rounds.searcher.Kit` and `Workbench` in one."""

    @contextmanager
    def open(self) -> Iterator[Instant]:
        yield self

    @contextmanager
    def open_session(self, theorem: Theorem) -> Iterator[tuple[_Session, TacticState]]:
        yield _Session(), TacticState("⊢ True", 0)

    def space(self, repertoire: Repertoire) -> ActionSpace:
        return ActionSpace(None, repertoire)

    def counters(self) -> dict[str, PoolCounters]:
        return {"searchers": PoolCounters()}
