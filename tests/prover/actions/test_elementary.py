"""The elementary repertoire: what it offers in a state, what it never offers, and how shapes are read."""

import pytest
from small_library import MAP_APPEND, theorem

from lean_env.theorem import Environment
from prover.actions.elementary import ELEMENTARY, is_elementary
from prover.actions.repertoire import LIBRARY, OutsideRepertoire
from prover.actions.space import ActionSpace
from prover.connective import Connective, shape
from prover.policies.grammar import GrammarPolicy
from prover.policy import PolicyQuery

INIT = Environment(("Init",))
SPACE = ActionSpace(None, ELEMENTARY)
LOGIC = """p q r : Prop
h1 : p → q ∨ r
h2 : p
h : q ↔ r
left : p ∧ q
⊢ r ∨ q"""
CHAIN = """α : Type
R : α → α → Prop
h1 : ∀ (x y z : α), R x y → R y z → R x z
a b : α
h2 : R a b
⊢ ∃ x, R a x"""
SUM = """add : Nat → Nat → Nat
add_s : ∀ (x y : Nat), add x (Nat.succ y) = Nat.succ (add x y)
n m : Nat
a_1 : add 0 n = n
⊢ add 0 (n + 1) = n + 1"""


def offered(state):
    situation = SPACE.look(INIT, state)
    return {situation.text(action) for action in range(len(situation.candidates))}


def test_what_a_state_offers():
    assert {
        "left",
        "right",
        "have h3 := h1 h2",
        "cases left",
        "cases h",
        "by_cases h3 : q",
        "rw [h]",
        "exfalso",
        "refine Classical.byContradiction (fun h3 => ?_)",
    } <= offered(LOGIC)
    assert {"exact h1 h2", "exact h3"} <= offered(LOGIC.replace("⊢ r ∨ q", "h3 : q ∨ r\n⊢ q ∨ r"))
    assert "apply h.mp" in offered(LOGIC.replace("⊢ r ∨ q", "⊢ r"))
    assert "apply h.mpr" in offered(LOGIC.replace("⊢ r ∨ q", "⊢ q"))
    assert {"exists a", "exact ⟨_, h2⟩", "have h3 := h1 a", "have h3 := h1 _ _ _ h2", "constructor"} <= offered(CHAIN)
    assert {"induction n", "rw [add_s]", "rw [← a_1]", "rfl"} <= offered(SUM)
    assert {"rw [a_1]", "exact a_1.symm"} <= offered(SUM.replace("⊢ add 0 (n + 1) = n + 1", "⊢ n = add 0 n"))
    assert "subst h1" in offered("n m : Nat\nh1 : n = m\n⊢ m = n")


def test_what_cannot_help_is_not_offered():
    logic = offered(LOGIC)
    # h1 takes a proof of p and yields q ∨ r; nothing splits an implication; there is no ∃, =, ∀ or → to act on.
    assert not {"have h3 := h1 h", "cases h1", "constructor", "rfl", "intro", "exact ⟨_, h2⟩"} & logic
    assert not {"exact h2", "exact h1 h2", "apply h.mp", "have h3 := h1 ?_"} & logic
    assert not {"exact ⟨_, h1⟩", "apply h1", "exact h1 _ _ _ h2", "exact h2"} & offered(CHAIN)
    # n + 1 is not the left side's m; a bare variable is everywhere.
    assert not {"rw [a_1]", "exact a_1", "exact a_1.symm", "subst a_1"} & offered(SUM)
    known = LOGIC.replace("left : p ∧ q", "h3 : q ∨ r")
    assert not [tactic for tactic in offered(known) if tactic.startswith("have")], "what is known is not derived again"


def test_a_consequent_can_be_had_for_a_proof_of_the_antecedent():
    state = "p q r s : Prop\nh1 : (p → q) → r ∧ s\nh2 : q\n⊢ s"
    assert "have h3 := h1 ?_" in offered(state)
    assert "have h3 := h1 ?_" not in offered(state.replace("h2 : q", "h2 : p → q")), "it is at hand"
    assert "have h4 := h1 ?_" not in offered(state.replace("h2 : q", "h2 : r\nh3 : s")), "it is known, part by part"
    weak = "p q r s : Prop\nh1 : p → q ∨ r ∧ s\nh2 : p\nh3 : q\n⊢ s"
    assert not [tactic for tactic in offered(weak) if tactic.startswith("have")], "q says more than q or what not"


def test_propositions_can_be_instantiated_with_true_and_false():
    """What disproves a propositional schema."""
    schema = "a : ∀ (p q : Prop), (p → q) → p\nx : ∀ (n : Nat), n = n\n⊢ False"
    assert {"have h1 := a True", "have h1 := a False"} <= offered(schema)
    assert not {"have h1 := x True", "exact trivial"} & offered(schema)
    assert "exact trivial" in offered("p : Prop\n⊢ True")


def test_hypotheses_with_bracketed_conclusions_are_proofs():
    """Lean prints brackets around an equivalence behind an arrow."""
    assert "have h3 := h1 h2" in offered("p q r : Prop\nh1 : p → (q ↔ r)\nh2 : p\n⊢ q")


def test_the_name_of_what_is_new_does_not_count():
    situation = SPACE.look(INIT, "p q r : Prop\nh1 : p → q ∨ r\nh2 : p\n⊢ r")
    for written, found in [
        ("have h7 := h1 h2", "have h3 := h1 h2"),
        ("by_cases h9 : q", "by_cases h3 : q"),
        ("refine Classical.byContradiction (fun h1 => ?_)", "refine Classical.byContradiction (fun h3 => ?_)"),
    ]:
        assert situation.text(situation.find(written)) == found
    assert situation.find("have h7 := h2 h1") is None


@pytest.mark.parametrize("state", [LOGIC, CHAIN, SUM, MAP_APPEND])
def test_everything_offered_is_elementary_and_found_again(state):
    situation = SPACE.look(INIT, state)
    for action in range(len(situation.candidates)):
        tactic = situation.text(action)
        assert is_elementary(tactic), tactic
        assert situation.text(situation.find(tactic)) == tactic


def test_a_state_with_nothing_to_do_is_no_error():
    assert GrammarPolicy(SPACE).propose([PolicyQuery(theorem(), "⊢ False", 0)]) == [[]]


@pytest.mark.parametrize(
    "tactic",
    [
        "simp",
        "omega",
        "exact by simp",
        "intro; simp",
        "constructor <;> intro",
        "decide",
        "have h : p := by grind",
        " ",
    ],
)
def test_automation_is_not_elementary(tactic):
    assert not is_elementary(tactic)
    with pytest.raises(OutsideRepertoire, match="t is not elementary"):
        ELEMENTARY.require("t", ["intro", tactic])
    LIBRARY.require("t", ["intro", tactic])


@pytest.mark.parametrize(
    ("printed", "connective", "rest"),
    [
        ("p → q ∨ r", Connective.ARROW, {"argument": "p", "yields": "q ∨ r"}),
        ("(p → q) → r", Connective.ARROW, {"argument": "p → q", "yields": "r"}),
        ("p ↔ q → r", Connective.IFF, {}),
        ("¬p ∧ q", Connective.AND, {}),
        ("¬(p ∧ q)", Connective.NOT, {"argument": "p ∧ q", "yields": "False"}),
        ("¬a = b", Connective.NOT, {"argument": "a = b"}),
        ("a ≠ b", Connective.NOT_EQUAL, {"argument": "a = b", "yields": "False"}),
        ("p ∨ ∀ (x : α), P x ↔ Q x", Connective.OR, {}),
        ("∃ x, P x ∧ Q x", Connective.EXISTS, {}),
        ("∀ (x y : α), ∀ (n : Nat), R x n", Connective.FORALL, {}),
        ("∀ (x : Nat) (l r : T), mir x = l", Connective.FORALL, {}),
        ("f (a = b)", Connective.ATOM, {}),
        ("(False)", Connective.FALSE, {}),
    ],
)
def test_the_main_connective_is_read_by_precedence(printed, connective, rest):
    seen = shape(printed)
    assert seen.connective is connective
    for name, value in rest.items():
        assert getattr(seen, name) == value
