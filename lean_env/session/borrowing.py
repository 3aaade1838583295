"""What a proof borrowed, and the closed term that the gate decides about.

A worker exports a proof with everything that lies above the imports, the lemmas it used included. Of that only its own
part is kept: the lemmas are put back in from where they are stored, so that what is decided is what the corpus holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lean_env.gate.header_term import OURS, mentioned
from lean_env.gate.proof_term import TARGET, ProofTerm
from lean_env.lemmas import Lemma, Lemmas
from lean_env.library.ndjson import ExportedDeclaration, NdjsonError, read_declarations
from lean_env.library.ndjson_writer import write_declarations


@dataclass(frozen=True, slots=True)
class Borrowing:
    """`whole`: the proof with all that it rests on, for the gate. `own`: its own part, as `Lemma.term` wants it, '' for
    a theorem whose name is not known to be free. `lemmas`: what it names itself; `closure`: with what these rest on."""

    whole: str
    own: str
    lemmas: tuple[Lemma, ...]
    closure: tuple[Lemma, ...]


def borrowing(name: str, exported: str, lemmas: Lemmas | None) -> Borrowing:
    """Takes the export of a proof of the theorem `name` apart. Raises NdjsonError."""
    proof = ProofTerm.read(exported)
    known = {} if lemmas is None else {declared: lemma for lemma in lemmas for declared in declared_by(lemma)}
    own = [auxiliary for auxiliary in proof.auxiliaries if auxiliary.name not in known]
    used = _mentioned((*own, proof.target)) & known.keys()
    direct = tuple(dict.fromkeys(known[one].name for one in sorted(used)))
    closure = () if lemmas is None else lemmas.closure(direct)
    names = _own_names(name, [one.name for one in own])
    return Borrowing(
        whole=_whole(closure, (*own, proof.target)) if closure else exported,
        own=write_declarations((*own, proof.target), names, binders=True),
        lemmas=tuple(lemma for lemma in closure if lemma.name in direct),
        closure=closure,
    )


def declared_by(lemma: Lemma) -> list[str]:
    """The constants that a lemma brings. Raises NdjsonError."""
    return [declaration.name for declaration in read_declarations(lemma.term)]


def _whole(closure: Sequence[Lemma], own: Sequence[ExportedDeclaration]) -> str:
    borrowed = [declaration for lemma in closure for declaration in read_declarations(lemma.term)]
    taken = {declaration.name for declaration in borrowed}
    for declaration in own:
        if declaration.name in taken:
            raise NdjsonError(f"{declaration.name} is a lemma's, and declared anew")
    return write_declarations((*borrowed, *own))


def _own_names(name: str, auxiliaries: Sequence[str]) -> dict[str, str]:
    """Names that no other lemma's auxiliaries have: they lie in one environment."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    renamed = {auxiliary: f"{OURS}.lemma.x{digest}.{place}" for place, auxiliary in enumerate(auxiliaries)}
    return {**renamed, TARGET: name}


def _mentioned(declarations: Sequence[ExportedDeclaration]) -> set[str]:
    return mentioned([term for one in declarations for term in (one.type, one.value)])[0]
