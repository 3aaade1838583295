"""The corpus' own hashes: SHA-256 over canonical JSON, and the Merkle root of a set of proofs.

A set of proofs hashes as a tree of two levels: proof hashes fall into 4,096 buckets by their first three hex digits,
a bucket's digest covers its hashes in order, the root covers the buckets' digests. One more proof costs one bucket
(25 hashes in a set of 100,000, 250 in one of a million) and the root.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from corpus.records import HeaderRecord, StepRecord, TheoremRecord

BUCKETS = 4096
DIGEST_BYTES = 32
EMPTY_BUCKETS = bytes(BUCKETS * DIGEST_BYTES)


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, no NaN. Raises TypeError or ValueError for others."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of a JSON value's canonical spelling, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def tactics_hash(steps: Sequence[StepRecord]) -> str:
    """What makes two proofs of one theorem the same proof."""
    return digest([step.tactic for step in steps])


def content_hash(benchmark: str, theorem: TheoremRecord, source: str, steps: Sequence[StepRecord]) -> str:
    """Everything about a proof that is the same wherever it is found: theorem, source, states and tactics.

    The theorem's header is there by its text and by its declarations. Measured costs (milliseconds, heartbeats) are
    left out, since no two machines agree on them. Which lemmas it borrowed is not in it: what carries proofs elsewhere
    says it beside the hash, and the gate decides the proof with just these.
    """
    header = {"header": header_hash(theorem.header)} if theorem.header is not None else {}
    return digest(
        {
            **header,
            "format": 1,
            "benchmark": benchmark,
            "theorem": theorem.name,
            "statement": theorem.statement,
            "statement_hash": theorem.statement_hash,
            "environment": theorem.environment,
            "split": theorem.split,
            "source": source,
            "steps": [[s.state, s.tactic, s.state_after, s.template, list(s.goal_hashes)] for s in steps],
        }
    )


def theorem_fields(theorem: TheoremRecord) -> dict[str, Any]:
    """A benchmark's row as its digest covers it: the header by its hash, and not mentioned where there is none."""
    found = {one.name: getattr(theorem, one.name) for one in fields(theorem) if one.name != "header"}
    return found if theorem.header is None else found | {"header": header_hash(theorem.header)}


def header_hash(header: HeaderRecord) -> str:
    return digest([header.key, header.text, header.digest])


def bucket_of(proof_hash: str) -> int:
    return int(proof_hash[:3], 16)


def bucket_digest(proof_hashes: Iterable[str]) -> bytes:
    """Digest of one bucket's hashes in any order; zeros when there are none."""
    ordered = sorted(proof_hashes)
    return hashlib.sha256("\n".join(ordered).encode()).digest() if ordered else bytes(DIGEST_BYTES)


def with_buckets(buckets: bytes, changed: Mapping[int, Iterable[str]]) -> bytes:
    """The digests of all buckets after those in `changed` hold exactly the given hashes."""
    result = bytearray(buckets)
    for bucket, proof_hashes in changed.items():
        result[bucket * DIGEST_BYTES : (bucket + 1) * DIGEST_BYTES] = bucket_digest(proof_hashes)
    return bytes(result)


def set_hash(buckets: bytes, size: int) -> str:
    """The hash of a set of `size` proofs, from its buckets' digests."""
    return digest({"format": "lean-flywheel snapshot 1", "proofs": size, "root": hashlib.sha256(buckets).hexdigest()})


class RunningSetHash:
    """The hash of a set whose proof hashes are added in ascending order: what it keeps does not grow with the set."""

    def __init__(self) -> None:
        self.size = 0
        self._digests = bytearray(EMPTY_BUCKETS)
        self._bucket, self._running = -1, hashlib.sha256()

    def add(self, proof_hash: str) -> None:
        bucket = bucket_of(proof_hash)
        if bucket != self._bucket:
            self._bucket, self._running = bucket, hashlib.sha256()
        else:
            self._running.update(b"\n")
        self._running.update(proof_hash.encode())
        self._digests[bucket * DIGEST_BYTES : (bucket + 1) * DIGEST_BYTES] = self._running.digest()
        self.size += 1

    def value(self) -> str:
        return set_hash(bytes(self._digests), self.size)


def hash_of_set(proof_hashes: Iterable[str]) -> str:
    """The hash of a set of proofs, from their hashes in any order."""
    running = RunningSetHash()
    for one in sorted(proof_hashes):
        running.add(one)
    return running.value()
