"""How proofs from elsewhere came: an import is a run of its own, with one training round for each benchmark."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.columns import now
from corpus.hashing import digest
from corpus.records import AttemptStatus, ProofRecord, RoundKind

#: The arm of these rounds.
ARM = "import"


class ImportRounds:
    """The rounds of the import of `origin` (a snapshot's hash), inside one transaction."""

    def __init__(self, session: Session, origin: str) -> None:
        self._session, self._origin = session, origin
        self._rounds: dict[str, schema.Round] = {}
        #: Attempts so far by (round, theorem), those of earlier imports of the same origin included.
        self._attempts: Counter[tuple[int, int]] = Counter()
        self._selected: Counter[int] = Counter()

    def theorem(self, benchmark: str, name: str) -> schema.Theorem:
        """The row of a theorem that the import has stored."""
        return self._session.scalars(
            select(schema.Theorem).where(
                schema.Theorem.benchmark_id == self._round(benchmark).benchmark_id, schema.Theorem.name == name
            )
        ).one()

    def record(
        self, benchmark: str, theorem: schema.Theorem, proof: ProofRecord, proof_id: int | None, withheld: str
    ) -> None:
        """The attempt that brought a proof, or with `withheld` the reason why it was not taken."""
        round = self._round(benchmark)
        ordinal = self._attempts[round.id, theorem.id]
        self._attempts[round.id, theorem.id] += 1
        if not ordinal:
            position = self._selected[round.id]
            self._selected[round.id] += 1
            self._session.add(schema.RoundTheorem(round_id=round.id, position=position, theorem_id=theorem.id))
        self._session.add(
            schema.Attempt(
                round_id=round.id,
                theorem_id=theorem.id,
                ordinal=ordinal,
                retry=0,
                status=AttemptStatus.WITHHELD if withheld else AttemptStatus.PROVED,
                steps=len(proof.steps),
                heartbeats=sum(step.heartbeats for step in proof.steps),
                lean_seconds=0.0,
                model_seconds=0.0,
                wall_seconds=0.0,
                wall_limit_hits=0,
                nodes=0,
                steps_to_proof=None if withheld else len(proof.steps),
                reason=withheld,
                stats={},
                proof_id=proof_id,
            )
        )
        self._session.flush()

    def _round(self, benchmark: str) -> schema.Round:
        known = self._rounds.get(benchmark)
        if known is not None:
            return known
        run = self._run()
        benchmark_id = rows.benchmark_row(self._session, benchmark).id
        key = digest([ARM, self._origin, benchmark])
        round = self._session.scalar(select(schema.Round).where(schema.Round.run_id == run.id, schema.Round.key == key))
        if round is None:
            round = schema.Round(
                run_id=run.id,
                key=key,
                generation_id=None,
                benchmark_id=benchmark_id,
                kind=RoundKind.TRAIN,
                split="train",
                stratum="",
                arm=ARM,
                seed=0,
                config={"origin": self._origin},
                finished_at=now(),
            )
            self._session.add(round)
            self._session.flush()
        for theorem_id, ordinal in self._session.execute(
            select(schema.Attempt.theorem_id, schema.Attempt.ordinal).where(schema.Attempt.round_id == round.id)
        ):
            self._attempts[round.id, theorem_id] = max(self._attempts[round.id, theorem_id], ordinal + 1)
        self._selected[round.id] = len(
            self._session.scalars(
                select(schema.RoundTheorem.position).where(schema.RoundTheorem.round_id == round.id)
            ).all()
        )
        self._rounds[benchmark] = round
        return round

    def _run(self) -> schema.Run:
        name = f"import-{self._origin[:12]}"
        run = self._session.scalar(select(schema.Run).where(schema.Run.name == name))
        if run is None:
            run = schema.Run(name=name, config={"import": self._origin})
            self._session.add(run)
            self._session.flush()
        return run
