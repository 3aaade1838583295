"""Stored proofs asked about again: replayed from their tactics, and decided by both kernels as they are now.

    flywheel corpus verify [--snapshot HASH]

Nothing is written. What the corpus was told when it accepted a proof plays no part, except that the terms are compared.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from corpus.library import LentProof, lemmas_of
from corpus.proof_list import list_proofs
from corpus.query import show_proof
from corpus.records import StoredProof
from corpus.snapshot import snapshot_proofs
from corpus.store import Corpus
from lean_env.gate.certificate import KernelVerdict
from lean_env.gate.second_kernel.client import SecondKernel
from prover.lean import Lean
from prover.rounds.attempt import Refused, Undecided
from prover.rounds.lending import lent_exactly
from prover.rounds.plan import theorem_of
from prover.search.graph import ProofStep

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Rechecked:
    """One proof. `trouble` is '' when the gate certified it again, else what went wrong. `second`: the second kernel's
    verdict, None when it was not asked, and `reason` its reason. `same_term`: the term hashes as it did. `ms`: wall
    time of replay, gate and all, of which `second_ms` is the second kernel's."""

    proof: int
    theorem: str
    trouble: str
    second: KernelVerdict | None
    reason: str
    same_term: bool
    ms: float
    second_ms: float


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of `proofs`. `certified`: by the gate, now. `second`: verdicts of the second kernel on those, and
    `covered` the share that it accepted too. `troubles` and `undecided`: the proofs that were not certified again, and
    those that the second kernel did not decide, each with the reason."""

    proofs: int
    certified: int
    same_term: int
    second: dict[str, int]
    covered: float
    second_ms_median: float
    second_ms_mean: float
    second_ms_max: float
    ms_mean: float
    troubles: tuple[Rechecked, ...]
    undecided: tuple[Rechecked, ...]


def verify(
    corpus: Corpus,
    lean: Lean,
    snapshot: str | None = None,
    limit: int | None = None,
    report: Callable[[int], None] = lambda _done: None,
) -> Verification:
    """Replays a snapshot, or all accepted proofs newest first, or the first `limit` of either. `report(done)`.

    Raises KernelsDisagree at the first proof that one kernel accepts and the other rejects; NotFound, SnapshotCorrupt.
    """
    proofs = accepted_proofs(corpus) if snapshot is None else snapshot_proofs(corpus, snapshot)
    found = []
    for proof in islice(proofs, limit):
        found.append(recheck(proof, lean, lemmas_of(corpus, proof.id) if proof.borrowed else ()))
        report(len(found))
    return summary(found)


def accepted_proofs(corpus: Corpus) -> Iterator[StoredProof]:
    """Every proof that was not retracted, newest first."""
    before: int | None = None
    while lines := list_proofs(corpus, limit=_PAGE, before=before).proofs:
        for line in lines:
            yield show_proof(corpus, line.id).proof
        before = lines[-1].id


def recheck(proof: StoredProof, lean: Lean, lent: Sequence[LentProof] = ()) -> Rechecked:
    """Replays one proof, with the lemmas that it borrowed, and asks the gate. Raises KernelsDisagree."""
    before, started = _second_seconds(lean), time.monotonic()
    trouble, second, reason, same_term = "", None, "", False
    try:
        steps = [ProofStep(step.tactic, step.template) for step in proof.steps]
        theorem = lent_exactly(theorem_of(proof.theorem), lent, lean.library)
        certificate = lean.tools.verify(theorem, steps, proof.source).certificate
        verdict, _, reason = certificate.kernels["second"].partition(": ")
        second = KernelVerdict(verdict)
        same_term = certificate.proof_hash == proof.certificate.proof_hash
        if certificate.header_digest != proof.certificate.header_digest:
            trouble = "its header declares something else here than when it was accepted"
    except (Refused, Undecided) as error:
        trouble = f"{type(error).__name__.lower()}: {error}"
    ms = 1000 * (time.monotonic() - started)
    second_ms = 1000 * (_second_seconds(lean) - before)
    return Rechecked(proof.id, proof.theorem.name, trouble, second, reason, same_term, ms, second_ms)


def _second_seconds(lean: Lean) -> float:
    return lean.second.counters.seconds if isinstance(lean.second, SecondKernel) else 0.0


def summary(found: Iterable[Rechecked]) -> Verification:
    rechecked = tuple(found)
    certified = [one for one in rechecked if not one.trouble]
    verdicts = Counter(str(one.second) for one in certified)
    asked = [one.second_ms for one in certified if one.second is not KernelVerdict.UNAVAILABLE] or [0.0]
    accepted = verdicts[KernelVerdict.ACCEPT]
    return Verification(
        proofs=len(rechecked),
        certified=len(certified),
        same_term=sum(one.same_term for one in certified),
        second={verdict: count for verdict, count in sorted(verdicts.items())},
        covered=accepted / max(len(certified), 1),
        second_ms_median=statistics.median(asked),
        second_ms_mean=statistics.fmean(asked),
        second_ms_max=max(asked),
        ms_mean=statistics.fmean([one.ms for one in rechecked] or [0.0]),
        troubles=tuple(one for one in rechecked if one.trouble),
        undecided=tuple(one for one in certified if one.second is not KernelVerdict.ACCEPT),
    )
