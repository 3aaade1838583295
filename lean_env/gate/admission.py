"""What a proof may mention, wherever it came from: the constants of its theorem's environment, and three axioms.

Two kernels are asked about a proof, and neither can answer this: they accept `False` from `sorryAx`, and they know
nothing of the order in which the library was written.
"""

from __future__ import annotations

from collections.abc import Iterable

from lean_env.gate.axioms import ALLOWED_AXIOMS, FORBIDDEN_CONSTANTS
from lean_env.gate.certificate import Check
from lean_env.gate.proof_term import ProofTerm
from lean_env.library.index import Library, LibraryConstant
from lean_env.library.olean import Safety
from lean_env.theorem import Theorem


class Inadmissible(Exception):
    """The proof does not stand, whatever a kernel says; `check` is the one that failed."""

    def __init__(self, check: Check, reason: str) -> None:
        super().__init__(reason)
        self.check = check
        self.reason = reason


def visible_constants(library: Library, theorem: Theorem, proof: ProofTerm) -> list[LibraryConstant]:
    """All library constants that the proof uses; all in modules that the theorem's environment imports.

    Raises Inadmissible.
    """
    closure = library.closure(theorem.environment)
    if theorem.module in closure:
        raise Inadmissible(Check.CONSTANTS, f"the environment holds {theorem.module}, the theorem's own module")
    for auxiliary in proof.auxiliaries:
        if library.constant(auxiliary.name, theorem.environment) is not None:
            raise Inadmissible(Check.CONSTANTS, f"{auxiliary.name} is declared anew; the library has it")
    found = []
    for name in sorted(proof.constants):
        constant = library.constant(name, theorem.environment)
        if constant is None or (theorem.module is not None and name == theorem.name):
            raise Inadmissible(Check.CONSTANTS, f"{name} is neither visible to the theorem nor declared above its use")
        found.append(constant)
    return found


def axioms_among(constants: Iterable[LibraryConstant]) -> tuple[str, ...]:
    """The axioms used, all allowed. A constant without a body is an axiom only if the library's author said so.

    Raises Inadmissible.
    """
    axioms = []
    for constant in constants:
        if constant.name in FORBIDDEN_CONSTANTS:
            raise Inadmissible(Check.AXIOMS, f"{constant.name} may not be used in a proof")
        if constant.safety is not Safety.SAFE:
            raise Inadmissible(Check.AXIOMS, f"{constant.name} is {constant.safety}")
        if constant.is_true_axiom:
            if constant.name not in ALLOWED_AXIOMS:
                raise Inadmissible(Check.AXIOMS, f"the axiom {constant.name} is not allowed")
            axioms.append(constant.name)
    return tuple(axioms)
