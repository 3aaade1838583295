"""Names of variables exchanged: the same kind of statement, and a proof of it, for Lean itself."""

from __future__ import annotations

from collections import Counter

import pytest

from corpus.records import StepRecord
from lean_env.session.leandojo import ProofFinished
from lean_env.theorem import Environment, Theorem
from prover.benchmarks.variant_texts import goal_of, statement_of
from prover.lean import Lean
from training.data.dataset import TrainingProof
from training.data.exchange import exchanged
from training.trainers.text_config import TextData
from training.trainers.text_data import examples

INIT = Environment(("Init",))
PROOFS = [
    ("p q r : Prop\nh1 : p ∧ (q → r)\nh2 : q\n⊢ r ∧ p", "cases h1\nconstructor\nexact right h2\nexact left"),
    (
        "τ : Type\nQ R : τ → Prop\nc n : τ\nh1 : ∀ (z : τ), Q z → R z\nh2 : Q c ∧ Q n\n⊢ R n",
        "cases h2\nexact h1 n right",
    ),
    ("f g : Nat → Nat\nh1 : ∀ (v : Nat), f v = g v\n⊢ g (f 0) = f (f 0)", "rw [h1 (f 0)]"),
    ("p q : Prop\nh : p ↔ q\nh_1 : q\n⊢ p", "exact h.mpr h_1"),
]


def test_names_of_one_type_and_hypotheses_are_exchanged_everywhere_and_nothing_else_is():
    state, text = PROOFS[1]
    drawn = Counter(exchanged(state, text, number) for number in range(1, 120))
    assert len(drawn) == 8, "two predicates, two elements, two hypotheses; τ has nobody to change with"
    assert drawn.most_common()[-1][1] >= 5, "each as likely"
    other = (
        "τ : Type\nQ R : τ → Prop\nc n : τ\nh1 : R n ∧ R c\nh2 : ∀ (z : τ), R z → Q z\n⊢ Q c",
        "cases h1\nexact h2 c right",
    )
    assert other in drawn and (state, text) in drawn
    drawn = Counter(exchanged(*PROOFS[3], number) for number in range(1, 20))
    assert ("p q : Prop\nh : q\nh_1 : p ↔ q\n⊢ p", "exact h_1.mpr h") in drawn, "up to a dot"
    assert exchanged("p : Prop\nh : p\n⊢ p", "exact h", 3) == ("p : Prop\nh : p\n⊢ p", "exact h")


def test_hypotheses_stay_where_something_stands_between_them_or_a_line_is_broken():
    apart = ("p q : Prop\nh1 : p\nα : Type\nh2 : q\n⊢ p", "exact h1")
    broken = ("α : Type\nh1 : α = α\nh2 :\n  ∀ x : α,\n    x = x\n⊢ α = α", "exact h1")
    wrapped = ("α : Type\nh1 : α = α\nh2 : α = α ∧\n  α = α\n⊢ α = α", "exact h1")
    for state, text in (apart, broken, wrapped):
        assert all("h1" in exchanged(state, text, number)[1] for number in range(1, 20))
    goals = ("p q : Prop\nh1 : p\nh2 : q\n⊢ p\n\np q : Prop\nh2 : q\nh3 : p\n⊢ q", "exact h1")
    assert {exchanged(*goals, number)[1] for number in range(1, 20)} == {"exact h1"}
    first_two = "α : Type\nh1 : α = α\nh2 : α ≠ α\nh3 : α = α ∧\n  α = α\n⊢ α = α"
    drawn = {exchanged(first_two, "exact h1", number) for number in range(1, 20)}
    assert drawn == {
        (first_two, "exact h1"),
        (first_two.replace("h1 : α = α\nh2 : α ≠ α", "h1 : α ≠ α\nh2 : α = α"), "exact h2"),
    }


def test_lean_takes_what_is_exchanged():
    with Lean(1, spares=0) as lean:
        for place, (state, text) in enumerate(PROOFS):
            for other, tactics in {exchanged(state, text, number) for number in range(6)}:
                goal = Theorem(f"t{place}", statement_of(goal_of(other)), INIT)
                with lean.tools.open_session(goal) as (session, root):
                    assert root.pp == other, "printed as Lean prints it"
                    reached = root
                    for tactic in tactics.split("\n"):
                        reached = session.run_tac(reached, tactic)
                    assert isinstance(reached, ProofFinished), (other, tactics, reached)


@pytest.mark.parametrize("writes", ["tactic", "proof"])
def test_each_row_is_there_as_often_and_what_is_held_out_once(writes):
    def proof(name: str) -> TrainingProof:
        steps = (StepRecord(PROOFS[3][0].replace("h :", f"{name} :"), f"exact {name}.mpr h_1", "no goals"),)
        return TrainingProof(Theorem(name, "", INIT), steps, "policy")

    proofs = [proof(f"k{number}") for number in range(12)]
    plain, report = examples(proofs, TextData(valid_share=0.5), writes)
    held = sum(one.held_out for one in plain)
    assert 0 < held < 12
    found, told = examples(proofs, TextData(valid_share=0.5, exchanged=2), writes)
    assert found[:12] == plain and len(found) == 12 + 2 * (12 - held) and told == report
    assert set(Counter(one.name for one in found if not one.held_out).values()) == {3}
    assert {one.state for one in found} > {one.state for one in plain}
