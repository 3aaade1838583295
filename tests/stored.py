"""What a loop in another process has stored so far."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text


def attempts(database: Path) -> int:
    """How many attempts; 0 while the schema is being made."""
    if not database.exists():
        return 0
    engine = create_engine(f"sqlite:///{database}")
    try:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM attempt")).scalar_one())
    except Exception:
        return 0
    finally:
        engine.dispose()
