"""Goals as Lean prints them, and what becomes of them."""

from hypothesis import given
from hypothesis import strategies as st

from prover.goal import Goal, LocalKind, first_goal, goal_texts, outside_brackets, parse_goal, split_top_level

STATE = """case cons
α : Type u_1
β : α → Type
inst : BEq α
inst✝ : LawfulBEq α
p : Prop
q : α → Prop
f : α → Option α
a b : α
l : List α
h : ∀ (x : α), x ∈ l →
    f x = none
hq : q a
k : Nat := 3 + 4
s : { x // x ∈ l }
x✝ : Decidable (a = b)
⊢ List.map f (a :: l) =
    f a :: List.map f l

case nil
⊢ [] = []"""


def test_every_kind_of_local_is_told_apart():
    goal, _ = map(parse_goal, goal_texts(STATE))
    kinds = {local.name: local.kind for local in goal.locals}
    assert kinds == {
        "α": LocalKind.TYPE,
        "β": LocalKind.FUNCTION,
        "inst": LocalKind.INSTANCE,
        "inst✝": LocalKind.INSTANCE,
        "p": LocalKind.PROPOSITION,
        "q": LocalKind.FUNCTION,
        "f": LocalKind.FUNCTION,
        "a": LocalKind.DATA,
        "b": LocalKind.DATA,
        "l": LocalKind.DATA,
        "h": LocalKind.PROOF,
        "hq": LocalKind.PROOF,
        "k": LocalKind.DATA,
        "s": LocalKind.DATA,
        "x✝": LocalKind.DATA,
    }


def test_lines_case_tags_and_values_come_through():
    first, second = map(parse_goal, goal_texts(STATE))
    by_name = {local.name: local for local in first.locals}
    assert first.case == "cons"
    assert first.conclusion == "List.map f (a :: l) = f a :: List.map f l"
    assert by_name["h"].type == "∀ (x : α), x ∈ l → f x = none"
    assert (by_name["k"].type, by_name["k"].value) == ("Nat", "3 + 4")
    assert not by_name["x✝"].accessible
    assert second == Goal((), "[] = []", "nil")


def test_a_named_argument_is_not_a_value():
    goal = parse_goal("h : f (n := 3) = 4\n⊢ True")
    assert goal.locals[0].value is None
    assert goal.locals[0].type == "f (n := 3) = 4"


def test_no_goals_and_bare_statements():
    assert goal_texts("") == goal_texts("no goals") == []
    assert first_goal("no goals") == ("", 0)
    assert first_goal(STATE) == (goal_texts(STATE)[0], 2)
    assert parse_goal("∀ (a : Nat),\n  a = a").conclusion == "∀ (a : Nat), a = a"


def test_brackets():
    assert split_top_level("a → (b → c) → d", " → ") == ["a", "(b → c)", "d"]
    assert outside_brackets("f (a = b) = c") == "f () = c"


@given(st.text(alphabet="ab:=⊢()→∀ \n✝case", max_size=80))
def test_nothing_printed_makes_the_parser_fail(text):
    for goal in map(parse_goal, goal_texts(text)):
        assert isinstance(goal.conclusion, str)
