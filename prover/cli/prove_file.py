"""`flywheel prove FILE.lean | FOLDER`: proofs for the `sorry`s of files, as a patch or in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.lean_text.modules import ModulesError, own_modules
from lean_env.limits import Limits
from prover.cli.output import Ticker, UserError, WorkFailed, console, emit_json, errors
from prover.cli.patches import patch_of
from prover.lean import Lean

if TYPE_CHECKING:
    from lean_env.theorem import Theorem
    from prover.cli.policies import Source
    from prover.rounds.attempt import Phase
    from prover.search.kinds import SearchKind
    from prover.sorries import Answer, Found, LeanFile, Poser, Search

#: Folders of a Lean project that hold other people's files, or none.
_NOT_OURS = frozenset({".lake", "lake-packages", "build", "_target", ".git"})


@dataclass(frozen=True, slots=True)
class Options:
    """How files are proved. `steps` a goal; `model` None is portfolio search."""

    model: Source = None
    steps: int = 256
    seed: int = 0
    assume: bool = False
    in_place: bool = False
    json: bool = False
    search: SearchKind = "best-first"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file: its patch and its `sorry`s, or the `error` for which it was left."""

    file: Path
    patch: str = ""
    sorries: list[Found] = field(default_factory=list)
    error: str = ""

    @property
    def proved(self) -> int:
        return sum(bool(found.tactics) for found in self.sorries)

    @property
    def left(self) -> int:
        return len(self.sorries) - self.proved

    def reasons(self) -> Counter[str]:
        """Why `sorry`s are left, and how many for each reason."""
        return Counter(found.kind for found in self.sorries if not found.tactics)

    def as_json(self) -> dict[str, object]:
        if self.error:
            return {"file": self.file, "error": self.error}
        return {
            "file": self.file,
            "proved": self.proved,
            "left": self.left,
            "reasons": dict(self.reasons().most_common()),
            "sorries": self.sorries,
            "patch": self.patch,
        }


#: Proves what it can of one file, text given: the new text, and what became of each `sorry`. Raises UserError.
ProveText = Callable[[Path, str, Ticker], "tuple[str, list[Found]]"]


def prove_file(path: Path, options: Options) -> None:
    """Prints the patch (or writes the file) and a line for each `sorry`. Raises UserError, and WorkFailed when one is
    left."""
    read_file(path)  # before Lean starts
    with _Embedded(options) as prove, Ticker(str(path)) as tick:
        report = one_file(path, prove, options, tick)
    show(report, options)


def prove_folder(folder: Path, options: Options) -> None:
    """Every .lean file below a folder, each as `prove_file`; one that cannot be read is counted and the others go on.
    With --in-place what is done stays done when it is stopped. Raises UserError, WorkFailed."""
    files = lean_files(folder)
    if not files:
        raise UserError(f"{folder} has no .lean file")
    reports: list[FileReport] = []
    with _Embedded(options) as prove, Ticker(str(folder)) as tick:
        for number, path in enumerate(files, 1):
            tick(f"{path.relative_to(folder)} ({number} of {len(files)})", number - 1, len(files))
            try:
                report = one_file(path, prove, options, tick)
            except UserError as error:
                report = FileReport(path, error=str(error))
            reports.append(report)
            if not options.json:
                _print(report, options)
    summarize(folder, reports, options)


def lean_files(folder: Path) -> list[Path]:
    """The folder's own Lean files, in order; nothing through links, and no lakefile."""
    found = []
    for path in sorted(folder.rglob("*.lean")):
        below = path.relative_to(folder)
        linked = any((folder / parent).is_symlink() for parent in (below, *below.parents[:-1]))
        if path.is_file() and not linked and not _NOT_OURS & set(below.parts) and path.name != "lakefile.lean":
            found.append(path)
    return found


def read_file(path: Path) -> str:
    """The file's text, line ends as they are. Raises UserError."""
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


def one_file(path: Path, prove: ProveText, options: Options, tick: Ticker) -> FileReport:
    """Proves what it can of a file, and writes it where that is asked for. Raises UserError."""
    text = read_file(path)
    new, found = prove(path, text, tick)
    if options.in_place and new != text:
        beside = path.with_name(f".{path.name}.new")
        try:
            beside.write_bytes(new.encode())
            beside.replace(path)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from error
    return FileReport(path, patch_of(path, text, new), found)


def show(report: FileReport, options: Options) -> None:
    """Prints the patch and what became of each `sorry`. Raises WorkFailed when one is left."""
    if options.json:
        emit_json(report.as_json())
    _print(report, options)
    if report.left:
        raise WorkFailed(_counts([report]))


def summarize(folder: Path, reports: Sequence[FileReport], options: Options) -> None:
    """The end of a folder. Raises WorkFailed when a `sorry` is left or a file could not be read."""
    unread = [report for report in reports if report.error]
    if options.json:
        emit_json(
            {
                "folder": folder,
                "proved": sum(report.proved for report in reports),
                "left": sum(report.left for report in reports),
                "unread": len(unread),
                "reasons": dict(sum((report.reasons() for report in reports), Counter[str]()).most_common()),
                "files": [report.as_json() for report in reports],
            }
        )
    counts = f"{len(reports)} files: {_counts(reports)}"
    if unread:
        counts += f"; {len(unread)} files could not be used"
    if unread or any(report.left for report in reports):
        raise WorkFailed(counts)
    _say(counts)


class _Embedded:
    """The embedded Lean for any number of files, once they are known to need it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lean = Lean(workers=1, limits=Limits(heartbeats=200_000, soft_ms=10_000), say=errors.print)
        self._phase: Phase | None = None

    def __enter__(self) -> ProveText:
        self._lean.__enter__()
        return self._prove

    def __exit__(self, *exception: object) -> None:
        self._lean.__exit__(None, None, None)

    def _prove(self, path: Path, text: str, tick: Ticker) -> tuple[str, list[Found]]:
        lean = self._lean
        try:
            modules = own_modules(path, text, lean.library.modules)
        except ModulesError as error:
            raise UserError(str(error)) from error
        if self._phase is None:
            lean.start()
            from prover.cli.policies import phase_of

            self._phase = phase_of(self._options.model, lean.actions, self._options.steps, self._options.search)
        # After the workers were told to start: a second of imports.
        from lean_env.embedded.worker import LeanRefused, WorkerDied
        from prover.sorries import LeanFile, Poser

        file = LeanFile(text, lean.messages, modules)
        try:
            return fill_file(path, file, Poser(file.environment, lean.stated), self._search, tick, self._options.assume)
        except (LeanRefused, WorkerDied) as error:
            raise UserError(f"Lean could not read {path}: {modules.blame(str(error))}") from error

    def _search(self, theorem: Theorem) -> Answer:
        from prover.rounds.attempt import attempt
        from prover.sorries import Answer

        assert self._phase is not None
        record = attempt(theorem, self._phase, self._options.seed, self._lean.tools, minimize_steps=64)
        if record is None or record.proof is None:
            return Answer(reason=f"no proof found ({record.reason if record else 'stopped'})")
        return Answer(tuple(step.tactic for step in record.proof.steps))


def fill_file(
    path: Path, file: LeanFile, poser: Poser, search: Search, tick: Ticker, assume: bool
) -> tuple[str, list[Found]]:
    """`prover.sorries.fill`, which says so where there is nothing to fill. Raises UserError for a file without `sorry`
    that Lean does not accept."""
    from prover.sorries import fill

    new, found = fill(file, poser, search, tick, assume)
    if not found:
        if file.first_error:
            raise UserError(f"{path} has no sorry, and an error: {file.first_error}")
        _say(f"{path} has no sorry, and Lean accepts it")
    return new, found


def _print(report: FileReport, options: Options) -> None:
    if report.error:
        _say(report.error)
    if not options.json and not options.in_place:
        console.file.write(report.patch)
    for found in report.sorries:
        said = "; ".join(found.tactics)
        if found.reason:
            said += f"{' -- ' if said else ''}{' '.join(found.reason.split())}"
        if found.assumed:
            said += f" -- assuming {', '.join(found.assumed)}, left without proof itself"
        where = f"{report.file}:{found.line}: {f'{found.declared}: ' if found.declared else ''}"
        _say(f"{where}{'proved' if found.tactics else 'left'}: {said}")


def _counts(reports: Sequence[FileReport]) -> str:
    """`2 of 5 proved; 3 left: 2 no proof found, 1 a value of type … is wanted, not a proof`."""
    proved, left = sum(report.proved for report in reports), sum(report.left for report in reports)
    counts = f"{proved} of {proved + left} proved"
    if left:
        reasons = sum((report.reasons() for report in reports), Counter[str]()).most_common()
        counts += f"; {left} left: {', '.join(f'{count} {reason}' for reason, count in reasons)}"
    return counts


def _say(text: str) -> None:
    errors.print(text, markup=False, soft_wrap=True)
