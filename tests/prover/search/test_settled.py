"""A goal that is closed once is not worked on again, and nothing that may still be needed is dropped."""

from prover.search.settled import Settled


def tree(*rows):
    settled = Settled()
    for number, parent, text in rows:
        settled.add(number, parent, tuple(text.split("\n\n")), shared="?" in text)
    return settled


def test_other_ways_of_closing_a_closed_goal_are_obsolete():
    """1 and 2 work on a; 3, below 1, has only b left: 0, 1 and 2 are done with, 3 is where to go on."""
    settled = tree((0, None, "a\n\nb"), (1, 0, "a1\n\nb"), (2, 0, "a2\n\nb"), (3, 1, "b"), (4, 3, "b1"))
    assert [settled.obsolete(number) for number in range(5)] == [True, True, True, False, False]


def test_a_split_goal_is_closed_when_all_its_parts_are():
    settled = tree((0, None, "a\n\nb"), (1, 0, "x\n\ny\n\nb"), (2, 1, "y\n\nb"))
    assert [settled.obsolete(number) for number in range(3)] == [False, True, False]
    settled.add(3, 2, ("b",))
    assert [settled.obsolete(number) for number in range(4)] == [True, True, True, False]


def test_a_known_rest_closes_a_goal_as_a_new_one_does():
    """5 works on the same a in a state that merged away later; its way to b is known, so nothing below it is new."""
    settled = tree((0, None, "r"), (1, 0, "a\n\nb"), (2, 1, "b"), (3, 0, "c\n\na\n\nb"), (4, 3, "c1\n\na\n\nb"))
    settled.reach(1, 4)
    assert settled.obsolete(3) and settled.obsolete(4) and settled.obsolete(1) and not settled.obsolete(2)


def test_goals_with_metavariables_are_left_alone():
    """Closing the first goal one way may assign ?x so that the second cannot be proved."""
    settled = tree((0, None, "P ?x\n\nQ ?x"), (1, 0, "Q ?x"))
    assert not settled.obsolete(0)
    assert not tree((0, None, "P\n\nQ ?x"), (1, 0, "Q ?x")).obsolete(0)


def test_a_goal_that_comes_back_below_itself_is_circular():
    """0 works on a with b waiting; 1 splits it."""
    settled = tree((0, None, "a\n\nb"), (1, 0, "c\n\nd\n\nb"), (2, 1, "d\n\nb"))
    assert settled.circular(("a", "d", "b"), 1), "c needs a, which needs c"
    assert settled.circular(("e", "a", "d", "b"), 1), "so it does behind e"
    assert not settled.circular(("e", "d", "b"), 1)
    assert settled.circular(("a", "b"), 2), "a is still open when d is worked on"
    assert not settled.circular(("c", "b"), 2), "c is closed"
    assert not settled.circular(("b",), 2), "b was waiting before"


def test_goals_that_waited_are_not_new_when_a_tactic_closes_several():
    """One tactic on b closes c as well: x and d were there before, and so no goal has come back."""
    settled = tree((0, None, "d"), (1, 0, "b\n\nc\n\nx\n\nd\n\ne"))
    assert not settled.circular(("x", "d", "e"), 1)


def test_a_goal_with_less_to_go_on_is_circular_and_one_with_more_is_not():
    less, more = ("goal", (), frozenset("h")), ("goal", (), frozenset("hk"))
    settled = Settled()
    settled.add(0, None, (more,))
    assert settled.circular((less, ("other", (), frozenset())), 0)
    settled = Settled()
    settled.add(0, None, (less,))
    assert not settled.circular((more, ("other", (), frozenset())), 0)


def test_the_only_goal_of_a_state_is_never_settled():
    """Nothing is left behind it: a state without goals is a proof and ends the search."""
    assert not tree((0, None, "a"), (1, 0, "b")).obsolete(0)
