"""The card of an export: a README.md that says what the data is, how it was made and what it may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from corpus import schema
from corpus.database import reading
from corpus.store import Corpus

#: Benchmarks whose statements are Lean's own or this program's.
_OURS = (
    *("lean-core", "lean-core-auto", "lean-core-random", "lean-std", "lean-std-random"),
    *("lean-logic", "lean-logic-rungs", "lean-logic-low"),
)

_WORDS = {
    "proofs": "one accepted proof a row: header, statement, imports, tactics, Lean text, certificate",
    "steps": "one proof a row in LeanDojo Benchmark 4's fields; `start` and `end` are null, no premises are annotated; "
    "headers are in `proofs`",
    "training": "one step a row, as `prompt` and `completion`",
}


def card(corpus: Corpus, done: Mapping[str, Any], format: str) -> str:
    """The card's text. `done`: the fields of corpus.export.Exported."""
    with reading(corpus.engine) as session:
        guarded = session.scalars(select(func.count()).select_from(schema.Guard)).one()
        withheld = session.scalar(
            select(schema.Snapshot.withheld).where(schema.Snapshot.hash == done["snapshot"]).limit(1)
        )
    files: Mapping[str, int] = done["rows"]
    ours = all(key.partition("@")[0] in _OURS for key in done["by_benchmark"])
    lines = ["---", f"license: {'apache-2.0' if ours else 'other'}", "tags: [lean4, theorem-proving, formal-proofs]"]
    lines += _configurations(files) if files else []
    lines += ["---", "", "# Proofs that the Lean kernel accepted", ""]
    lines += [
        f"{done['proofs']} proofs of {done['theorems']} theorems, {done['steps']} tactic steps, from lean-flywheel.",
        f"The train split is snapshot `{done['snapshot']}`: its hash covers every statement, state and tactic.",
        "",
    ]
    lines += _table("split", done["by_split"]) + _table("benchmark", done["by_benchmark"])
    lines += _table("found by", done["by_source"])
    if files:
        lines += ["| file | rows | what |", "|---|---|---|"]
        lines += [f"| `{name}` | {count} | {_WORDS[name.partition('/')[0]]} |" for name, count in files.items()]
        kind = "json" if format == "jsonl" else format
        example = next(iter(files))
        lines += ["", "```python", "import datasets", ""]
        lines += [f'proofs = datasets.load_dataset("{kind}", data_files="{example}", split="train")', "```", ""]
        lines += [done["headers"], ""] if done["headers"] else []
    lines += [
        "## What was checked",
        "",
        "Each proof was replayed in a Lean that had not searched for it, exported as a closed term, compared with its",
        "statement, and accepted by Lean's kernel, with no axiom beyond propext, Classical.choice and Quot.sound.",
        "`kernels` says of each proof which kernels were asked and what they said.",
        "",
        "## What is held out",
        "",
        f"The leakage guard knows {guarded} statements and near-copies of valid and test theorems. No proof of the",
        f"train split states one of them or goes through one as a goal; {withheld or 0} proofs were left out for that.",
        "",
        "## Licence",
        "",
    ]
    lines.append(
        "Statements are from Lean's core library (Apache-2.0) or generated; proofs and this data are Apache-2.0."
        if ours
        else "Statements of other people's benchmarks have the licence of their source; the proofs are Apache-2.0."
    )
    return "\n".join(lines) + "\n"


def _configurations(files: Mapping[str, int]) -> list[str]:
    """What the Hub's loader reads: `load_dataset(FOLDER, "steps")`."""
    lines = ["configs:"]
    for table in dict.fromkeys(name.partition("/")[0] for name in files):
        lines += [f"- config_name: {table}", "  data_files:"]
        for name in files:
            if name.startswith(f"{table}/"):
                lines += [f"  - split: {name.partition('/')[2].partition('.')[0]}", f"    path: {name}"]
    return lines


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    rows = [f"| {_plain(key)} | {count} |" for key, count in sorted(counts.items())]
    return [f"| {title} | proofs |", "|---|---|", *rows, ""]


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
