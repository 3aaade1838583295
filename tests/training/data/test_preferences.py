"""Pairs for DPO: the step of a certified proof over what Lean refused in the same state, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from begun import begin
from countdown import theorem as countdown_theorem
from countdown import verify_countdown
from small_library import DISJUNCTION

from corpus.records import AttemptRecord, AttemptStatus, SearchTree, TheoremRecord, TreeState, TreeStep
from corpus.store import Corpus
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from prover.search.graph import ProofStep
from training.data.preferences import PAIRS_A_STATE, preferences, refused_beside

STATES = tuple(TreeState(text, 1, depth) for depth, text in enumerate(("⊢ p → p ∨ q", DISJUNCTION, "p : Prop\n⊢ p")))


def step(order: int, source: int, target: int | None, tactic: str, outcome: str) -> TreeStep:
    return TreeStep(order, source, target, tactic, tactic, -1.0, outcome, "", target is not None, 1.0, 1)


STEPS = (
    step(0, 0, 1, "intros", "advanced"),
    step(1, 1, None, "right", "failed"),
    step(2, 1, None, "exfalso", "timed_out"),
    step(3, 1, 2, "left", "advanced"),
    step(4, 1, None, "by_cases h1 : q", "failed"),
    step(5, 1, None, "no such tactic", "failed"),
    step(6, 2, None, "assumption", "failed"),
    step(7, 2, None, "exact hp", "proved"),
)
TREE = SearchTree("policy", "proved", STATES, STEPS, (0, 3, 7))


def test_a_step_of_the_proof_stands_over_what_lean_refused_there_first() -> None:
    assert list(refused_beside(TREE)) == [
        (DISJUNCTION, "left", "right"),
        (DISJUNCTION, "left", "by_cases h1 : q"),
        (DISJUNCTION, "left", "no such tactic"),
        ("p : Prop\n⊢ p", "exact hp", "assumption"),
    ]
    many = tuple(step(8 + place, 2, None, f"exact h{place}", "failed") for place in range(9))
    assert len(list(refused_beside(replace(TREE, steps=STEPS + many)))) == 3 + PAIRS_A_STATE
    assert list(refused_beside(replace(TREE, solved=()))) == []


def test_only_certified_proofs_make_pairs_each_pair_once(tmp_path: Path) -> None:
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        names = ["certified", "again", "rejected", "retracted"]
        rows = [TheoremRecord(name, f"{n} ↓", f"hash{n}", "Init", None, "train", "") for n, name in enumerate(names, 2)]
        corpus.add_benchmark("countdown", "1", "library", rows)
        round = begin(corpus, "countdown", names)
        for n, name in enumerate(names, 2):
            proof = verify_countdown(countdown_theorem(n), [ProofStep(f"sub {n}")], "policy")
            refused = name == "rejected"
            status = AttemptStatus.REJECTED if refused else AttemptStatus.PROVED
            tree = TREE if name in ("certified", "again") else replace(TREE, states=(*STATES[:1], *STATES[1:][::-1]))
            record = AttemptRecord(
                name,
                status,
                steps=3,
                heartbeats=3,
                steps_to_proof=None if refused else 3,
                proof=None if refused else proof,
                trees=(tree,),
            )
            stored = corpus.record_attempt(round, record)
            if name == "retracted":
                assert stored.proof_id is not None
                corpus.retract(stored.proof_id, "a test")
        space = ActionSpace(None, ELEMENTARY)
        found = list(preferences(corpus, [round], space))
        texts = [(one.situation.text(one.chosen), one.situation.text(one.rejected)) for one in found]
        # What is no candidate (`no such tactic`) makes no pair; the second attempt's are the first one's.
        assert texts == [("left", "right"), ("left", "by_cases h1 : q")]
