"""Archives and Lean: the closed terms that go into one, and the gate's word on those that come out of one.

    flywheel corpus archive SNAPSHOT FILE.zip
    flywheel corpus import FILE.zip | merge OTHER_DB

Of an archive nothing is believed. The gate decides each closed term as it stands in the file. The tactics are replayed
too, because training reads the states: a valid term beside made-up states would poison what is learned from it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from corpus.archive import Archive, ProofLine, open_archive
from corpus.errors import ImportRefused
from corpus.exchange import Imported, archive, import_archive
from corpus.library import LentProof, lemmas_of
from corpus.merge import Merged, merge
from corpus.records import HeaderRecord, ProofRecord, StoredProof, TheoremRecord
from corpus.store import Corpus
from lean_env.embedded.worker import LeanRefused, WorkerDied
from lean_env.gate.certificate import Rejection
from lean_env.gate.gate import GateError
from lean_env.gate.proof_term import ProofTerm
from lean_env.library.ndjson import NdjsonError
from lean_env.session.borrowing import borrowing
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.session.replay import ReplayFailed, replay
from lean_env.session.stating import StatementRefused
from lean_env.theorem import Environment
from prover.benchmarks.registry import BENCHMARKS
from prover.lean import Lean
from prover.rounds.attempt import Refused, Undecided
from prover.rounds.lending import lent_exactly
from prover.rounds.plan import theorem_of
from prover.search.graph import ProofStep

Report = Callable[[int, int], None]


def archive_with_terms(
    corpus: Corpus, snapshot: str, path: Path, lean: Lean, report: Report = lambda _d, _t: None
) -> int:
    """Writes a snapshot with its closed terms, made anew by replaying each proof; returns how many there are.

    Raises ImportRefused at a proof that does not replay here; NotFound, SnapshotCorrupt.
    """
    return archive(corpus, snapshot, path, lambda proof: _term(corpus, proof, lean), report)


def import_checked(corpus: Corpus, path: Path, lean: Lean, report: Report = lambda _d, _t: None) -> Imported:
    """Imports an archive in which nothing is believed: every proof that is not stored yet passes the gate here.

    Raises NoArchive, ImportRefused, Conflict, KernelsDisagree; nothing was written then.
    """
    with open_archive(path) as file:
        _compare_with_ours(file, lean)
        _check_headers(file.headers, lean)
        return import_archive(
            corpus, path, lambda theorem, proof, lent: _certified(file, theorem, proof, lent, lean), report
        )


def merge_checked(corpus: Corpus, other: Corpus, lean: Lean, report: Report = lambda _d, _t: None) -> Merged:
    """Merges another corpus, of whose certificates none is believed: every proof that is new passes the gate here.

    Raises ImportRefused, Conflict, KernelsDisagree; nothing was written then.
    """
    _check_headers(other.headers(), lean)
    return merge(corpus, other, lambda proof: _again(other, proof, lean), report)


def _again(other: Corpus, proof: StoredProof, lean: Lean) -> ProofRecord:
    """A proof of another corpus as this machine certifies it. Raises ImportRefused."""
    steps = [ProofStep(step.tactic, step.template) for step in proof.steps]
    try:
        lent = lemmas_of(other, proof.id) if proof.borrowed else ()
        theorem = lent_exactly(theorem_of(proof.theorem), lent, lean.library)
        record = lean.tools.verify(theorem, steps, proof.source)
    except (Refused, Undecided, StatementRefused, GateError) as error:
        raise ImportRefused(f"The proof of {proof.theorem.name} is not certified here: {error}") from error
    if _seen(record.steps) != _seen(proof.steps):
        raise ImportRefused(f"The proof of {proof.theorem.name} has other states here than in the other corpus.")
    return record


def _term(corpus: Corpus, proof: StoredProof, lean: Lean) -> str:
    """The closed term of a proof, what it borrowed within it."""
    try:
        lent = lemmas_of(corpus, proof.id) if proof.borrowed else ()
        theorem = lent_exactly(theorem_of(proof.theorem), lent, lean.library)
        term = replay(lean.replayers, theorem, [step.tactic for step in proof.steps]).proof_ndjson
        if lent:
            term = borrowing(theorem.name, term, theorem.environment.lemmas).whole
        same = ProofTerm.read(term).proof_hash == proof.certificate.proof_hash
    except (ReplayFailed, LeanRefused, NdjsonError, DojoCrashError, DojoInitError, WorkerDied) as error:
        raise ImportRefused(
            f"Proof {proof.id} of {proof.theorem.name} gives no term here: {error}. Retract it, or use --no-terms."
        ) from error
    if not same:
        raise ImportRefused(
            f"Proof {proof.id} of {proof.theorem.name} gives another term here than the one that was certified: "
            "is this another Lean than the one that found it? `flywheel doctor` says which one is installed."
        )
    return term


def _certified(
    file: Archive, theorem: TheoremRecord, proof: ProofLine, lent: Sequence[LentProof], lean: Lean
) -> ProofRecord:
    """The proof as this machine certifies it, with just these lemmas. Raises ImportRefused."""
    try:
        record = lean.tools.verify(
            lent_exactly(theorem_of(theorem), lent, lean.library),
            [ProofStep(step.tactic, step.template) for step in proof.steps],
            proof.source,
        )
        term_hash = (
            _check_term(file.term(proof), theorem, lean) if file.manifest.terms else record.certificate.proof_hash
        )
    except (Refused, Undecided, StatementRefused, GateError) as error:
        raise ImportRefused(
            f"The proof of {theorem.name} is not certified here: {error} Nothing was changed."
        ) from error
    if _seen(record.steps) != _seen(proof.steps):
        raise ImportRefused(
            f"The proof of {theorem.name} has other states here than in the archive. Nothing was changed."
        )
    if term_hash != record.certificate.proof_hash or file.own(proof) not in ("", record.term):
        raise ImportRefused(f"The term of {theorem.name} is not that of its tactics. Nothing was changed.")
    return record


def _check_term(term: str, theorem: TheoremRecord, lean: Lean) -> str:
    """The hash of a closed term that the gate accepts as it stands."""
    of = theorem_of(theorem)
    verdict = lean.gate.check(of, term, lean.statement_of(of))
    if isinstance(verdict, Rejection):
        raise Refused(f"gate, {verdict.check}: {verdict.reason}.")
    return verdict.proof_hash


def _check_headers(headers: Iterable[HeaderRecord], lean: Lean) -> None:
    """Each header declares here what it is said to declare, and the gate's kernels take it. Raises ImportRefused."""
    for header in headers:
        try:
            found = lean.header_declarations(Environment.from_key(header.key, header.text))
        except (ValueError, StatementRefused, GateError, WorkerDied) as error:
            raise ImportRefused(
                f"The header of {header.key[:200]} is not taken here: {error} Nothing changed."
            ) from error
        if found != header.ndjson:
            raise ImportRefused(
                f"The header of {header.key[:200]} declares something else here than in the file. Nothing was changed."
            )


def _seen(steps: Sequence[object]) -> list[tuple[object, ...]]:
    names = ("state", "tactic", "state_after", "goal_hashes")
    return [tuple(getattr(step, name) for name in names) for step in steps]


def _compare_with_ours(file: Archive, lean: Lean) -> None:
    """A benchmark that this program builds itself has to be the same one in the archive: its splits say what is held
    out. Raises ImportRefused."""
    for index, key in enumerate(file.manifest.benchmarks):
        name, _, revision = key.partition("@")
        if name not in BENCHMARKS:
            continue
        with (
            tempfile.TemporaryDirectory(prefix="flywheel-benchmark-") as folder,
            Corpus.open(str(Path(folder) / "own.db")) as own,
        ):
            record = BENCHMARKS[name].register(own, lean)
            if record.revision != revision:
                continue
            _, lines = file.benchmark(index)
            if own.theorems(key) != [line.theorem for line in lines]:
                raise ImportRefused(f"{file.path} has other theorems as {key} than this program. Nothing was changed.")
