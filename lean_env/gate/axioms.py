"""The one list of what a proof may rest on.

Kernels accept `False` from `sorryAx` or `Lean.ofReduceBool`: to them these are constants like any other. Only a list of
names can tell, so there is exactly one, and only the gate reads it. Names are compared as whole names, never as text
inside messages: Lean's wording changes between versions.
"""

from __future__ import annotations

#: The axioms of Lean's own foundations. Everything else that the library declares as an axiom is refused.
ALLOWED_AXIOMS = frozenset({"propext", "Classical.choice", "Quot.sound"})

#: Constants that no proof may mention, whatever their kind. `sorryAx` closes any goal. `ofReduceBool`, `ofReduceNat`
#: and `trustCompiler` believe compiled code (`native_decide`). A kernel that meets `reduceBool` or `reduceNat` runs
#: it. The `lc…` family and `Quot.lcInv` are the compiler's own casts, "proofs" of anything after type checking.
FORBIDDEN_CONSTANTS = frozenset(
    {
        "sorryAx",
        "Lean.ofReduceBool",
        "Lean.ofReduceNat",
        "Lean.trustCompiler",
        "Lean.reduceBool",
        "Lean.reduceNat",
        "lcProof",
        "lcUnreachable",
        "lcAny",
        "lcErased",
        "lcVoid",
        "lcCast",
        "Quot.lcInv",
    }
)
