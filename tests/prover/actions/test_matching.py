"""Printed hypotheses: what they take and yield, and what may be an instance of what."""

import pytest

from prover.actions.matching import Usage, fits, may_close, occurs, opened, usage


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("p → q → r", Usage((), ("p", "q"), "r")),
        ("(p → q) → r ∨ s", Usage((), ("p → q",), "r ∨ s")),
        ("p → (q ↔ r)", Usage((), ("p",), "q ↔ r", "q", "r")),
        ("p → q ↔ r", Usage((), (), "p → q ↔ r", "p → q", "r")),
        ("¬(p ∧ q)", Usage((), ("p ∧ q",), "False")),
        ("¬p ∧ q", Usage((), (), "¬p ∧ q")),
        ("∀ (x y z : α), R x y → R y z → R x z", Usage(("x", "y", "z"), ("R x y", "R y z"), "R x z", leading=3)),
        (
            "∀ (x : Nat) {l : List α}, F (x :: l) = l",
            Usage(("x", "l"), (), "F (x :: l) = l", "F (x :: l)", "l", leading=2),
        ),
        ("∀ x, P x → ∀ (y : β), Q x y", Usage(("x", "y"), ("P x",), "Q x y", leading=1)),
        ("∀ x, ¬(∃ z, Q y ∧ P x)", Usage(("x",), ("∃ z, Q y ∧ P x",), "False", leading=1)),
        ("∀ (x y : α), ∀ (n : Nat), R x n", Usage(("x", "y", "n"), (), "R x n", leading=3)),
        ("∀ (f : (Nat → α) → β), P f", Usage(("f",), (), "P f", leading=1)),
        ("f = fun x => x = a", Usage((), (), "f = fun x => x = a", "f", "fun x => x = a")),
        ("∀ z, ∃ y, U y z", Usage(("z",), (), "∃ y, U y z", leading=1)),
    ],
)
def test_usage(printed, expected):
    assert usage(printed) == expected


def test_a_conclusion_yields_its_instances():
    transitive = usage("∀ (x y z : α), R x y → R y z → R x z")
    assert transitive.yields("R a (f b)")
    assert transitive.yields("R b c → R a c"), "the last antecedent may stay in the goal"
    assert not transitive.yields("S a b")
    assert transitive.takes("R (g a) b") and not transitive.takes("P a")
    assert usage("p → ¬q").yields("¬q") and usage("p → ¬q").yields("False") and not usage("p → ¬q").yields("¬p")


@pytest.mark.parametrize(
    ("pattern", "bound", "text"),
    [
        ("G x x", ("x",), "G a a"),
        ("add x (Nat.succ y)", ("x", "y"), "add 0 (n + 1)"),
        ("F (x :: l)", ("x", "l"), "F [a, b]"),
        ("P x", ("x",), "P ?w"),
        ("R x c", ("x",), "R a ?y"),
        ("x = y", ("x", "y"), "f a = g (h b)"),
        ("∃ z, P x z", ("x",), "∃ w, P a w"),
    ],
)
def test_an_instance_fits(pattern, bound, text):
    assert fits(pattern, bound, text)


@pytest.mark.parametrize(
    ("pattern", "bound", "text"),
    [
        ("G x x", ("x",), "G a"),
        ("P x", ("x",), "Q a"),
        ("P x", ("x",), "P a ∧ Q a"),
        ("R x c", ("x",), "R a d"),
        ("R x c", ("x",), "R a c1"),
        ("f x = x", ("x",), "g a = a"),
        ("(p → q) ∧ r", ("p",), "a ∨ b ∧ r"),
    ],
)
def test_what_is_no_instance_does_not_fit(pattern, bound, text):
    assert not fits(pattern, bound, text)


def test_occurrences_are_whole_words():
    assert occurs("f x", ("x",), "g (f a) = b")
    assert not occurs("f x", ("x",), "gf a = b")
    assert not occurs("f a", (), "f ab = c")


def test_exact_is_offered_for_other_faces_of_the_goal_only():
    names = frozenset("pqn")
    assert may_close("p ∧ q", "p ∧ q", names)
    assert not may_close("q ∧ p", "p ∧ q", names)
    assert may_close("p → False", "¬p", names) and not may_close("q → False", "¬p", names)
    assert may_close("n = Nat.succ 0", "n = 1", names)
    assert may_close("P ?x", "P n", names)
    assert may_close("∀ x, x = n", "∀ y, y = n", names)


def test_a_quantifier_is_opened():
    assert opened("∃ x, P x ∧ Q") == (("x",), "P x ∧ Q")
    assert opened("∀ (x y : α), R x y") == (("x", "y"), "R x y")


def test_a_match_takes_no_time_whatever_it_is_asked():
    """Each variable may be anything: tried one after the other, fourteen of them in this text would take years."""
    names = tuple("pqrstu")
    pattern = " ∧ ".join(f"({a} → {b})" for a, b in zip(names * 2, names[1:] * 2, strict=False))
    text = " ∧ ".join(f"({a} ∨ {b} → {a})" for a in names for b in names) + " ∨ v"
    assert fits(pattern, names, text) and occurs(pattern, names, text), "so it is offered"
    assert not fits("(p → q) ∧ r ∧ s", tuple("pqrs"), "(a → b) ∨ c ∧ d")
