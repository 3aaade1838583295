"""The second kernel as the gate asks it: `SecondKernel.check`, or `NoSecondKernel.check` where it cannot run.

A verdict takes two things. The front, here, looks at what no kernel looks at: the term proves this statement and no
other, and mentions only what the theorem's own environment holds (the kernel's image is all of Init, the theorem itself
included). The kernel checks every declaration, in a forked child of a process of its own (`server`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from lean_env.embedded.installation import Installation
from lean_env.gate.admission import Inadmissible, axioms_among, visible_constants
from lean_env.gate.certificate import KernelVerdict, Opinion
from lean_env.gate.header_term import NO_HEADER, HeaderTerm, neutral_names
from lean_env.gate.proof_term import ProofTerm
from lean_env.gate.second_kernel import image
from lean_env.gate.second_kernel.process import ServerGone, ServerProcess, server_command
from lean_env.gate.second_kernel.wheel import SecondKernelUnavailable, find_shared_library
from lean_env.library.comparison import same_expression
from lean_env.library.expression import Expression
from lean_env.library.index import Library
from lean_env.library.ndjson_writer import write_expression
from lean_env.theorem import Theorem

#: What the server may take beyond a check's own clock: forking, killing, answering on a loaded machine.
_MARGIN_S = 10.0


@dataclass(frozen=True, slots=True)
class KernelLimits:
    """Bounds on one check; at a limit nothing is decided. `memory_mb` is on top of what is mapped at its start.

    Seen: 15 ms for omega, 10 ms for the slowest theorem of Init that has its body.
    """

    wall_s: float = 20.0
    cpu_s: int = 20
    memory_mb: int = 2048


@dataclass(slots=True)
class KernelCounters:
    """What a second kernel was asked so far. `seconds`: wall time of all checks, waiting for a turn left out."""

    verdicts: Counter[KernelVerdict] = field(default_factory=Counter)
    seconds: float = 0.0


class SecondOpinion(Protocol):
    """What the gate wants of a second kernel. `version` is '' where there is none."""

    @property
    def version(self) -> str: ...

    def check(
        self,
        theorem: Theorem,
        statement_type: Expression,
        level_params: Sequence[str],
        proof: ProofTerm,
        header: HeaderTerm = NO_HEADER,
    ) -> Opinion: ...


@dataclass(frozen=True, slots=True)
class NoSecondKernel:
    """Stands in where the second kernel cannot run, and says so about every proof."""

    reason: str
    version: str = ""

    def check(
        self,
        theorem: Theorem,
        statement_type: Expression,
        level_params: Sequence[str],
        proof: ProofTerm,
        header: HeaderTerm = NO_HEADER,
    ) -> Opinion:
        return Opinion(KernelVerdict.UNAVAILABLE, self.reason)


class SecondKernel:
    """The running second kernel over one library. Safe to share between threads, which take turns. A context manager;
    no process is left after `close`, nor after this process's death, however it died."""

    def __init__(self, library: Library, command: Sequence[str], limits: KernelLimits) -> None:
        self.limits = limits
        self._library = library
        self._command = command
        self._turn = threading.Lock()
        self._counters = KernelCounters()
        self._closed = False
        self._server: ServerProcess | None = ServerProcess(command)
        self.version = self._server.version

    @classmethod
    def open(
        cls, installation: Installation, library: Library, limits: KernelLimits | None = None
    ) -> SecondKernel | NoSecondKernel:
        """Starts it (0.5 s); where it cannot run its stand-in, whose `reason` names the command that helps, if any."""
        try:
            shared_library = find_shared_library()
            path, record = image.find(installation.root, library.indexed_digest)
            return cls(library, server_command(shared_library, path, record.sha256), limits or KernelLimits())
        except (SecondKernelUnavailable, ServerGone) as reason:
            return NoSecondKernel(str(reason))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Idempotent; a check that is under way ends first."""
        with self._turn:
            self._closed = True
            if self._server is not None:
                self._server.close()
                self._server = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return None if self._server is None else self._server.pid

    @property
    def counters(self) -> KernelCounters:
        """A copy."""
        with self._turn:
            return KernelCounters(Counter(self._counters.verdicts), self._counters.seconds)

    def check(
        self,
        theorem: Theorem,
        statement_type: Expression,
        level_params: Sequence[str],
        proof: ProofTerm,
        header: HeaderTerm = NO_HEADER,
    ) -> Opinion:
        """The verdict on `proof` as a proof of `statement_type` over `level_params`; its reason is '' for an accept.

        For a library theorem `statement_type` is the .olean's, and the kernel compares the proof with its own copy too.
        Raises KeyError for an environment that the library does not have.
        """
        started = time.monotonic()
        objection = self._objection(theorem, statement_type, level_params, proof, header)
        request: dict[str, Any] = {}
        if objection is None:
            used = header.closure(proof.constants)
            if theorem.module is not None:
                statement: dict[str, Any] = {"library": theorem.name}
            else:
                expression = write_expression(statement_type, None, neutral_names(used))
                statement = {"expression": expression, "levels": list(level_params)}
            request = {"proof": proof.kernel_ndjson(used), "statement": statement}
        front_seconds = time.monotonic() - started
        with self._turn:
            started = time.monotonic()
            opinion = self._ask(request) if objection is None else Opinion(KernelVerdict.REJECT, objection)
            self._counters.verdicts[opinion.verdict] += 1
            self._counters.seconds += front_seconds + time.monotonic() - started
        return opinion

    def _objection(
        self,
        theorem: Theorem,
        statement_type: Expression,
        level_params: Sequence[str],
        proof: ProofTerm,
        header: HeaderTerm,
    ) -> str | None:
        target = proof.target
        if not same_expression(target.type, target.level_params, statement_type, level_params):
            return "the term proves another statement"
        try:
            axioms_among(visible_constants(self._library, theorem, proof, header))
        except Inadmissible as inadmissible:
            return f"{inadmissible.check}: {inadmissible.reason}"
        return None

    def _ask(self, request: dict[str, Any]) -> Opinion:
        """Asks the server, or another one if that is gone: the system may have killed it since the last proof."""
        if self._closed:
            raise ValueError("this second kernel was closed; open another one")
        limits = self.limits
        request |= {"wall_s": limits.wall_s, "cpu_s": limits.cpu_s, "memory_mb": limits.memory_mb}
        last = ""
        for _ in range(2):
            try:
                if self._server is None:
                    self._server = ServerProcess(self._command)
                reply = self._server.ask(request, limits.wall_s + _MARGIN_S)
                return Opinion(KernelVerdict(reply["verdict"]), str(reply["reason"]))
            except (ServerGone, SecondKernelUnavailable) as error:
                self._server = None
                last = str(error)
        return Opinion(KernelVerdict.DECLINED, f"its process does not stay: {last}")
