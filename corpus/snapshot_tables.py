"""The tables that say what is trained on: retractions, what the guard holds out, people's steps, snapshots.

Everybody reads them as `schema.Snapshot` and so on: corpus/schema.py has the picture of all tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from corpus.columns import HASH, Base, now


class Retraction(Base):
    """A proof that is no longer believed. It stays stored, and leaves every later snapshot for good."""

    __tablename__ = "retraction"

    id: Mapped[int] = mapped_column(primary_key=True)
    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), unique=True)
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Guard(Base):
    """A held-out statement's hash or class: no training example may have it (corpus/guard.py)."""

    __tablename__ = "guard"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(HASH, unique=True)


class HumanTrace(Base):
    """The traced tactics of a theorem whose proof the gate could not certify here: training steps, and no proof."""

    __tablename__ = "human_trace"

    id: Mapped[int] = mapped_column(primary_key=True)
    benchmark_id: Mapped[int] = mapped_column(ForeignKey("benchmark.id"), index=True)
    name: Mapped[str]
    place: Mapped[str]
    environment: Mapped[str]  # whose premises its steps are read with
    reason: Mapped[str]  # why there is no certified proof
    content_hash: Mapped[str] = mapped_column(HASH, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class HumanStep(Base):
    __tablename__ = "human_step"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trace_id: Mapped[int] = mapped_column(ForeignKey("human_trace.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state_id: Mapped[int] = mapped_column(ForeignKey("state.id"))
    tactic: Mapped[str]
    state_after_id: Mapped[int] = mapped_column(ForeignKey("state.id"))


class HumanKey(Base):
    """What the guard knows a trace by: its statement's hash and class, and the classes of its printed states."""

    __tablename__ = "human_key"

    trace_id: Mapped[int] = mapped_column(ForeignKey("human_trace.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(HASH, primary_key=True, index=True)


class SnapshotLine(Base):
    """All snapshots of one filter, with what the next one needs: the last ids seen and the bucket digests."""

    __tablename__ = "snapshot_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    filter_hash: Mapped[str] = mapped_column(HASH, unique=True)
    filter: Mapped[Mapping[str, Any]]
    attempts_seen: Mapped[int]
    retractions_seen: Mapped[int]
    guards_seen: Mapped[int]
    withheld: Mapped[int]  # proofs left out so far because of the guard
    buckets: Mapped[bytes] = mapped_column(LargeBinary)


class Snapshot(Base):
    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("line_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("snapshot_line.id"))
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(HASH, index=True)
    proofs: Mapped[int]
    theorems: Mapped[int]
    withheld: Mapped[int]  # its line's count when it was taken
    #: Human traces: how many and their hash ('' for none), and the last trace and guard that were seen.
    human: Mapped[int] = mapped_column(default=0, server_default="0")
    human_hash: Mapped[str] = mapped_column(HASH, default="", server_default="")
    human_seen: Mapped[int] = mapped_column(default=0, server_default="0")
    guards_seen: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Its proofs by benchmark and source, as [benchmark's id, source, proofs]; None before revision 0010.
    contents: Mapped[list[Any] | None] = mapped_column(JSON)
    #: Its proofs by the round that found each first, as [round's id, proofs]; None before revision 0011.
    finders: Mapped[list[Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SnapshotChange(Base):
    """A proof entered a line's set with snapshot `number`, or left it (`removed`): it does each at most once."""

    __tablename__ = "snapshot_change"
    __table_args__ = (Index(None, "line_id", "number"),)

    line_id: Mapped[int] = mapped_column(ForeignKey("snapshot_line.id"), primary_key=True)
    proof_id: Mapped[int] = mapped_column(ForeignKey("proof.id"), primary_key=True)
    removed: Mapped[bool] = mapped_column(primary_key=True)
    number: Mapped[int]


class SnapshotBucket(Base):
    """The members of a line's set of now in one bucket of its hash tree: their content hashes, sorted, 32 bytes each
    (corpus/buckets.py). A line has a row for each bucket that it ever had members in."""

    __tablename__ = "snapshot_bucket"

    line_id: Mapped[int] = mapped_column(ForeignKey("snapshot_line.id"), primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    members: Mapped[bytes] = mapped_column(LargeBinary)
