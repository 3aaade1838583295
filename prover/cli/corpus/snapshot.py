"""`flywheel corpus snapshot create | list | show | diff | verify`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.help import Commands
from prover.cli.output import console, emit_json
from prover.cli.tables import WideOption, show_table

if TYPE_CHECKING:
    from corpus.snapshot import Snapshot

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Frozen sets of accepted train proofs, to train on.")

HashArgument = Annotated[str, typer.Argument(help="The hash, or the beginning of it.")]


@app.command()
def create(
    run: Annotated[str | None, typer.Option(help="Only proofs found by this run.")] = None,
    benchmark: Annotated[list[str] | None, typer.Option(help="Only of this benchmark. Repeatable.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="seed, human, portfolio, grammar or policy. Repeatable.")
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Only proofs of at most so many tactics.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only proofs stored then or later, in local time.")] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Freezes the accepted train proofs under a content hash, for `flywheel train --snapshot HASH`. The same set again
    is the same snapshot.

    Examples: flywheel corpus snapshot create
              flywheel corpus snapshot create --run first --max-steps 8
    """
    from corpus.snapshot import SnapshotFilter, take_snapshot

    wanted = SnapshotFilter(
        run=run,
        benchmarks=tuple(benchmark or ()),
        sources=tuple(source or ()),
        max_steps=max_steps,
        since=since.astimezone() if since is not None else None,
    )
    with Place.of(home, db).corpus() as corpus:
        taken = take_snapshot(corpus, wanted)
    if json:
        emit_json(taken)
        return
    console.print(f"{taken.hash}\n{_counts(taken)}")


@app.command("list")
def list_(
    wide: WideOption = False, home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False
) -> None:
    """All snapshots, the oldest first. Example: flywheel corpus snapshot list"""
    from corpus.snapshot import snapshots

    with Place.of(home, db).corpus() as corpus:
        found = snapshots(corpus)
    if json:
        emit_json(found)
        return
    rows = [
        (
            one.hash if wide else one.hash[:12],
            one.proofs,
            one.theorems,
            one.human or "",
            f"{one.created_at:%Y-%m-%d %H:%M}",
            _filter(one.filter),
        )
        for one in found
    ]
    show_table(("hash", "proofs", "theorems", "human", "taken", "filter"), rows, wide=wide, cut=(5,))


@app.command()
def show(
    snapshot: HashArgument, home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False
) -> None:
    """What is in a snapshot, and which models were trained on it. Example: flywheel corpus snapshot show 3fa9c1"""
    from corpus.snapshot_views import describe

    with Place.of(home, db).corpus() as corpus:
        view = describe(corpus, snapshot)
    if json:
        emit_json(view)
        return
    one = view.snapshot
    console.print(f"{one.hash}\n{_counts(one)}, taken {one.created_at:%Y-%m-%d %H:%M}, {_filter(one.filter)}")
    if one.withheld:
        console.print(f"{one.withheld} proofs left out for what they share with held-out statements")
    for title, counts in (("benchmark", view.by_benchmark), ("source", view.by_source)):
        console.print(f"{title}: " + (", ".join(f"{key} {count}" for key, count in counts.items()) or "none"))
    console.print(f"trained on it: {', '.join(view.trained) or 'no model yet'}")
    if view.before:
        console.print(
            f"before it: {view.before[:12]} (`flywheel corpus snapshot diff {view.before[:12]} {one.hash[:12]}`)"
        )


@app.command()
def diff(
    a: HashArgument,
    b: HashArgument,
    wide: WideOption = False,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Which proofs entered and which left from one snapshot to another, by theorem.

    Example: flywheel corpus snapshot diff 3fa9c1 77e0b2
    """
    from corpus.snapshot_views import diff as compare

    with Place.of(home, db).corpus() as corpus:
        found = compare(corpus, a, b)
    if json:
        emit_json(found)
        return
    console.print(f"{found.entered} proofs entered, {found.left} left, {found.kept} are in both")
    if found.a.human != found.b.human:
        console.print(f"{found.a.human} traces of people's steps before, {found.b.human} after")
    if found.theorems:
        rows = [
            (one.theorem, f"+{one.entered}" if one.entered else "", f"-{one.left}" if one.left else "", one.kept)
            for one in found.theorems
        ]
        show_table(("theorem", "entered", "left", "kept"), rows, wide=wide)


@app.command()
def verify(
    snapshot: HashArgument, home: HomeOption = DEFAULT_HOME, db: DatabaseOption = None, json: JsonOption = False
) -> None:
    """Reads a whole snapshot and checks every hash; exit code 1 if one no longer holds.

    Example: flywheel corpus snapshot verify 3fa9c1
    """
    from corpus.snapshot import find_snapshot
    from corpus.snapshot import verify as check

    with Place.of(home, db).corpus() as corpus:
        whole = find_snapshot(corpus, snapshot).hash
        count = check(corpus, whole)
    if json:
        emit_json({"snapshot": whole, "verified_proofs": count})
    else:
        console.print(f"{whole}\n{count} proofs, every hash holds")


def _counts(one: Snapshot) -> str:
    human = f", {one.human} traces of people's steps" if one.human else ""
    return f"{one.proofs} proofs of {one.theorems} theorems{human}"


def _filter(limits: Any) -> str:
    said = [f"{name} {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in limits.items()]
    return "; ".join(said) or "everything"
