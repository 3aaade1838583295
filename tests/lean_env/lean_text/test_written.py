"""Names as a Lean file spells them; that Lean reads them back: tests/prover/test_lean_files.py."""

from __future__ import annotations

import pytest

from lean_env.lean_text.written import written


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Nat.add_comm", "Nat.add_comm"),
        ("logic.p.000066", "logic.p.«000066»"),
        ("Option.map₂'", "Option.map₂'"),
        ("a b.c-d", "«a b».«c-d»"),
        ("«x.y».z", "«x.y».z"),
        ("α.β!", "α.β!"),
    ],
)
def test_what_is_no_identifier_is_quoted(name: str, spelled: str) -> None:
    assert written(name) == spelled and written(spelled) == spelled
