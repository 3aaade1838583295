"""What a proof may mention, wherever it came from: the constants of its theorem's environment, and three axioms.

Two kernels are asked about a proof, and neither can answer this: they accept `False` from `sorryAx`, and they know
nothing of the order in which the library was written.
"""

from __future__ import annotations

from collections.abc import Iterable

from lean_env.gate.axioms import ALLOWED_AXIOMS, FORBIDDEN_CONSTANTS
from lean_env.gate.certificate import Check
from lean_env.gate.header_term import NO_HEADER, OURS, HeaderTerm
from lean_env.gate.proof_term import ProofTerm
from lean_env.library.index import Library, LibraryConstant
from lean_env.library.inductive import names_of
from lean_env.library.olean import Safety
from lean_env.theorem import Environment, Theorem


class Inadmissible(Exception):
    """The proof does not stand, whatever a kernel says; `check` is the one that failed."""

    def __init__(self, check: Check, reason: str) -> None:
        super().__init__(reason)
        self.check = check
        self.reason = reason


def require_own_names(library: Library, header: HeaderTerm) -> None:
    """A header's constants are new: the library has none of their names, not even where the theorem cannot see it, and
    none is ours. Raises Inadmissible."""
    for name in header.home:
        if name.split(".")[0].strip("«»") == OURS:
            raise Inadmissible(Check.HEADER, f"it declares {name}, a name of this program")
        if library.constant(name) is not None:
            raise Inadmissible(Check.HEADER, f"it declares {name}, which the library has")


def visible_constants(
    library: Library, theorem: Theorem, proof: ProofTerm, header: HeaderTerm = NO_HEADER
) -> list[LibraryConstant]:
    """All library constants that the proof and what it uses of the header mention; all in modules that the theorem's
    environment imports.

    Raises Inadmissible.
    """
    environment = theorem.environment
    closure = library.closure(environment)
    if theorem.module in closure:
        raise Inadmissible(Check.CONSTANTS, f"the environment holds {theorem.module}, the theorem's own module")
    for auxiliary in proof.auxiliaries:
        if auxiliary.name in header.home or library.constant(auxiliary.name, environment) is not None:
            owner = "header" if auxiliary.name in header.home else "library"
            raise Inadmissible(Check.CONSTANTS, f"{auxiliary.name} is declared anew; the {owner} has it")
    found = []
    used = proof.constants | header.needed_by(header.closure(proof.constants))
    for name in sorted(used - header.home.keys()):
        constant = library.constant(name, environment)
        if constant is None or (theorem.module is not None and name == theorem.name):
            raise Inadmissible(Check.CONSTANTS, f"{name} is neither visible to the theorem nor declared above its use")
        found.append(constant)
    return found


def usable_names(library: Library, environment: Environment, header: HeaderTerm) -> frozenset[str]:
    """The header's constants that a proof may mention: those that rest on nothing which no proof may rest on.

    A lemma by `sorry` is not among them; it harms nobody who does not use it. Raises Inadmissible where a declaration
    mentions what is in none of the environment's modules."""
    usable: set[str] = set()
    verdicts: dict[str, bool] = {}
    for declared, needs in zip(header.declarations, header.needs, strict=True):
        for name in sorted(needs - header.home.keys() - verdicts.keys()):
            constant = library.constant(name, environment)
            if constant is None:
                raise Inadmissible(Check.HEADER, f"{names_of(declared)[0]} uses {name}, which its imports do not have")
            verdicts[name] = _is_admissible(constant)
        if all(verdicts.get(name, name in usable) for name in needs):
            usable.update(names_of(declared))
    return frozenset(usable)


def _is_admissible(constant: LibraryConstant) -> bool:
    try:
        axioms_among([constant])
    except Inadmissible:
        return False
    return True


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
