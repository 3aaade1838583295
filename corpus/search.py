"""Full-text search over statements and tactics, with the premises in them. By hand: `flywheel corpus search Nat.add`.

A term is found as it is written, but for upper and lower case: `Nat.add_comm`, `⊢`, `α → α`, `h₁`. An index narrows the
search by the words of a term, which are runs of letters and digits (`add_comm` has two), so that a term finds a name by
any of its words, or the beginning of one. Then each text is looked at for the term itself, symbols and all. A term of
symbols alone is looked for in every text.

SQLite: FTS5 tables, made when somebody searches for the first time and kept in step by triggers from then on.
PostgreSQL: indexes over `to_tsvector`, made likewise. A database that may not be written to is searched without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from corpus import schema
from corpus.database import reading, writing
from corpus.errors import CorpusError, CorpusUnusable
from corpus.store import Corpus

#: Texts looked at at a time.
BATCH = 500
#: Rows that one transaction adds to the index, so that other writers wait a second and not minutes.
INDEX_BATCH = 50_000
#: A step's row in the index is its proof's id times this, plus its position.
POSITIONS = 65_536
#: Characters of the text shown before and after the first term.
AROUND = 40


class Where(StrEnum):
    """What is searched: theorems by name and statement, or proofs by their tactics."""

    STATEMENTS = "statements"
    TACTICS = "tactics"


@dataclass(frozen=True, slots=True)
class Hit:
    """A text with every term. `proof` is None for a statement. `excerpt` is the text around the first term, on one
    line; `start` and `end` are that term's place in it."""

    where: Where
    theorem: str
    benchmark: str
    split: str
    proof: int | None
    excerpt: str
    start: int
    end: int


def search(
    corpus: Corpus,
    query: str,
    *,
    where: Where | None = None,
    limit: int = 20,
    report: Callable[[int], None] | None = None,
) -> list[Hit]:
    """The texts that contain every term of `query`, statements first, then proofs, the newest of each first. Terms are
    apart by spaces; a term in double quotes may have spaces in it. `report` is told how many rows are in the index
    while it is made. Raises CorpusError when there is no term."""
    query = query.encode(errors="replace").decode()  # a terminal can pass bytes that are no text
    terms = [" ".join((quoted or plain).split()) for quoted, plain in re.findall(r'"([^"]+)"|(\S+)', query)]
    if not any(terms):
        raise CorpusError("There is nothing to search for: give at least one word or symbol.")
    found: list[Hit] = []
    for index in (_THEOREMS, _STEPS):
        if where not in (None, index.where):
            continue
        indexed = _ready(corpus, index, report)
        with reading(corpus.engine) as session:
            for hit in _hits(session, index, [term for term in terms if term], indexed):
                if len(found) == limit:
                    return found
                found.append(hit)
    return found


@contextmanager
def proofs_with(
    corpus: Corpus, part: str, report: Callable[[int], None] | None = None
) -> Iterator[tuple[Session, Iterator[int]]]:
    """A reading transaction, and the ids of the proofs that may have `part` in a tactic, the newest first."""
    indexed = _ready(corpus, _STEPS, report)
    with reading(corpus.engine) as session:
        yield session, _candidates(session, _STEPS, [part], indexed)


@dataclass(frozen=True, slots=True)
class _Index:
    """One kind of text. `name`: of its FTS5 table, and of PostgreSQL's index. `rows`: SQL for the index's (id, body) of
    a table called `source`; `owner`: the id of the theorem or proof, from that id."""

    where: Where
    name: str
    source: str
    id: str
    body: str
    owner: str
    everything: str


_THEOREMS = _Index(
    where=Where.STATEMENTS,
    name="theorem_search",
    source="theorem",
    id="{row}id",
    body="{row}name || ' ' || {row}statement",
    owner="rowid",
    everything="SELECT id FROM theorem ORDER BY id DESC",
)
_STEPS = _Index(
    where=Where.TACTICS,
    name="step_search",
    source="step",
    id=f"{{row}}proof_id * {POSITIONS} + {{row}}position",
    body="{row}tactic",
    owner=f"rowid / {POSITIONS}",
    everything="SELECT id FROM proof ORDER BY id DESC",
)


def _ready(corpus: Corpus, index: _Index, report: Callable[[int], None] | None) -> bool:
    """Whether there is an index, made now if need be and possible."""
    sqlite = corpus.engine.dialect.name == "sqlite"
    # The trigger is what comes last. A migration that makes its table anew loses it; the index is completed then.
    known = (
        f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = '{index.name}_insert'"
        if sqlite
        else f"SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema() AND indexname = '{index.name}'"
    )
    with reading(corpus.engine) as session:
        if session.scalar(text(known)):
            return True
    try:
        if sqlite:
            _fill(corpus, index, report)
        else:
            made = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index.name} ON {index.source} USING gin ({_words(index)})"
            with corpus.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(made)
                # Without it the server knows nothing of the new index' words, and reads all texts for rare ones.
                connection.exec_driver_sql(f"ANALYZE {index.source}")
    except (DBAPIError, CorpusUnusable):
        return False  # it may not be written to: its texts are looked at one by one
    return True


def _fill(corpus: Corpus, index: _Index, report: Callable[[int], None] | None) -> None:
    """SQLite's index, from the rows past its last one, until none is missing. It has no copy of the texts, and letters
    keep their diacritics, which make other names in Lean."""
    last = f"SELECT coalesce(max(rowid), 0) FROM {index.name}"
    id, body = index.id.format(row=""), index.body.format(row="")
    new_id, new_body = index.id.format(row="NEW."), index.body.format(row="NEW.")
    while True:
        with writing(corpus.engine) as session:
            session.execute(
                text(
                    f"CREATE VIRTUAL TABLE IF NOT EXISTS {index.name} USING "
                    "fts5(body, content='', tokenize='unicode61 remove_diacritics 0')"
                )
            )
            before = session.scalar(text(last)) or 0
            # By the table's own key, so that no batch reads the table from its start.
            past = f"proof_id >= {before // POSITIONS} AND" if index.source == "step" else ""
            session.execute(
                text(
                    f"INSERT INTO {index.name}(rowid, body) SELECT {id}, {body} FROM {index.source} "
                    f"WHERE {past} {id} > {before} ORDER BY 1 LIMIT {INDEX_BATCH}"
                )
            )
            now = session.scalar(text(last)) or 0
            if now == before:
                session.execute(
                    text(
                        f"CREATE TRIGGER IF NOT EXISTS {index.name}_insert AFTER INSERT ON {index.source} BEGIN "
                        f"INSERT INTO {index.name}(rowid, body) VALUES ({new_id}, {new_body}); END"
                    )
                )
                return
        if report is not None:
            report(now // POSITIONS if index.source == "step" else now)


def _words(index: _Index) -> str:
    """PostgreSQL's words of a text. Letters outside of ASCII do not count: which they are depends on the server's
    locale, and the text is looked at for them anyway."""
    return f"to_tsvector('simple', regexp_replace({index.body.format(row='')}, '[^a-zA-Z0-9]+', ' ', 'g'))"


def _hits(session: Session, index: _Index, terms: Sequence[str], indexed: bool) -> Iterator[Hit]:
    candidates = _candidates(session, index, terms, indexed)
    while batch := [id for id, _ in zip(candidates, range(BATCH), strict=False)]:
        texts = _statements(session, batch) if index is _THEOREMS else _tactics(session, batch)
        for theorem, benchmark, split, proof, body in texts:
            line = " ".join(body.split())
            if all(term.casefold() in line.casefold() for term in terms):
                yield Hit(index.where, theorem, benchmark, split, proof, *_excerpt(line, terms[0]))


def _candidates(session: Session, index: _Index, terms: Sequence[str], indexed: bool) -> Iterator[int]:
    """Ids of texts that may match, the newest first: those with the words of the longest term."""
    term = max(terms, key=len)
    sqlite = session.get_bind().dialect.name == "sqlite"
    words = [term] if sqlite and any(map(str.isalnum, term)) else [] if sqlite else re.findall("[a-zA-Z0-9]+", term)
    if not indexed or not words:
        found = session.execute(text(index.everything))
    elif sqlite:
        query = f"SELECT {index.owner} FROM {index.name} WHERE {index.name} MATCH :words ORDER BY rowid DESC"
        # A phrase in FTS5's own language, which has a meaning for neither of these.
        phrase = term.replace('"', " ").replace("\0", " ")
        # After a sign the last word is whole: `comm_1]` is not looked for among all of `comm_1` to `comm_1999`.
        whole = term[-1].isascii() and not term[-1].isalnum()
        found = session.execute(text(query), {"words": f'"{phrase}"' if whole else f'"{phrase}" *'})
    else:
        whole = not re.search("[a-zA-Z0-9]$", term)
        # Each word by itself: that they stand side by side only the text can say, which is read anyway.
        return _on_server(session, index, " & ".join(words) + ("" if whole else ":*"))
    # A proof comes once for each of its steps that match.
    return (id for id, _ in groupby(int(row[0]) for row in found))


def _on_server(session: Session, index: _Index, words: str) -> Iterator[int]:
    """Batch by batch: so the server may choose, for words that most texts have, to walk from the newest."""
    owner = "id" if index is _THEOREMS else "proof_id"
    query = text(
        f"SELECT {owner} FROM {index.source} WHERE {_words(index)} @@ to_tsquery('simple', :words) "
        f"AND {owner} < :before ORDER BY {owner} DESC LIMIT {BATCH}"
    )
    before = 2**31 - 1
    while True:
        found = [int(row[0]) for row in session.execute(query, {"words": words, "before": before})]
        yield from dict.fromkeys(found)
        if len(found) < BATCH:
            return
        before = found[-1]


_Text = tuple[str, str, str, int | None, str]


def _statements(session: Session, ids: Sequence[int]) -> Iterable[_Text]:
    theorem, benchmark = schema.Theorem, schema.Benchmark
    found = session.execute(
        select(theorem.name, theorem.statement, theorem.split, benchmark.name, benchmark.revision)
        .join(benchmark, benchmark.id == theorem.benchmark_id)
        .where(theorem.id.in_(ids))
        .order_by(theorem.id.desc())
    )
    for name, statement, split, of, revision in found:
        yield name, f"{of}@{revision}", split, None, f"{name} {statement}"


def _tactics(session: Session, ids: Sequence[int]) -> Iterable[_Text]:
    theorem, benchmark, proof, step = schema.Theorem, schema.Benchmark, schema.Proof, schema.Step
    found = session.execute(
        select(proof.id, theorem.name, theorem.split, benchmark.name, benchmark.revision, step.tactic)
        .join(proof, proof.id == step.proof_id)
        .join(theorem, theorem.id == proof.theorem_id)
        .join(benchmark, benchmark.id == theorem.benchmark_id)
        .where(step.proof_id.in_(ids), proof.id.not_in(select(schema.Retraction.proof_id)))
        .order_by(proof.id.desc(), step.position)
    )
    for (id, name, split, of, revision), steps in groupby(found, key=lambda row: tuple(row[:5])):
        yield name, f"{of}@{revision}", split, id, "; ".join(row[5] for row in steps)


def _excerpt(line: str, term: str) -> tuple[str, int, int]:
    """The text around the first `term`, and where the term is in that."""
    # Not `casefold`, which changes lengths: the place is looked for letter by letter.
    at = re.search(re.escape(term), line, re.IGNORECASE)
    start, end = at.span() if at else (0, 0)
    left, right = max(0, start - AROUND), min(len(line), end + AROUND)
    before, after = "…" if left else "", "…" if right < len(line) else ""
    shift = len(before) - left
    return f"{before}{line[left:right]}{after}", start + shift, end + shift
