"""Proofs found in the user's own Lean, and what may be said of them.

The gate decides over the embedded library. So a proof of a theorem that imports nothing else is replayed there and goes
through the gate like any other. For every other theorem there is no certificate: its proof text is read once more by a
process that ran no search, and what comes back is that Lean's word. A proof that ran code could have forged it, so
nothing of this is stored in a corpus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lean_env.gate.axioms import ALLOWED_AXIOMS
from lean_env.native.backend import NativeLean
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.theorem import Environment, Theorem
from prover.actions.retrieval import Retriever
from prover.actions.space import ActionSpace
from prover.lean import Lean
from prover.rounds.attempt import Phase, Refused, Undecided
from prover.rounds.verify import proof_text
from prover.search.budget import Ended, never
from prover.search.contract import SearchResult
from prover.search.graph import ProofStep
from prover.search.minimize import minimize

#: At the end of the last message: an old Lean says of nothing but errors and warnings where they begin.
_AXIOMS = re.compile(r"' depends on axioms: \[([^\]]*)\]\Z")
_NO_AXIOMS = "' does not depend on any axioms"


class Unproved(Exception):
    """No proof that stands; the text says why. `search`: what was done before, None where there was no session."""

    def __init__(self, reason: str, search: SearchResult | None = None) -> None:
        super().__init__(reason)
        self.search = search


@dataclass(frozen=True, slots=True)
class NativeProof:
    """`certified`: by our gate. Otherwise `verdict` says whose word it is."""

    tactics: tuple[str, ...]
    certified: bool
    verdict: str
    search: SearchResult


def native_space(lean: Lean) -> ActionSpace:
    """What can be tried in a native state: the library's repertoire, with the embedded library's theorems as premises
    (of Mathlib's nothing is known here)."""
    core = Environment(("Init",))
    return ActionSpace(Retriever.of(lean.library, lambda _environment: lean.library.closure(core), lean.say))


@dataclass(frozen=True, slots=True)
class NativeProver:
    """Searches in `native`, and asks the gate of `lean` where it can decide. Thread-safe."""

    native: NativeLean
    lean: Lean
    phase: Phase
    seed: int = 0
    shorten: bool = True

    def prove(self, theorem: Theorem, stopped: Callable[[], bool] = never) -> NativeProof:
        """Raises DojoInitError or StatementRefused when there is no such statement, Unproved, and DojoCrashError when
        the native Lean could not be kept alive."""
        phase = self.phase
        with self.native.open_session(theorem) as (session, root):
            result = phase.search.prove(
                session, root, theorem, phase.policy, phase.budget, seed=self.seed, stopped=stopped
            )
            if result.ended is Ended.CRASHED:
                raise DojoCrashError("the native Lean ended again and again")
            if result.proof is None:
                raise Unproved(f"no proof found ({result.ended} after {result.steps} steps)", result)
            found = minimize(session, root, result.proof).proof if self.shorten else result.proof
        return self._judged(theorem, found, result)

    def _judged(self, theorem: Theorem, steps: Sequence[ProofStep], search: SearchResult) -> NativeProof:
        tactics = tuple(step.tactic for step in steps)
        release = self.native.project.version
        if all(module in self.lean.library.modules for module in theorem.environment.imports):
            self.lean.stated(theorem)
            try:
                self.lean.tools.verify(theorem, steps, "native")
            except (Refused, Undecided) as error:
                raise Unproved(f"Lean {release} accepts a proof that is not certified here: {error}", search) from error
            return NativeProof(tactics, True, "certified by this project's gate", search)
        if objection := self._objection(theorem, tactics):
            raise Unproved(f"Lean {release} accepts the proof step by step, but not its text: {objection}", search)
        return NativeProof(
            tactics,
            False,
            f"native: accepted by Lean {release}, not certified (the gate knows the embedded library only)",
            search,
        )

    def _objection(self, theorem: Theorem, tactics: Sequence[str]) -> str:
        """What a new process has against the proof as text, '' for nothing."""
        text = f"{proof_text(theorem, tactics, self.native.options)}\n#print axioms {theorem.name}\n"
        try:
            messages = self.native.messages(theorem.environment, text)
        except DojoInitError as error:
            return str(error)
        for message in messages:
            if message.severity == "error" or "declaration uses" in message.data:
                return message.data
        said = messages[-1].data if messages else ""
        used = _AXIOMS.search(said)
        axioms = {name.strip() for name in used[1].split(",")} if used else set()
        if used is None and not said.endswith(_NO_AXIOMS):
            return "it does not say which axioms it uses"
        return f"it uses {', '.join(sorted(axioms - ALLOWED_AXIOMS))}" if axioms - ALLOWED_AXIOMS else ""
