"""Column types of the corpus, and the base class of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

from corpus.records import AttemptStatus, RoundKind


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time: SQLite forgets the zone, PostgreSQL gives the session's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


#: Enums are plain text in the database, so that a new member needs no migration.
STATUS = Enum(AttemptStatus, native_enum=False, length=16, values_callable=_values)
KIND = Enum(RoundKind, native_enum=False, length=16, values_callable=_values)
#: SHA-256 in lower-case hex.
HASH = String(64)


class Base(DeclarativeBase):
    """One metadata for all tables; constraints have predictable names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads this class attribute)
        datetime: UtcDateTime,
        Mapping[str, Any]: JSON,
        str: Text,
    }
