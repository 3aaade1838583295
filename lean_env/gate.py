"""The acceptance gate: the only way for a proof into the corpus.

The process that elaborated a proof is never believed; the process that decides never elaborated anything. What comes in
is a closed term as text. The statement comes from elsewhere: from the library's own file, read by our own reader, or
from a worker that has seen no proof. The order of the checks is the order of the certificate's fields:

    statement   what is to be proved, and its canonical hash
    term        the export, read strictly: sizes, indices, kinds, closed, universes declared
    type        the target's type is the statement's expression
    constants   everything used is an auxiliary of the proof or visible in the theorem's environment
    axioms      nothing forbidden, nothing unsafe, three axioms
    kernel      a clean worker's kernel checks the auxiliaries and then the theorem

What each layer does not cover is in docs/TRUST.md.
"""

from __future__ import annotations

from lean_env.axioms import ALLOWED_AXIOMS, FORBIDDEN_CONSTANTS
from lean_env.certificate import Certificate, Check, KernelVerdict, Rejection
from lean_env.embedded.pool import NoWorker, WorkerPool
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied
from lean_env.library.comparison import same_expression
from lean_env.library.expression import expression_hash
from lean_env.library.index import Library, LibraryConstant
from lean_env.library.ndjson import NdjsonError, read_expression
from lean_env.library.ndjson_writer import write_expression
from lean_env.library.olean import Safety
from lean_env.proof_term import ProofTerm
from lean_env.statement import StatedText, Statement
from lean_env.theorem import Theorem

#: Grows with every change of what is checked.
GATE_VERSION = "1"

#: A deciding worker is replaced after this many requests: whatever it may have gathered, it does not gather for long.
REQUESTS_PER_WORKER = 2_000


class GateError(Exception):
    """Nothing was decided: a crash, a limit, an answer that is none. Never an acceptance, never a failed proof."""


class _Refused(Exception):
    def __init__(self, check: Check, reason: str) -> None:
        super().__init__(reason)
        self.rejection = Rejection(check, reason)


class Gate:
    """Checks exported proofs against a library. `deciders` is a pool of role `decide`; its limits bound the kernel.

    Safe to share between threads, as its library and pool are.
    """

    def __init__(self, library: Library, deciders: WorkerPool) -> None:
        if deciders.role != "decide":
            raise ValueError(f"the gate decides in workers that never elaborate; this pool's role is {deciders.role!r}")
        self._library = library
        self._deciders = deciders

    def check(self, theorem: Theorem, proof_ndjson: str, stated: StatedText | None = None) -> Certificate | Rejection:
        """Decides whether `proof_ndjson` proves `theorem`. `stated` goes with a text theorem and only with one.

        Raises GateError when that could not be decided.
        """
        if (theorem.module is None) != (stated is not None):
            raise ValueError(f"`{theorem.name}`: a StatedText goes with a text theorem, and only with one")
        try:
            statement = self._statement(theorem, stated)
            proof = self._term(proof_ndjson)
            self._compare_types(statement, proof)
            constants = self._visible_constants(theorem, proof)
            axioms = self._axioms(constants)
            kernels, toolchain = self._kernels(theorem, statement, proof)
        except _Refused as refused:
            return refused.rejection
        return Certificate(
            statement_hash=statement.expression_hash,
            proof_hash=proof.proof_hash,
            auxiliaries=tuple(auxiliary.name for auxiliary in proof.auxiliaries),
            environment_digest=self._library.environment_digest(theorem.environment),
            axioms=axioms,
            kernels=kernels,
            gate_version=f"{GATE_VERSION} on {toolchain}",
        )

    def _statement(self, theorem: Theorem, stated: StatedText | None) -> Statement:
        """The expression to be proved, from the library's file or from the stored elaboration of the text."""
        try:
            self._library.closure(theorem.environment)
            if stated is not None:
                type_, params = read_expression(stated.expression_ndjson, stated.levels), stated.levels
            else:
                self._library.imports(theorem.module or "")  # KeyError for a module that the library does not have
                declaration = self._library.declaration(theorem.name, theorem.module)
                type_, params = declaration.type, declaration.level_params
        except KeyError as error:
            raise _Refused(Check.STATEMENT, f"the library has no {error}") from None
        except NdjsonError as error:
            raise _Refused(Check.STATEMENT, f"the stored statement is unreadable: {error}") from None
        digest = expression_hash(type_, params)
        if theorem.expression_hash not in ("", digest):
            raise _Refused(
                Check.STATEMENT, f"its hash is {digest}, the theorem was announced with {theorem.expression_hash}"
            )
        return Statement(type_, params, digest)

    @staticmethod
    def _term(proof_ndjson: str) -> ProofTerm:
        try:
            return ProofTerm.read(proof_ndjson)
        except NdjsonError as error:
            raise _Refused(Check.TERM, str(error)) from None

    @staticmethod
    def _compare_types(statement: Statement, proof: ProofTerm) -> None:
        """Twice, by unrelated means: the hash that is stored, and a walk over both terms."""
        target = proof.target
        if expression_hash(target.type, target.level_params) != statement.expression_hash:
            raise _Refused(Check.TYPE, "the term proves another statement")
        if not same_expression(target.type, target.level_params, statement.type, statement.level_params):
            raise _Refused(Check.TYPE, "the term proves another statement, though the hashes agree")

    def _visible_constants(self, theorem: Theorem, proof: ProofTerm) -> list[LibraryConstant]:
        """All library constants that the proof uses; all in modules that the theorem's environment imports."""
        closure = self._library.closure(theorem.environment)
        if theorem.module in closure:
            raise _Refused(Check.CONSTANTS, f"the environment holds {theorem.module}, the theorem's own module")
        for auxiliary in proof.auxiliaries:
            if self._library.constant(auxiliary.name, theorem.environment) is not None:
                raise _Refused(Check.CONSTANTS, f"{auxiliary.name} is declared anew; the library has it")
        found = []
        for name in sorted(proof.constants):
            constant = self._library.constant(name, theorem.environment)
            if constant is None or (theorem.module is not None and name == theorem.name):
                raise _Refused(Check.CONSTANTS, f"{name} is neither visible to the theorem nor declared above its use")
            found.append(constant)
        return found

    @staticmethod
    def _axioms(constants: list[LibraryConstant]) -> tuple[str, ...]:
        """The axioms used, all allowed. A constant without a body is an axiom only if the library's author said so."""
        for constant in constants:
            if constant.name in FORBIDDEN_CONSTANTS:
                raise _Refused(Check.AXIOMS, f"{constant.name} may not be used in a proof")
            if constant.safety is not Safety.SAFE:
                raise _Refused(Check.AXIOMS, f"{constant.name} is {constant.safety}")
            if constant.is_true_axiom and constant.name not in ALLOWED_AXIOMS:
                raise _Refused(Check.AXIOMS, f"the axiom {constant.name} is not allowed")
        return tuple(constant.name for constant in constants if constant.is_true_axiom)

    def _kernels(
        self, theorem: Theorem, statement: Statement, proof: ProofTerm
    ) -> tuple[dict[str, KernelVerdict], str]:
        """Every kernel's verdict, and the toolchain of the embedded one."""
        try:
            with self._deciders.lease(theorem.environment) as worker:
                try:
                    reason = self._embedded_kernel(worker, theorem, statement, proof)
                except BaseException:
                    worker.tainted = True  # whatever happened in it, nothing else is decided there
                    raise
                if worker.requests >= REQUESTS_PER_WORKER:
                    worker.tainted = True
                version, commit = worker.greeting["lean"], worker.greeting["githash"]
        except (WorkerDied, NoWorker) as error:
            raise GateError(f"The proof of `{theorem.name}` was not decided: {error}") from error
        if reason is not None:
            raise _Refused(Check.KERNEL, reason)
        embedded = "embedded-" + ".".join(version.split(".")[:2])
        return {embedded: KernelVerdict.ACCEPT, "second": KernelVerdict.UNAVAILABLE}, f"Lean {version} ({commit})"

    def _embedded_kernel(self, worker: Worker, theorem: Theorem, statement: Statement, proof: ProofTerm) -> str | None:
        """Why the worker's kernel rejects the proof, or None when it accepts. Raises GateError, WorkerDied."""
        limits = self._deciders.limits
        target: dict[str, object]
        if theorem.module is not None:
            # Lean reads the statement from the library once more, by itself: a second opinion on our .olean reader.
            target = {"library": theorem.name}
        else:
            # The worker compares universe names as text, so the statement goes to it in the proof's names.
            universes = proof.target.level_params
            renamed = dict(zip(statement.level_params, universes, strict=True))
            target = {"expression": write_expression(statement.type, renamed), "levels": list(universes)}
        try:
            reply = worker.request(
                "kernel_check",
                wall_s=(limits.soft_ms + limits.hard_margin_ms) / 1000,
                imports=list(theorem.environment.imports),
                target=target,
                proof=proof.kernel_ndjson(),
                soft_ms=limits.soft_ms,
                heartbeats=limits.heartbeats,
            )
        except LeanRefused as refused:
            raise GateError(
                f"The kernel gave no verdict on `{theorem.name}` ({refused.kind}): {refused.message}. At a limit, "
                "larger `heartbeats` or `soft_ms` in the deciding pool's Limits help; "
                "otherwise `flywheel doctor` checks the installation."
            ) from refused
        match reply.get("verdict"):
            case "accept":
                return None
            case "reject":
                return str(reply.get("reason"))
            case _:
                raise GateError(f"The kernel's answer on `{theorem.name}` is none: {str(reply)[:200]}")
