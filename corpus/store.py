"""Writing to the corpus: runs, generations, rounds, attempts with their proofs, retractions.

    with Corpus.open("corpus.db") as corpus: ...

Every method is one transaction. Whatever has a natural key is idempotent by it, so a loop that was killed anywhere
calls the same methods in the same order again and gets its own rows back. Nothing accepted is updated or deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from corpus import rounds, rows, schema
from corpus.benchmarks import BenchmarkStore
from corpus.borrowing import retract_all
from corpus.columns import Base, now
from corpus.database import connect, reading, writing
from corpus.errors import Conflict, CorpusError, LeakageError, NotFound
from corpus.guard import find_leak
from corpus.hashing import canonical_json
from corpus.proofs import store_proof
from corpus.records import (
    AttemptRecord,
    AttemptStatus,
    GenerationRecord,
    Recorded,
    RoundKind,
    RoundRecord,
    RunRecord,
    TheoremRecord,
)
from corpus.search_tree import PackedTrees, pack, store_trees
from corpus.tallies import EVERY, catch_up


class OnLeak(StrEnum):
    """What to do with a training proof that meets the guard. WITHHOLD: keep the attempt with status
    WITHHELD, without its proof. RAISE: LeakageError, nothing is written (for proofs a person wrote)."""

    WITHHOLD = "withhold"
    RAISE = "raise"


class Corpus(BenchmarkStore):
    """An open corpus. Threads may share it. Processes open their own. Usable as a context manager.

    What it does with benchmarks is in corpus/benchmarks.py.
    """

    @classmethod
    def open(cls, url: str, *, create: bool = True, upgrade: bool = False) -> Self:
        """Opens the corpus at `url` (an SQLAlchemy URL, or a file path for SQLite).

        An empty or absent database becomes a corpus if `create`; one of an older schema is upgraded if `upgrade`.
        Otherwise raises CorpusMissing or SchemaMismatch, which name the command that helps.
        """
        return cls(connect(url, create=create, upgrade=upgrade))

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- runs and generations ---------------------------------------------------------------------------------------

    def start_run(self, name: str, config: Mapping[str, Any], *, may_grow: Collection[str] = ()) -> RunRecord:
        """Creates a run, or returns the one of this name. Raises Conflict when that has another configuration.
        `may_grow`: numbers that may be larger than they were, and are then stored."""
        with writing(self.engine) as session:
            row = session.scalar(select(schema.Run).where(schema.Run.name == name))
            if row is None:
                row = schema.Run(name=name, config=dict(config))
                session.add(row)
                session.flush()
            elif canonical_json(row.config) != canonical_json(dict(config)):
                different = sorted(k for k in {*row.config, *config} if row.config.get(k) != config.get(k))
                if not all(k in may_grow and config.get(k, 0) > row.config.get(k, 0) for k in different):
                    raise Conflict(
                        f"Run {name!r} was started with another configuration (different: {', '.join(different)}). "
                        "Resume it with its own by `flywheel run --resume`, or choose another name."
                    )
                row.config = dict(config)
            return rows.run_record(row)

    def run(self, name: str) -> RunRecord:
        with reading(self.engine) as session:
            return rows.run_record(rows.run_row(session, name))

    def runs(self) -> list[RunRecord]:
        with reading(self.engine) as session:
            return [rows.run_record(row) for row in session.scalars(select(schema.Run).order_by(schema.Run.id))]

    def start_generation(
        self,
        *,
        run: str,
        number: int,
        parent: int | None,
        recipe: str,
        config: Mapping[str, Any],
        config_hash: str,
        seeds: Mapping[str, Any],
        versions: Mapping[str, Any],
        snapshot_hash: str | None,
    ) -> int:
        """The id of generation `number` of a run; `parent` is a generation's id.

        An unfinished generation starts anew with these values (its training was cut off). A finished one is returned
        if it is the same training, and raises Conflict if parent, recipe, configuration, seeds or snapshot differ.
        """
        with writing(self.engine) as session:
            values: dict[str, Any] = {
                "parent_id": parent,
                "snapshot_id": _snapshot_id(session, snapshot_hash),
                "recipe": recipe,
                "config": dict(config),
                "config_hash": config_hash,
                "seeds": dict(seeds),
                "versions": dict(versions),
            }
            run_id = rows.run_row(session, run).id
            row = session.scalar(
                select(schema.Generation).where(schema.Generation.run_id == run_id, schema.Generation.number == number)
            )
            if row is None:
                row = schema.Generation(run_id=run_id, number=number, metrics={}, started_at=now(), **values)
                session.add(row)
                session.flush()
            elif row.finished_at is None:
                for name, value in values.items():
                    setattr(row, name, value)
                row.started_at = now()
            else:
                stored = rows.generation_record(session, row)
                asked = (parent, recipe, config_hash, canonical_json(dict(seeds)), snapshot_hash)
                kept = (
                    stored.parent_id,
                    stored.recipe,
                    stored.config_hash,
                    canonical_json(stored.seeds),
                    stored.snapshot_hash,
                )
                if asked != kept:
                    raise Conflict(
                        f"Generation {number} of run {run!r} is finished and came from another parent, recipe, "
                        f"configuration, seeds or snapshot: stored {kept}, asked {asked}. Take the next number."
                    )
            return row.id

    def finish_generation(
        self, generation_id: int, *, model_path: str, model_hash: str, metrics: Mapping[str, Any]
    ) -> None:
        """Records where the weights lie and their SHA-256; call it once they are on disk. Again is harmless."""
        with writing(self.engine) as session:
            row = _get(session, schema.Generation, generation_id, "generation")
            if row.finished_at is not None:
                if row.model_hash != model_hash:
                    raise Conflict(f"Generation {row.number} is finished with other weights ({row.model_hash}).")
                return
            row.model_path, row.model_hash, row.metrics = model_path, model_hash, dict(metrics)
            row.finished_at = now()

    def generation(self, generation_id: int) -> GenerationRecord:
        with reading(self.engine) as session:
            return rows.generation_record(session, _get(session, schema.Generation, generation_id, "generation"))

    def generations(self, run: str) -> list[GenerationRecord]:
        """A run's generations by number, unfinished ones too."""
        with reading(self.engine) as session:
            query = select(schema.Generation).where(schema.Generation.run_id == rows.run_row(session, run).id)
            return rows.generation_records(session, session.scalars(query.order_by(schema.Generation.number)).all())

    # --- rounds -----------------------------------------------------------------------------------------------------

    def start_round(
        self,
        *,
        run: str,
        generation_id: int | None,
        benchmark: str,
        split: str,
        stratum: str,
        arm: str,
        kind: RoundKind,
        seed: int,
        config: Mapping[str, Any],
        selection: Sequence[str],
    ) -> RoundRecord:
        """Starts a round, or returns the one started before with the same values of everything but `selection`.

        `selection`: names of theorems of that benchmark, split and stratum ('' = any), in the order to try them. It
        counts only the first time: a resumed round keeps what it had selected, since what a caller would select now
        may depend on what the round has done since. Raises LeakageError for training on another split than `train`,
        Conflict for a run whose earlier rounds were on another revision of this benchmark.
        """
        if kind is RoundKind.TRAIN and split != "train":
            raise LeakageError(
                f"A training round runs on the split `train`, not on {split!r}. Start an evaluation there."
            )
        with writing(self.engine) as session:
            run_id, benchmark_id = rows.run_row(session, run).id, rows.benchmark_row(session, benchmark).id
            rounds.require_same_revision(session, run_id, benchmark_id)
            if generation_id is not None:
                generation = _get(session, schema.Generation, generation_id, "generation")
                if generation.finished_at is None:
                    raise CorpusError(f"Generation {generation.number} has no weights yet: finish its training first.")
            values = {
                "generation_id": generation_id,
                "benchmark_id": benchmark_id,
                "kind": kind,
                "split": split,
                "stratum": stratum,
                "arm": arm,
                "seed": seed,
                "config": dict(config),
            }
            key = rounds.key_of(values)
            row = session.scalar(select(schema.Round).where(schema.Round.run_id == run_id, schema.Round.key == key))
            if row is None:
                row = schema.Round(run_id=run_id, key=key, **values)
                session.add(row)
                session.flush()
                rounds.select_theorems(session, row, selection)
            return rows.round_record(session, row)

    def finish_round(self, round: RoundRecord) -> RoundRecord:
        """Marks a round as done; again is harmless. Theorems left with errors alone may still be retried later."""
        with writing(self.engine) as session:
            row = _get(session, schema.Round, round.id, "round")
            row.finished_at = row.finished_at or now()
            catch_up(session)
            return rows.round_record(session, row)

    def rounds(self, run: str, kind: RoundKind | None = None) -> list[RoundRecord]:
        """A run's rounds in the order they were started."""
        with reading(self.engine) as session:
            query = select(schema.Round).where(schema.Round.run_id == rows.run_row(session, run).id)
            if kind is not None:
                query = query.where(schema.Round.kind == kind)
            return rows.round_records(session, session.scalars(query.order_by(schema.Round.id)).all())

    def pending(self, round: RoundRecord, *, ordinal: int = 0, max_errors: int | None = None) -> list[TheoremRecord]:
        """Theorems that have no final attempt of this ordinal yet, in the round's order. An ERROR is not final; with
        `max_errors`, theorems that erred that often are left out (they stay unanswered, not unproved)."""
        with reading(self.engine) as session:
            found = session.scalars(rounds.pending(round.id, ordinal, max_errors))
            return [rows.theorem_record(row) for row in found]

    # --- attempts and proofs ----------------------------------------------------------------------------------------

    def record_attempt(
        self, round: RoundRecord, attempt: AttemptRecord, *, on_leak: OnLeak = OnLeak.WITHHOLD
    ) -> Recorded:
        """Stores an attempt with its proof, steps and certificate: all or nothing, on disk when it returns.

        An attempt of the same round, theorem and ordinal that is already final is returned as it is, whatever the new
        one says. A proof with the same tactics as a stored one of that theorem is not stored again: the attempt points
        to the stored one. Proofs of training rounds pass the guard first (see
        OnLeak).
        """
        (recorded,) = self.record_attempts([(round, attempt)], on_leak=on_leak)
        return recorded

    def record_attempts(
        self, attempts: Sequence[tuple[RoundRecord, AttemptRecord]], *, on_leak: OnLeak = OnLeak.WITHHOLD
    ) -> list[Recorded]:
        """`record_attempt` for several in one transaction: a commit to disk takes as long for twenty as for one."""
        for _, attempt in attempts:
            _check_attempt(attempt)
        trees = [pack(attempt.trees) if attempt.trees else None for _, attempt in attempts]
        with writing(self.engine) as session:
            return [
                _record(session, round, attempt, packed, on_leak)
                for (round, attempt), packed in zip(attempts, trees, strict=True)
            ]

    def quarantine(self, rounds: Iterable[RoundRecord], reason: str) -> int:
        """Retracts every proof that an attempt of these rounds found or found again, and what rests on it; returns how
        many were believed until now."""
        ids = [round.id for round in rounds]
        with writing(self.engine) as session:
            found = session.scalars(
                select(schema.Attempt.proof_id)
                .where(schema.Attempt.round_id.in_(ids), schema.Attempt.proof_id.is_not(None))
                .where(schema.Attempt.proof_id.not_in(select(schema.Retraction.proof_id)))
                .distinct()
            ).all()
            return retract_all(session, [proof_id for proof_id in found if proof_id is not None], reason)

    def retract(self, proof_id: int, reason: str) -> None:
        """Stops believing a proof and what rests on it: they stay stored and leave every later snapshot. The first
        reason stays."""
        with writing(self.engine) as session:
            _get(session, schema.Proof, proof_id, "proof")
            retract_all(session, [proof_id], reason)


T = TypeVar("T", bound=Base)


def _get(session: Session, table: type[T], id: int, what: str) -> T:
    row = session.get(table, id)
    if row is None:
        raise NotFound(f"The corpus has no {what} with id {id}.")
    return row


def _snapshot_id(session: Session, snapshot_hash: str | None) -> int | None:
    if snapshot_hash is None:
        return None
    return rows.snapshot_row(session, snapshot_hash).id


#: Built once, as in rounds.py.
_EARLIER = (
    select(schema.Attempt)
    .where(
        schema.Attempt.round_id == bindparam("round"),
        schema.Attempt.theorem_id == bindparam("theorem"),
        schema.Attempt.ordinal == bindparam("ordinal"),
    )
    .order_by(schema.Attempt.retry)
)


def _record(
    session: Session, round: RoundRecord, attempt: AttemptRecord, trees: PackedTrees | None, on_leak: OnLeak
) -> Recorded:
    theorem = rounds.theorem_of(session, round.id, attempt.theorem)
    earlier = session.scalars(_EARLIER, {"round": round.id, "theorem": theorem.id, "ordinal": attempt.ordinal}).all()
    for row in earlier:
        if row.status is not AttemptStatus.ERROR:
            return Recorded(row.id, row.proof_id, row.status, new_attempt=False, new_proof=False)
    status, reason, proof = attempt.status, attempt.reason, attempt.proof
    leak = None
    if proof is not None and round.kind is RoundKind.TRAIN:
        leak = find_leak(session, theorem, proof)
    if leak is not None:
        if on_leak is OnLeak.RAISE:
            raise LeakageError(f"{leak} A training proof must not: leave it out, or prove it another way.")
        status, reason, proof = AttemptStatus.WITHHELD, leak, None
    proof_id, new_proof = store_proof(session, theorem, proof) if proof is not None else (None, False)
    row = schema.Attempt(
        round_id=round.id,
        theorem_id=theorem.id,
        ordinal=attempt.ordinal,
        retry=len(earlier),
        status=status,
        steps=attempt.steps,
        heartbeats=attempt.heartbeats,
        lean_seconds=attempt.lean_seconds,
        model_seconds=attempt.model_seconds,
        wall_seconds=attempt.wall_seconds,
        wall_limit_hits=attempt.wall_limit_hits,
        nodes=attempt.nodes,
        steps_to_proof=attempt.steps_to_proof,
        reason=reason,
        stats=dict(attempt.stats),
        proof_id=proof_id,
    )
    session.add(row)
    session.flush()
    if trees is not None:
        store_trees(session, row.id, trees)
    if row.id % EVERY == 0:
        catch_up(session)
    return Recorded(row.id, proof_id, status, new_attempt=True, new_proof=new_proof)


def _check_attempt(attempt: AttemptRecord) -> None:
    proved = attempt.status is AttemptStatus.PROVED
    if attempt.status is AttemptStatus.WITHHELD:
        raise ValueError("Only the corpus withholds a proof; report the attempt as PROVED.")
    if proved != (attempt.proof is not None):
        raise ValueError(f"An attempt has a proof if and only if it is PROVED; this one is {attempt.status}.")
    if proved and attempt.steps_to_proof is None:
        raise ValueError("A PROVED attempt needs steps_to_proof: rates at step budgets are counted from it.")
    if attempt.proof is not None and not attempt.proof.steps:
        raise ValueError("A proof needs at least one step.")
