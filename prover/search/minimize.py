"""Shortens a found proof before it is stored: drops steps that are not needed, ends early where a cheap closer can.

Everything is tried in the session; nothing is guessed from the text. The proof that comes out still has to be replayed
and certified like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from prover.search.contract import INTROS
from prover.search.graph import ProofStep

#: Tried at each state of the proof, cheapest first. Searches find the broadest tactic first and a model trained on such
#: proofs proposes nothing else; about half of the closing steps were seen to have a cheaper one.
CHEAP_CLOSERS = tuple(ProofStep(tactic, tactic) for tactic in ("rfl", "simp", "omega", "simp_all"))


@dataclass(frozen=True, slots=True)
class Minimized:
    """The proof, not longer than before, and the tactic steps spent on it."""

    proof: tuple[ProofStep, ...]
    steps: int


def minimize(
    session: ProofSession,
    root: TacticState,
    proof: Sequence[ProofStep],
    *,
    closers: Sequence[ProofStep] = CHEAP_CLOSERS,
    steps: int = 64,
) -> Minimized:
    """Shortens `proof`, which closes `root`, within about `steps` tactic steps; raises DojoCrashError.

    A closer replaces the rest of a proof where that makes it shorter, and the last step where it takes fewer
    heartbeats. A leading `intros` stays: search starts behind it, and so should the examples made of the proof.
    """
    trials = _Trials(session, steps)
    try:
        shortest = trials.close_early(root, tuple(proof), closers)
        return Minimized(trials.drop_steps(root, shortest), trials.spent)
    finally:
        session.drop(trials.live)


@dataclass(slots=True)
class _Trials:
    session: ProofSession
    steps: int
    spent: int = 0
    live: list[TacticState] = field(default_factory=list)

    @property
    def left(self) -> bool:
        return self.spent < self.steps

    def run(self, state: TacticState, step: ProofStep) -> tuple[TacticState | None, bool, int]:
        """The state behind a step (None if it failed or proved), whether it proved, and its heartbeats."""
        (result,) = self.session.run_tacs(state, [step.tactic])
        self.spent += 1
        if result.outcome is Outcome.CRASHED:
            raise result.result
        if result.outcome is not Outcome.ADVANCED:
            return None, result.outcome is Outcome.PROVED, result.heartbeats
        self.live.append(result.result)
        return result.result, False, result.heartbeats

    def closes(self, state: TacticState, rest: Sequence[ProofStep]) -> bool:
        """Do exactly these steps prove the state?"""
        now: TacticState | None = state
        for position, step in enumerate(rest):
            if now is None or not self.left:
                return False
            now, proved, _ = self.run(now, step)
            if proved:
                return position == len(rest) - 1
        return False

    def close_early(
        self, root: TacticState, proof: tuple[ProofStep, ...], closers: Sequence[ProofStep]
    ) -> tuple[ProofStep, ...]:
        """The proof up to the first of its states that a closer proves, and that closer."""
        state = root
        for position, step in enumerate(proof):
            if not self.left:
                return proof
            after, proved, heartbeats = self.run(state, step)
            last = position == len(proof) - 1
            if proved != last or (after is None and not last):
                return proof  # It does not go the way search went (a limit in between): leave it alone.
            if not _is_free(position, step):
                for closer in closers:
                    if not self.left:
                        return proof
                    if closer.tactic == step.tactic:
                        continue
                    _, closed, cost = self.run(state, closer)
                    if closed and (not last or cost < heartbeats):
                        return (*proof[:position], closer)
            if after is not None:
                state = after
        return proof

    def drop_steps(self, root: TacticState, proof: tuple[ProofStep, ...]) -> tuple[ProofStep, ...]:
        """The proof without the steps that it can do without, tried from the front."""
        kept: tuple[ProofStep, ...] = ()
        state = root
        rest = proof
        while len(rest) > 1:
            step, *after = rest
            if not _is_free(len(kept), step) and self.closes(state, after):
                rest = tuple(after)
                continue
            if not self.left:
                break
            behind, _, _ = self.run(state, step)
            if behind is None:
                break
            kept, state, rest = (*kept, step), behind, tuple(after)
        return (*kept, *rest)


def _is_free(position: int, step: ProofStep) -> bool:
    return position == 0 and step.tactic == INTROS.tactic
