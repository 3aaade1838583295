"""Variants as text: each kind of change, none twice, and what cannot be written is left out."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from prover.benchmarks.variant_texts import denial_of, goal_of, statement_of, variants

GOAL = goal_of("p q r : Prop\nhp : p ∧ (q ∨ r)\nhq : (q ∨ r) → r\n⊢ (p ∧ r) ∨ (q → p)")
SYMBOLS = "(p : Prop) (q : Prop) (r : Prop)"


def made(printed: str, kind: str) -> list[str]:
    """Of one change of this kind."""
    found = variants(goal_of(printed), [goal_of("p : Prop\nh : p\n⊢ p")])
    return [statement_of(one.goal) for one in found if one.made_by == (kind,)]


def test_each_kind_of_change() -> None:
    printed = "p q : Prop\nh : p ∧ q\n⊢ p → (q ∨ p)"
    assert made(printed, "drop a hypothesis") == ["(p : Prop) (q : Prop) : p → (q ∨ p)"]
    assert made(printed, "add a hypothesis")[:2] == [
        "(p : Prop) (q : Prop) (h : p ∧ q) (h1 : p) : p → (q ∨ p)",
        "(p : Prop) (q : Prop) (h : p ∧ q) (h1 : ¬p) : p → (q ∨ p)",
    ]
    assert made(printed, "generalise") == ["(p : Prop) (q : Prop) (q1 : Prop) (h : p ∧ q) : p → q1"]
    assert made(printed, "specialise") == [
        "(p : Prop) (h : p ∧ p) : p → (p ∨ p)",
        "(q : Prop) (h : True ∧ q) : True → (q ∨ True)",
        "(q : Prop) (h : False ∧ q) : False → (q ∨ False)",
        "(p : Prop) (h : p ∧ True) : p → (True ∨ p)",
        "(p : Prop) (h : p ∧ False) : p → (False ∨ p)",
    ]
    assert made(printed, "swap") == [
        "(p : Prop) (q : Prop) (h : p ∧ q) : q → (p ∨ q)",
        "(p : Prop) (q : Prop) (h : q ∧ p) : p → (q ∨ p)",
    ]
    assert made(printed, "part") == [
        "(p : Prop) (q : Prop) (h : p ∧ q) (h1 : p) : q ∨ p",
        "(p : Prop) (q : Prop) (h : p ∧ q) : q ∨ p",
        "(p : Prop) (q : Prop) (h : p) : p → (q ∨ p)",
        "(p : Prop) (q : Prop) (h : q) : p → (q ∨ p)",
    ]
    assert made(printed, "open goal") == ["(p : Prop) (h : p) : p"]


def test_what_others_speak_of_is_not_dropped_and_names_are_whole_words() -> None:
    printed = "α : Type\nx x' : α\nP : α → Prop\nh : P x'\nk : h = h\n⊢ P x' → P x"
    assert all("(h : P x')" in text for text in made(printed, "drop a hypothesis"))
    assert "{α : Type} (x : α) (x' : α) (P : α → Prop) (h : P x) (k : h = h) : P x' → P x" in made(printed, "swap")


def test_kinds_take_turns_and_no_text_comes_twice() -> None:
    found = list(islice(variants(GOAL), 200))
    texts = [statement_of(one.goal) for one in found]
    assert len(set(texts)) == len(texts) == 200 and statement_of(GOAL) not in texts
    counts = Counter(one.made_by[-1] for one in found)
    assert len(counts) == 6 and min(counts.values()) > 20
    lengths = [len(one.made_by) for one in found]
    assert lengths == sorted(lengths) and max(lengths) <= 3, "near ones first"
    assert texts == [statement_of(one.goal) for one in islice(variants(GOAL), 200)]


def test_a_denial_speaks_of_all_variables_and_what_cannot_be_written_is_none() -> None:
    assert denial_of(GOAL) == f": ¬ ∀ {SYMBOLS} (hp : p ∧ (q ∨ r)) (hq : (q ∨ r) → r), (p ∧ r) ∨ (q → p)"
    assert denial_of(goal_of("⊢ 1 = 2")) == ": ¬ (1 = 2)"
    hidden = goal_of("p : Prop\nh✝ : p\n⊢ p")
    assert statement_of(hidden) == "" == denial_of(hidden)
    assert "h✝" not in "".join(statement_of(one.goal) for one in variants(hidden))
