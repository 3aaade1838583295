"""What a header offers to tactics, and that nobody else sees any of it."""

from __future__ import annotations

import pytest

from lean_env.lean_text.commands import command_start
from lean_env.lean_text.theorems import own_names
from lean_env.theorem import Environment, Header
from prover.actions.own_forms import OUTSIDE
from prover.actions.retrieval import PremiseIndex, Retriever
from prover.actions.space import ActionSpace, Situation
from prover.actions.templates import TEMPLATES

HEADER = """
structure Stack where
  items : List Nat
namespace Stack
def size (s : Stack) : Nat := s.items.length
def push (s : Stack) (n : Nat) : Stack := ⟨n :: s.items⟩
theorem size_push (s : Stack) (n : Nat) : size (push s n) = size s + 1 := rfl
theorem open_end (s : Stack) : size s = 0 := by
  sorry
end Stack
/-- `def in_a_comment` -/
abbrev Word := List Nat
lemma unrelated (w : Word) (h : w ≠ []) : 0 < List.length w := List.length_pos_iff.mpr h
"""
OWN = Environment(("Init",), Header(HEADER))
PLAIN = Environment(("Init",))
STATE = "s : Stack\nn : Nat\n⊢ Stack.size (Stack.push s n) = Stack.size s + 1"


@pytest.fixture(scope="module")
def space() -> ActionSpace:
    names = [f"List.lemma_{i}" for i in range(40)]
    index = PremiseIndex(names, ["List"] * 40, ["∀ (l : List Nat), l.length = l.length"] * 40, {"List.length": "List"})
    return ActionSpace(Retriever(index, lambda _environment: frozenset({"List"})))


def texts(situation: Situation) -> list[str]:
    return [situation.text(action) for action in range(len(situation.candidates))]


def test_names_are_full_and_what_is_left_to_prove_is_no_premise() -> None:
    found = own_names(HEADER)
    assert found.definitions == ("Stack.size", "Stack.push", "Word")
    assert [name for name, _ in found.theorems] == ["Stack.size_push", "unrelated"]
    assert found.theorems[0][1] == "∀ (s : Stack) (n : Nat), size (push s n) = size s + 1"


def test_its_definitions_are_unfolded_and_rewritten_with(space: ActionSpace) -> None:
    situation = space.look(OWN, STATE)
    assert situation.definitions == ("Stack.size", "Stack.push")
    tactics = texts(situation)
    for tactic in (
        "simp [Stack.size, Stack.push]",
        "simp_all [Stack.size, Stack.push]",
        "unfold Stack.size",
        "rw [Stack.size]",
        "cases s <;> simp [Stack.size, Stack.push]",
        "induction n <;> simp_all [Stack.size, Stack.push]",
        "fun_induction Stack.size",
    ):
        assert tactic in tactics, tactic


def test_a_namespace_that_is_open_may_be_left_out(space: ActionSpace) -> None:
    assert space.look(OWN, "s : Stack\nh : push s 1 = s\n⊢ size s = 0").definitions == ("size", "push")


def test_its_theorems_are_premises_the_fitting_first_and_none_twice(space: ActionSpace) -> None:
    names = [premise.name for premise in space.look(OWN, STATE).premises]
    assert names[:2] == ["Stack.size_push", "unrelated"] and len(set(names)) == len(names) <= 12
    required = space.look(OWN, STATE, ["unrelated"]).premises[0]
    assert required.name == "unrelated" and required.required
    assert space.premises_in(OWN, "exact unrelated s List.lemma_3") == ["unrelated", "List.lemma_3"]


def test_without_a_header_everything_is_as_it_was(space: ActionSpace) -> None:
    situation = space.look(PLAIN, STATE)
    assert situation.definitions == () and not any("Stack.size_push" in tactic for tactic in texts(situation))
    assert space.retriever is not None
    assert situation.premises == space.retriever.premises(PLAIN, situation.goal)
    assert space.premises_in(PLAIN, "exact unrelated") == []


@pytest.mark.parametrize(
    ("text", "at", "above"),
    [
        ("def a := 1\ntheorem t : a = 1 := by\n  sorry\n", "sorry", "def a := 1\n"),
        ("def a := 1\n/-- Why. -/\n@[simp]\nprivate theorem t : a = 1 := sorry\n", "sorry", "def a := 1\n"),
        ("namespace N\n@[simp] theorem t : 1 = 1 := sorry\nend N\n", "sorry", "namespace N\n"),
        ("theorem t : 1 = 1 := sorry\n", "sorry", ""),
        (
            "/- a -/\ntheorem s : 1 = 1 := rfl\n/- b -/\ntheorem t : 1 = 1 := sorry\n",
            "sorry",
            "/- a -/\ntheorem s : 1 = 1 := rfl\n/- b -/\n",
        ),
    ],
)
def test_what_stands_above_a_place(text: str, at: str, above: str) -> None:
    assert text[: command_start(text, text.index(at))] == above


def test_induction_generalizes_and_simplifies_with_its_definitions(space: ActionSpace) -> None:
    """`induction` over one variable, with the others free in the hypothesis: accumulators need it."""
    tactics = texts(space.look(OWN, "n m : Nat\ns : Stack\n⊢ Stack.size (Stack.push s m) = n"))
    assert "induction s generalizing n m <;> simp_all [Stack.size, Stack.push]" in tactics


def test_what_a_definition_is_made_of_can_be_unfolded_with_it(space: ActionSpace) -> None:
    text = (
        "def Bag := List Nat\nnamespace Bag\ndef empty : Bag := []\ndef amount (s : Bag) : Nat := s.length\n"
        "def put (s : Bag) (n : Nat) : Bag := n :: s\n"
        "def add (s : Bag) (n : Nat) : Bag := s.put (s.amount + n)\nend Bag\n"
    )
    environment = Environment(("Init",), Header(text))
    found = space.look(environment, "s : Bag\nn : Nat\n⊢ Bag.add s n = s").definitions
    assert found == ("Bag.add", "Bag", "Bag.amount", "Bag.put")
    assert space.look(environment, "s : Nat\n⊢ s = s").definitions == ()


def test_forms_for_what_brings_its_own_definitions_or_has_grind(space: ActionSpace) -> None:
    """And none of them for a theorem of the library, whose searches stay as they were."""
    of = {name: {form.form for form in forms} for name, forms in (("outside", OUTSIDE), ("all", TEMPLATES))}
    assert of["outside"] < of["all"]
    own = texts(space.look(OWN, STATE))
    for tactic in (
        "simp [Stack.size, Stack.push]",
        "induction n <;> simp_all [Stack.size, Stack.push] <;> omega",
        "induction s generalizing n <;> grind [Stack.size, Stack.push]",
        "fun_induction Stack.push <;> grind [Stack.size, Stack.push]",
        "grind [Stack.size, Stack.push, Stack.size_push, unrelated, List.lemma_0]",
    ):
        assert tactic in own, tactic
    plain = space.look(PLAIN, STATE)
    assert "induction s <;> grind" in texts(plain) and plain.own == ()
    library = space.look(Environment(("Init.Data.List.Basic",)), STATE)
    offered = {library.template(action).name for action in range(len(library.candidates))}
    assert offered and not offered & {form.name for form in OUTSIDE}


def test_own_definitions_are_the_headers_alone(space: ActionSpace) -> None:
    situation = space.look(OWN, "s : Stack\n⊢ Stack.size s = List.length s.items")
    assert situation.own == ("Stack.size",) and situation.definitions == ("Stack.size", "List.length")
