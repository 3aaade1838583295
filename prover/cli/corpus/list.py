"""`flywheel corpus list`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, console, emit_json
from prover.cli.tables import WideOption, show_table


def list_(
    theorem: Annotated[str | None, typer.Option(help="Part of the theorem's name.")] = None,
    source: Annotated[str | None, typer.Option(help="seed, human, portfolio, grammar or policy.")] = None,
    split: Annotated[str | None, typer.Option(help="train, valid or test.")] = None,
    run: Annotated[str | None, typer.Option(help="Found by this run.")] = None,
    tactic: Annotated[
        str | None, typer.Option(help="Part of one of its tactics, from the beginning of a word.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 30,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    before: Annotated[
        int | None, typer.Option(help="Only proofs with a lower id: the next page of a long list.")
    ] = None,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Proofs, newest first.

    Example: flywheel corpus list --tactic induction --limit 5
    """
    from corpus.proof_list import ProofFilter, list_proofs

    wanted = ProofFilter(theorem=theorem, source=source, split=split, run=run, tactic=tactic)
    with Place.of(home, db).corpus() as corpus, Ticker("indexing the tactics") as tick:
        page = list_proofs(
            corpus, wanted, limit=limit, offset=offset, before=before, report=lambda proof: tick(f"proof {proof}")
        )
    if json:
        emit_json(page)
        return
    rows = [
        (proof.id, proof.theorem, proof.split, proof.stratum, proof.source, proof.length, proof.found)
        for proof in page.proofs
    ]
    show_table(("id", "theorem", "split", "stratum", "source", "tactics", "found"), rows, wide=wide, cut=(1, 3))
    total = f"{'more than ' if page.more else ''}{page.total}"
    if before is None:
        console.print(f"{page.offset + 1 if page.proofs else 0}-{page.offset + len(page.proofs)} of {total}")
    else:
        console.print(f"{len(page.proofs)} of {total}")
