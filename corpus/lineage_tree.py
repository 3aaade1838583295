"""Where a proof, a generation or a snapshot came from, down to the seeds, and what came of it, as two trees. By hand:
`flywheel corpus lineage 17`, `... first/M_2`, `... 3fa9c1`.

A proof came from the attempts that found it, an attempt from the model of its round, a model from the snapshot that it
was trained on, a snapshot from those who found its proofs first, until nobody is left who was trained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.borrowing import borrowers, named_by
from corpus.database import reading
from corpus.descent import finders, found_first, heirs, holding, snapshot_of, some_found_first, trained_on
from corpus.errors import Ambiguous, CorpusError, NotFound
from corpus.generations import generation_name, generation_row
from corpus.lineage import proof_findings
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
            later = tuple(self._grown(one) for one in trained_on(self.session, [found]))
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
        found = proof_findings(self.session, proof.id)
        nodes = []
        for position, one in enumerate(found[:SHOWN]):
            first = "first found by" if position == 0 else "found again by"
            steps = "" if one.steps_to_proof is None else f" after {one.steps_to_proof} steps"
            place = f"round {one.round_id} ({one.arm}) of run {one.run}, {one.found_at:%Y-%m-%d %H:%M}"
            text = f"{first} attempt {one.attempt_id}{steps}, {place}"
            nodes.append(Node("attempt", str(one.attempt_id), text, self._model(one.generation_id, one.arm)))
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
        snapshot = snapshot_of(self.session, row)
        if snapshot is None:
            return ()
        node = self._frozen(snapshot)
        return (Node(node.kind, node.id, f"trained on {node.text}", self._finders(snapshot)),)

    def _finders(self, snapshot: schema.Snapshot) -> tuple[Node, ...]:
        nodes = []
        for one in finders(self.session, snapshot):
            if one.model is None:
                nodes.append(Node("arm", None, f"{one.proofs} found first by {one.arm}, no model, run {one.run}"))
            else:
                also = "" if one.arm == "policy" else f"round {one.arm} with "
                nodes.append(self._opened(one.model, f"{one.proofs} found first by {also}"))
        return tuple(nodes)

    # --- what came of it --------------------------------------------------------------------------------------------

    def _snapshots_with(self, proof: schema.Proof) -> tuple[Node, ...]:
        """For each line that the proof entered its first snapshot there, with the models trained on any that has it."""
        self.opened.clear()
        nodes = []
        for held in holding(self.session, proof.id):
            node = self._frozen(held[0])
            later = f" and {len(held) - 1} later of its filter" if len(held) > 1 else ""
            children = tuple(self._grown(one) for one in trained_on(self.session, held))
            nodes.append(Node(node.kind, node.id, f"entered {node.text}{later}", children))
        return tuple(nodes)

    def _grown(self, row: schema.Generation) -> Node:
        """A generation with what came of it."""
        node = self._named(row)
        if row.id in self.opened:
            return Node(node.kind, node.id, f"{node.id}, see there")
        return Node(node.kind, node.id, f"trained {node.text}", self._after(row))

    def _after(self, row: schema.Generation) -> tuple[Node, ...]:
        self.opened.add(row.id)
        count = found_first(self.session, [row])[row.id]
        nodes = [self._proof(one) for one in some_found_first(self.session, row, SHOWN)]
        nodes.extend(_more(count - SHOWN, "proofs that it found first"))
        number = f"{count} proof{'s' if count != 1 else ''}" if count else "no proof"
        found = Node("more", None, f"found {number} first", tuple(nodes))
        return (found, *(self._heir(one) for one in heirs(self.session, row)))

    def _heir(self, row: schema.Generation) -> Node:
        node = self._named(row)
        if row.id in self.opened:
            return Node(node.kind, node.id, f"parent of {node.id}, see there")
        return Node(node.kind, node.id, f"parent of {node.text}", self._after(row))


def _more(count: int, what: str) -> tuple[Node, ...]:
    return (Node("more", None, f"and {count} more {what}"),) if count > 0 else ()
