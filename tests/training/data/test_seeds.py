"""The hand-written seed proofs: enough of them, well formed, and every one accepted by the real gate."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from corpus import query
from corpus import round_results as rounds
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot import SnapshotFilter, snapshot_proofs, take_snapshot
from corpus.store import Corpus
from prover.lean import Lean
from training.data.seed_round import store_seeds
from training.data.seeds import SeedError, load_seeds, parse_seeds


def test_there_are_enough_of_every_kind() -> None:
    seeds = load_seeds()
    single = re.compile(r"^(rw \[←? ?[\w.]+\]|exact [\w.]+ \.\.|apply [\w.]+|simp \[[\w.]+\])$")
    assert len(seeds) >= 150
    assert sum(len(seed.tactics) > 1 for seed in seeds) >= 75
    assert sum(bool(single.match(tactic)) for seed in seeds for tactic in seed.tactics) >= 150


@pytest.mark.parametrize(
    "text", ["theorem t : True\n", "theorem t : True := by\n", "example : True := by\n  trivial\n"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(SeedError):
        parse_seeds(text, "here.lean")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, installation):
    """A corpus with the seed round in it, and the Lean that made it."""
    path: Path = tmp_path_factory.mktemp("seeds") / "corpus.db"
    with Lean(workers=1, installation=installation) as lean, Corpus.open(str(path)) as corpus:
        corpus.start_run("seeds", {})
        store_seeds(corpus, lean, "seeds", threading.Event())
        yield corpus, lean


def test_every_seed_is_certified(seeded) -> None:
    corpus, _ = seeded
    (round,) = corpus.rounds("seeds", RoundKind.TRAIN)
    refused = [o for o in rounds.outcomes(corpus, round) if o.status is not AttemptStatus.PROVED]
    assert not refused
    assert query.stats(corpus).by_source == {"seed": len(load_seeds())}


def test_running_it_again_adds_nothing(seeded) -> None:
    corpus, lean = seeded
    before = query.stats(corpus)
    store_seeds(corpus, lean, "seeds", threading.Event())
    assert query.stats(corpus) == before


def test_a_seed_that_states_a_held_out_theorem_never_reaches_a_snapshot(seeded) -> None:
    corpus, _ = seeded
    clean = take_snapshot(corpus, SnapshotFilter(run="seeds"))
    victim = next(iter(snapshot_proofs(corpus, clean.hash)))
    goal = next(hash_ for step in victim.steps for hash_ in step.goal_hashes if hash_)
    corpus.set_guard([goal])
    guarded = take_snapshot(corpus, SnapshotFilter(run="seeds"))
    assert victim.content_hash not in {proof.content_hash for proof in snapshot_proofs(corpus, guarded.hash)}
    assert guarded.proofs < clean.proofs
