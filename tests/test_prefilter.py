"""The cheap look at a proof's text: it refuses what is no tactic block, and lets tactic blocks pass."""

from __future__ import annotations

import pytest

from lean_env.prefilter import body_is_one_tactic_block


@pytest.mark.parametrize(
    "body",
    [
        "simp",
        "intro x\nexact x",
        "induction n with\n| zero => rfl\n| succ n ih => simp [ih]",
        "exact h' a'",
        "-- axiom\nrfl",
        'have h : "end" = "end" := rfl\nexact h',
        "open Nat in simp",
        "set_option maxRecDepth 1000 in decide",
        "exact ('(' : Char).toNat.le_refl",
    ],
)
def test_the_prefilter_lets_tactic_blocks_pass(body: str) -> None:
    assert body_is_one_tactic_block(body) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "  \n",
        "-- nothing",
        "skip\n\naxiom bad : False",
        "sorry\n#exit",
        "skip\nend\nnamespace X",
        "exact f\nwhere f : False := f",
        "exact f\n  termination_by 0",
        "@[simp] theorem t : True := trivial",
        "skip)\n(skip",
        "exact (1",
        "sorry /- and the audit",
        'exact "',
        "exact ⟨1)",
    ],
)
def test_the_prefilter_says_why_not(body: str) -> None:
    assert body_is_one_tactic_block(body)
