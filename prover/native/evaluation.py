"""Evaluation in the user's own Lean: arms on the same statements. Results are lines of a file; no corpus takes them.

    with Journal.open(folder / "attempts.jsonl", settings) as journal:
        evaluation = evaluate_natively([Arm("portfolio", policy, Budget(64))], theorems, native, lean, journal, ...)

A proof that the gate certified and one that only the native Lean accepts both count as solved here. The journal has the
verdict of each.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from corpus.records import AttemptStatus
from corpus.round_results import TheoremOutcome
from lean_env.benchmark.external import Row
from lean_env.native.backend import NativeLean
from lean_env.session.leandojo import DojoCrashError, DojoInitError
from lean_env.session.stating import StatementRefused
from lean_env.theorem import Environment, Theorem
from prover.evaluation.evaluate import Arm, Evaluation, gather
from prover.lean import Lean
from prover.native.prove import NativeProver, Unproved
from prover.policies.batching import BatchingPolicy
from prover.rounds.attempt import Phase
from prover.search.contract import SearchResult

_REFUSED = "Lean does not take the statement: "


class OtherSettings(Exception):
    """The journal was begun with other settings; the text names them."""


@dataclass(frozen=True, slots=True)
class NativeAttempt:
    """One line of the journal. `verdict`: whose word a proof is, or why there is none; `tactics` of the proof."""

    arm: str
    outcome: TheoremOutcome
    verdict: str
    certified: bool = False
    tactics: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> NativeAttempt:
        fields = json.loads(line)
        outcome = {**fields["outcome"], "status": AttemptStatus(fields["outcome"]["status"])}
        return cls(**{**fields, "outcome": TheoremOutcome(**outcome), "tactics": tuple(fields["tactics"])})


@dataclass
class Journal:
    """Attempts in a file, each written as it ends. Thread-safe."""

    attempts: list[NativeAttempt] = field(default_factory=list)
    _file: IO[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def open(cls, path: Path, settings: Mapping[str, Any]) -> Iterator[Journal]:
        """A new journal, or the one that is there, whose settings have to be the same. An unfinished line is
        taken away. Raises OtherSettings, OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = json.dumps(settings, sort_keys=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()
        if lines and lines[0] != wanted:
            raise OtherSettings(f"{path} was made with other settings: {lines[0]}. Move it away to start anew")
        with path.open("r+" if lines else "w", encoding="utf-8") as file:
            if lines:
                file.seek(len("\n".join(lines).encode()) + 1)
                file.truncate()
            journal = cls([NativeAttempt.read(line) for line in lines[1:]], file)
            if not lines:
                journal._write(wanted)
            yield journal

    def add(self, attempt: NativeAttempt) -> None:
        with self._lock:
            self.attempts.append(attempt)
            self._write(json.dumps(asdict(attempt), ensure_ascii=False))

    def latest(self, arm: str) -> dict[str, NativeAttempt]:
        """The last attempt of this arm at each theorem."""
        with self._lock:
            attempts = list(self.attempts)
        return {attempt.outcome.theorem: attempt for attempt in attempts if attempt.arm == arm}

    def _write(self, line: str) -> None:
        assert self._file is not None
        self._file.write(f"{line}\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def native_theorems(row: Row) -> tuple[Theorem, ...]:
    """A benchmark's row as a native Lean can state it, to be tried in this order.

    What its file opens stands in the statement, as `open … in`. So do its namespaces, which Lean may know or not.
    Raises ValueError with the reason why it cannot be stated by itself."""
    if row.objection or not row.conclusion:
        raise ValueError(row.objection or "it has no statement")
    if row.above:
        raise ValueError(row.scope.objection(row.statement) or "it needs what stands above it in its file")
    quantified = f"∀ {row.binders}, {row.conclusion}" if row.binders else row.conclusion
    forms = dict.fromkeys(
        f": {''.join(f'open {text} in ' for text in opens)}{quantified}" if opens else row.statement
        for opens in ((*row.scope.namespaces, *row.scope.opens), row.scope.opens)
    )
    return tuple(Theorem(row.name, form, Environment(row.scope.modules), split=row.split) for form in forms)


def evaluate_natively(
    arms: Sequence[Arm],
    theorems: Sequence[tuple[Theorem, ...]],
    native: NativeLean,
    lean: Lean,
    journal: Journal,
    *,
    benchmark: str,
    split: str,
    seed: int,
    workers: int,
    stop: threading.Event,
    on_progress: Callable[[str, int, int, int], None],
) -> Evaluation:
    """Every arm on every theorem (the forms that it may have), `workers` native processes at a time; what the journal
    has is not run again, errors excepted. `on_progress(arm, solved, done, total)`. On an interruption the arms finished
    so far are reported.
    """
    finished: list[tuple[Arm, list[TheoremOutcome]]] = []
    refused: dict[str, NativeAttempt] = {}  # what Lean does not take, no arm has to ask again
    for arm in arms:
        prover = NativeProver(
            native, lean, Phase(BatchingPolicy(arm.policy), arm.budget, arm.search, arm.source), seed, shorten=False
        )
        key = " from ".join([arm.name, *arm.settings.values()])  # two runs have an M_3 each
        known = {name for name, a in journal.latest(key).items() if a.outcome.status is not AttemptStatus.ERROR}

        def run(forms: tuple[Theorem, ...], arm: Arm = arm, key: str = key, prover: NativeProver = prover) -> None:
            if stop.is_set():
                return
            attempt = refused.get(forms[0].name) or attempt_natively(key, prover, forms, stop.is_set)
            attempt = replace(attempt, arm=key)
            if attempt.verdict.startswith(_REFUSED):
                refused[forms[0].name] = attempt
            if attempt.tactics or not stop.is_set():  # a search that was stopped says nothing, a proof does
                journal.add(attempt)
            latest = journal.latest(key).values()
            on_progress(arm.name, sum(bool(a.tactics) for a in latest), len(latest), len(theorems))

        with ThreadPoolExecutor(workers, thread_name_prefix="native") as executor:
            list(executor.map(run, [forms for forms in theorems if forms[0].name not in known]))
        if stop.is_set():
            break
        latest = journal.latest(key)
        finished.append((arm, [latest[forms[0].name].outcome for forms in theorems]))
    return gather(
        finished,
        benchmark=benchmark,
        split=split,
        stratum="",
        seed=seed,
        test_evaluations=None,
        interrupted=stop.is_set(),
    )


def attempt_natively(
    arm: str, prover: NativeProver, forms: tuple[Theorem, ...], stopped: Callable[[], bool]
) -> NativeAttempt:
    """One attempt at the first form that Lean takes, every end of it a value. ERROR: Lean takes none, or could not be
    kept alive."""
    started = time.monotonic()

    def outcome(status: AttemptStatus, search: SearchResult | None) -> TheoremOutcome:
        proved = status is AttemptStatus.PROVED
        return TheoremOutcome(
            theorem=forms[0].name,
            stratum="",
            status=status,
            steps_to_proof=search.steps if search and proved else None,
            steps=search.steps if search else 0,
            heartbeats=0,
            lean_seconds=search.times.lean if search else 0.0,
            model_seconds=search.times.model if search else 0.0,
            wall_seconds=time.monotonic() - started,
            wall_limit_hits=search.wall_limit_hits if search else 0,
            cpu_seconds=search.times.cpu if search else 0.0,
        )

    for theorem in forms:
        try:
            proof = prover.prove(theorem, stopped)
        except (DojoInitError, StatementRefused) as error:
            refused = f"{_REFUSED}{error}"
        except Unproved as error:
            return NativeAttempt(arm, outcome(AttemptStatus.UNPROVED, error.search), str(error))
        except DojoCrashError as error:
            return NativeAttempt(arm, outcome(AttemptStatus.ERROR, None), str(error))
        else:
            proved = outcome(AttemptStatus.PROVED, proof.search)
            return NativeAttempt(arm, proved, proof.verdict, proof.certified, proof.tactics)
    return NativeAttempt(arm, outcome(AttemptStatus.ERROR, None), refused)
