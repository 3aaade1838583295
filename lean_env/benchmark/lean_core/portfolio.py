"""*portfolio-1*: the least that automation does, and the line between the easy and the hard stratum."""

from __future__ import annotations

from lean_env.limits import Limits
from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import Outcome, ProofSession, StepResult

#: After `intros`, one of these, in this order: cheap ones first.
PORTFOLIO_1 = ("rfl", "decide", "omega", "simp", "simp_all", "grind")

#: Heartbeats decide what is easy, so that every machine agrees: 20,000 thousand a tactic, a tenth of Lean's default
#: (most tactics that succeed need less than 200). The clock is a net; a build that it catches is not reproducible.
PORTFOLIO_1_LIMITS = Limits(heartbeats=20_000, soft_ms=30_000)


def portfolio_1(session: ProofSession, root: TacticState) -> tuple[str | None, list[StepResult]]:
    """The tactic that finishes `root` after `intros`, or None; and all steps in the order of the tactics tried.

    `session` should run under PORTFOLIO_1_LIMITS. Stops at the first success and after a crash.
    """
    steps = session.run_tacs(root, ["intros"])
    introduced = steps[0].result
    state = introduced if isinstance(introduced, TacticState) else root
    if steps[0].outcome is Outcome.CRASHED:
        return None, steps
    steps += session.run_tacs(state, PORTFOLIO_1)
    solved = steps[-1].outcome is Outcome.PROVED
    return (PORTFOLIO_1[len(steps) - 2] if solved else None), steps
