"""Where a proof, a generation or a snapshot came from, down to the seeds, and what came of it, as two trees. By hand:
`flywheel corpus lineage 17`, `... first/M_2`, `... 3fa9c1`.

A proof came from the attempts that found it, an attempt from the model of its round, a model from the snapshot that it
was trained on, a snapshot from those who found its proofs first, until nobody is left who was trained.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from corpus import rows, schema
from corpus.borrowing import borrowers, named_by
from corpus.contents import members
from corpus.database import reading
from corpus.errors import Ambiguous, CorpusError, NotFound
from corpus.generations import generation_name, generation_row
from corpus.store import Corpus

#: Children of one kind that a node shows by name; of others it says how many there are.
SHOWN = 5

_KINDS = ("proof", "generation", "snapshot")


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the tree. `kind`: proof, attempt, generation, snapshot, arm, more. `id`: how other commands take
    it (a proof's number, `run/M_n`, a snapshot's whole hash), None where they do not."""

    kind: str
    id: str | None
    text: str
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """What was asked for, with its origin as the children of one node and its consequences as those of another."""

    kind: str
    id: str
    text: str
    origin: tuple[Node, ...]
    later: tuple[Node, ...]


def lineage(corpus: Corpus, target: str) -> Lineage:
    """`target`: a proof's id, a generation's name, or the beginning of a snapshot's hash, with `proof:`, `generation:`
    or `snapshot:` before it where it could be two of these. Raises NotFound, Ambiguous."""
    with reading(corpus.engine) as session:
        return _Tree(session).of(_find(session, target.strip()))


_Found = schema.Proof | schema.Generation | schema.Snapshot


def _find(session: Session, target: str) -> _Found:
    kind, separator, rest = target.partition(":")
    if separator and kind in _KINDS:
        return _one(session, kind, rest)
    if re.search(r"[/:]|^[Mm]_", target):
        return _one(session, "generation", target)
    if not re.fullmatch("[0-9a-fA-F]+", target):
        raise NotFound(
            f"{target!r} is neither a proof's id, nor a generation (RUN/M_3), nor the beginning of a snapshot's hash."
        )
    found: dict[str, _Found] = {}
    errors: list[CorpusError] = []
    for kind in ("proof", "snapshot") if target.isdigit() else ("snapshot",):
        try:
            found[kind] = _one(session, kind, target)
        except NotFound as error:
            errors.append(error)
    if len(found) > 1:
        raise Ambiguous(
            f"There are proof {target} and a snapshot {target}...: write proof:{target} or snapshot:{target}."
        )
    if not found:
        raise errors[0]
    return found.popitem()[1]


def _one(session: Session, kind: str, name: str) -> _Found:
    if kind == "generation":
        return generation_row(session, name)
    if kind == "snapshot":
        return rows.snapshot_row(session, name)
    # SQLite's integers end at 2^63.
    row = session.get(schema.Proof, int(name)) if name.isdigit() and len(name) < 19 else None
    if row is None:
        raise NotFound(f"The corpus has no proof {name}. `flywheel corpus list` shows those it has.")
    return row


@dataclass(slots=True)
class _Tree:
    """Builds both trees; a generation is opened where it comes first and named where it comes again."""

    session: Session
    opened: set[int] = field(default_factory=set)
    #: Lemmas, likewise.
    shown: set[int] = field(default_factory=set)

    def of(self, found: _Found) -> Lineage:
        if isinstance(found, schema.Proof):
            node = self._proof(found)
            origin = (*self._attempts(found), *self._lemmas(found))
            later = (*self._snapshots_with(found), *self._borrowers(found))
        elif isinstance(found, schema.Generation):
            node = self._named(found)
            origin, later = self._from(found), self._after(found)
        else:
            node = self._frozen(found)
            origin = self._finders(found)
            self.opened.clear()
            later = tuple(self._grown(one) for one in self._trained_on([found]))
        return Lineage(node.kind, node.id or "", node.text, origin, later)

    # --- one thing, without children --------------------------------------------------------------------------------

    def _proof(self, row: schema.Proof) -> Node:
        name = self.session.get_one(schema.Theorem, row.theorem_id).name
        tactics = f"{row.length} tactic{'s' if row.length != 1 else ''}"
        return Node("proof", str(row.id), f"proof {row.id} of {name} ({row.source}, {tactics})")

    def _named(self, row: schema.Generation) -> Node:
        name = generation_name(self.session, row)
        weights = f"weights {row.model_hash[:12]}" if row.model_hash else "unfinished"
        return Node("generation", name, f"{name}, {weights}, {row.recipe}")

    def _frozen(self, row: schema.Snapshot) -> Node:
        human = f", {row.human} traces of people" if row.human else ""
        text = f"snapshot {row.hash[:12]}: {row.proofs} proofs of {row.theorems} theorems{human}"
        return Node("snapshot", row.hash, text)

    # --- where it came from -----------------------------------------------------------------------------------------

    def _attempts(self, proof: schema.Proof) -> tuple[Node, ...]:
        attempt, round = schema.Attempt, schema.Round
        found = self.session.execute(
            select(attempt, round)
            .join(round, round.id == attempt.round_id)
            .where(attempt.proof_id == proof.id)
            .order_by(attempt.id)
        ).all()
        nodes = []
        for position, (one, where) in enumerate(found[:SHOWN]):
            run = self.session.get_one(schema.Run, where.run_id).name
            first = "first found by" if position == 0 else "found again by"
            steps = "" if one.steps_to_proof is None else f" after {one.steps_to_proof} steps"
            place = f"round {where.id} ({where.arm}) of run {run}, {one.created_at:%Y-%m-%d %H:%M}"
            text = f"{first} attempt {one.id}{steps}, {place}"
            nodes.append(Node("attempt", str(one.id), text, self._model(where.generation_id, where.arm)))
        return (*nodes, *_more(len(found) - SHOWN, "attempts that found it again"))

    def _lemmas(self, proof: schema.Proof) -> tuple[Node, ...]:
        """The proofs that it names as lemmas, each with who found it and what it names itself."""
        named = named_by(self.session, [proof.id]).get(proof.id, ())
        nodes = []
        for id in named[:SHOWN]:
            row = self.session.get_one(schema.Proof, id)
            node = self._proof(row)
            if id in self.shown:
                nodes.append(Node(node.kind, node.id, f"borrowed proof {id}, see there"))
                continue
            self.shown.add(id)
            children = (*self._attempts(row)[:1], *self._lemmas(row))
            nodes.append(Node(node.kind, node.id, f"borrowed {node.text}", children))
        return (*nodes, *_more(len(named) - SHOWN, "lemmas that it borrowed"))

    def _borrowers(self, proof: schema.Proof) -> tuple[Node, ...]:
        found = sorted(borrowers(self.session, [proof.id]))
        nodes = [self._proof(self.session.get_one(schema.Proof, id)) for id in found[:SHOWN]]
        lent = [Node(node.kind, node.id, f"lent to {node.text}") for node in nodes]
        return (*lent, *_more(len(found) - SHOWN, "proofs that rest on it"))

    def _model(self, generation_id: int | None, arm: str) -> tuple[Node, ...]:
        if generation_id is None:
            return (Node("arm", None, f"no model: {arm}"),)
        return (self._opened(self.session.get_one(schema.Generation, generation_id)),)

    def _opened(self, row: schema.Generation, before: str = "") -> Node:
        """A generation with its origin, unless that is in the tree already."""
        node = self._named(row)
        if row.id in self.opened:
            return Node(node.kind, node.id, f"{before}{node.id}, see there")
        return Node(node.kind, node.id, before + node.text, self._from(row))

    def _from(self, row: schema.Generation) -> tuple[Node, ...]:
        self.opened.add(row.id)
        if row.snapshot_id is None:
            return ()
        snapshot = self.session.get_one(schema.Snapshot, row.snapshot_id)
        node = self._frozen(snapshot)
        return (Node(node.kind, node.id, f"trained on {node.text}", self._finders(snapshot)),)

    def _finders(self, snapshot: schema.Snapshot) -> tuple[Node, ...]:
        """Who found the proofs of a snapshot first: first those without a model, then generations by age."""
        attempt, round = schema.Attempt, schema.Round
        first = select(func.min(attempt.id)).where(attempt.proof_id.in_(members(snapshot))).group_by(attempt.proof_id)
        found = self.session.execute(
            select(round.generation_id, round.run_id, round.arm, func.count())
            .join(attempt, attempt.round_id == round.id)
            .where(attempt.id.in_(first))
            .group_by(round.generation_id, round.run_id, round.arm)
            .order_by(round.generation_id.nulls_first(), round.run_id, round.arm)
        ).all()
        nodes = []
        for generation_id, run_id, arm, count in found:
            if generation_id is None:
                run = self.session.get_one(schema.Run, run_id).name
                nodes.append(Node("arm", None, f"{count} found first by {arm}, no model, run {run}"))
            else:
                row = self.session.get_one(schema.Generation, generation_id)
                also = "" if arm == "policy" else f"round {arm} with "
                nodes.append(self._opened(row, f"{count} found first by {also}"))
        return tuple(nodes)

    # --- what came of it --------------------------------------------------------------------------------------------

    def _snapshots_with(self, proof: schema.Proof) -> tuple[Node, ...]:
        """For each line that the proof entered its first snapshot there, with the models trained on any that has it."""
        snapshot, change, gone = schema.Snapshot, schema.SnapshotChange, aliased(schema.SnapshotChange)
        left = exists().where(
            gone.line_id == snapshot.line_id,
            gone.proof_id == proof.id,
            gone.removed.is_(True),
            gone.number <= snapshot.number,
        )
        entered = exists().where(
            change.line_id == snapshot.line_id,
            change.proof_id == proof.id,
            change.removed.is_(False),
            change.number <= snapshot.number,
        )
        found = self.session.scalars(select(snapshot).where(entered, ~left).order_by(snapshot.id)).all()
        lines: dict[int, list[schema.Snapshot]] = {}
        for row in found:
            lines.setdefault(row.line_id, []).append(row)
        self.opened.clear()
        nodes = []
        for held in lines.values():
            node = self._frozen(held[0])
            later = f" and {len(held) - 1} later of its filter" if len(held) > 1 else ""
            children = tuple(self._grown(one) for one in self._trained_on(held))
            nodes.append(Node(node.kind, node.id, f"entered {node.text}{later}", children))
        return tuple(nodes)

    def _trained_on(self, snapshots: Sequence[schema.Snapshot]) -> Sequence[schema.Generation]:
        """Generations trained on these sets, through whatever line they came."""
        generation, snapshot = schema.Generation, schema.Snapshot
        same = select(snapshot.id).where(snapshot.hash.in_([row.hash for row in snapshots]))
        return self.session.scalars(
            select(generation).where(generation.snapshot_id.in_(same)).order_by(generation.id)
        ).all()

    def _grown(self, row: schema.Generation) -> Node:
        """A generation with what came of it."""
        node = self._named(row)
        if row.id in self.opened:
            return Node(node.kind, node.id, f"{node.id}, see there")
        return Node(node.kind, node.id, f"trained {node.text}", self._after(row))

    def _after(self, row: schema.Generation) -> tuple[Node, ...]:
        self.opened.add(row.id)
        attempt, round, earlier = schema.Attempt, schema.Round, aliased(schema.Attempt)
        before = exists().where(earlier.proof_id == attempt.proof_id, earlier.id < attempt.id)
        firsts = (
            select(attempt.proof_id)
            .join(round, round.id == attempt.round_id)
            .where(round.generation_id == row.id, attempt.proof_id.is_not(None), ~before)
            .order_by(attempt.id)
        )
        ids = [id for id in self.session.scalars(firsts) if id is not None]
        nodes = [self._proof(self.session.get_one(schema.Proof, id)) for id in ids[:SHOWN]]
        nodes.extend(_more(len(ids) - SHOWN, "proofs that it found first"))
        generation = schema.Generation
        heirs = self.session.scalars(select(generation).where(generation.parent_id == row.id).order_by(generation.id))
        number = f"{len(ids)} proof{'s' if len(ids) != 1 else ''}" if ids else "no proof"
        found = Node("more", None, f"found {number} first", tuple(nodes))
        return (found, *(self._heir(one) for one in heirs))

    def _heir(self, row: schema.Generation) -> Node:
        node = self._named(row)
        if row.id in self.opened:
            return Node(node.kind, node.id, f"parent of {node.id}, see there")
        return Node(node.kind, node.id, f"parent of {node.text}", self._after(row))


def _more(count: int, what: str) -> tuple[Node, ...]:
    return (Node("more", None, f"and {count} more {what}"),) if count > 0 else ()
