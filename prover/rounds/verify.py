"""From a claimed proof to a certified one: replay in a worker that never searched, then the gate.

The words that end up in the corpus (states, times, goals) are the replay's, not the search's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from corpus.records import CertificateRecord, ProofRecord, StepRecord
from lean_env.embedded.pool import NoWorker, WorkerPool
from lean_env.embedded.worker import LeanRefused, RefusalKind, WorkerDied
from lean_env.gate.certificate import Certificate, Check, Rejection
from lean_env.gate.gate import GateError, read_header_term
from lean_env.gate.header_term import NO_HEADER, HeaderTerm
from lean_env.gate.statement import CleanStatement
from lean_env.lean_text.theorems import signature
from lean_env.lean_text.written import written
from lean_env.lemmas import Lemma
from lean_env.library.ndjson import NdjsonError, read_expression
from lean_env.session.borrowing import Borrowing, borrowing
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.session.replay import ReplayFailed, replay
from lean_env.session.stating import StatementRefused
from lean_env.theorem import STATE_OPTIONS, Theorem
from prover.goal import IDENTIFIER
from prover.rounds.attempt import Refused, Undecided, Verify
from prover.search.graph import ProofStep


class GateLike(Protocol):
    """The part of `lean_env.gate.gate.Gate` that is used here."""

    def check(
        self, theorem: Theorem, proof_ndjson: str, stated: CleanStatement | None = None
    ) -> Certificate | Rejection: ...


@dataclass(frozen=True, slots=True)
class Verifier:
    """`prover.rounds.attempt.Verify` over the gate and a pool of elaborating workers, which had better not be the one
    that searches. `stated`: what a text theorem says (`lean_env.gate.statement.state_text`), None for a library
    theorem."""

    replay_pool: WorkerPool
    gate: GateLike
    stated: Callable[[Theorem], CleanStatement | None] = lambda _theorem: None

    def __call__(self, theorem: Theorem, proof: Sequence[ProofStep], source: str) -> ProofRecord:
        try:
            replayed = replay(self.replay_pool, theorem, [step.tactic for step in proof])
            taken = _taken_apart(theorem, replayed.proof_ndjson)
            whole = replayed.proof_ndjson if taken is None else taken.whole
            stated = self.stated(theorem)
            # What was borrowed is part of the term now: the gate decides over the imports alone.
            verdict = self.gate.check(without_lemmas(theorem), whole, stated)
        except NdjsonError as error:
            raise Refused(f"gate, {Check.TERM}: {error}") from error
        except ReplayFailed as error:
            raise Refused(f"replay: {error}") from error
        except LeanRefused as error:
            if error.kind is not RefusalKind.LEAN:
                raise Undecided(f"replay: {error}") from error
            raise Refused(f"Lean does not export the proof term: {error}") from error
        except StatementRefused as error:
            raise Refused(f"statement: {error}") from error
        except (DojoCrashError, DojoInitError, WorkerDied, NoWorker, GateError) as error:
            raise Undecided(f"{type(error).__name__}: {error}") from error
        if isinstance(verdict, Rejection):
            raise Refused(f"gate, {verdict.check}: {verdict.reason}")
        header = NO_HEADER if stated is None or not stated.header_ndjson else read_header_term(stated.header_ndjson)
        steps = tuple(
            StepRecord(
                state=step.state,
                tactic=step.tactic,
                state_after=step.state_after,
                template=found.template,
                milliseconds=step.ms,
                heartbeats=step.heartbeats,
                goal_hashes=tuple(_goal_hash(goal, header) for goal in step.goals_ndjson),
            )
            for step, found in zip(replayed.steps, proof, strict=True)
        )
        text = proof_text(theorem, [step.tactic for step in steps])
        record = ProofRecord(steps, source, _record(verdict), text, term_bytes=len(whole))
        if taken is None:
            return record
        used = {lemma.proof_id for lemma in (*taken.lemmas, *_written(theorem, [step.tactic for step in steps]))}
        return replace(record, term=taken.own, borrowed=tuple(sorted(used)))


@dataclass(frozen=True, slots=True)
class OnceEach:
    """Certifies each list of tactics of a theorem once and remembers the record: nine of ten proofs that repeated
    attempts find were found before. What is refused or undecided is asked again."""

    verify: Verify
    _known: dict[tuple[Theorem, tuple[str, ...], str], ProofRecord] = field(default_factory=dict)

    def __call__(self, theorem: Theorem, proof: Sequence[ProofStep], source: str) -> ProofRecord:
        key = theorem, tuple(step.tactic for step in proof), source
        if key not in self._known:
            self._known[key] = self.verify(theorem, proof, source)
        return self._known[key]


def without_lemmas(theorem: Theorem) -> Theorem:
    """The theorem as its benchmark has it."""
    if theorem.environment.lemmas is None:
        return theorem
    return replace(theorem, environment=theorem.environment.modules)


def _written(theorem: Theorem, tactics: Sequence[str]) -> list[Lemma]:
    """The lemmas that these tactics name: `simp [P, Q]` does not run without Q, even where it uses P alone."""
    lemmas = theorem.environment.lemmas
    if lemmas is None:
        return []
    names = {name for tactic in tactics for name in IDENTIFIER.findall(tactic)}
    return [lemma for lemma in lemmas if lemma.name in names]


def _taken_apart(theorem: Theorem, exported: str) -> Borrowing | None:
    """What a library theorem's proof borrowed; its own part may be lent to others. Raises NdjsonError."""
    if theorem.module is None:
        return None
    return borrowing(theorem.name, exported, theorem.environment.lemmas)


def proof_text(theorem: Theorem, tactics: Sequence[str], options: Sequence[str] = STATE_OPTIONS) -> str:
    """The proof as Lean source, with the options that every tactic state carries here."""
    before = "".join(f"set_option {option} in\n" for option in options)
    block = "".join(f"  {tactic.replace(chr(10), chr(10) + '  ')}\n" for tactic in tactics)
    return f"{before}theorem {written(theorem.name)} {signature(theorem.statement)} := by\n{block}"


def _goal_hash(goal: str | None, header: HeaderTerm) -> str:
    """'' for a goal that has no closed expression."""
    if goal is None:
        return ""
    try:
        return header.goal_hash(read_expression(goal))
    except NdjsonError:
        return ""


def _record(certificate: Certificate) -> CertificateRecord:
    return CertificateRecord(
        statement_hash=certificate.statement_hash,
        environment_digest=certificate.environment_digest,
        proof_hash=certificate.proof_hash,
        axioms=certificate.axioms,
        kernels={kernel: str(verdict) for kernel, verdict in certificate.kernels.items()},
        gate_version=certificate.gate_version,
        auxiliaries=certificate.auxiliaries,
        header_digest=certificate.header_digest,
    )
