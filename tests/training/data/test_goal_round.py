"""Goals that failed attempts closed, as theorems: stated by Lean, certified by the gate, withheld where they are held
out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corpus import round_results
from corpus.closed_goals import CLOSED_GOALS, closed_goals_of
from corpus.records import AttemptRecord, AttemptStatus, HeaderRecord, RoundKind, RoundRecord, TheoremRecord
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from lean_env.benchmark.external import Classes
from lean_env.embedded.installation import Installation
from lean_env.theorem import Environment, Theorem
from prover.lean import Lean
from prover.rounds.plan import record_of
from training.data.from_corpus import training_proofs
from training.data.goal_round import Posed, store_closed_goals

IMPORTS = Environment(("Init.Core",))
GOOD = ["p q : Prop\nhp : p\n⊢ p ∨ q", ["left", "exact hp"]]
RENAMED = ["case inl\nr s : Prop\nhr : r\n⊢ r ∨ s", ["left", "exact hr"]]
WRONG = ["p q : Prop\nhp : p\n⊢ q ∨ p", ["left", "exact hp"]]
HIDDEN = ["p q : Prop\na✝ : p\n⊢ p ∨ q", ["left", "assumption"]]
UNREADABLE = ["p : Prop\nhp : p\n⊢ p ∨ nonsense", ["left", "exact hp"]]
HELD_OUT = ["p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q", ["constructor", "exact hp", "exact hq"]]


@pytest.fixture(scope="module")
def lean(installation: Installation) -> Iterator[Lean]:
    with Lean(workers=1, installation=installation) as lean:
        yield lean


@pytest.fixture
def corpus(tmp_path: Path, lean: Lean) -> Iterator[Corpus]:
    """With train theorems `one` and `two`, and a valid one that says what HELD_OUT does, under other names."""
    with Corpus.open(str(tmp_path / "corpus.db")) as corpus:
        records, classes = [], {}
        for name, text, split in (
            ("one", "(p q : Prop) : p ∧ q → q ∧ p", "train"),
            ("two", "(p q : Prop) : p ∨ q → q ∨ p", "train"),
            ("held", "(a b : Prop) (ha : a) (hb : b) : a ∧ b", "valid"),
        ):
            theorem = Theorem(name, text, IMPORTS, benchmark="props", split=split, stratum="all")
            read = lean.stated(theorem).read()
            records.append(record_of(replace(theorem, expression_hash=read.expression_hash)))
            classes[name] = Classes(lean.library).of(read.type)
        corpus.add_benchmark("props", "1", lean.library.digest, records, classes=classes)
        corpus.start_run("run", {})
        yield corpus


def searched(
    corpus: Corpus,
    goals: dict[str, list[object]],
    seed: int = 1,
    benchmark: str = "props",
    status: AttemptStatus = AttemptStatus.UNPROVED,
) -> RoundRecord:
    """A round that proved nothing and closed these goals, by theorem."""
    round = corpus.start_round(
        run="run",
        generation_id=None,
        benchmark=benchmark,
        split="train",
        stratum="all",
        arm="policy",
        kind=RoundKind.TRAIN,
        seed=seed,
        config={},
        selection=list(goals),
    )
    for theorem, closed in goals.items():
        record = AttemptRecord(theorem, AttemptStatus.UNPROVED, steps=9, heartbeats=0, stats={CLOSED_GOALS: closed})
        corpus.record_attempt(round, replace(record, status=status))
    corpus.finish_round(round)
    return round


def posed(corpus: Corpus, round: RoundRecord, lean: Lean) -> Posed:
    return store_closed_goals(corpus, lean, round, threading.Event())


def goal_rounds(corpus: Corpus) -> list[dict[str, AttemptStatus | None]]:
    """By statement, what became of the goals of each such round."""
    found = []
    for round in corpus.rounds("run", RoundKind.TRAIN):
        if round.arm == "goals":
            statements = {one.name: one.statement for one in corpus.theorems(round.benchmark)}
            outcomes = round_results.outcomes(corpus, round)
            found.append({statements[one.theorem]: one.status for one in outcomes})
    return found


def test_what_the_gate_certifies_is_learned_from(corpus, lean):
    round = searched(corpus, {"one": [GOOD, WRONG], "two": [RENAMED, HIDDEN, UNREADABLE]})
    assert posed(corpus, round, lean) == Posed(claimed=5, posed=2, refused=2, pending=0)
    assert goal_rounds(corpus) == [
        {
            "(p : Prop) (q : Prop) (hp : p) : p ∨ q": AttemptStatus.PROVED,
            "(p : Prop) (q : Prop) (hp : p) : q ∨ p": AttemptStatus.REJECTED,
        }
    ], "of two that say the same the first counts; what Lean cannot read is none"
    snapshot = take_snapshot(corpus, SnapshotFilter(run="run"))
    (proof,) = snapshot_proofs(corpus, snapshot.hash)
    assert (proof.source, [step.tactic for step in proof.steps]) == ("goal", GOOD[1])
    assert proof.theorem.extra == {"from": "one"}
    (taught,) = training_proofs(corpus, snapshot.hash, lean.actions.repertoire)
    assert taught.steps[0].state == GOOD[0], "the state that is learned from is the goal that was closed"


def test_what_is_held_out_is_withheld(corpus, lean):
    posed(corpus, searched(corpus, {"one": [HELD_OUT, GOOD]}), lean)
    assert sorted(map(str, goal_rounds(corpus)[0].values())) == ["proved", "withheld"]
    (proof,) = snapshot_proofs(corpus, take_snapshot(corpus, SnapshotFilter(run="run")).hash)
    assert [step.tactic for step in proof.steps] == GOOD[1]


def test_it_goes_on_where_it_was_and_poses_nothing_twice(corpus, lean):
    first = searched(corpus, {"one": [GOOD, WRONG]})
    stopped = threading.Event()
    progress: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        progress.append((done, total))
        stopped.set()

    assert store_closed_goals(corpus, lean, first, stopped, stop).pending == 1 and progress == [(1, 2)]
    assert posed(corpus, first, lean) == Posed(2, 2, 0, 0) == posed(corpus, first, lean)
    assert len(goal_rounds(corpus)) == 1
    second = searched(corpus, {"one": [GOOD], "two": [RENAMED, HELD_OUT]}, seed=2)
    assert posed(corpus, second, lean) == Posed(claimed=3, posed=1, refused=0, pending=0)
    third = searched(corpus, {"one": [GOOD], "two": []}, seed=3)
    assert posed(corpus, third, lean) == Posed(1, 0, 0, 0) and len(goal_rounds(corpus)) == 2


def test_only_what_failed_is_read(corpus, lean):
    read = closed_goals_of(corpus, searched(corpus, {"two": [GOOD, HELD_OUT]}))
    assert [[one.goal, list(one.tactics)] for one in read] == sorted([GOOD, HELD_OUT])
    assert {one.theorem.name for one in read} == {"two"}
    assert closed_goals_of(corpus, searched(corpus, {"one": [GOOD]}, seed=2, status=AttemptStatus.REJECTED)) == []


def test_a_theorem_with_a_header_has_no_goals(corpus, lean):
    text, declared = "def f (n : Nat) : Nat := n\n", '{"def": "f"}\n'
    key = f"Init#{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    header = HeaderRecord(key, text, declared, hashlib.sha256(declared.encode()).hexdigest())
    own = TheoremRecord("own", ": f 0 = 0", "00", header.key, None, "train", "all", header=header)
    corpus.add_benchmark("own", "1", lean.library.digest, [own])
    round = searched(corpus, {"own": [GOOD]}, benchmark="own")
    assert posed(corpus, round, lean) == Posed(claimed=1, posed=0, refused=1, pending=0)
