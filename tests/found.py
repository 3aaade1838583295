"""What a round found, to be compared with what another one found."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from corpus import schema
from corpus.database import reading
from corpus.query import show_proof
from corpus.search_tree import load_trees


def content(corpus, round):
    """What a round found, its searches step by step: everything but times, and which row came first."""
    with reading(corpus.engine) as session:
        rows = session.execute(
            select(schema.Attempt, schema.Theorem.name)
            .join(schema.Theorem, schema.Theorem.id == schema.Attempt.theorem_id)
            .where(schema.Attempt.round_id == round.id)
        ).all()
        searched = {
            name: (
                row.status, row.steps, row.heartbeats, row.nodes, row.steps_to_proof, row.reason,
                row.stats["pruned"], row.stats["ended"], tried(load_trees(session, row.id)),
                row.proof_id and [step.tactic for step in show_proof(corpus, row.proof_id).proof.steps],
            )
            for row, name in rows
        }  # fmt: skip
    return searched


def tried(trees):
    """The states and steps of kept trees, without their milliseconds."""
    return [
        (tree.states, [replace(step, milliseconds=0.0) for step in tree.steps], tree.solved) for tree in trees or ()
    ]
