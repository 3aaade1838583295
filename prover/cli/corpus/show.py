"""`flywheel corpus show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json
from prover.cli.tables import WideOption, show_table

if TYPE_CHECKING:
    from corpus.query import ProofView
    from corpus.records import TheoremRecord
    from corpus.theorems import Deed, TheoremView


def show(
    name: Annotated[str, typer.Argument(metavar="ID|THEOREM", help="A proof's id, or a theorem's whole name.")],
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """A proof by its id: its text, every step with its state, its certificate and who found it. A theorem by its name:
    all its proofs, who could prove it first, and what each generation did with it.

    Examples: flywheel corpus show 17
              flywheel corpus show Nat.add_comm
    """
    with Place.of(home, db).corpus() as corpus:
        if name.isdigit() and len(name) < 19:  # SQLite's integers end at 2^63
            from corpus import query

            view = query.show_proof(corpus, int(name))
            emit_json(view) if json else _show_proof(view)
        else:
            from corpus.theorems import show_theorem

            views = show_theorem(corpus, name)
            if json:
                emit_json(views)
            for one in views if not json else ():
                _show_theorem(one, wide)


def _show_theorem(view: TheoremView, wide: bool) -> None:
    theorem = view.theorem
    console.print(Text(theorem.name, style="bold"), soft_wrap=True)
    _show_header(theorem)
    console.print(Text(theorem.statement))
    console.print(f"{view.benchmark.partition('@')[0]}, {theorem.split}, {theorem.stratum}")
    console.print(f"first proved by {_who(view.first)}" if view.first else "nobody has proved it yet")
    for proof in view.proofs:
        retracted = f", RETRACTED: {proof.retracted}" if proof.retracted is not None else ""
        console.print(Text(f"proof {proof.id}, {proof.source}, found {proof.found} times{retracted}", style="bold"))
        for tactic in proof.tactics:
            console.print(Text(f"  {tactic}"))
    rows = [
        (
            deed.run,
            "" if deed.generation is None else f"M_{deed.generation}",
            deed.arm,
            deed.kind.value,
            deed.tried,
            deed.status.value,
            deed.steps_to_proof,
            ", ".join(map(str, deed.proofs)),
        )
        for deed in view.deeds
    ]
    if rows:
        headers = ("run", "model", "arm", "kind", "tried", "outcome", "steps", "proof")
        show_table(headers, rows, wide=wide, cut=(0, 2, 7))


def _show_header(theorem: TheoremRecord) -> None:
    """What stands above the statement is part of what it says."""
    if theorem.header is not None:
        console.print(Text(theorem.header.text.strip("\n") + "\n", style="dim"))


def _who(deed: Deed) -> str:
    who = deed.arm if deed.generation is None else f"M_{deed.generation} ({deed.arm})"
    return f"{who} of run {deed.run}, {deed.first_at:%Y-%m-%d %H:%M}, after {deed.steps_to_proof} steps"


def _show_proof(view: ProofView) -> None:
    stored = view.proof
    _show_header(stored.theorem)
    console.print(Text(stored.text))
    if view.retracted is not None:
        console.print(f"RETRACTED: {view.retracted}")
    tree = Tree(Text(f"environment {stored.theorem.environment}"))
    for step in stored.steps:
        branch = tree.add(Text(f"{step.tactic}   ({step.milliseconds:.0f} ms, {step.heartbeats} heartbeats)"))
        branch.add(Text(step.state))
    console.print(tree)
    certificate = stored.certificate
    console.print(f"statement {certificate.statement_hash}\nenvironment {certificate.environment_digest}")
    console.print(f"proof term {certificate.proof_hash}; axioms: {', '.join(certificate.axioms) or 'none'}")
    if certificate.header_digest:
        console.print(f"header {certificate.header_digest}")
    console.print(f"kernels: {', '.join(f'{k} {v}' for k, v in certificate.kernels.items())}")
    for lemma in view.lemmas:
        how = "borrows" if lemma.named else "needs for these"
        console.print(Text(f"{how} proof {lemma.proof_id} of {lemma.theorem} ({lemma.term_bytes:,} bytes)"))
    if view.borrowers:
        console.print(f"lent to {view.borrowers} later proof{'s' if view.borrowers != 1 else ''}")
    for finding in view.findings:
        model = "no model" if finding.generation is None else f"M_{finding.generation}"
        steps = "" if finding.steps_to_proof is None else f" after {finding.steps_to_proof} steps"
        console.print(
            f"found by {model} of run {finding.run} ({finding.arm}){steps}, {finding.found_at:%Y-%m-%d %H:%M}"
        )
