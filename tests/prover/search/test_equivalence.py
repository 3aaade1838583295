"""Goals that differ in names of proofs, order and repetition alone are one; everything else keeps them apart."""

from itertools import combinations

import pytest

from prover.search.equivalence import goal_keys

ONE = "p q : Prop\nh1 : p\nh2 : p → q\n⊢ q"


@pytest.mark.parametrize(
    "other",
    [
        "p q : Prop\nh2 : p → q\nh1 : p\n⊢ q",
        "p q : Prop\nleft : p\nright : p → q\n⊢ q",
        "case inl.h\np q : Prop\nh1 h3 : p\nh2 : p → q\n⊢ q",
    ],
)
def test_names_of_proofs_order_and_repetitions_do_not_count(other):
    assert goal_keys(other) == goal_keys(ONE)


def test_different_goals_have_different_keys():
    goals = [
        ONE,
        "p q : Prop\nh1 : p\nh2 : p → q\n⊢ p",
        "p q : Prop\nh2 : p → q\n⊢ q",
        "p q : Prop\nh1 : p\nh2 : q → p\n⊢ q",
        "p q : Prop\nh1✝ : p\nh2 : p → q\n⊢ q",
        "q p : Prop\nh1 : p\nh2 : p → q\n⊢ q",
        f"{ONE}\n\n{ONE}",
        # what a proof is called counts as soon as something mentions it
        "p q : Prop\nh1 : p\nh2 : p → q\nx : Fin (f h1)\n⊢ q",
        "p q : Prop\nh3 : p\nh2 : p → q\nx : Fin (f h3)\n⊢ q",
        "p q : Prop\nh1 : p\nh2 : p → q\nx : T h1.left\n⊢ q",
        "p q : Prop\nh4 : p\nh2 : p → q\nx : T h4.left\n⊢ q",
        "p q : Prop\nh1 : p\nh2 : p → q\nx : Nat := 1\n⊢ q",
        "p q : Prop\nh1 : p\nh2 : p → q\nx : Nat := 2\n⊢ q",
    ]
    for one, two in combinations(goals, 2):
        assert goal_keys(one) != goal_keys(two)


def test_goals_with_metavariables_are_kept_as_printed():
    assert goal_keys("h1 : p\nh2 : q\n⊢ r ?x") != goal_keys("h2 : q\nh1 : p\n⊢ r ?x")
    assert goal_keys(f"{ONE}\n\n⊢ r ?x")[0] == ONE


def test_each_goal_has_its_key_in_order():
    first, second = goal_keys("p q : Prop\nh : p\n⊢ q\n\np q : Prop\nh' : q\n⊢ p")
    assert (first,) == goal_keys("p q : Prop\na : p\n⊢ q")
    assert (second,) == goal_keys("p q : Prop\nb : q\n⊢ p")
    assert goal_keys("no goals") == ()
