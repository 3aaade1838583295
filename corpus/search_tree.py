"""The search trees of attempts: what a search tried, in which order, and what became of each try.

A record is stored compressed (JSON, then zlib): printed states repeat most of their text, so a tree of 64 steps takes
a few kilobytes. Which attempts keep theirs: `trees` of the run's configuration. Trees are looked at, never trained on:
no snapshot reads them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from corpus import schema
from corpus.errors import CorpusError
from corpus.records import SearchTree, TreeState, TreeStep

#: A stored tree that unpacks to more is refused: the largest real ones are under 2 MB.
MAX_BYTES = 64 * 1024 * 1024
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class TreeSizes:
    """How many attempts have a stored tree, what the trees take, and what they are unpacked, in bytes."""

    trees: int
    stored: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class PackedTrees:
    """The trees of one attempt as they are stored."""

    states: int
    steps: int
    size: int
    data: bytes


def pack(trees: Sequence[SearchTree]) -> PackedTrees:
    """Compresses the searches of one attempt (about 1 ms)."""
    plain = {"format": _FORMAT, "trees": [_plain(tree) for tree in trees]}
    raw = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return PackedTrees(
        states=sum(len(tree.states) for tree in trees),
        steps=sum(len(tree.steps) for tree in trees),
        size=len(raw),
        data=zlib.compress(raw, 6),
    )


def unpack(data: bytes) -> tuple[SearchTree, ...]:
    """The opposite of `pack`. Raises CorpusError for what no `pack` wrote."""
    try:
        inflate = zlib.decompressobj()
        raw = inflate.decompress(data, MAX_BYTES)
        if inflate.unconsumed_tail:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        plain = json.loads(raw.decode("utf-8", "surrogatepass"))
        if plain["format"] != _FORMAT:
            raise ValueError(f"format {plain['format']!r}; this version reads {_FORMAT}")
        trees = tuple(_tree(tree) for tree in plain["trees"])
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"A stored search tree cannot be read: {error}. Its attempt is not touched.") from error
    for tree in trees:
        _check(tree)
    return trees


def store_trees(session: Session, attempt_id: int, packed: PackedTrees) -> None:
    """Inserts the trees of an attempt that was inserted in the same transaction."""
    session.add(
        schema.SearchTree(
            attempt_id=attempt_id, states=packed.states, steps=packed.steps, size=packed.size, data=packed.data
        )
    )


def load_trees(session: Session, attempt_id: int) -> tuple[SearchTree, ...] | None:
    """The searches of an attempt in their order; None where none was kept."""
    data = session.scalar(select(schema.SearchTree.data).where(schema.SearchTree.attempt_id == attempt_id))
    return None if data is None else unpack(data)


def _plain(tree: SearchTree) -> dict[str, Any]:
    return {
        "source": tree.source,
        "ended": tree.ended,
        "states": [[state.text, state.goals, state.depth] for state in tree.states],
        "steps": [
            [
                step.source,
                step.target,
                step.tactic,
                step.template,
                round(step.log_prob, 4),
                step.outcome,
                step.pruned,
                int(step.new),
                round(step.milliseconds, 2),
                step.heartbeats,
            ]
            for step in tree.steps
        ],
        "solved": list(tree.solved),
    }


def _tree(plain: Mapping[str, Any]) -> SearchTree:
    return SearchTree(
        source=str(plain["source"]),
        ended=str(plain["ended"]),
        states=tuple(TreeState(str(text), int(goals), int(depth)) for text, goals, depth in plain["states"]),
        steps=tuple(_step(order, row) for order, row in enumerate(plain["steps"])),
        solved=tuple(int(index) for index in plain["solved"]),
    )


def _step(order: int, row: Sequence[Any]) -> TreeStep:
    source, target, tactic, template, log_prob, outcome, pruned, new, milliseconds, heartbeats = row
    return TreeStep(
        order=order,
        source=int(source),
        target=None if target is None else int(target),
        tactic=str(tactic),
        template=str(template),
        log_prob=float(log_prob),
        outcome=str(outcome),
        pruned=str(pruned),
        new=bool(new),
        milliseconds=float(milliseconds),
        heartbeats=int(heartbeats),
    )


def _check(tree: SearchTree) -> None:
    """Indices in range, and every state but the first made by exactly one step from an earlier one: a page that walks
    the tree must end."""
    states, made = len(tree.states), set()
    for step in tree.steps:
        if not (0 <= step.source < states and (step.target is None or 0 <= step.target < states)):
            raise CorpusError("A stored search tree names a state that it does not have.")
        if step.new:
            if step.target is None or step.target <= step.source or step.target in made:
                raise CorpusError("A stored search tree is no tree.")
            made.add(step.target)
    if not all(0 <= index < len(tree.steps) for index in tree.solved):
        raise CorpusError("A stored search tree names a step that it does not have.")
