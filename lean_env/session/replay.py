"""Runs a found proof once more, tactic by tactic, in a worker of its own: what the corpus stores comes from here.

Search reaches a proof through merged states and many siblings. The replay shows that the bare list of tactics proves
the theorem. It also yields what search did not keep: each state's text and goal terms, and the closed proof term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.session.dojo import ClaimedStatement, Dojo
from lean_env.session.leandojo import DojoCrashError, LeanError, ProofFinished, TacticState
from lean_env.session.outcomes import Outcome
from lean_env.theorem import Theorem

NO_GOALS = "no goals"


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """One tactic as the replay saw it."""

    #: Printed.
    state: str
    tactic: str
    #: Printed; `no goals` at the end.
    state_after: str
    ms: float
    #: In thousands.
    heartbeats: int
    #: One for each goal of `state`: its type with the context reverted, as lean4export NDJSON. None where the goal
    #: depends on metavariables.
    goals_ndjson: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A replayed proof."""

    steps: tuple[ReplayedStep, ...]
    #: The closed term, `flywheel.target` last.
    proof_ndjson: str
    #: What the text of a text theorem elaborated to in the replaying worker, None for a library theorem.
    statement: ClaimedStatement | None


class ReplayFailed(Exception):
    """The list of tactics is no proof. `step` is the index of the tactic at fault; `len(tactics)` when they all ran and
    goals are left. `outcome` is that tactic's, `reason` Lean's own message. A crash is not this error."""

    def __init__(self, theorem: Theorem, step: int, outcome: Outcome, reason: str) -> None:
        super().__init__(f"The proof of `{theorem.name}` does not replay: step {step} {outcome}: {reason}")
        self.step = step
        self.outcome = outcome
        self.reason = reason


def replay(pool: WorkerPool, theorem: Theorem, tactics: Sequence[str], limits: Limits | None = None) -> Replay:
    """Replays `tactics` from the theorem's root.

    Raises ReplayFailed (with Lean's message), DojoInitError (the theorem does not open), DojoCrashError (a worker died:
    says nothing about the proof), LeanRefused (Lean would not export the closed term)."""
    steps: list[ReplayedStep] = []
    with Dojo(theorem, pool, limits) as (dojo, root):
        state = root
        for index, tactic in enumerate(tactics):
            goals = tuple(dojo.export_goals(state))
            (step,) = dojo.run_tacs(state, [tactic])
            match step.result:
                case TacticState() as after:
                    printed = after.pp
                case ProofFinished():
                    printed = NO_GOALS
                case DojoCrashError() as crash:
                    raise crash
                case LeanError() as refused:
                    raise ReplayFailed(theorem, index, step.outcome, refused.error)
                case other:
                    raise ReplayFailed(theorem, index, step.outcome, str(other))
            steps.append(ReplayedStep(state.pp, tactic, printed, step.milliseconds, step.heartbeats, goals))
            if isinstance(step.result, ProofFinished):
                if index + 1 < len(tactics):
                    reason = f"no goals are left for the {len(tactics) - index - 1} tactics that follow"
                    raise ReplayFailed(theorem, index + 1, Outcome.FAILED, reason)
                return Replay(tuple(steps), dojo.export_proof(step.result), dojo.statement)
            state = step.result
        raise ReplayFailed(theorem, len(tactics), Outcome.ADVANCED, f"goals are left:\n{state.pp}")
