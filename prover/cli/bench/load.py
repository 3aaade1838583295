"""`flywheel bench load`: benchmarks that others wrote, from a path into the corpus."""

from __future__ import annotations

import re
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.external import loaded, path_errors
from prover.cli.output import Ticker, UserError, console, counted, emit_json

if TYPE_CHECKING:
    from corpus.records import BenchmarkRecord
    from corpus.store import Corpus
    from lean_env.benchmark.external import Duplicate, External
    from training.data.human import HumanReport

_SHOWN_COPIES = 10


def load(
    path: Annotated[Path, typer.Argument(help="A .lean, .jsonl or .json file, or a folder of them.")],
    format: Annotated[str, typer.Option(help="auto, minif2f, jsonl, lean, leandojo, verina or clever.")] = "auto",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="name, statement, header or split = their field's name. Repeatable. For JSON."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; default: the file's or folder's name.")] = None,
    split: Annotated[str, typer.Option(help="Of theorems that name no split: train, valid or test.")] = "test",
    core: Annotated[
        bool, typer.Option("--core", help="Try statements with `import Init` where their own imports are not here.")
    ] = False,
    human: Annotated[
        bool, typer.Option("--human", help="Also take the traced tactics of train rows as people's training steps.")
    ] = False,
    workers: Annotated[int | None, typer.Option("--workers", "-j", min=1)] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Loads a benchmark that somebody else wrote: miniF2F, ProofNet, PutnamBench, NuminaMath, Goedel, miniCodeProps,
    VERINA, CLEVER, LeanDojo, or any Lean files with the modules of their repository. Every statement is elaborated;
    those that cannot be used are counted with their reasons; copies of statements that the corpus or lean-core has are
    listed. A train theorem that is a copy of a held-out one, up to names and the order of hypotheses, is not searched
    in rounds and no proof of it is trained on.

    With --human the traced tactics of train rows (LeanDojo Benchmark 4) become steps with source `human`: where the
    theorem can be stated here and its tactics replay, as a certified proof, else as steps that are no proof. A run
    trains on them with `human = ["external/NAME"]` in its configuration.

    Examples: flywheel bench load miniF2F-lean4 --core
              flywheel bench load problems.jsonl --map statement=lean_code --split train --name mine
              flywheel bench load leandojo_benchmark_4/random --human
              flywheel eval --name first --bench external/mine
    """
    from corpus.guard import held_back
    from lean_env.benchmark.external import Format, near_duplicates
    from lean_env.benchmark.splits import SPLITS
    from prover.benchmarks.external import known_statements, register_external

    place = Place.of(home, db)
    if split not in SPLITS:
        raise UserError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    if format not in list(Format):
        raise UserError(f"no format {format!r}; there are: {', '.join(Format)}")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name):
        raise UserError(f"--name {name}: a name has letters, digits, dots, hyphens and underscores, 80 at most")
    with path_errors():
        external = loaded(path, Format(format), workers, fields=_fields(map_ or []), name=name, split=split, core=core)
    with place.corpus(create=True) as corpus:
        record = register_external(corpus, external)
        people = _people(corpus, external, record) if human else None
        copies = near_duplicates(external.usable, known_statements(corpus, but=external.key), external.classes)
        kept_out = sorted(held_back(corpus.engine, record.key))
    if json:
        emit_json({**_as_json(external, record, copies), "kept_out_of_training": kept_out, "human": people})
        return
    _print(external, record, copies)
    if kept_out:
        names = ", ".join(kept_out[:_SHOWN_COPIES]) + (", …" if len(kept_out) > _SHOWN_COPIES else "")
        console.print(
            f"{len(kept_out)} train theorems kept out of training, copies of held-out ones: {names}", markup=False
        )
    if people is not None:
        _print_people(people, external.key)


def _fields(pairs: list[str]) -> dict[str, str]:
    fields = dict(pair.partition("=")[::2] for pair in pairs)
    if wrong := [pair for pair in pairs if not all(pair.partition("="))]:
        raise UserError(f"--map {wrong[0]}: write it as statement=FIELD")
    return fields


def _people(corpus: Corpus, external: External, record: BenchmarkRecord) -> HumanReport:
    """Their steps, in the corpus. One worker replays: the gate is what takes the time."""
    from prover.lean import Lean
    from prover.rounds.round import stop_on_signals
    from training.data.human import import_human

    if not any(row.traced for row in external.rows):
        raise UserError(f"--human: no row of {external.source} has traced tactics; LeanDojo Benchmark 4 has them")
    stop = threading.Event()
    with Lean(1) as lean, Ticker(f"replay {external.source}") as tick, stop_on_signals(stop):
        return import_human(
            corpus,
            external,
            record,
            lean,
            stop,
            lambda done, total: tick(f"{done} of {total} human proofs", done, total),
        )


def _print_people(people: HumanReport, key: str) -> None:
    console.print(
        f"human: {people.certified} proofs certified, {people.traces} kept as steps that are no proof, "
        f"{people.guarded} kept out of training for what they share with held-out statements"
    )
    if people.undecided:
        console.print(f"  {people.undecided} could not be judged; the same command tries them again")
    for title, counts in (("kept as steps, because", people.kept_because), ("not used, because", people.unusable)):
        if counts:
            console.print(counted(title, counts.most_common()))
    console.print(f'train on them: human = ["{key}"] in a run\'s configuration', markup=False, soft_wrap=True)


def _as_json(external: External, record: BenchmarkRecord, copies: list[Duplicate]) -> dict[str, Any]:
    return {
        "benchmark": record.key,
        "source": external.source,
        "format": external.format,
        "files": external.files,
        "sha256": external.digest,
        "core": external.core,
        "usable": [
            {
                "name": one.theorem.name,
                "split": one.theorem.split,
                "statement": one.theorem.statement,
                "statement_hash": one.theorem.expression_hash,
                "environment": one.theorem.environment.key,
                "header": one.theorem.environment.header.text if one.theorem.environment.header is not None else "",
                "place": one.row.place,
                "notes": one.notes,
            }
            for one in external.usable
        ],
        "unusable": record.meta["unusable"],
        "copies": copies,
        "repeated": external.repeated(),
    }


def _print(external: External, record: BenchmarkRecord, copies: list[Duplicate]) -> None:
    total = len(external.usable) + len(external.unusable)
    console.print(
        f"{external.source} ({external.format}): {total} theorems in {external.files} files, "
        f"sha256 {external.digest[:16]}",
        markup=False,
        soft_wrap=True,
    )
    usable = Counter(one.row.split for one in external.usable)
    unusable = Counter(one.row.split for one in external.unusable)
    table = Table("split", "usable", "unusable", "all")
    for split in sorted({*usable, *unusable}):
        table.add_row(split, str(usable[split]), str(unusable[split]), str(usable[split] + unusable[split]))
    table.add_row("all", str(len(external.usable)), str(len(external.unusable)), str(total))
    console.print(table)
    reasons = external.reasons()
    if reasons:
        console.print(counted("unusable, because", reasons))
    notes = Counter(note for one in external.usable for note in one.notes).most_common()
    if notes:
        console.print(counted("usable, with", notes))
    proved = sum(one.row.proved for one in external.usable)
    if proved:
        console.print(f"{proved} of the usable ones come with a proof, which is not read")
    for names in external.repeated():
        console.print(f"the same statement: {', '.join(names)}", markup=False)
    exact = sum(copy.exact for copy in copies)
    console.print(f"copies of statements known before: {exact} exact, {len(copies) - exact} near")
    for copy in copies[:_SHOWN_COPIES]:
        how = "is" if copy.exact else "is close to"
        other = copy.other
        console.print(f"  {copy.theorem} {how} {other.name} ({other.benchmark}, {other.split})", markup=False)
    if len(copies) > _SHOWN_COPIES:
        console.print(f"  and {len(copies) - _SHOWN_COPIES} more; --json has all")
    console.print(f"stored as {record.key}: flywheel eval --bench {external.key}", markup=False, soft_wrap=True)
