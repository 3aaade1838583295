"""`flywheel prove FILE.lean`: proofs for the file's `sorry`s, as a patch or in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.lean_text.modules import ModulesError, own_modules
from lean_env.limits import Limits
from prover.cli.output import Ticker, UserError, WorkFailed, console, emit_json, errors
from prover.goal import parse_goal
from prover.lean import Lean

if TYPE_CHECKING:
    from prover.rounds.attempt import Phase
    from prover.sorries import Hole, LeanFile


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one `sorry`: the tactics that now stand there, or the reason why it stays. `reason` with tactics
    says whose word it is, where they are not certified."""

    line: int
    goal: str
    tactics: tuple[str, ...] = ()
    reason: str = ""


def prove_file(path: Path, model: str | None, steps: int, seed: int, in_place: bool, json: bool) -> None:
    """Prints the patch (or writes the file) and a line for each `sorry`. Raises UserError, and WorkFailed when one is
    left."""
    text = read_file(path)
    limits = Limits(heartbeats=200_000, soft_ms=10_000)
    with Lean(workers=1, limits=limits, say=errors.print) as lean, Ticker(str(path)) as tick:
        try:
            modules = own_modules(path, text, lean.library.modules)
        except ModulesError as error:
            raise UserError(str(error)) from error
        lean.start()
        # A second of imports, while the workers start.
        from lean_env.embedded.worker import LeanRefused, WorkerDied
        from prover.cli.policies import policy_of
        from prover.rounds.attempt import Phase
        from prover.search.budget import Budget
        from prover.sorries import LeanFile

        policy = policy_of(model, lean.actions)
        phase = Phase(policy, Budget(steps))
        try:
            file = LeanFile(text, lean.messages, modules)
            new, results = fill(path, file, lambda hole: _prove(lean, hole, phase, seed), tick)
        except (LeanRefused, WorkerDied) as error:
            raise UserError(f"Lean could not read {path}: {modules.blame(str(error))}") from error
    report(path, text, new, results, in_place, json)


def read_file(path: Path) -> str:
    """The file's text. Raises UserError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        line = content.count(b"\n", 0, error.start) + 1
        found = "it is UTF-16" if utf16 else f"line {line} has the byte 0x{content[error.start]:02x}"
        raise UserError(f"{path} is not UTF-8 ({found}); save it as UTF-8") from error


def fill(path: Path, file: LeanFile, prove: Callable[[Hole], Found], tick: Ticker) -> tuple[str, list[Found]]:
    """The text with the proofs that `prove` finds and the file's Lean accepts where they stand, and what became of each
    `sorry`, in order. Raises UserError for a file without `sorry` that Lean does not accept."""
    holes = file.holes(lambda done, total: tick("reading goals", done, total))
    if not holes:
        if file.first_error:
            raise UserError(f"{path} has no sorry, and an error: {file.first_error}")
        errors.print(f"{path} has no sorry, and Lean accepts it", markup=False, soft_wrap=True)
    results: list[Found] = []
    new = file.text
    # From the last to the first, so that what stands before a hole is still as it was read.
    for number, hole in enumerate(reversed(holes), 1):
        tick(f"line {hole.line}", number, len(holes))
        found = prove(hole)
        if found.tactics:
            new, objection = file.filled(new, hole, found.tactics)
            if objection:
                found = Found(hole.line, hole.goal, reason=f"its proof does not fit there: {objection}")
        results.insert(0, found)
    return new, results


def _prove(lean: Lean, hole: Hole, phase: Phase, seed: int) -> Found:
    from lean_env.session.stating import StatementRefused
    from prover.rounds.attempt import attempt

    reason = hole.reason
    for theorem in hole.theorems:
        try:
            lean.stated(theorem)
        except StatementRefused as error:
            if "is not a proposition" in str(error):
                wanted = parse_goal(hole.goal).conclusion
                return Found(hole.line, hole.goal, reason=f"a value of type `{wanted}` is wanted, not a proof")
            place = "outside the file" if theorem.environment.header is None else "under what stands above it"
            reason = reason or f"its goal cannot be stated {place}: {error.__cause__ or error}"
            continue
        record = attempt(theorem, phase, seed, lean.tools, minimize_steps=64)
        if record is None or record.proof is None:
            return Found(hole.line, hole.goal, reason=f"no proof found ({record.reason if record else 'stopped'})")
        return Found(hole.line, hole.goal, tuple(step.tactic for step in record.proof.steps))
    return Found(hole.line, hole.goal, reason=reason)


def report(path: Path, text: str, new: str, results: list[Found], in_place: bool, json: bool) -> None:
    """Prints the patch or writes the file, and says what became of each `sorry`. Raises WorkFailed when one is left."""
    patch = "".join(unified_diff(text.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path)))
    if in_place and new != text:
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(new.encode())
        beside.replace(path)
    left = [found for found in results if not found.tactics]
    if json:
        emit_json(
            {"file": path, "proved": len(results) - len(left), "left": len(left), "sorries": results, "patch": patch}
        )
    elif not in_place:
        console.file.write(patch)
    for found in results:
        said = "; ".join(found.tactics)
        if found.reason:
            said += f"{' -- ' if said else ''}{' '.join(found.reason.split())}"
        errors.print(
            f"{path}:{found.line}: {'proved' if found.tactics else 'left'}: {said}", markup=False, soft_wrap=True
        )
    if left:
        raise WorkFailed(f"{len(results) - len(left)} of {len(results)} proved; {len(left)} left")
