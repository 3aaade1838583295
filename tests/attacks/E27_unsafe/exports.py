"""Exports that say unsafe or partial of themselves, and constants that the library marks so."""

from __future__ import annotations

import json
from collections.abc import Mapping

from handmade import FALSE, IDENTITY, IDENTITY_PROOF, const, definition, export, stated, theorem

DEFINITION = export(definition("bad", IDENTITY, IDENTITY_PROOF), theorem(IDENTITY, const("bad")))


def changed(kind: str, fields: Mapping[str, object]) -> str:
    """The honest export with some fields of its one declaration of that kind changed."""
    lines = []
    for line in DEFINITION.splitlines():
        record = json.loads(line)
        if kind in record:
            record[kind] |= fields
        lines.append(json.dumps(record))
    return "\n".join(lines) + "\n"


CASES = [
    {"name": name, "stated": stated(statement), "export": text, "verdict": verdict}
    for name, statement, text, verdict in (
        ("honest", IDENTITY, DEFINITION, "accepted"),
        ("unsafe", IDENTITY, changed("def", {"safety": "unsafe"}), "rejected:term"),
        ("partial", IDENTITY, changed("def", {"safety": "partial"}), "rejected:term"),
        ("safety unheard of", IDENTITY, changed("def", {"safety": "extern"}), "rejected:term"),
        ("one field more", IDENTITY, changed("def", {"implemented_by": "bad"}), "rejected:term"),
        ("a target that recurs", FALSE, export(theorem(FALSE, const("flywheel.target"))), "rejected:constants"),
        (
            "an auxiliary that recurs",
            FALSE,
            export(theorem(FALSE, const("loop"), name="loop"), theorem(FALSE, const("loop"))),
            "rejected:constants",
        ),
    )
]
