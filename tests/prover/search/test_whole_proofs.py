"""Whole proofs: what is run, what each sample's end is, and what the budget does."""

from __future__ import annotations

import pickle

from countdown import CountdownSession, FixedPolicy, open_countdown, theorem

from corpus.records import AttemptStatus
from corpus.search_tree import pack, unpack
from prover.policy import Proposal
from prover.rounds.attempt import Phase, Refused, Tools, attempt
from prover.search.budget import Budget, Ended
from prover.search.samples import SampleOutcome, tactics_of
from prover.search.tree import tree_of
from prover.search.whole import WholeProofs

PROOFS = ("sub 3\nsub 9", "-- plan: sub, sub\nsub 3\nsub 1", "sub 3\n\nhalve", "sub 1\nsub 3", "sub 4\nsub 1")
POLICY = FixedPolicy(*((text, -1.0 - n) for n, text in enumerate(PROOFS)))


def written(steps=100, policy=POLICY, **settings):
    goal = theorem(4)
    session = CountdownSession(goal)
    result = WholeProofs(**settings).prove(session, session.root, goal, policy, Budget(steps), seed=1)
    return result, session


def test_each_sample_has_its_end_and_the_first_that_closes_is_claimed():
    result, session = written(every=True)
    ends = [(one.outcome, one.tactics) for one in result.samples]
    refused, closed, opened = SampleOutcome.REFUSED, SampleOutcome.CLOSED, SampleOutcome.OPEN
    assert [end for end, _ in ends] == [refused, closed, refused, closed, refused]
    assert [one.reason for one in result.samples] == [
        "failed: sub 9: cannot sub 9",
        "",
        "failed: halve: cannot halve",
        "",
        "no goals are left at: sub 1",
    ]
    assert result.ended is Ended.PROVED and result.tactics == ("sub 3", "sub 1")
    assert session.log.count("sub 3") == 2, "once from 4, once from 3: a beginning that is shared is run once"
    assert result.steps == len(session.log) == 7 and "plan" not in " ".join(session.log)
    assert session.alive == {session.root.id}, "all other states were dropped"
    left, _ = written(every=True, policy=FixedPolicy(("sub 3", -1.0)))
    assert left.samples[0].outcome is opened and left.samples[0].reason == "goals are left" and left.proof is None


def test_the_tree_is_as_other_searches_have_it():
    result, _ = written(every=True)
    tree = tree_of(result, "policy")
    assert unpack(pack([tree]).data)[0].solved == tree.solved
    assert [tree.steps[order].tactic for order in tree.solved] == ["sub 3", "sub 1"]


def test_without_every_it_ends_at_a_proof_and_draws_again_while_the_budget_lasts():
    result, session = written()
    assert session.log == ["sub 3", "sub 9", "sub 1"] and result.steps_to_proof == 3
    fails = FixedPolicy(("sub 9", -1.0))
    result, session = written(policy=fails, draws=3)
    assert result.ended is Ended.EXHAUSTED and session.log == ["sub 9"], "what was run is not run again"
    assert len({query.seed for query in fails.queries}) == 3 and len(fails.queries) == 3


def test_what_the_budget_ends_before_has_no_verdict():
    result, session = written(every=True, steps=3)
    assert len(session.log) == 3 and result.steps == 3
    assert [one.outcome for one in result.samples] == [
        SampleOutcome.REFUSED,
        SampleOutcome.CLOSED,
        *[SampleOutcome.UNRUN] * 3,
    ]
    assert result.tactics == ("sub 3", "sub 1"), "a proof found before the end counts"
    stopped, _ = written(every=True, policy=POLICY)
    assert stopped.ended is Ended.PROVED
    goal = theorem(4)
    session = CountdownSession(goal)
    halted = WholeProofs().prove(session, session.root, goal, POLICY, Budget(9), stopped=lambda: True)
    assert halted.ended is Ended.STOPPED and halted.proof is None


def test_the_tactics_of_a_text():
    assert tactics_of("-- plan: cases\n cases h \n\n-- then\nexact h") == ("cases h", "exact h")
    assert pickle.loads(pickle.dumps(WholeProofs(every=True))) == WholeProofs(every=True)


def test_the_kernel_is_asked_about_every_sample_that_closes():
    asked = []

    def verify(of, proof, source):
        asked.append(tuple(step.tactic for step in proof))
        if proof[0].tactic == "sub 1":
            raise Refused("gate, kernel: no")
        return "certified"

    proposals = FixedPolicy()
    proposals.proposals = [Proposal(text, -1.0, count=n + 1) for n, text in enumerate(PROOFS[1:4])]
    phase = Phase(proposals, Budget(50), WholeProofs(every=True))
    record = attempt(theorem(4), phase, 1, Tools(open_countdown, verify))
    assert record.status is AttemptStatus.PROVED and asked == [("sub 3", "sub 1"), ("sub 1", "sub 3")]
    kept = record.stats["samples"]
    assert [(one["verdict"], one["count"]) for one in kept] == [("certified", 1), ("refused", 2), ("rejected", 3)]
    assert kept[2]["reason"] == "gate, kernel: no" and kept[0]["text"].startswith("-- plan")
    assert (
        record.stats["state"] == "⊢ 4 ↓"
        and "samples" not in attempt(theorem(4), Phase(POLICY, Budget(5)), 1, Tools(open_countdown, verify)).stats
    )
