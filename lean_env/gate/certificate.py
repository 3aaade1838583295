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
    """What a kernel says of a proof. Only ACCEPT is a verdict in its favour; the last two say nothing about it."""

    #: It checked every declaration.
    ACCEPT = "accept"
    #: It found a declaration that does not hold.
    REJECT = "reject"
    #: It runs here and decided nothing: a limit, a constant that its copy of the library lacks, a crash.
    DECLINED = "declined"
    #: It cannot run here.
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

    Hashes are SHA-256 in hexadecimal.
    """

    #: The canonical hash of the statement's expression. Under a header it covers what the statement says of
    #: the header's declarations (`HeaderTerm.statement_hash`).
    statement_hash: str
    #: Covers the proof term and the auxiliary constants it needs, under names of our own. So it does not depend on how
    #: the worker numbered them.
    proof_hash: str
    #: The names under which the worker exported those constants, in the order of their declaration.
    auxiliaries: tuple[str, ...]
    #: Covers the constants of the modules that the proof may use.
    environment_digest: str
    #: The axioms that the proof and its auxiliaries mention themselves. What the library's theorems rest on cannot be
    #: seen, because the distribution ships most of them without bodies.
    axioms: tuple[str, ...]
    #: Each kernel's opinion: the embedded one accepted, and `second` did not reject.
    kernels: Mapping[str, Opinion]
    #: Names the rules of this gate and the Leans that ran them.
    gate_version: str
    #: Covers the declarations of the theorem's header, "" without one.
    header_digest: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The proof is refused. `reason` is for people; programs look at `check`."""

    check: Check
    reason: str
