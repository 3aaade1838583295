"""Terms behind known kernel bugs, as far as an export can spell them. Each certificate names the kernels' versions.

lean4#8060: `Nat.pow` took a constant for a literal. lean4#14484: an opaque's value was not searched for free variables;
the format has none, and a loose bound variable is refused. lean4#14576 and 14607: inductives, of which no proof brings
any. Level arithmetic: `imax` and `max` that look equal (found in other kernels).
"""

from __future__ import annotations

import json

from handmade import (
    FALSE,
    IDENTITY,
    IDENTITY_PROOF,
    NAT,
    ONE,
    U,
    app,
    beside,
    const,
    definition,
    equal,
    export,
    fun,
    number,
    pi,
    refl,
    stated,
    theorem,
)

from lean_env.library.expression import Bound, Expression, IMax, Level, Literal, Max, Param, Projection, Sort, Succ
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.olean import Kind

HONEST_LINES = export(theorem(IDENTITY, IDENTITY_PROOF)).splitlines()
NEXT = sum('"ie"' in line for line in HONEST_LINES)


def opaque(name: str, type_: Expression, value: Expression) -> ExportedDeclaration:
    return ExportedDeclaration(Kind.OPAQUE, name, (), type_, value)


def with_line(record: object) -> str:
    """An honest export with another record in front of its last line."""
    return "\n".join([*HONEST_LINES[:-1], json.dumps(record), HONEST_LINES[-1]]) + "\n"


def pow_of(name: str, right: int, claimed: int) -> dict[str, object]:
    base = opaque("base", NAT, number(2))
    power = equal(app("Nat.pow", const("base"), number(right)), number(claimed))
    return {
        "name": name,
        "stated": stated(IDENTITY),
        "export": beside(theorem(power, refl(number(claimed)), name="power"), base),
        "verdict": "rejected:kernel",
    }


def universes(name: str, domain: Level, codomain: Level, verdict: str = "rejected:kernel") -> dict[str, object]:
    """The identity from one universe to another, which is none of its own: it would carry data into propositions."""
    down = definition("down", pi(Sort(domain), to=Sort(codomain)), fun(Sort(domain), to=Bound(0)), "u", "v")
    return {
        "name": f"universes: {name}",
        "stated": stated(IDENTITY),
        "export": beside(down),
        "verdict": verdict,
    }


V = Param("v")
BOTH = app("And", const("True"), const("True"))
INHABITED = app(const("Nonempty", ONE), NAT)
WITNESS = fun(
    INHABITED, to=app(const("Nonempty.rec", ONE), NAT, fun(INHABITED, to=NAT), fun(NAT, to=Bound(0)), Bound(0))
)
CASES = [
    pow_of("8060: power of an opaque constant", 2, 4),
    pow_of("8060: first power of an opaque constant", 1, 1),
    *(
        {"name": name, "stated": stated(IDENTITY), "export": with_line(record), "verdict": "rejected:term"}
        for name, record in {
            "14484: a free variable": {"ie": NEXT, "fvar": {"name": 1}},
            "14484: a metavariable": {"ie": NEXT, "mvar": {"name": 1}},
            "14576: an inductive": {"inductive": {"types": [], "ctors": [], "recs": []}},
            "14576: a constructor": {"ctor": {"name": 1, "levelParams": [], "type": 0}},
            "a recursor": {"rec": {"name": 1, "levelParams": [], "type": 0}},
            "a quotient": {"quot": {"name": 1, "levelParams": [], "type": 0, "kind": "type"}},
        }.items()
    ),
    {
        "name": "14484: a loose variable in an opaque",
        "stated": stated(FALSE),
        "export": export(opaque("bad", FALSE, Bound(0)), theorem(FALSE, const("bad"))),
        "verdict": "rejected:term",
    },
    {
        "name": "14484: a loose variable in the target",
        "stated": stated(FALSE),
        "export": export(theorem(FALSE, Bound(0))),
        "verdict": "rejected:term",
    },
    {
        "name": "14576: a projection of another structure under a lambda",
        "stated": stated(IDENTITY),
        "export": beside(
            theorem(pi(BOTH, to=const("True")), fun(BOTH, to=Projection("PProd", 0, Bound(0))), name="first")
        ),
        "verdict": "rejected:kernel",
    },
    universes("the same", IMax(U, Succ(V)), Max(U, Succ(V)), "accepted"),
    universes("one higher", Succ(U), U),
    universes("imax with a successor", Succ(IMax(U, V)), IMax(U, V)),
    universes("imax is not max", IMax(U, V), Max(U, V)),
    universes("max is not its part", Max(U, V), U),
    {
        "name": "a projection of its own structure",
        "stated": stated(IDENTITY),
        "export": beside(
            theorem(pi(BOTH, to=const("True")), fun(BOTH, to=Projection("And", 0, Bound(0))), name="first")
        ),
        "verdict": "accepted",
    },
    {
        "name": "proof irrelevance of data",
        "stated": stated(BOOLS := equal(const("Bool.true"), const("Bool.false"), const("Bool"))),
        "export": export(theorem(BOOLS, refl(const("Bool.true"), const("Bool")))),
        "verdict": "rejected:kernel",
    },
    {
        "name": "a witness by large elimination",
        "stated": stated(IDENTITY),
        "export": beside(definition("witness", pi(INHABITED, to=NAT), WITNESS)),
        "verdict": "rejected:kernel",
    },
    {
        "name": "a string literal unfolded to another",
        "stated": stated(LENGTH := equal(app("String.length", Literal("é")), number(2))),
        "export": export(theorem(LENGTH, refl(number(2)))),
        "verdict": "rejected:kernel",
    },
]
