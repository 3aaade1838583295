"""A search that an allowance ends has come to nothing; one that somebody stopped says nothing."""

from __future__ import annotations

from countdown import CountdownSession, FixedPolicy, theorem

from prover.search.best_first import BestFirst
from prover.search.budget import Budget, Ended
from prover.search.until_spent import UntilSpent


def test_it_ends_with_the_allowance_and_otherwise_as_the_search_does():
    policy = FixedPolicy(("sub 1", -0.1))

    def ended(until: int, stopped: int = 99, steps: int = 50) -> tuple[Ended, int]:
        session = CountdownSession(theorem(9))
        search = UntilSpent(BestFirst(max_depth=20), lambda: len(session.log) > until)
        result = search.prove(
            session, session.root, theorem(9), policy, Budget(steps), stopped=lambda: len(session.log) > stopped
        )
        assert (result.proof is not None) == (result.ended is Ended.PROVED)
        return result.ended, result.steps

    assert ended(3) == (Ended.SECONDS, 3)
    assert ended(99) == (Ended.PROVED, 9)
    assert ended(99, steps=4) == (Ended.STEPS, 4)
    assert ended(99, stopped=3)[0] is ended(2, stopped=2)[0] is Ended.STOPPED
