"""The repertoire of lean-magma: rewrites, instances, laws that follow, tables (`prover.actions.equational`)."""

from __future__ import annotations

from prover.actions.equational import is_equational, templates
from prover.actions.repertoire import Repertoire

#: A goal's locals and its terms share the 24 markers of locals: op, laws and variables, then up to 12 terms.
MAGMA = Repertoire(
    name="magma",
    templates=templates(),
    pair_limits={},
    locals=12,
    data=8,
    proofs=8,
    type_tokens=48,
    retrieves=False,
    allows=is_equational,
    equational=True,
)
