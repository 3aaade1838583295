"""The corpus as data sets that other programs open: JSON lines or Parquet, with a card that says what is in them.

    flywheel corpus export --to FOLDER --format jsonl|parquet

    proofs/SPLIT       one proof a row, with its statement, its text and what certified it
    steps/SPLIT        one proof a row in the fields of LeanDojo Benchmark 4: where it is from, and its traced tactics
    training/train     one step a row as `prompt` and `completion`, the form that trainers of language models take
    README.md          the card: counts, licence, splits, what the leakage guard kept out

Train is a snapshot, so that the guard has passed it and its hash says what it is. Proofs of held-out theorems, which
evaluations found, come along only when asked for, and never as training rows.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import exists, select

from corpus import rows, schema
from corpus.card import card
from corpus.database import reading
from corpus.errors import CorpusError
from corpus.guard import HELD_OUT
from corpus.private import require_none_private
from corpus.records import StoredProof
from corpus.snapshot import BATCH, snapshot_proofs
from corpus.store import Corpus

#: A state, the theorem's name and its header ('' without one) to what a language model is shown.
Prompt = Callable[[str, str, str], str]
Row = dict[str, Any]

LEAN4_URL = "https://github.com/leanprover/lean4"
_COMMIT = re.compile(r"\(([0-9a-f]{40})\)")


class Sink(Protocol):
    """A file of rows that is being written."""

    def write(self, row: Row) -> None: ...
    def close(self) -> None: ...


@dataclass
class Exported:
    """What was written. `rows`: file, relative to the folder, to its number of rows."""

    folder: Path
    snapshot: str
    proofs: int = 0
    theorems: int = 0
    steps: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    #: What a header is in prompts, in words.
    headers: str = ""
    by_split: Counter[str] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    by_benchmark: Counter[str] = field(default_factory=Counter)


def export(
    corpus: Corpus,
    folder: Path,
    snapshot: str,
    format: str,
    prompt: Prompt,
    held_out: bool = False,
    headers: str = "",
    report: Callable[[int], None] = lambda _done: None,
) -> Exported:
    """Writes a snapshot, and with `held_out` all accepted proofs of valid and test theorems, into a new folder.

    `format`: `jsonl` or `parquet`. `headers`: what the card says of headers in prompts. In constant memory. Raises
    NotFound, SnapshotCorrupt, Conflict for a corpus whose proofs are for one theorem's model alone, and CorpusError
    when there is nothing to export, the folder has something in it or pyarrow is missing.
    """
    require_none_private(corpus, "exported as a data set")
    done, theorems = Exported(folder, snapshot, headers=headers), set()
    with new_folder(folder) as partial:
        for split in ("train", *(HELD_OUT if held_out else ())):
            proofs = snapshot_proofs(corpus, snapshot) if split == "train" else _accepted(corpus, split)
            tables = {"proofs": proof_rows, "steps": step_rows}
            if split == "train":
                tables["training"] = lambda proof: training_rows(proof, prompt)
            with ExitStack() as open_files:
                sinks = {}
                for name in tables:
                    file = f"{name}/{split}.{format}"
                    sinks[name] = _sink(partial / file, name)
                    open_files.callback(sinks[name].close)
                    done.rows[file] = 0
                for proof in proofs:
                    for name, make in tables.items():
                        for row in make(proof):
                            sinks[name].write(row)
                            done.rows[f"{name}/{split}.{format}"] += 1
                    done.proofs += 1
                    done.steps += len(proof.steps)
                    theorems.add((proof.benchmark, proof.theorem.name))
                    done.by_split[split] += 1
                    done.by_source[proof.source] += 1
                    done.by_benchmark[proof.benchmark] += 1
                    report(done.proofs)
        if not done.proofs:
            raise CorpusError(f"Snapshot {snapshot} has no proofs: there is nothing to export.")
        for empty in [file for file, count in done.rows.items() if not count]:  # `datasets` opens no file without rows
            (partial / empty).unlink()
            del done.rows[empty]
        done.theorems = len(theorems)
        (partial / "README.md").write_text(card(corpus, done.__dict__, format), encoding="utf-8")
    return done


def proof_rows(proof: StoredProof) -> Iterator[Row]:
    theorem, certificate = proof.theorem, proof.certificate
    yield {
        "id": proof.content_hash,
        "theorem": theorem.name,
        "statement": theorem.statement,
        "statement_hash": certificate.statement_hash,
        "imports": list(theorem.imports),
        "header": _header(proof),
        "module": theorem.module or "",
        "benchmark": proof.benchmark,
        "split": theorem.split,
        "source": proof.source,
        "tactics": [step.tactic for step in proof.steps],
        "proof": proof.text,
        "axioms": list(certificate.axioms),
        "proof_hash": certificate.proof_hash,
        "gate": certificate.gate_version,
        "kernels": [f"{name}: {said}" for name, said in sorted(certificate.kernels.items())],
    }


def step_rows(proof: StoredProof) -> Iterator[Row]:
    """LeanDojo's fields. Where a theorem stands in its file is not known here: `start` and `end` are null."""
    theorem = proof.theorem
    found = _COMMIT.search(proof.certificate.gate_version)
    library = theorem.module is not None
    yield {
        "url": LEAN4_URL if library else "",
        "commit": found.group(1) if library and found else "",
        "file_path": f"src/{(theorem.module or '').replace('.', '/')}.lean" if library else "",
        "full_name": theorem.name,
        "start": None,
        "end": None,
        "traced_tactics": [
            {
                "tactic": step.tactic,
                "annotated_tactic": [step.tactic, []],
                "state_before": step.state,
                "state_after": step.state_after,
            }
            for step in proof.steps
        ],
    }


def training_rows(proof: StoredProof, prompt: Prompt) -> Iterator[Row]:
    header = _header(proof)
    for step in proof.steps:
        yield {"prompt": prompt(step.state, proof.theorem.name, header), "completion": step.tactic}


def _header(proof: StoredProof) -> str:
    return proof.theorem.header.text if proof.theorem.header is not None else ""


class new_folder:
    """A folder that appears under its name when the block ends well, and not at all otherwise."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")

    def __enter__(self) -> Path:
        if self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
            raise CorpusError(f"{self._folder} is there and not empty: choose another folder, or remove it.")
        self._clear()
        self._partial.mkdir(parents=True)
        return self._partial

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            if self._folder.exists():
                self._folder.rmdir()
            self._partial.rename(self._folder)
        else:
            self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)


def _accepted(corpus: Corpus, split: str) -> Iterator[StoredProof]:
    """The accepted proofs of a split's theorems, oldest first."""
    proof, after = schema.Proof, 0
    while True:
        with reading(corpus.engine) as session:
            ids = session.scalars(
                select(proof.id)
                .join(schema.Theorem, schema.Theorem.id == proof.theorem_id)
                .where(proof.id > after, schema.Theorem.split == split)
                .where(~exists().where(schema.Retraction.proof_id == proof.id))
                .order_by(proof.id)
                .limit(BATCH)
            ).all()
            batch = rows.load_proofs(session, ids)
        yield from batch
        if len(batch) < BATCH:
            return
        after = ids[-1]


class _JsonLines:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, row: Row) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


def _sink(path: Path, table: str) -> Sink:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".jsonl":
        return _JsonLines(path)
    try:
        from corpus.parquet import ParquetFile
    except ImportError as error:
        raise CorpusError(f"Parquet needs pyarrow: `pip install 'lean-flywheel[exchange]'` ({error}).") from error
    return ParquetFile(path, table)


def write_lines(path: Path, lines: Iterable[Row]) -> None:
    """A small file of JSON lines."""
    sink = _JsonLines(path)
    for line in lines:
        sink.write(line)
    sink.close()
