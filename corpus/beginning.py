"""A run that begins as another one did takes over what that one has: round 0, M_0, and how M_0 was judged.

    take_round_0(corpus, "arms-value-s0", "arms-flywheel-s0", config.digest())
    take_m_0(corpus, "arms-floor-s0", "arms-flywheel-s0", config.digest(), "models/arms-floor-s0/M_0", {"M_0"})

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


def take_round_0(corpus: Corpus, run: str, source: str, config_hash: str) -> bool:
    """Whether `run`, which was started and has nothing yet, took the finished rounds of `source` before its M_0.
    `config_hash`: the run's own. Raises NotFound for a run that was not started."""
    with writing(corpus.engine) as session:
        mine, theirs = rows.run_row(session, run), rows.run_row(session, source)
        if _begun(session, mine.id) or not (found := _before(session, theirs.id)):
            return False
        for round in found:
            _take_round(session, round, mine.id, config_hash)
        catch_up(session)
        return True


def take_m_0(
    corpus: Corpus, run: str, source: str, config_hash: str, model_path: str, judged_as: Collection[str]
) -> bool:
    """As `take_round_0`, and beside round 0 the M_0 of `source` with its evaluations by the arms `judged_as`; nothing
    where M_0 is not finished. `model_path`: the run's own, where the weights must lie."""
    with writing(corpus.engine) as session:
        mine, theirs = rows.run_row(session, run), rows.run_row(session, source)
        first = _first(session, theirs.id)
        if _begun(session, mine.id) or first is None or first.finished_at is None:
            return False
        own = {
            "run_id": mine.id,
            "config_hash": config_hash,
            "model_path": model_path,
            "metrics": {**first.metrics, TAKEN_FROM: source},
        }
        taken = schema.Generation(**_columns(first) | own)
        session.add(taken)
        session.flush()
        round = schema.Round
        judged = round.generation_id == first.id, round.kind == RoundKind.EVAL, round.arm.in_(judged_as)
        for one in _before(session, theirs.id):
            _take_round(session, one, mine.id, config_hash)
        for one in _finished(session, theirs.id, *judged):
            _take_round(session, one, mine.id, config_hash, taken.id)
        catch_up(session)
        return True


def _begun(session: Session, run_id: int) -> bool:
    of_it = (exists().where(table.run_id == run_id) for table in (schema.Round, schema.Generation))
    return any(session.scalar(select(one)) for one in of_it)


def _first(session: Session, run_id: int) -> schema.Generation | None:
    generation = schema.Generation
    return session.scalar(select(generation).where(generation.run_id == run_id, generation.number == 0))


def _before(session: Session, run_id: int) -> Sequence[schema.Round]:
    """The finished rounds before M_0. Later ones without a generation are of policies from elsewhere."""
    round, first = schema.Round, _first(session, run_id)
    own: list[ColumnElement[bool]] = [round.generation_id.is_(None), round.kind == RoundKind.TRAIN]
    if first is not None:
        later = select(func.min(round.id)).where(round.generation_id == first.id).scalar_subquery()
        own.append(round.id < func.coalesce(later, 2**62))
    return _finished(session, run_id, *own)


def _finished(session: Session, run_id: int, *which: ColumnElement[bool]) -> Sequence[schema.Round]:
    round = schema.Round
    query = select(round).where(round.run_id == run_id, round.finished_at.is_not(None), *which)
    return session.scalars(query.order_by(round.id)).all()


def _take_round(
    session: Session, round: schema.Round, run_id: int, config_hash: str, generation_id: int | None = None
) -> None:
    """Writes it as one of the run, under the key that this run will ask for."""
    config = dict(round.config)
    if "config_hash" in config:
        config["config_hash"] = config_hash
    values = _columns(round) | {"run_id": run_id, "config": config, "generation_id": generation_id}
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
