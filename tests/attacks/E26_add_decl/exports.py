"""What a worker exports whose environment holds unchecked declarations."""

from __future__ import annotations

from handmade import FALSE, LIE, NAT, const, definition, export, fun, number, pi, refl, stated, theorem

from lean_env.library.expression import Bound, Let
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.olean import Kind

TRIVIAL = const("True.intro")
BAD = const("bad")
DECLARATIONS = {
    "theorem": theorem(FALSE, TRIVIAL, name="bad"),
    "definition": definition("bad", FALSE, TRIVIAL),
    "opaque": ExportedDeclaration(Kind.OPAQUE, "bad", (), FALSE, TRIVIAL),
    "definition of no type": definition("bad", number(1), TRIVIAL),
}
CASES = [
    *(
        {
            "name": f"unchecked {name}",
            "stated": stated(FALSE),
            "export": export(declaration, theorem(FALSE, BAD)),
            "verdict": "rejected:kernel",
        }
        for name, declaration in DECLARATIONS.items()
    ),
    {
        "name": "two that cite each other",
        "stated": stated(FALSE),
        "export": export(
            theorem(FALSE, const("second"), name="first"),
            theorem(FALSE, const("first"), name="second"),
            theorem(FALSE, const("second")),
        ),
        "verdict": "rejected:constants",
    },
    {
        "name": "unchecked let inside the proof",
        "stated": stated(LIE),
        "export": export(theorem(LIE, Let("h", LIE, refl(number(1)), Bound(0)))),
        "verdict": "rejected:kernel",
    },
    {
        "name": "unchecked domain",
        "stated": stated(pi(NAT, to=FALSE)),
        "export": export(theorem(pi(NAT, to=FALSE), fun(FALSE, to=Bound(0)))),
        "verdict": "rejected:kernel",
    },
]
