"""`flywheel corpus …`: look into the accepted-proof corpus and freeze it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.tree import Tree

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import DONE, Ticker, WorkFailed, console, emit_json

app = typer.Typer(no_args_is_help=True, help="Look into the accepted-proof corpus and freeze it.")


@app.command()
def stats(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False) -> None:
    """Counts: proofs by source and split, theorems proved of all, who found them first.

    Example: flywheel corpus stats --json
    """
    from corpus import query

    with Place.of(home, db).corpus() as corpus:
        numbers = query.stats(corpus)
    if json:
        emit_json(numbers)
        return
    console.print(
        f"{numbers.proofs} proofs of {numbers.theorems_proved} theorems ({numbers.mean_length:.1f} tactics each, "
        f"{numbers.retracted} retracted) from {numbers.attempts} attempts in {numbers.runs} runs; "
        f"{numbers.snapshots} snapshots; {numbers.test_evaluations} evaluations on test so far"
    )
    for title, counts in (("source", numbers.by_source), ("attempts", numbers.by_status)):
        console.print(f"{title}: " + ", ".join(f"{key} {count}" for key, count in counts.items()))
    table = Table("benchmark", "split", "stratum", "proved", "theorems", title="coverage")
    for row in numbers.coverage:
        table.add_row(row.benchmark, row.split, row.stratum, str(row.proved), str(row.theorems))
    console.print(table)
    firsts = Table("run", "generation", "proofs", title="found first by")
    for origin in numbers.origins:
        label = "no model" if origin.generation is None else f"M_{origin.generation}"
        firsts.add_row(origin.run, label, str(origin.proofs))
    console.print(firsts)


@app.command("list")
def list_(
    theorem: Annotated[str | None, typer.Option(help="Part of the theorem's name.")] = None,
    source: Annotated[str | None, typer.Option(help="seed, human, portfolio, grammar or policy.")] = None,
    split: Annotated[str | None, typer.Option(help="train, valid or test.")] = None,
    run: Annotated[str | None, typer.Option(help="Found by this run.")] = None,
    tactic: Annotated[str | None, typer.Option(help="Part of one of its tactics.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 30,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Proofs, newest first.

    Example: flywheel corpus list --tactic induction --limit 5
    """
    from corpus import query

    wanted = query.ProofFilter(theorem=theorem, source=source, split=split, run=run, tactic=tactic)
    with Place.of(home, db).corpus() as corpus:
        page = query.list_proofs(corpus, wanted, limit=limit, offset=offset)
    if json:
        emit_json(page)
        return
    table = Table("id", "theorem", "split", "stratum", "source", "tactics", "found")
    for proof in page.proofs:
        table.add_row(
            str(proof.id), proof.theorem, proof.split, proof.stratum, proof.source, str(proof.length), str(proof.found)
        )
    console.print(table)
    console.print(f"{page.offset + 1 if page.proofs else 0}-{page.offset + len(page.proofs)} of {page.total}")


@app.command()
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


@app.command()
def snapshot(
    run: Annotated[str | None, typer.Option(help="Only proofs found by this run.")] = None,
    check: Annotated[str | None, typer.Option("--verify", help="Check every hash of this snapshot instead.")] = None,
    all_: Annotated[bool, typer.Option("--list", help="List the snapshots instead.")] = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Freezes the accepted train proofs under a content hash, for `flywheel train --snapshot HASH`.

    Example: flywheel corpus snapshot; flywheel corpus snapshot --verify HASH
    """
    from corpus.snapshot import SnapshotFilter, snapshots, take_snapshot, verify

    with Place.of(home, db).corpus() as corpus:
        if check is not None:
            count = verify(corpus, check)
            if json:
                emit_json({"snapshot": check, "verified_proofs": count})
            else:
                console.print(f"{count} proofs, every hash holds")
            return
        found = snapshots(corpus) if all_ else [take_snapshot(corpus, SnapshotFilter(run=run))]
    if json:
        emit_json(found if all_ else found[0])
        return
    for one in found:
        human = f", {one.human} traces of people's steps" if one.human else ""
        console.print(f"{one.hash}  {one.proofs} proofs of {one.theorems} theorems{human}")


@app.command()
def verify(
    snapshot: Annotated[str | None, typer.Option(help="Only this snapshot's proofs; else all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many proofs.")] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Replays stored proofs and asks both kernels about them again. Nothing is written.

    Says what share the second kernel covers and what it costs. Exit code 1 if a proof is not certified again; if the
    kernels disagree it stops at once. Example: flywheel corpus verify --snapshot HASH
    """
    from prover.lean import Lean
    from prover.recheck import verify as verify_proofs

    with Place.of(home, db).corpus() as corpus, Lean(workers=1) as lean, Ticker("verifying") as tick:
        found = verify_proofs(corpus, lean, snapshot, limit, lambda done: tick(f"{done} proofs", done))
    if json:
        emit_json(found)
    else:
        verdicts = ", ".join(f"{verdict} {count}" for verdict, count in found.second.items()) or "not asked"
        console.print(f"{found.certified} of {found.proofs} proofs certified again, {found.same_term} by the same term")
        console.print(f"second kernel: {verdicts}; it covers {100 * found.covered:.1f} %")
        console.print(
            f"a proof: {found.ms_mean:.0f} ms in all, second kernel {found.second_ms_median:.1f} ms (median; mean "
            f"{found.second_ms_mean:.1f}, most {found.second_ms_max:.0f})"
        )
        for one in (*found.troubles, *found.undecided[:20]):
            console.print(f"{one.proof} {one.theorem}: {one.trouble or f'{one.second}, {one.reason}'}", markup=False)
    if found.troubles:
        raise WorkFailed(f"{len(found.troubles)} of {found.proofs} proofs were not certified again")


@app.command()
def upgrade(home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None) -> None:
    """Brings the database's schema up to date with this version of the program; nothing stored is changed."""
    Place.of(home, db).corpus(upgrade=True).close()
    console.print("the schema is up to date")
    raise typer.Exit(DONE)
