"""Steps of people, from a benchmark that traced them (LeanDojo Benchmark 4), as training data with source `human`.

flywheel bench load PATH --human          (python: `import_human`)

A train theorem that is stated here has its tactics replayed, and what the gate certifies is a proof like any other,
with the replay's states. What is not stated here (Mathlib), or does not replay, is kept as a trace: training steps that
are no proof and are counted nowhere as one. Valid and test rows are not read; what shares a statement or a state
with them never reaches a snapshot (corpus/guard.py).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from corpus.guard import held_back
from corpus.human import HUMAN_ARM, count_traces, store_traces
from corpus.records import AttemptStatus, BenchmarkRecord, HumanTraceRecord, RoundKind, RoundRecord, StepRecord
from corpus.round_results import outcomes
from corpus.store import Corpus
from lean_env.benchmark.external import External, Row, Usable, introductions, linear
from lean_env.benchmark.external.text_class import class_of_state, class_of_statement
from lean_env.benchmark.lean_core.benchmark import PARTS, load_manifest
from lean_env.benchmark.splits import TEST, TRAIN, VALID
from lean_env.theorem import Environment
from prover.benchmarks.external import guard_copies_of_texts
from prover.lean import Lean
from prover.rounds.given import Given, store_given
from training.data.dataset import HUMAN_SOURCE

#: Why a trace is no proof.
NOT_STATED, NO_REPLAY = "its theorem is not stated here", "its tactics do not replay here"

#: Where the premises come from of steps whose own environment is not here.
_ENVIRONMENT = Environment(("Init",))
_SORRY = re.compile(r"(?<![\w'.])(sorry|admit|stop)(?![\w'])")


@dataclass(slots=True)
class HumanReport:
    """What became of the rows."""

    #: Theorems with a proof in the corpus.
    certified: int = 0
    #: Rows kept as training steps that are no proof.
    traces: int = 0
    #: Proofs and traces that share something with a held-out statement: they are not trained on.
    guarded: int = 0
    #: Rows on which the gate could not decide. The same command tries them again.
    undecided: int = 0
    #: Why rows are traces and no proofs.
    kept_because: Counter[str] = field(default_factory=Counter)
    #: Rows that cannot be used, by reason.
    unusable: Counter[str] = field(default_factory=Counter)


def import_human(
    corpus: Corpus,
    external: External,
    record: BenchmarkRecord,
    lean: Lean,
    stop: threading.Event,
    progress: Callable[[int, int], None] | None = None,
) -> HumanReport:
    """Certifies what can be, keeps the rest as traces. Again: only what is missing. `progress(done, total)` counts
    replayed theorems."""
    guard_texts(corpus)
    guard_copies_of_texts(corpus)
    report = HumanReport()
    stated = {one.theorem.name: one for one in external.usable if _has_steps(one.row, report)}
    traces = [
        _trace(one.row, NOT_STATED, frozenset(), _ENVIRONMENT)
        for one in external.unusable
        if _has_steps(one.row, report)
    ]
    if stated:
        round = _round(corpus, record, list(stated))
        given: dict[str, Given] = {name: (one.theorem, _tactics(one)) for name, one in stated.items()}
        store_given(corpus, round, given, HUMAN_SOURCE, lean.tools, stop, progress)
        guarded = held_back(corpus.engine, record.key)
        for outcome in outcomes(corpus, round):
            one = stated[outcome.theorem]
            if outcome.status is AttemptStatus.WITHHELD or outcome.theorem in guarded:
                report.guarded += 1
            elif outcome.status is AttemptStatus.PROVED:
                report.certified += 1
            elif outcome.status is AttemptStatus.REJECTED:
                keys = frozenset({one.theorem.expression_hash, external.classes[one.theorem.name]})
                traces.append(_trace(one.row, NO_REPLAY, keys, one.theorem.environment))
            else:
                report.undecided += 1
    store_traces(corpus, record.key, traces)
    report.kept_because.update(trace.reason for trace in traces)
    total, guarded_traces = count_traces(corpus, record.key)
    report.traces = total - guarded_traces
    report.guarded += guarded_traces
    return report


def _tactics(usable: Usable) -> list[str]:
    """A library theorem opens as a closed statement, a text with its binders introduced, as it did for the person."""
    traced = usable.row.traced
    first = introductions(traced[0].state_before) if usable.theorem.module else []
    return first + (linear(traced) or [step.tactic for step in traced])


def guard_texts(corpus: Corpus) -> None:
    """Lets the guard know the held-out statements by their text, those of lean-core, lean-std and of every stored
    benchmark: what was not elaborated here has no other name."""
    texts = [entry.statement for part in PARTS for entry in load_manifest(part).entries if entry.split != TRAIN]
    for benchmark in corpus.benchmarks():
        if benchmark.name in (part.name for part in PARTS):
            continue
        for split in (VALID, TEST):
            texts += [theorem.statement for theorem in corpus.theorems(benchmark.key, split)]
        texts += [one["statement"] for one in benchmark.meta.get("unusable", ()) if one["split"] != TRAIN]
    corpus.set_guard(map(class_of_statement, texts))


def _has_steps(row: Row, report: HumanReport) -> bool:
    """Whether a row's steps can be used; why not is counted."""
    if row.split != TRAIN:
        why = "valid and test rows are held out"
    elif not row.traced:
        why = row.objection or "no tactics were traced"
    elif any(_SORRY.search(step.tactic) for step in row.traced):
        why = "a step is `sorry`"
    else:
        return True
    report.unusable[why] += 1
    return False


def _trace(row: Row, reason: str, keys: frozenset[str], environment: Environment) -> HumanTraceRecord:
    """The guard knows it by its statement, and by each state that it goes through."""
    steps = tuple(StepRecord(step.state_before, step.tactic, step.state_after) for step in row.traced)
    states = frozenset(class_of_state(step.state) for step in steps)
    return HumanTraceRecord(row.name, row.place, environment.key, reason, steps, keys | states - {""})


def _round(corpus: Corpus, record: BenchmarkRecord, names: list[str]) -> RoundRecord:
    run = f"human:{record.key}"
    corpus.start_run(run, {"benchmark": record.key})
    return corpus.start_round(
        run=run,
        generation_id=None,
        benchmark=record.key,
        split=TRAIN,
        stratum="",
        arm=HUMAN_ARM,
        kind=RoundKind.TRAIN,
        seed=0,
        config={},
        selection=names,
    )
