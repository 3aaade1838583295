"""The search trees that were kept of a round, one attempt at a time."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from corpus import rows, schema
from corpus.database import reading
from corpus.records import AttemptStatus, RoundRecord, SearchTree, TheoremRecord
from corpus.search_tree import unpack
from corpus.store import Corpus


def round_trees(
    corpus: Corpus, round: RoundRecord, *, proved: bool = False
) -> Iterator[tuple[TheoremRecord, tuple[SearchTree, ...]]]:
    """Each attempt of the round that kept its trees, with its theorem, in the order in which they were stored.

    `proved`: only those whose proof the gate certified, the corpus took, and nobody retracted. Raises CorpusError for a
    tree that cannot be read."""
    attempt, tree = schema.Attempt, schema.SearchTree
    query = select(attempt.id).join(tree, tree.attempt_id == attempt.id).where(attempt.round_id == round.id)
    if proved:
        retracted = select(schema.Retraction.proof_id)
        query = query.where(attempt.status == AttemptStatus.PROVED, attempt.proof_id.not_in(retracted))
    with reading(corpus.engine) as session:
        ids = session.scalars(query.order_by(attempt.id)).all()
    for chunk in rows.chunks(ids):
        with reading(corpus.engine) as session:
            found = session.execute(
                select(schema.Theorem, tree.data)
                .join(attempt, attempt.theorem_id == schema.Theorem.id)
                .join(tree, tree.attempt_id == attempt.id)
                .where(attempt.id.in_(chunk))
                .order_by(attempt.id)
            ).all()
            batch = [(rows.theorem_record(theorem), unpack(data)) for theorem, data in found]
        yield from batch
