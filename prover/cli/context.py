"""Where a command works: the home folder (corpus and models) and the options that every command shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from corpus.store import Corpus

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="FLYWHEEL_HOME", help="Folder of the corpus and the trained models.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--db", envvar="FLYWHEEL_DATABASE", help="Database URL instead of HOME/corpus.db (SQLite file)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for scripts.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="TOML file; flags override it.")]

DEFAULT_HOME = Path("flywheel-home")


def require_lean() -> None:
    """Raises NotInstalled where `flywheel setup` has not run: before the seconds that importing torch takes."""
    from lean_env.embedded.installation import find

    find()


@dataclass(frozen=True, slots=True)
class Place:
    """A home folder and its database."""

    home: Path
    database: str

    @classmethod
    def of(cls, home: Path, database: str | None) -> Place:
        return cls(home, database or str(home / "corpus.db"))

    def corpus(self, *, create: bool = False, upgrade: bool = False) -> Corpus:
        """The corpus, open. SQLAlchemy is imported here, half a second that `--help` need not wait for."""
        from corpus.store import Corpus

        return Corpus.open(self.database, create=create, upgrade=upgrade)

    def models(self, run: str) -> Path:
        """Folder of a run's generations: one checkpoint folder each."""
        return self.home / "models" / run
