"""A run that begins as another one did takes over what that one has: round 0, M_0, and how M_0 was judged.

    take_beginning(corpus, "arms-floor-s0", "arms-flywheel-s0", config_hash=config.digest(), model_path="models/...")

Rounds and attempts are written anew for the run, and name the same proofs; so whoever reads the run finds all of it
there, with the steps and seconds that it took when it was made. `metrics["taken_from"]` of its M_0 names the other run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, literal, select
from sqlalchemy.orm import Session, aliased

from corpus import rows, schema
from corpus.columns import Base
from corpus.database import writing
from corpus.records import RoundKind
from corpus.rounds import key_of
from corpus.store import Corpus
from corpus.tallies import catch_up

#: In the metrics of an M_0.
TAKEN_FROM = "taken_from"


def take_beginning(
    corpus: Corpus, run: str, source: str, *, config_hash: str, model_path: str, judged_as: Collection[str]
) -> bool:
    """Whether it was taken: `source` has a finished M_0, and `run`, which was started, has nothing yet. Without a
    finished M_0 nothing is.

    Taken are the finished rounds before M_0, and its evaluations by the arms `judged_as`. `config_hash` and
    `model_path` are the run's own; M_0's weights must lie there. Raises NotFound for a run that was not started.
    """
    with writing(corpus.engine) as session:
        mine = rows.run_row(session, run)
        theirs = session.scalar(
            select(schema.Generation)
            .join(schema.Run, schema.Run.id == schema.Generation.run_id)
            .where(schema.Run.name == source, schema.Generation.number == 0)
        )
        if theirs is None or theirs.finished_at is None or _begun(session, mine.id):
            return False
        own = {
            "run_id": mine.id,
            "config_hash": config_hash,
            "model_path": model_path,
            "metrics": {**theirs.metrics, TAKEN_FROM: source},
        }
        first = schema.Generation(**_columns(theirs) | own)
        session.add(first)
        session.flush()
        for round in _beginning(session, theirs, judged_as):
            _take_round(session, round, first, config_hash)
        catch_up(session)
        return True


def _begun(session: Session, run_id: int) -> bool:
    of_it = (exists().where(table.run_id == run_id) for table in (schema.Round, schema.Generation))
    return any(session.scalar(select(one)) for one in of_it)


def _beginning(session: Session, first: schema.Generation, judged_as: Collection[str]) -> Sequence[schema.Round]:
    """The finished rounds before M_0, and those that judged it."""
    round = schema.Round
    # Later ones without a generation are of policies from elsewhere.
    later = select(func.min(round.id)).where(round.generation_id == first.id).scalar_subquery()
    before = and_(round.generation_id.is_(None), round.kind == RoundKind.TRAIN, round.id < func.coalesce(later, 2**62))
    judged = and_(round.generation_id == first.id, round.kind == RoundKind.EVAL, round.arm.in_(judged_as))
    query = select(round).where(round.run_id == first.run_id, round.finished_at.is_not(None), before | judged)
    return session.scalars(query.order_by(round.id)).all()


def _take_round(session: Session, round: schema.Round, first: schema.Generation, config_hash: str) -> None:
    """Writes it as one of the run that `first` belongs to, under the key that this run will ask for."""
    config = dict(round.config)
    if "config_hash" in config:
        config["config_hash"] = config_hash
    values = _columns(round) | {"run_id": first.run_id, "config": config}
    if round.generation_id is not None:
        values["generation_id"] = first.id
    values["key"] = key_of(values)
    taken = schema.Round(**values)
    session.add(taken)
    session.flush()
    _copy(session, schema.RoundTheorem, schema.RoundTheorem.round_id == round.id, round_id=taken.id)
    _copy(session, schema.Attempt, schema.Attempt.round_id == round.id, round_id=taken.id)
    # A tree goes to the attempt at the same theorem.
    old, new, tree = aliased(schema.Attempt), aliased(schema.Attempt), schema.SearchTree
    same = and_(*(getattr(old, name) == getattr(new, name) for name in ("theorem_id", "ordinal", "retry")))
    names = [name for name in _names(tree) if name != "attempt_id"]
    trees = select(new.id, *(getattr(tree, name) for name in names)).join(old, old.id == tree.attempt_id)
    of_round = old.round_id == round.id, new.round_id == taken.id
    session.execute(insert(tree).from_select(["attempt_id", *names], trees.join(new, same).where(*of_round)))


def _copy(session: Session, table: type[Base], which: ColumnElement[bool], **changed: int) -> None:
    """Inserts these rows once more, with other values of the columns `changed` and ids of their own."""
    names = [name for name in _names(table) if name != "id"]
    values = [literal(changed[name]) if name in changed else getattr(table, name) for name in names]
    order = table.id if hasattr(table, "id") else None
    session.execute(insert(table).from_select(names, select(*values).where(which).order_by(order)))


def _columns(row: Base) -> dict[str, Any]:
    """Its values but for the id."""
    return {name: getattr(row, name) for name in _names(type(row)) if name != "id"}


def _names(table: type[Base]) -> list[str]:
    return [column.name for column in table.__table__.columns]
