"""Definitions of the library brought along with another value."""

from __future__ import annotations

from handmade import IDENTITY, LIE, NAT, PROP, beside, const, definition, export, fun, number, pi, refl, stated, theorem

PRED = definition("Nat.pred", pi(NAT, to=NAT), fun(NAT, to=number(0)))
LESS = definition("Nat.lt", pi(NAT, NAT, to=PROP), fun(NAT, NAT, to=const("True")))
HELPER = theorem(LIE, refl(number(1)), name="helper")


CASES = [
    {"name": name, "stated": stated(statement), "export": text, "verdict": verdict}
    for name, statement, text, verdict in (
        ("Nat.pred is constant", IDENTITY, beside(PRED), "rejected:constants"),
        ("Nat.lt is true", IDENTITY, beside(LESS), "rejected:constants"),
        ("a helper that proves another thing", LIE, export(HELPER, theorem(LIE, const("helper"))), "rejected:kernel"),
    )
]
