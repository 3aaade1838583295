"""What the gate returns: a certificate, or a rejection that names the check which failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Check(StrEnum):
    """The gate's checks, in the order in which they are made; a rejection names the first that failed."""

    HEADER = "header"
    STATEMENT = "statement"
    TERM = "term"
    TYPE = "type"
    CONSTANTS = "constants"
    AXIOMS = "axioms"
    KERNEL = "kernel"


class KernelVerdict(StrEnum):
    """ACCEPT: the kernel checked every declaration. REJECT: it found one that does not hold. DECLINED: it runs here and
    decided nothing (a limit, a constant that its copy of the library lacks, a crash). UNAVAILABLE: it cannot run here.
    Only ACCEPT is a verdict in the proof's favour; the last two say nothing about it."""

    ACCEPT = "accept"
    REJECT = "reject"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"


class Opinion(NamedTuple):
    """What one kernel says about one proof, and why where that is no accept. Its text is what the corpus stores."""

    verdict: KernelVerdict
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}" if self.reason else str(self.verdict)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was established about one proof. The fields stand in the order of the checks that fill them.

    Hashes are SHA-256 in hexadecimal. `statement_hash` is the canonical hash of the statement's expression.
    `environment_digest` covers the constants of the modules that the proof may use. `proof_hash` covers the proof term
    and the auxiliary constants it needs, under names of our own, so that it does not depend on how the worker numbered
    them. `auxiliaries` are the names under which the worker exported those constants, in the order of their
    declaration. `axioms` are the axioms that the proof and its auxiliaries mention themselves; what the library's
    theorems rest on cannot be seen, because the distribution ships most of them without bodies. `kernels` maps each
    kernel to its opinion: the embedded one accepted, and `second` did not reject. `gate_version` names the rules of
    this gate and the Leans that ran them. `header_digest` covers the declarations of the theorem's header, "" without
    one; `statement_hash` then covers what the statement says of them (`HeaderTerm.statement_hash`).
    """

    statement_hash: str
    proof_hash: str
    auxiliaries: tuple[str, ...]
    environment_digest: str
    axioms: tuple[str, ...]
    kernels: Mapping[str, Opinion]
    gate_version: str
    header_digest: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The proof is refused. `reason` is for people; programs look at `check`."""

    check: Check
    reason: str
