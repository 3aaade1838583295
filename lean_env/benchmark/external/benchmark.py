"""A benchmark that somebody else wrote: loaded, every theorem asked of Lean, usable ones apart from the others.

flywheel bench load PATH          (python: `load_external`)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lean_env.benchmark.external.check import Checker, Unusable, Usable
from lean_env.benchmark.external.duplicates import Classes
from lean_env.benchmark.external.reading import Format, read_benchmark
from lean_env.benchmark.external.row import Row
from lean_env.benchmark.splits import TEST
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.statement import CleanStatement
from lean_env.library.index import Library
from lean_env.theorem import Theorem

#: Names of such benchmarks begin with this, so that they cannot be taken for one of ours.
PREFIX = "external/"
#: The stratum of all their theorems: nobody has measured which are easy.
STRATUM = "external"


@dataclass(frozen=True, slots=True)
class External:
    """A benchmark of others after every statement was tried."""

    name: str
    source: Path
    format: Format
    #: How many were read.
    files: int
    #: SHA-256 over their names and bytes.
    digest: str
    #: Whether statements were tried in `import Init` where their own imports cannot be served.
    core: bool
    usable: tuple[Usable, ...]
    unusable: tuple[Unusable, ...]
    #: Theorem name -> statement class.
    classes: Mapping[str, str]
    library_digest: str

    @property
    def key(self) -> str:
        """PREFIX and name: what `--bench` calls it once it is in a corpus."""
        return f"{PREFIX}{self.name}"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that was read."""
        return (*(one.row for one in self.usable), *(one.row for one in self.unusable))

    @property
    def revision(self) -> str:
        """16 hex digits that stand for the files, the library, every statement and every reason."""
        content = [
            self.digest,
            self.library_digest,
            [
                [u.theorem.name, u.theorem.statement, u.theorem.expression_hash, u.theorem.environment.key, u.row.split]
                for u in self.usable
            ],
            [[u.row.name, u.row.text_hash, u.reason] for u in self.unusable],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def reasons(self) -> list[tuple[str, int]]:
        """Why rows are unusable, and how many for each reason, most frequent first."""
        return Counter(_kind(one.reason) for one in self.unusable).most_common()

    def repeated(self) -> list[tuple[str, ...]]:
        """Names of theorems that say the same up to bound names, two or more each."""
        groups: dict[str, list[str]] = {}
        for one in self.usable:
            groups.setdefault(one.theorem.expression_hash, []).append(one.theorem.name)
        return [tuple(names) for names in groups.values() if len(names) > 1]


def load_external(
    path: Path,
    pool: WorkerPool,
    library: Library,
    *,
    format: Format = Format.AUTO,
    fields: Mapping[str, str] | None = None,
    name: str | None = None,
    split: str = TEST,
    core: bool = False,
    report: Callable[[int, int], None] | None = None,
    under_header: Callable[[Theorem], CleanStatement] | None = None,
) -> External:
    """Reads and checks a benchmark. No proof may ever have run in `pool`'s workers.

    `fields`, `split`: see `read_benchmark`. `report(done, total)` counts theorems. `under_header`: see
    `Checker`. Raises Unreadable, UnknownField,
    OSError, NoWorker.
    """
    reading = read_benchmark(path, format, fields, split)
    answers = Checker(pool, library, core, under_header).check(reading.rows, report)
    name = name or default_name(path)
    usable = tuple(
        replace(one, theorem=replace(one.theorem, benchmark=PREFIX + name, stratum=STRATUM))
        for one in answers
        if isinstance(one, Usable)
    )
    unusable = tuple(one for one in answers if isinstance(one, Unusable))
    classes = Classes(library)
    return External(
        name,
        path,
        reading.format,
        reading.files,
        reading.digest,
        core,
        usable,
        unusable,
        {one.theorem.name: classes.of(one.expression, one.header_ndjson) for one in usable},
        library.digest,
    )


def default_name(path: Path) -> str:
    """The file's or folder's name, as far as a benchmark's name may have its characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().stem).strip("-").lower()[:80] or "benchmark"


def _kind(reason: str) -> str:
    """The first complaint of Lean's, without the place in the text that it is about."""
    reason = reason.replace("the statement does not elaborate: ", "").replace(
        "the statement does not parse", "no parse"
    )
    # `A.lean imports B, which imports C` is another chain in each file.
    reason = re.sub(r"^\S+ imports [^:;]*: (?=module )", "", reason)
    reason = re.sub(r"^\S+ imports [^:;]*, which (?=imports )", "", reason)
    reason = re.split(r" Note: |(?<=`) (?=Unknown )", reason)[0]
    reason = re.sub(r"(before it: `\w+) .*", r"\1 …`", reason).split("the file's variables: ")[0]
    return re.sub(r"(line|column) \d+", r"\1 …", reason).replace("line …, column …: ", "")[:100]
