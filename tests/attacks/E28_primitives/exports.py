"""Names that kernels compute by rules of their own, literals, and projections."""

from __future__ import annotations

import json

from handmade import (
    FALSE,
    IDENTITY,
    LIE,
    NAT,
    ONE,
    PROP,
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

from lean_env.library.expression import Bound, Expression, Literal, Projection

BINARY = pi(NAT, NAT, to=NAT)
SMALL = ["Init.Prelude"]
BOOL = const("Bool")


def computed(name: str, left: int, right: int, wrong: Expression) -> dict[str, object]:
    """A false equation of a primitive's value on literals, by reflexivity."""
    type_ = BOOL if name in ("Nat.ble", "Nat.beq") else NAT
    statement = equal(app(name, number(left), number(right)), wrong, type_)
    return {
        "name": f"{name} {str(left)[:20]} {str(right)[:20]} is not that",
        "stated": stated(statement),
        "export": export(theorem(statement, refl(wrong, type_))),
        "verdict": "rejected:kernel",
    }


def redefined(name: str, rule: int) -> dict[str, object]:
    """The name with another body, in an environment that lacks it: by the kernel's own rule its value on 4 and 2 is
    `rule`, by the body 4, so that both would be equal."""
    value = app(name, number(4), number(2))
    by_rule = theorem(equal(value, number(rule)), refl(number(rule)), name="by.rule")
    by_body = theorem(equal(value, number(4)), refl(number(4)), name="by.body")
    reversed_ = app(const("Eq.symm", ONE), NAT, value, number(rule), const("by.rule"))
    both = app(const("Eq.trans", ONE), NAT, number(rule), value, number(4), reversed_, const("by.body"))
    lie = equal(number(rule), number(4))
    return {
        "name": f"{name} with another body",
        "imports": SMALL,
        "stated": stated(lie),
        "export": export(definition(name, BINARY, fun(NAT, NAT, to=Bound(1))), by_rule, by_body, theorem(lie, both)),
        "verdict": "rejected:kernel",
    }


def literal(spelling: object) -> dict[str, object]:
    """`1 = 2` where the literal of one side is spelled so."""
    lines = []
    for line in export(theorem(LIE, refl(number(1)))).splitlines():
        record = json.loads(line)
        lines.append(json.dumps({**record, "natVal": spelling} if record.get("natVal") == "1" else record))
    return {
        "name": f"literal spelled {spelling!a}",
        "stated": stated(LIE),
        "export": "\n".join(lines) + "\n",
        "verdict": "rejected:term",
    }


def projection(name: str, structure: str, index: int, of: Expression, claimed: Expression) -> dict[str, object]:
    return {
        "name": f"projection: {name}",
        "stated": stated(claimed),
        "export": export(theorem(claimed, Projection(structure, index, of))),
        "verdict": "rejected:kernel",
    }


EXISTS = app(const("Exists", ONE), NAT, fun(NAT, to=const("True")))
PAIR = app(const("And.intro"), const("True"), const("True"), const("True.intro"), const("True.intro"))
CHARS = equal(app("Char.ofNat", number(97)), app("Char.ofNat", number(98)), const("Char"))
STRINGS = equal(Literal("a"), Literal("b"), const("String"))
CASES = [
    computed("Nat.gcd", 0, 0, number(1)),
    computed("Nat.div", 1, 0, number(1)),
    computed("Nat.mod", 5, 0, number(0)),
    computed("Nat.sub", 1, 2, number(1)),
    computed("Nat.pow", 0, 0, number(0)),
    computed("Nat.add", 2**64 - 1, 1, number(0)),
    computed("Nat.mul", 2**32, 2**32, number(0)),
    computed("Nat.beq", 2**64, 0, const("Bool.true")),
    computed("Nat.ble", 2**64, 1, const("Bool.true")),
    computed("Nat.land", 6, 3, number(3)),
    computed("Nat.lor", 6, 3, number(6)),
    computed("Nat.xor", 6, 3, number(4)),
    computed("Nat.shiftLeft", 1, 64, number(0)),
    computed("Nat.shiftRight", 1, 64, number(1)),
    redefined("Nat.gcd", 2),
    redefined("Nat.land", 0),
    redefined("Nat.shiftRight", 1),
    *map(literal, ["-1", "+2", "02", "0x2", " 2", "2.0", "2e0", "２", "", 2, None, True]),
    {
        "name": "characters that differ",
        "stated": stated(CHARS),
        "export": export(theorem(CHARS, refl(app("Char.ofNat", number(97)), const("Char")))),
        "verdict": "rejected:kernel",
    },
    {
        "name": "strings that differ",
        "stated": stated(STRINGS),
        "export": export(theorem(STRINGS, refl(Literal("a"), const("String")))),
        "verdict": "rejected:kernel",
    },
    {
        "name": "a string as a number",
        "stated": stated(LIE),
        "export": export(theorem(LIE, refl(Literal("1")))),
        "verdict": "rejected:kernel",
    },
    projection("beyond the structure", "And", 2, PAIR, FALSE),
    projection("of another structure", "PProd", 0, PAIR, const("True")),
    projection("of no structure", "Or", 0, PAIR, const("True")),
    projection("of a name that is no type", "And.intro", 0, PAIR, const("True")),
    projection("of something else", "And", 0, number(1), FALSE),
    projection("the wrong field's type", "And", 0, PAIR, FALSE),
    {
        "name": "projection to a witness",
        "stated": stated(IDENTITY),
        "export": beside(definition("witness", pi(EXISTS, to=NAT), fun(EXISTS, to=Projection("Exists", 0, Bound(0))))),
        "verdict": "rejected:kernel",
    },
    {
        "name": "a proposition in the place of a proof",
        "stated": stated(FALSE),
        "export": export(theorem(FALSE, app(fun(PROP, to=Bound(0)), const("True")))),
        "verdict": "rejected:kernel",
    },
]
