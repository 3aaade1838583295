"""A made-up corpus of any size for tests/performance/bench_corpus.py, in the rows that `record_attempt` would write.

Ten steps a proof, states of 250 letters, of which two in five are new in the corpus. One attempt in two found a proof.
A round has up to 5,000 theorems, and each of a run's ten generations one round. A run begins with a snapshot. The last
run's generations were evaluated on 40 theorems each, and kept their search trees. One round is in progress.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, event, select, text

from corpus import schema
from corpus.columns import Base
from corpus.database import reading, writing
from corpus.hashing import content_hash, tactics_hash
from corpus.records import (
    AttemptRecord,
    AttemptStatus,
    CertificateRecord,
    ProofRecord,
    RoundKind,
    RoundRecord,
    SearchTree,
    StepRecord,
    TheoremRecord,
    TreeState,
    TreeStep,
)
from corpus.snapshot import take_snapshot
from corpus.states import state_digest
from corpus.store import Corpus

STEPS_A_PROOF = 10
THEOREMS_A_BENCHMARK = 20_000
THEOREMS_A_ROUND = 5_000
#: Of a run; and theorems of an evaluation.
GENERATIONS, EVALUATED = 10, 40
#: Rows of one transaction, in proofs.
BATCH = 5_000

_AXIOMS, _KERNELS = ("propext",), {"embedded-4.28": "accept", "second": "accept"}
_STATS = json.dumps({"cpu_seconds": 0.7})


def sha(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def theorem(number: int) -> TheoremRecord:
    return TheoremRecord(
        name=f"Family{number % 97}.lemma_{number}",
        statement=f"∀ (a b c : Nat) (h : a ≤ b), a + c * {number} ≤ b + c * {number}",
        statement_hash=sha(f"statement {number}"),
        environment="Init.Core,Init.Data.Nat.Basic",
        module=None,
        split="train",
        stratum=("easy", "hard")[number % 2],
        family=f"Family{number % 97}",
    )


def proof(of: TheoremRecord, number: int) -> ProofRecord:
    """Ten steps. Their states come from the theorem (met by each of its proofs) or are this proof's own."""
    draw = random.Random(number)
    states = [_state(of, place, number if draw.random() < 0.4 else -1) for place in range(STEPS_A_PROOF)]
    steps = tuple(
        StepRecord(
            state=states[place],
            tactic=f"rw [Nat.add_comm_{draw.randrange(4000)}] at h_{number % 1009}",
            state_after=states[place + 1] if place + 1 < STEPS_A_PROOF else "no goals",
            template="rw [·] at ·",
            milliseconds=round(draw.random() * 20, 3),
            heartbeats=draw.randrange(1000),
            goal_hashes=(_goal(of.name, place),),
        )
        for place in range(STEPS_A_PROOF)
    )
    certificate = CertificateRecord(
        of.statement_hash, sha(of.environment), sha(f"proof {number}"), _AXIOMS, _KERNELS, "2 on Lean 4.28.0-pre"
    )
    lines = "\n".join(f"  {step.tactic}" for step in steps)
    return ProofRecord(steps, "policy", certificate, f"theorem {of.name} {of.statement} := by\n{lines}\n", 4_000)


_HYPOTHESES = [
    "\n".join(f"h_{i} : a_{i} + {place} * b_{i} ≤ c_{i}" for i in range(5)) for place in range(STEPS_A_PROOF)
]


@lru_cache(maxsize=THEOREMS_A_BENCHMARK * STEPS_A_PROOF)
def _goal(name: str, place: int) -> str:
    return sha(f"goal {name} {place}")


#: What stands in a state that a theorem's proofs share, in place of a proof's number.
_SHARED = "\nown : -1\n"


def _state(of: TheoremRecord, place: int, own: int) -> str:
    return f"a b c : Nat\n{_HYPOTHESES[place]}\nown : {own}\n⊢ {of.statement} at {place}"


#: Indexes that are made when all rows are there: their hashes come in no order.
LATE = ("ix_goal_hash", "ix_certificate_statement_hash")


def fill(corpus: Corpus, proofs: int, report: Callable[[int], None] = lambda _n: None) -> list[float]:
    """Stores made-up proofs in an empty corpus; returns the seconds that each run's first snapshot took."""
    theorems = min(THEOREMS_A_BENCHMARK, max(1, proofs // 5))
    made = [theorem(i) for i in range(theorems)]
    corpus.add_benchmark("made", "1", "library", made)
    corpus.add_benchmark("held", "1", "library", [_held_out(i) for i in range(2_000)])
    with reading(corpus.engine) as session:
        of = schema.Theorem
        rows = _Rows(made, list(session.scalars(select(of.id).where(of.split == "train").order_by(of.id))))
    snapshots: list[float] = []
    models: list[int] = []
    run, frozen = "", ""
    with _in_bulk(corpus):
        for place, start in enumerate(range(0, proofs, THEOREMS_A_ROUND)):
            if place % GENERATIONS == 0:
                run, models, began = f"run {place // GENERATIONS}", [], perf_counter()
                corpus.start_run(run, {})
                frozen = take_snapshot(corpus).hash
                snapshots.append(round(perf_counter() - began, 2))
            models.append(_generation(corpus, run, models, frozen))
            numbers = range(start, min(start + THEOREMS_A_ROUND, proofs))
            tried = _round(
                corpus, run, models[-1], [made[i].name for i in dict.fromkeys(n % theorems for n in numbers)]
            )
            for first in range(numbers.start, numbers.stop, BATCH):
                rows.store(corpus, tried, range(first, min(first + BATCH, numbers.stop)), numbers.start)
            corpus.finish_round(tried)
            report(numbers.stop)
    if corpus.engine.dialect.name == "postgresql":
        with corpus.engine.begin() as connection:
            for table in ("proof", "state"):
                connection.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
                )
    while len(models) < GENERATIONS:
        models.append(_generation(corpus, run, models, frozen))
    _evaluate(corpus, run, models)
    half = made[: min(THEOREMS_A_ROUND, theorems)]
    going = _round(corpus, run, models[-1], [one.name for one in half], arm="probe")
    for one in half[:EVALUATED]:
        corpus.record_attempt(going, AttemptRecord(one.name, AttemptStatus.UNPROVED, 64, 1000))
    return snapshots


@contextmanager
def _in_bulk(corpus: Corpus) -> Iterator[None]:
    """SQLite with a large cache and without waiting for the disk, and LATE indexes made at the end."""

    def quick(connection: Any, _record: object) -> None:
        if corpus.engine.dialect.name == "sqlite":
            for setting in ("cache_size = -800000", "synchronous = OFF", "foreign_keys = OFF"):
                connection.execute(f"PRAGMA {setting}")

    event.listen(corpus.engine, "connect", quick)
    corpus.engine.dispose()
    late = [index for table in Base.metadata.sorted_tables for index in table.indexes if index.name in LATE]
    with corpus.engine.begin() as connection:
        for index in late:
            index.drop(connection)
    yield
    with corpus.engine.begin() as connection:
        for index in late:
            index.create(connection)
    event.remove(corpus.engine, "connect", quick)
    corpus.engine.dispose()


def _generation(corpus: Corpus, run: str, before: Sequence[int], snapshot: str) -> int:
    number = len(before)
    model = corpus.start_generation(
        run=run, number=number, parent=before[-1] if before else None, recipe="expert iteration", config={},
        config_hash=sha("config"), seeds={"torch": number}, versions={}, snapshot_hash=snapshot,
    )  # fmt: skip
    corpus.finish_generation(
        model, model_path=f"M_{number}", model_hash=sha(f"{run} M_{number}"), metrics={"loss": 1.0}
    )
    return model


def _round(corpus: Corpus, run: str, model: int, names: Sequence[str], arm: str = "policy") -> RoundRecord:
    return corpus.start_round(
        run=run, generation_id=model, benchmark="made", split="train", stratum="", arm=arm,
        kind=RoundKind.TRAIN, seed=0, config={}, selection=names,
    )  # fmt: skip


class _Rows:
    """The rows of some proofs and of as many attempts that found none, by table, ready to be inserted."""

    COLUMNS = {  # noqa: RUF012
        "state": "id digest text",
        "proof": "id theorem_id tactics_hash content_hash source length text term_bytes created_at",
        "step": "proof_id position state_id tactic state_after_id template milliseconds heartbeats",
        "goal": "proof_id position ordinal hash",
        "certificate": "proof_id statement_hash environment_digest proof_hash axioms kernels gate_version auxiliaries",
        "attempt": "round_id theorem_id ordinal retry status steps heartbeats lean_seconds model_seconds wall_seconds "
        "wall_limit_hits nodes steps_to_proof reason stats proof_id created_at",
    }

    def __init__(self, made: Sequence[TheoremRecord], ids: Sequence[int]) -> None:
        self._made, self._ids = made, ids
        #: States that a theorem's proofs share, by their text, and how many states there are.
        self._shared: dict[str, int] = {}
        self._states = 0
        self.tables: dict[str, list[tuple[Any, ...]]] = {}

    def store(self, corpus: Corpus, round: RoundRecord, numbers: range, first: int) -> None:
        """The proofs of these numbers, found in a round that began with `first`, in one transaction."""
        self.tables = {table: [] for table in self.COLUMNS}
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        for number in numbers:
            self._add(round.id, number, first, now)
        with writing(corpus.engine) as session:
            for table, values in self.tables.items():
                _insert(session.connection(), table, self.COLUMNS[table], values)

    def _add(self, round_id: int, number: int, first: int, now: str) -> None:
        place, id, rows = number % len(self._made), number + 1, self.tables
        of, theorem_id = self._made[place], self._ids[place]
        one = proof(of, number)
        ids = [self._interned(step.state) for step in one.steps] + [self._interned("no goals")]
        rows["proof"].append(
            (id, theorem_id, tactics_hash(one.steps), content_hash("made@1", of, one.source, one.steps), one.source,
             len(one.steps), one.text, one.term_bytes, now)
        )  # fmt: skip
        for i, step in enumerate(one.steps):
            rows["step"].append(
                (id, i, ids[i], step.tactic, ids[i + 1], step.template, step.milliseconds, step.heartbeats)
            )
            rows["goal"].append((id, i, 0, step.goal_hashes[0]))
        certificate = one.certificate
        rows["certificate"].append(
            (id, certificate.statement_hash, certificate.environment_digest, certificate.proof_hash,
             json.dumps(certificate.axioms), json.dumps(certificate.kernels), certificate.gate_version, "[]")
        )  # fmt: skip
        ordinal = 2 * ((number - first) // len(self._made))
        for more, status, to_proof, found in ((0, "unproved", None, None), (1, "proved", 30, id)):
            rows["attempt"].append(
                (round_id, theorem_id, ordinal + more, 0, status, 64, 1000, 0.5, 0.2, 1.0, 0, 40, to_proof, "",
                 _STATS, found, now)
            )  # fmt: skip

    def _interned(self, state: str) -> int:
        known = self._shared.get(state)
        if known is not None:
            return known
        self._states += 1
        if _SHARED in state or state == "no goals":
            self._shared[state] = self._states
        self.tables["state"].append((self._states, state_digest(state), state))
        return self._states


def _insert(connection: Connection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    names = columns.split()
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _evaluate(corpus: Corpus, run: str, models: Sequence[int]) -> None:
    """Evaluations with search trees, so that every page has something to show."""
    names = [one.name for one in corpus.theorems("held")][:EVALUATED]
    for number, model in enumerate(models):
        tried = corpus.start_round(
            run=run, generation_id=model, benchmark="held", split="valid", stratum="", arm=f"M_{number}",
            kind=RoundKind.EVAL, seed=0, config={"policy": number}, selection=names,
        )  # fmt: skip
        attempts = []
        for place, name in enumerate(names):
            solved = place % GENERATIONS <= number
            found = proof(corpus.theorem(name, "held"), 10**9 + place) if solved else None
            status = AttemptStatus.PROVED if solved else AttemptStatus.UNPROVED
            one = AttemptRecord(name, status, 64, 1000, steps_to_proof=30 if solved else None, proof=found)
            attempts.append((tried, replace(one, trees=(_tree(place),))))
        corpus.record_attempts(attempts)
        corpus.finish_round(tried)


def _tree(number: int) -> SearchTree:
    """64 steps, each to a new state."""
    of = theorem(number)
    states = tuple(TreeState(_state(of, n % STEPS_A_PROOF, n), 1, n.bit_length()) for n in range(65))
    steps = tuple(
        TreeStep(n, n // 2, n + 1, f"apply lemma_{n}", "apply ·", -1.0, "advanced", "", True, 1.5, 10)
        for n in range(64)
    )
    return SearchTree("policy", "exhausted", states, steps, ())


def _held_out(number: int) -> TheoremRecord:
    return TheoremRecord(**{**asdict(theorem(number + 10**9)), "split": "valid", "name": f"held_{number}"})
