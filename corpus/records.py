"""What goes into and comes out of the corpus: plain frozen records, so that no caller writes SQL or sees a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AttemptStatus(StrEnum):
    """PROVED: certified by the gate. REJECTED: search claimed a proof, the gate said no. UNPROVED: the budget was spent
    or no edge was left. ERROR: crash, no worker, gate error: not a failed attempt, will be tried again on resume."""

    PROVED = "proved"
    REJECTED = "rejected"
    UNPROVED = "unproved"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TheoremRecord:
    """A row of a benchmark. `environment` is the imports' key, `module` None for a typed statement."""

    name: str
    statement: str
    statement_hash: str
    environment: str
    module: str | None
    split: str
    stratum: str
    family: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One tactic of a proof as a clean worker replayed it. `goal_hashes`: canonical hashes of the state's goals with
    their context reverted ('' where a goal has metavariables), for the leakage guard."""

    state: str
    tactic: str
    state_after: str
    template: str = ""
    milliseconds: float = 0.0
    heartbeats: int = 0
    goal_hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """The gate's certificate, in the order of its checks."""

    statement_hash: str
    environment_digest: str
    proof_hash: str
    axioms: tuple[str, ...]
    kernels: Mapping[str, str]
    gate_version: str
    auxiliaries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """An accepted proof: its tactics, its source (`seed`, `portfolio`, `grammar`, `policy`) and its certificate."""

    steps: tuple[StepRecord, ...]
    source: str
    certificate: CertificateRecord
    text: str
    term_bytes: int = 0


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One budgeted search for one theorem. Times in seconds, three pots: Lean, model, everything else."""

    theorem: str
    status: AttemptStatus
    steps: int
    heartbeats: int
    lean_seconds: float = 0.0
    model_seconds: float = 0.0
    wall_seconds: float = 0.0
    wall_limit_hits: int = 0
    nodes: int = 0
    steps_to_proof: int | None = None
    reason: str = ""
    ordinal: int = 0
    stats: Mapping[str, Any] = field(default_factory=dict)
    proof: ProofRecord | None = None
