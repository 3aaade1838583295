"""The acceptance gate: the only way for a proof into the corpus.

The process that elaborated a proof is never believed; the process that decides never elaborated anything. What comes in
is a closed term as text. The statement comes from elsewhere: from the library's own file, read by our own reader, or
from a worker that has seen no proof. The order of the checks is the order of the certificate's fields:

    header      what the theorem's own header declares, read strictly, under names that nobody else has
    statement   what is to be proved, and its canonical hash
    term        the export, read strictly: sizes, indices, kinds, closed, universes declared
    type        the target's type is the statement's expression
    constants   everything used is an auxiliary of the proof, of the header, or visible in the theorem's environment
    axioms      nothing forbidden, nothing unsafe, three axioms, in what is used of the header too
    kernel      a clean worker's kernel checks what is used of the header, the auxiliaries and then the theorem, and a
                second, newer one again

What each layer does not cover is in docs/TRUST.md.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lean_env.embedded.pool import NoWorker, WorkerPool
from lean_env.embedded.worker import LeanRefused, Worker, WorkerDied
from lean_env.gate.admission import Inadmissible, axioms_among, require_own_names, usable_names, visible_constants
from lean_env.gate.certificate import Certificate, Check, KernelVerdict, Opinion, Rejection
from lean_env.gate.disagreement import KernelsDisagree
from lean_env.gate.header_term import NO_HEADER, HeaderTerm, neutral_names
from lean_env.gate.proof_term import TARGET, ProofTerm
from lean_env.gate.second_kernel.client import NoSecondKernel, SecondOpinion
from lean_env.gate.statement import CleanStatement, Statement
from lean_env.library.comparison import same_expression
from lean_env.library.expression import Constant, expression_hash
from lean_env.library.index import Library
from lean_env.library.ndjson import ExportedDeclaration, NdjsonError, read_expression
from lean_env.library.ndjson_writer import write_expression
from lean_env.library.olean import Kind
from lean_env.theorem import Environment, Theorem

#: Grows with every change of what is checked.
GATE_VERSION = "3"

#: The kernels' names in a certificate.
_EMBEDDED, _SECOND = "embedded-4.28", "second"

#: A deciding worker is replaced after this many requests: whatever it may have gathered, it does not gather for long.
REQUESTS_PER_WORKER = 2_000


class GateError(Exception):
    """Nothing was decided: a crash, a limit, an answer that is none. Never an acceptance, never a failed proof."""


class HeaderRefused(Exception):
    """No proof under this header will be decided; the text names the check and why."""


#: A proof of `True`: what goes through the kernels with a header alone.
_TRIVIAL = ProofTerm(
    ExportedDeclaration(Kind.THEOREM, TARGET, (), Constant("True", ()), Constant("True.intro", ())),
    (),
    frozenset({"True", "True.intro"}),
    "",
)

read_header_term = lru_cache(maxsize=64)(HeaderTerm.read)


class Gate:
    """Checks exported proofs against a library. `deciders` is a pool of role `decide`; its limits bound the kernel.
    `second` is asked about what that kernel accepts; without one every certificate says so.

    Safe to share between threads, as its library, pool and second kernel are.
    """

    def __init__(self, library: Library, deciders: WorkerPool, second: SecondOpinion | None = None) -> None:
        if deciders.role != "decide":
            raise ValueError(f"the gate decides in workers that never elaborate; this pool's role is {deciders.role!r}")
        self._library = library
        self._deciders = deciders
        self._second = second or NoSecondKernel("this gate was opened without one")

    def check(
        self, theorem: Theorem, proof_ndjson: str, stated: CleanStatement | None = None
    ) -> Certificate | Rejection:
        """Decides whether `proof_ndjson` proves `theorem`. `stated` goes with a text theorem and only with one.

        Raises GateError when that could not be decided, and KernelsDisagree, which no caller should survive.
        """
        if (theorem.module is None) != (stated is not None):
            raise ValueError(f"`{theorem.name}`: a CleanStatement goes with a text theorem, and only with one")
        try:
            header = self._header(theorem, stated)
            statement = self._statement(theorem, stated, header)
            proof = self._term(proof_ndjson)
            self._compare_types(statement, proof)
            axioms = axioms_among(visible_constants(self._library, theorem, proof, header))
            toolchain = self._first_kernel(theorem, statement, proof)
        except Inadmissible as refused:
            return Rejection(refused.check, refused.reason)
        second = self._second.check(theorem, statement.type, statement.level_params, proof, header)
        if second.verdict is KernelVerdict.REJECT:
            raise KernelsDisagree(theorem, statement, proof_ndjson, f"{toolchain} accepts", f"second: {second}")
        newer = f", then {self._second.version}" if self._second.version else ""
        return Certificate(
            statement_hash=statement.expression_hash,
            proof_hash=proof.proof_hash,
            auxiliaries=tuple(auxiliary.name for auxiliary in proof.auxiliaries),
            environment_digest=self._library.environment_digest(theorem.environment),
            axioms=axioms,
            kernels={_EMBEDDED: Opinion(KernelVerdict.ACCEPT), _SECOND: second},
            gate_version=f"{GATE_VERSION} on {toolchain}{newer}",
            header_digest=header.digest,
        )

    def check_header(self, environment: Environment, header_ndjson: str) -> None:
        """Whether proofs under this header can be decided: what they may use of it, through both kernels once.

        So what is wrong with a header is known before a search, and is never an alarm about a proof. Raises
        HeaderRefused, and GateError when that could not be decided.
        """
        theorem = Theorem("its header", "True", environment)
        try:
            header = self._own_header(header_ndjson)
            usable = usable_names(self._library, environment, header)
            proof = replace(_TRIVIAL, constants=_TRIVIAL.constants | usable)
            statement = Statement(proof.target.type, (), "", header)
            self._first_kernel(theorem, statement, proof)
        except Inadmissible as refused:
            raise HeaderRefused(f"{refused.check}: {refused.reason}") from None
        second = self._second.check(theorem, statement.type, (), proof, header)
        if second.verdict is KernelVerdict.REJECT:
            raise HeaderRefused(f"kernel: the second kernel refuses it: {second.reason}")

    def _header(self, theorem: Theorem, stated: CleanStatement | None) -> HeaderTerm:
        """What the theorem's header declares, NO_HEADER where it has none. Raises Inadmissible."""
        text = "" if stated is None else stated.header_ndjson
        if (theorem.environment.header is None) != (text == ""):
            raise Inadmissible(Check.HEADER, "the theorem has a header and no declarations of it, or the reverse")
        return self._own_header(text) if text else NO_HEADER

    def _own_header(self, ndjson: str) -> HeaderTerm:
        try:
            header = read_header_term(ndjson)
        except NdjsonError as error:
            raise Inadmissible(Check.HEADER, str(error)) from None
        require_own_names(self._library, header)
        return header

    def _statement(self, theorem: Theorem, stated: CleanStatement | None, header: HeaderTerm) -> Statement:
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
            raise Inadmissible(Check.STATEMENT, f"the library has no {error}") from None
        except NdjsonError as error:
            raise Inadmissible(Check.STATEMENT, f"the stored statement is unreadable: {error}") from None
        digest = header.statement_hash(type_, params)
        if theorem.expression_hash not in ("", digest):
            raise Inadmissible(
                Check.STATEMENT, f"its hash is {digest}, the theorem was announced with {theorem.expression_hash}"
            )
        return Statement(type_, params, digest, header)

    @staticmethod
    def _term(proof_ndjson: str) -> ProofTerm:
        try:
            return ProofTerm.read(proof_ndjson)
        except NdjsonError as error:
            raise Inadmissible(Check.TERM, str(error)) from None

    @staticmethod
    def _compare_types(statement: Statement, proof: ProofTerm) -> None:
        """Twice, by unrelated means: the hash that is stored, and a walk over both terms."""
        target = proof.target
        if expression_hash(target.type, target.level_params) != expression_hash(statement.type, statement.level_params):
            raise Inadmissible(Check.TYPE, "the term proves another statement")
        if not same_expression(target.type, target.level_params, statement.type, statement.level_params):
            raise Inadmissible(Check.TYPE, "the term proves another statement, though the hashes agree")

    def _first_kernel(self, theorem: Theorem, statement: Statement, proof: ProofTerm) -> str:
        """Asks the embedded kernel and returns its toolchain when it accepts. Raises Inadmissible, GateError."""
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
            raise Inadmissible(Check.KERNEL, reason)
        return f"Lean {version} ({commit})"

    def _embedded_kernel(self, worker: Worker, theorem: Theorem, statement: Statement, proof: ProofTerm) -> str | None:
        """Why the worker's kernel rejects the proof, or None when it accepts. Raises GateError, WorkerDied."""
        limits = self._deciders.limits
        used = statement.header.closure(proof.constants)
        names = neutral_names(used)
        target: dict[str, object]
        if theorem.module is not None:
            # Lean reads the statement from the library once more, by itself: a second opinion on our .olean reader.
            target = {"library": theorem.name}
        else:
            # The worker compares universe names as text, so the statement goes to it in the proof's names.
            universes = proof.target.level_params
            renamed = dict(zip(statement.level_params, universes, strict=True))
            target = {"expression": write_expression(statement.type, renamed, names), "levels": list(universes)}
        try:
            reply = worker.request(
                "kernel_check",
                wall_s=(limits.soft_ms + limits.hard_margin_ms) / 1000,
                imports=list(theorem.environment.imports),
                target=target,
                proof=proof.kernel_ndjson(used),
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
