"""A standard axiom's name over another type. `opaque` and `theorem` need a value, so the lie is in the type."""

from __future__ import annotations

import json

from handmade import FALSE, LIE, app, const, definition, export, fun, pi, stated, theorem

from lean_env.library.expression import Bound
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.olean import Kind

TRIVIAL = const("True.intro")


def lie_by(name: str) -> str:
    """`name : 1 = 2`, with a value that is no proof of it, and the target by it."""
    return export(theorem(LIE, TRIVIAL, name=name), theorem(LIE, const(name)))


def as_axiom(name: str) -> str:
    """The same with `name` as an axiom."""
    *lines, target = export(theorem(LIE, TRIVIAL, name=name), theorem(LIE, const(name))).splitlines()
    (at,) = [i for i, line in enumerate(lines) if "thm" in line]
    record = json.loads(lines[at])["thm"]
    lines[at] = json.dumps(
        {"axiom": {"name": record["name"], "levelParams": [], "type": record["type"], "isUnsafe": False}}
    )
    return "\n".join([*lines, target]) + "\n"


SMALL = ["Init.Prelude"]  # holds neither propext nor Quot.sound
OPAQUE = ExportedDeclaration(Kind.OPAQUE, "propext", (), pi(FALSE, to=FALSE), fun(FALSE, to=Bound(0)))
CASES = [
    *(
        {"name": name, "stated": stated(LIE), "export": lie_by(name), "verdict": "rejected:constants"}
        for name in ("propext", "Classical.choice", "Quot.sound")
    ),
    {"name": "a new axiom", "stated": stated(LIE), "export": as_axiom("bad"), "verdict": "rejected:term"},
    {"name": "propext as an axiom", "stated": stated(LIE), "export": as_axiom("propext"), "verdict": "rejected:term"},
    {
        "name": "propext where the environment lacks it",
        "imports": SMALL,
        "stated": stated(LIE),
        "export": lie_by("propext"),
        "verdict": "rejected:kernel",
    },
    {
        "name": "an honest opaque of that name where the environment lacks it",
        "imports": SMALL,
        "stated": stated(pi(FALSE, to=FALSE)),
        "export": export(OPAQUE, theorem(pi(FALSE, to=FALSE), const("propext"))),
        "verdict": "accepted",
    },
    {
        "name": "a definition that calls itself sorryAx",
        "stated": stated(LIE),
        "export": export(definition("sorryAx", LIE, TRIVIAL), theorem(LIE, app("sorryAx"))),
        "verdict": "rejected:constants",
    },
]
