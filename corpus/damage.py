"""Rows that somebody changed from outside so that they cannot be read: JSON cut off, an unknown status, a certificate
or another row that it refers to gone. By hand: `flywheel corpus verify`.

What is readable and wrong is not looked for here: snapshots check the content hashes of their proofs
(`flywheel corpus snapshot verify`), and `flywheel corpus verify` proves them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import JSON, Column, DateTime, Enum, ForeignKey, Table, exists, func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from corpus import schema
from corpus.columns import Base, UtcDateTime

#: JSON columns that hold a list; the others hold an object.
_LISTS = ("axioms", "auxiliaries", "contents", "finders")


@dataclass(frozen=True, slots=True)
class Damage:
    """One row that cannot be read: its table, its key (`id 17`) and what is wrong with it."""

    table: str
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.problem}"


def first_damage(session: Session) -> Damage | None:
    """The first unreadable row, None if there is none: one scan of the database in the worst case."""
    return next(all_damage(session), None)


def all_damage(session: Session) -> Iterator[Damage]:
    """Every unreadable row."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if (reads := _reader(session, column)) is not None:
                yield from _unreadable(session, table, column, reads)
        for key in table.foreign_keys:
            yield from _dangling(session, table, key)
    yield from _unsupported_proofs(session)


def _reader(session: Session, column: Column[Any]) -> Callable[[Any], object] | None:
    """What a stored value of this column has to get through; None where every value is readable."""
    kind = column.type
    if isinstance(kind, Enum):
        known = set(kind.enums)
        return lambda value: value in known or _refuse(f"{value!r} is none of {', '.join(sorted(known))}")
    if session.get_bind().dialect.name != "sqlite":
        return None  # PostgreSQL itself checks JSON and times
    if isinstance(kind, JSON):
        shape = list if column.name in _LISTS else dict
        return lambda value: isinstance(json.loads(value), shape) or _refuse(f"it is no JSON {shape.__name__}")
    if isinstance(kind, (DateTime, UtcDateTime)):
        return datetime.fromisoformat
    return None


def _refuse(problem: str) -> NoReturn:
    raise ValueError(problem)


def _unreadable(
    session: Session, table: Table, column: Column[Any], reads: Callable[[Any], object]
) -> Iterator[Damage]:
    keys = list(table.primary_key.columns)
    raw = type_coerce(column, NullType())
    for *key, value in session.execute(select(*keys, raw).where(column.is_not(None))).yield_per(1000):
        try:
            reads(value)
        except (ValueError, TypeError) as error:
            yield Damage(table.name, _named(table, key), f"{column.name} cannot be read ({error})")


def _dangling(session: Session, table: Table, reference: ForeignKey) -> Iterator[Damage]:
    """Rows that refer to a row that is gone."""
    column, target = reference.parent, reference.column
    other = target.table.alias()
    there = exists().where(other.c[target.name] == column)
    query = select(*table.primary_key.columns, column).where(column.is_not(None), ~there)
    for *key, value in session.execute(query):
        yield Damage(table.name, _named(table, key), f"its {target.table.name} {value} is gone")


def _named(table: Table, key: Sequence[object]) -> str:
    return ", ".join(f"{column.name} {part}" for column, part in zip(table.primary_key.columns, key, strict=True))


def _unsupported_proofs(session: Session) -> Iterator[Damage]:
    """Proofs without the rows that were stored with them."""
    proof, certificate, step = schema.Proof, schema.Certificate, schema.Step
    for id in session.scalars(select(proof.id).where(~exists().where(certificate.proof_id == proof.id))):
        yield Damage("proof", f"id {id}", "its certificate is gone")
    steps = select(func.count()).where(step.proof_id == proof.id).scalar_subquery()
    for id, length, found in session.execute(select(proof.id, proof.length, steps).where(proof.length != steps)):
        yield Damage("proof", f"id {id}", f"it has {found} steps of {length}")
