"""`flywheel corpus explore`: datasette over a copy of the corpus.

A copy, because datasette opens what is never written to, and because it can then have a view more than the corpus has.
It is asked by nobody but this machine, and the browser is told to ask no other host: datasette's own pages need none
(they link to its home page).
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from datasette.app import Datasette
from sqlalchemy import text

from corpus.backup import backup
from corpus.errors import CorpusError
from corpus.serving import LOOPBACK, Guarded, listen
from corpus.store import Corpus

HERE = Path(__file__).parent
#: Datasette writes scripts and styles into its pages, so these are allowed there; other hosts are not.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SETTINGS = {"sql_time_limit_ms": 10_000, "allow_download": False, "facet_time_limit_ms": 1_000}

_VIEW = """
CREATE VIEW accepted_proof AS
SELECT proof.id, proof.theorem_id, theorem.name AS theorem, benchmark.name || '@' || benchmark.revision AS benchmark,
       theorem.split, theorem.stratum, proof.source, proof.length, run.name AS run, round.arm,
       generation.number AS generation, proof.created_at, proof.text
FROM proof
JOIN theorem ON theorem.id = proof.theorem_id
JOIN benchmark ON benchmark.id = theorem.benchmark_id
LEFT JOIN attempt ON attempt.id = (SELECT min(found.id) FROM attempt AS found WHERE found.proof_id = proof.id)
LEFT JOIN round ON round.id = attempt.round_id
LEFT JOIN run ON run.id = round.run_id
LEFT JOIN generation ON generation.id = round.generation_id
WHERE NOT EXISTS (SELECT 1 FROM retraction WHERE retraction.proof_id = proof.id)
"""


def metadata() -> dict[str, Any]:
    """What datasette is told of the corpus: descriptions, labels, queries."""
    read: dict[str, Any] = yaml.safe_load((HERE / "metadata.yaml").read_text(encoding="utf-8"))
    return read


def explore(
    corpus: Corpus, port: int, *, report: Callable[[int], None] = lambda _rows: None, ready: Callable[[str], None]
) -> None:
    """Serves a copy of the corpus at 127.0.0.1 and returns after Ctrl-C, when the copy is gone.

    port: 0 for any free one. `report` is told how many rows are copied (PostgreSQL), `ready` the address. Raises
    CannotServe, CorpusError where there is no room for a copy.
    """
    with listen("127.0.0.1", port) as listener, tempfile.TemporaryDirectory(prefix="flywheel-explore-") as folder:
        file = Path(folder) / "corpus.db"
        _require_room(corpus, file.parent)
        backup(corpus, file, report)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(_VIEW)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            make_app(file), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
        )
        ready(address)
        uvicorn.Server(config).run(sockets=[listener])


def make_app(file: Path) -> Guarded:
    """Datasette over a copy that has the view, behind the checks that every page of ours has."""
    # Else it would hash the whole file first, to tell browsers apart what they may keep; they may keep nothing.
    known = {"corpus": {"hash": secrets.token_hex(32), "size": file.stat().st_size, "file": str(file), "tables": {}}}
    from datasette import handle_exception  # after datasette.app, which registers it

    # Where rich is installed, datasette prints a screen of traceback for every query that somebody mistypes.
    handle_exception.rich = None
    served = Datasette(
        immutables=[str(file)], metadata=metadata(), settings=SETTINGS, inspect_data=known, cache_headers=False
    )
    return Guarded(served.app(), LOOPBACK, POLICY)


def _require_room(corpus: Corpus, folder: Path) -> None:
    if corpus.engine.dialect.name == "postgresql":
        with corpus.engine.connect() as connection:
            need = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    else:
        need = Path(corpus.engine.url.database or "").stat().st_size
    free = shutil.disk_usage(folder).free
    if free < need:
        raise CorpusError(
            f"The explorer works on a copy, which takes {need / 1e9:.1f} GB, and {folder.parent} has "
            f"{free / 1e9:.1f} GB free. TMPDIR says where it is made."
        )
