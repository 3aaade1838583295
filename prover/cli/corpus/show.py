"""`flywheel corpus show`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.tree import Tree

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import console, emit_json


def show(
    proof: Annotated[int, typer.Argument(help="The proof's id, from `flywheel corpus list`.")],
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """One proof: its text, every step with its state, its certificate and who found it.

    Example: flywheel corpus show 17
    """
    from corpus import query

    with Place.of(home, db).corpus() as corpus:
        view = query.show_proof(corpus, proof)
    if json:
        emit_json(view)
        return
    stored = view.proof
    console.print(stored.text, markup=False)
    if view.retracted is not None:
        console.print(f"RETRACTED: {view.retracted}")
    tree = Tree(f"environment {stored.theorem.environment}")
    for step in stored.steps:
        branch = tree.add(f"{step.tactic}   ({step.milliseconds:.0f} ms, {step.heartbeats} heartbeats)")
        branch.add(step.state)
    console.print(tree, markup=False)
    certificate = stored.certificate
    console.print(f"statement {certificate.statement_hash}\nenvironment {certificate.environment_digest}")
    console.print(f"proof term {certificate.proof_hash}; axioms: {', '.join(certificate.axioms) or 'none'}")
    console.print(f"kernels: {', '.join(f'{k} {v}' for k, v in certificate.kernels.items())}")
    for finding in view.findings:
        model = "no model" if finding.generation is None else f"M_{finding.generation}"
        steps = "" if finding.steps_to_proof is None else f" after {finding.steps_to_proof} steps"
        console.print(
            f"found by {model} of run {finding.run} ({finding.arm}){steps}, {finding.found_at:%Y-%m-%d %H:%M}"
        )
