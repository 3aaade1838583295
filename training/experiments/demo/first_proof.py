"""The demo's first proof: one theorem of Lean's library, searched, certified and shown before any long work.

    with Lean(workers=1) as lean:
        print(prove_first(lean).text)

`flywheel demo` begins with it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.records import AttemptStatus
from lean_env.benchmark.lean_core.benchmark import load_lean_core
from lean_env.gate.certificate import KernelVerdict
from prover.lean import Lean
from prover.policies.portfolio import PORTFOLIO_EDGES, PortfolioPolicy
from prover.rounds.attempt import Phase, attempt
from prover.rounds.verify import proof_text
from prover.search.best_first import BestFirst
from prover.search.budget import Budget

#: A train theorem of the stratum `hard`: intros, rfl, decide, omega, simp, simp_all and grind alone do not prove it.
#: Portfolio search does in eleven tactics.
THEOREM = "List.reverse_append"
_STEPS = 128
#: Of the options that every tactic state has here, the one without which the text would not elaborate.
_NEEDED = ("tactic.hygienic false",)


class NotProved(Exception):
    """The search for the first proof ended without one: on this machine something is wrong with Lean."""


@dataclass(frozen=True, slots=True)
class FirstProof:
    """`text`: the proof as Lean source, as Lean takes it. `tried`: tactics that the search ran. `seconds`: from the
    request to the certificate, the start of Lean included. `kernels`: each kernel's verdict, as a certificate has it.
    """

    theorem: str
    text: str
    tried: int
    seconds: float
    kernels: Mapping[str, str]

    @property
    def checked(self) -> str:
        """Who accepted the proof, and who could not be asked and why."""
        accepted = [name for name, verdict in self.kernels.items() if verdict == KernelVerdict.ACCEPT]
        if len(accepted) == 2:
            return "checked by two kernels: " + ", ".join(f"{kernel} accepts" for kernel in accepted)
        others = [f"{name} {verdict}" for name, verdict in self.kernels.items() if name not in accepted]
        return f"checked by one kernel: {', '.join(accepted)} accepts; {'; '.join(others)}"


def prove_first(lean: Lean) -> FirstProof:
    """Searches for a proof of THEOREM in its own module's environment, without a model, and has it certified.

    Nothing is stored: it shows that this machine can search and check. Raises NotProved.
    """
    started = time.monotonic()
    theorem = load_lean_core().theorem(THEOREM)
    search = BestFirst(edges_per_state=PORTFOLIO_EDGES)
    phase = Phase(PortfolioPolicy(lean.actions), Budget(_STEPS), search, "portfolio")
    record = attempt(theorem, phase, 0, lean.tools, minimize_steps=32)
    if record is None or record.status is not AttemptStatus.PROVED or record.proof is None:
        reason = record.reason if record else "stopped"
        raise NotProved(f"{THEOREM} was not proved ({reason}); `flywheel doctor` says what is missing or switched off")
    text = proof_text(theorem, [step.tactic for step in record.proof.steps], options=_NEEDED)
    kernels = dict(record.proof.certificate.kernels)
    return FirstProof(THEOREM, text, record.steps, time.monotonic() - started, kernels)
