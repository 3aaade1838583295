"""`flywheel prove --toolchain native`: the user's own Lean, for a statement and for a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lean_env.limits import Limits
from lean_env.native import through_dojo
from lean_env.native.backend import NativeLean, import_lines
from lean_env.native.project import open_project
from lean_env.native.repl import find_repl
from lean_env.native.sandbox import find_bubblewrap
from lean_env.native.through_repl import ReplLean
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.session.stating import StatementRefused
from lean_env.theorem import Environment, Theorem
from prover.cli.native_options import NativeOptions
from prover.cli.output import Ticker, UserError, WorkFailed, console, emit_json, errors
from prover.cli.policies import Source, phase_of
from prover.cli.prove_file import Options, fill_file, one_file, show
from prover.lean import Lean
from prover.native.prove import NativeProver, Unproved, native_space
from prover.rounds.verify import proof_text
from prover.search.kinds import SearchKind
from prover.sorries import Answer, Found, LeanFile, Poser

#: Mathlib's tactics take their time.
LIMITS = Limits(heartbeats=200_000, soft_ms=10_000)


@contextmanager
def opened(options: NativeOptions, limits: Limits, *, reads_files: bool = False) -> Iterator[NativeLean]:
    """The repository's Lean: through LeanDojo where that can, through the repl for later versions and for files.
    Raises NativeUnavailable."""
    project = open_project(options.repository)
    bubblewrap = None if options.trust else find_bubblewrap()
    if bubblewrap is None:
        errors.print("the native Lean is not confined: proofs can do on this machine what you can", soft_wrap=True)
    native: NativeLean
    if project.minor <= through_dojo.LAST and not reads_files and options.repl is None:
        native = through_dojo.DojoLean(project, bubblewrap, limits)
    else:
        native = ReplLean(project, find_repl(project, options.repl), bubblewrap, limits)
    with native:
        yield native


@contextmanager
def _prover(
    options: NativeOptions,
    model: Source,
    steps: int,
    seed: int,
    search: SearchKind,
    *,
    reads_files: bool = False,
) -> Iterator[NativeProver]:
    with Lean(workers=1, limits=LIMITS) as lean, opened(options, LIMITS, reads_files=reads_files) as native:
        yield NativeProver(native, lean, phase_of(model, native_space(lean), steps, search), seed)


def prove_statement(
    theorem: Theorem,
    imports: list[str],
    options: NativeOptions,
    model: Source,
    steps: int,
    seed: int,
    search: SearchKind,
    json: bool,
) -> None:
    """Prints a proof, and on stderr whether it is certified. Raises UserError, WorkFailed."""
    theorem = replace(theorem, environment=Environment(tuple(imports)))
    with _prover(options, model, steps, seed, search) as prover:
        try:
            proof = prover.prove(theorem)
        except (DojoInitError, StatementRefused) as error:
            raise UserError(f"Lean does not take the statement: {error}") from error
        except (Unproved, DojoCrashError) as error:
            raise WorkFailed(str(error)) from error
        source = f"{import_lines(theorem.environment)}\n{proof_text(theorem, proof.tactics, prover.native.options)}"
    if json:
        emit_json({"theorem": theorem.name, "text": source, "certified": proof.certified, "verdict": proof.verdict})
        return
    console.print(source, markup=False, soft_wrap=True, end="")
    errors.print(proof.verdict, markup=False, soft_wrap=True)


def prove_file(path: Path, options: NativeOptions, how: Options) -> None:
    """As `prover.cli.prove_file.prove_file`, with the user's Lean. Raises UserError, WorkFailed."""
    with (
        _prover(options, how.model, how.steps, how.seed, how.search, reads_files=True) as prover,
        Ticker(str(path)) as tick,
    ):

        def prove(path: Path, text: str, tick: Ticker) -> tuple[str, list[Found]]:
            file, attempts = LeanFile(text, prover.native.messages), _Attempts(prover)
            return fill_file(path, file, Poser(file.environment, attempts.state), attempts.answer, tick, how.assume)

        try:
            report = one_file(path, prove, how, tick)
        except (DojoInitError, DojoCrashError) as error:
            raise UserError(f"Lean could not read {path}: {error}") from error
    show(report, how)


class _Attempts:
    """This route asks no worker of its own what a statement says: it is stated when it is opened to be proved. It
    states a goal under its imports alone."""

    def __init__(self, prover: NativeProver) -> None:
        self._prover = prover
        self._answers: dict[str, Answer] = {}

    def state(self, theorem: Theorem) -> None:
        """Raises StatementRefused."""
        if theorem.environment.header is not None:
            raise StatementRefused("a native Lean is given a statement alone")
        try:
            proof = self._prover.prove(theorem)
        except DojoInitError as error:
            raise StatementRefused(str(error)) from error
        except (Unproved, DojoCrashError) as error:
            self._answers[theorem.name] = Answer(reason=str(error))
        else:
            self._answers[theorem.name] = Answer(proof.tactics, "" if proof.certified else proof.verdict)

    def answer(self, theorem: Theorem) -> Answer:
        return self._answers[theorem.name]
