"""The tables of the corpus.

    benchmark 1-n theorem                 what there is to prove; theorem_class 1-1 theorem says what is nearly the same
    benchmark 1-n human_trace             steps of people that nothing certified: human_step and human_key 1-n of them
    run       1-n generation              one flywheel loop and its models; a generation names parent and snapshot
    run       1-n round 1-n attempt       one model (or arm) against a selection of theorems (round_theorem)
    header    1-n theorem                 what stands above a theorem in its file, once for all that it stands above
    theorem   1-n proof 1-n step 1-n goal accepted proofs as a clean worker replayed them; certificate 1-1 proof
    state     1-n step, human_step        each printed tactic state once
    attempt   n-1 proof                   every attempt that found this proof; the first one is the one that brought it
    attempt   1-n filter_verdict          what filters other than the kernel said of its samples (corpus/samples.py)
    attempt   1-1 search_tree             what its search tried, for a share of the attempts (corpus/search_tree.py)
    proof     n-1 term, 1-n borrowed      a proof's own part, to be lent; the earlier proofs that it rests on
    proof     1-n step_score              what other generations would have given each of its steps, where it was asked
    tally                                 counts of all that, kept up to the rows that they have seen
    retraction, guard                     what must not be trained on, as new rows
    snapshot_line 1-n snapshot            frozen sets of proofs; snapshot_change says which proof entered or left when,
                                          snapshot_bucket has a line's members of now by their hashes

Proofs, steps, goals, certificates, attempts, retractions, guards and snapshots are only ever inserted, and the database
refuses anything else (corpus/append_only.py). Only generic column types are used: SQLite and PostgreSQL have the same
schema.
"""

# ruff: noqa: PLC0414 (the tables of snapshot_tables.py are read as `schema.NAME`, too)
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from corpus.columns import HASH, KIND, STATUS, Base, now
from corpus.records import AttemptStatus, RoundKind
from corpus.snapshot_tables import Guard as Guard
from corpus.snapshot_tables import HumanKey as HumanKey
from corpus.snapshot_tables import HumanStep as HumanStep
from corpus.snapshot_tables import HumanTrace as HumanTrace
from corpus.snapshot_tables import Retraction as Retraction
from corpus.snapshot_tables import Snapshot as Snapshot
from corpus.snapshot_tables import SnapshotBucket as SnapshotBucket
from corpus.snapshot_tables import SnapshotChange as SnapshotChange
from corpus.snapshot_tables import SnapshotLine as SnapshotLine


class Clock(Base):
    """One row, counted up first thing in every write transaction.

    Writers thereby queue up on SQLite and on PostgreSQL alike, and ids grow in the order of commits; snapshots rely on
    that when they look only at rows past the last id they saw.
    """

    __tablename__ = "clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    writes: Mapped[int] = mapped_column(BigInteger, default=0)


class Tally(Base):
    """A count over the whole corpus, kept up to the rows that it has seen (corpus/tallies.py)."""

    __tablename__ = "tally"

    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    of: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class Benchmark(Base):
    __tablename__ = "benchmark"
    __table_args__ = (UniqueConstraint("name", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    revision: Mapped[str] = mapped_column(String(100))
    library_digest: Mapped[str] = mapped_column(String(128))
    digest: Mapped[str] = mapped_column(HASH)  # over all theorem records in order
    theorem_count: Mapped[int]
    meta: Mapped[Mapping[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Header(Base):
    """Declarations that theorems bring with them. `key`: the environment that they make; `digest`: SHA-256 of `ndjson`.

    Another Lean may elaborate the same text to other declarations: then it is another row."""

    __tablename__ = "header"
    __table_args__ = (UniqueConstraint("key", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    text: Mapped[str]
    ndjson: Mapped[str]
    digest: Mapped[str] = mapped_column(HASH)


class Theorem(Base):
    __tablename__ = "theorem"
    __table_args__ = (UniqueConstraint("benchmark_id", "name"), Index(None, "benchmark_id", "split", "stratum"))

    id: Mapped[int] = mapped_column(primary_key=True)
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmark.id"))
    name: Mapped[str] = mapped_column(index=True)
    statement: Mapped[str]
    statement_hash: Mapped[str] = mapped_column(HASH, index=True)
    environment: Mapped[str]
    module: Mapped[str | None]
    split: Mapped[str] = mapped_column(String(32))
    stratum: Mapped[str] = mapped_column(String(32))
    family: Mapped[str]
    extra: Mapped[Mapping[str, Any]]
    header_id: Mapped[int | None] = mapped_column(ForeignKey("header.id"))
    #: Read once a session, whoever of its theorems is read first; a theorem without one costs no query.
    header: Mapped[Header | None] = relationship(viewonly=True)


class TheoremClass(Base):
    """What a theorem says up to names, order of hypotheses and types of one group; near-copies share it."""

    __tablename__ = "theorem_class"

    theorem_id: Mapped[int] = mapped_column(ForeignKey("theorem.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(HASH, index=True)


class Run(Base):
    """One flywheel loop."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    config: Mapped[Mapping[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Generation(Base):
    """One trained model: `finished_at` and the model columns stay empty until its weights are on disk."""

    __tablename__ = "generation"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("generation.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    recipe: Mapped[str]
    config: Mapped[Mapping[str, Any]]
    config_hash: Mapped[str] = mapped_column(HASH)
    seeds: Mapped[Mapping[str, Any]]
    versions: Mapped[Mapping[str, Any]]
    model_path: Mapped[str | None]
    model_hash: Mapped[str | None] = mapped_column(HASH)
    metrics: Mapped[Mapping[str, Any]]
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class Round(Base):
    """Attempts of one arm over a selection of theorems. An evaluation is a round of kind `eval`."""

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    #: Hash over everything below down to `config`: what makes a restarted round the same round.
    key: Mapped[str] = mapped_column(HASH)
    generation_id: Mapped[int | None] = mapped_column(ForeignKey("generation.id"))
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmark.id"))
    kind: Mapped[RoundKind] = mapped_column(KIND, index=True)
    split: Mapped[str] = mapped_column(String(32))
    stratum: Mapped[str] = mapped_column(String(32))
    arm: Mapped[str] = mapped_column(String(100))
    seed: Mapped[int] = mapped_column(BigInteger)
    config: Mapped[Mapping[str, Any]]
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class RoundTheorem(Base):
    """The theorems a round has to try, in order."""

    __tablename__ = "round_theorem"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    theorem_id: Mapped[int] = mapped_column(ForeignKey("theorem.id"))

    __table_args__ = (UniqueConstraint("round_id", "theorem_id"),)


class Proof(Base):
    __tablename__ = "proof"
    __table_args__ = (
        UniqueConstraint("theorem_id", "tactics_hash"),
        # With the length, so that whoever asks how long a theorem's proofs are reads no proof.
        Index(None, "theorem_id", "id", "length"),
        Index(None, "source", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    theorem_id: Mapped[int] = mapped_column(ForeignKey("theorem.id"))
    #: SHA-256 over the list of tactics: the identity of a proof of one theorem.
    tactics_hash: Mapped[str] = mapped_column(HASH)
    #: SHA-256 over everything that training reads (corpus/hashing.py); what snapshots are made of.
    content_hash: Mapped[str] = mapped_column(HASH, unique=True)
    source: Mapped[str] = mapped_column(String(32))
    length: Mapped[int]
    text: Mapped[str]
    term_bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class State(Base):
    """A printed tactic state, once: the state after a step is the one before the next, and searches meet again."""

    __tablename__ = "state"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: SHA-256 of the text, as bytes: in hex it would take as much room as half of the states.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    text: Mapped[str]


class Step(Base):
    __tablename__ = "step"
    __table_args__ = ({"sqlite_with_rowid": False},)  # short rows, read by their key alone

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state_id: Mapped[int] = mapped_column(ForeignKey("state.id"))
    tactic: Mapped[str]
    state_after_id: Mapped[int] = mapped_column(ForeignKey("state.id"))
    template: Mapped[str]
    milliseconds: Mapped[float]
    heartbeats: Mapped[int] = mapped_column(BigInteger)


class Goal(Base):
    """Canonical hash of one goal (context reverted) of the state before a step; '' where it has metavariables."""

    __tablename__ = "goal"

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(HASH, index=True)


class Certificate(Base):
    """The gate's certificate, in the order of its checks."""

    __tablename__ = "certificate"

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True)
    statement_hash: Mapped[str] = mapped_column(HASH, index=True)
    environment_digest: Mapped[str] = mapped_column(String(128))
    proof_hash: Mapped[str] = mapped_column(HASH)
    axioms: Mapped[list[str]] = mapped_column(JSON)
    kernels: Mapped[Mapping[str, Any]]
    gate_version: Mapped[str]
    auxiliaries: Mapped[list[str]] = mapped_column(JSON)
    #: Of the declarations of the theorem's header, '' without one.
    header_digest: Mapped[str] = mapped_column(HASH, default="", server_default="")


class Attempt(Base):
    """One budgeted search. A retry after an ERROR has the same ordinal and the next `retry`."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("round_id", "theorem_id", "ordinal", "retry"),
        Index(None, "round_id", "id", "proof_id"),
        # What a round did with each theorem, read by two generations' difference without an attempt's row.
        Index(None, "round_id", "theorem_id", "status", "proof_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    theorem_id: Mapped[int] = mapped_column(ForeignKey("theorem.id"), index=True)
    ordinal: Mapped[int]
    retry: Mapped[int]
    status: Mapped[AttemptStatus] = mapped_column(STATUS)
    steps: Mapped[int]
    heartbeats: Mapped[int] = mapped_column(BigInteger)
    lean_seconds: Mapped[float]
    model_seconds: Mapped[float]
    wall_seconds: Mapped[float]
    wall_limit_hits: Mapped[int]
    nodes: Mapped[int]
    steps_to_proof: Mapped[int | None]
    reason: Mapped[str]
    stats: Mapped[Mapping[str, Any]]
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("proof.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SearchTree(Base):
    """The searches of one attempt, compressed. `size`: bytes before compression; states and steps: of all of them."""

    __tablename__ = "search_tree"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    states: Mapped[int]
    steps: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class FilterVerdict(Base):
    """What a filter said of the `position`-th sample of an attempt; the kernel's own verdict is in the attempt's stats.
    `score`: the filter's, the higher the better; None where it has none."""

    __tablename__ = "filter_verdict"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    filter: Mapped[str] = mapped_column(String(32), primary_key=True)
    accepted: Mapped[bool]
    score: Mapped[float | None]


class Term(Base):
    """A proof's own part as it can be lent, zlib-compressed; `digest`: its SHA-256, `size`: its bytes."""

    __tablename__ = "term"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ProofTerm(Base):
    __tablename__ = "proof_term"

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))


class Borrowed(Base):
    """A proof rests on an earlier one: it names that as a lemma, or (not `named`) one of its lemmas rests on it."""

    __tablename__ = "borrowed"

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True, autoincrement=False)
    lemma_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True, autoincrement=False, index=True)
    named: Mapped[bool]


class StepScore(Base):
    """What a generation gives a step of a proof, computed when somebody asked (corpus/scores.py)."""

    __tablename__ = "step_score"

    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True, autoincrement=False)
    generation_id: Mapped[int] = mapped_column(ForeignKey("generation.id"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    log_probability: Mapped[float | None]
    rank: Mapped[int | None]
