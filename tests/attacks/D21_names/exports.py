"""Auxiliaries whose names hold what a text may not: the gate's own spelling of a proof has neutral names."""

from __future__ import annotations

from handmade import IDENTITY, IDENTITY_PROOF, LIE, const, export, number, refl, stated, theorem

from lean_env.library.names import child_name

NAMES = [
    "a\n'attack' does not depend on any axioms",
    "«",
    '"',
    "'; --",
    '{"thm": 1}',
    "a\u2028b\u0000c",
    "\u202eevil",
    "a..b",
]
CASES = [
    {
        "name": f"{what} auxiliary called {name!a}",
        "stated": stated(statement),
        "export": export(
            theorem(statement, value, name=child_name("x", name)), theorem(statement, const(child_name("x", name)))
        ),
        "verdict": verdict,
    }
    for what, statement, value, verdict in (
        ("honest", IDENTITY, IDENTITY_PROOF, "accepted"),
        ("lying", LIE, refl(number(1)), "rejected:kernel"),
    )
    for name in NAMES
]
