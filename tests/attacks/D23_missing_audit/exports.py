"""What a worker sends that has no proof to send: nothing, an error's text, half an export."""

from __future__ import annotations

from handmade import IDENTITY, IDENTITY_PROOF, LIE, export, stated, theorem

HONEST = export(theorem(IDENTITY, IDENTITY_PROOF))
TEXTS = {
    "nothing": "",
    "empty lines": "\n\n",
    "no goals": "no goals\n",
    "an acceptance": '{"verdict": "accept"}\n',
    "an audit of Lean's": "'attack' does not depend on any axioms\n",
    "an error before the proof": "error: unsolved goals\n" + HONEST,
    "an error behind the proof": HONEST + "error: unsolved goals\n",
    "the head alone": HONEST.splitlines()[0] + "\n",
    "all but the theorem": "\n".join(HONEST.splitlines()[:-1]) + "\n",
    "the theorem alone": HONEST.splitlines()[-1] + "\n",
    "half of it": HONEST[: len(HONEST) // 2],
    "null": "null\n",
    "a number": "1\n",
    "nested without end": "[" * 100_000 + "\n",
}
CASES = [
    *(
        {"name": name, "stated": stated(IDENTITY), "export": text, "verdict": "rejected:term"}
        for name, text in TEXTS.items()
    ),
    {"name": "an honest proof of something else", "stated": stated(LIE), "export": HONEST, "verdict": "rejected:type"},
]
