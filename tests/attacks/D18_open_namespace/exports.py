"""Two theorems under the name that the gate looks at."""

from __future__ import annotations

from handmade import IDENTITY, IDENTITY_PROOF, LIE, const, export, number, refl, stated, theorem

HONEST = theorem(IDENTITY, IDENTITY_PROOF)
LYING = theorem(LIE, refl(number(1)))
CASES = [
    {"name": "honest twin first", "stated": stated(LIE), "export": export(HONEST, LYING), "verdict": "rejected:term"},
    {"name": "honest twin last", "stated": stated(LIE), "export": export(LYING, HONEST), "verdict": "rejected:term"},
    {
        "name": "a twin in a namespace",
        "stated": stated(LIE),
        "export": export(theorem(LIE, const("True.intro"), name="Evil.flywheel.target"), HONEST),
        "verdict": "rejected:type",
    },
]
