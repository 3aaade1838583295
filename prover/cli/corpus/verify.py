"""`flywheel corpus verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, JsonOption, Place
from prover.cli.output import Ticker, WorkFailed, console, emit_json


def verify(
    snapshot: Annotated[str | None, typer.Option(help="Only this snapshot's proofs; else all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many proofs.")] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Looks for rows that cannot be read any more, replays stored proofs and asks both kernels about them again.
    Nothing is written.

    Says what share the second kernel covers and what it costs. Exit code 1 if a proof is not certified again; if the
    kernels disagree it stops at once. Example: flywheel corpus verify --snapshot HASH
    """
    from corpus.damage import all_damage
    from corpus.database import reading

    place = Place.of(home, db)
    with place.corpus() as corpus, reading(corpus.engine) as session:
        damaged = list(all_damage(session))
    if damaged:
        if json:
            emit_json({"damaged": damaged})
        for row in damaged if not json else ():
            console.print(str(row), markup=False, soft_wrap=True)
        raise WorkFailed(
            f"{len(damaged)} rows cannot be read: somebody changed the database from outside. Restore it from a copy"
        )
    from prover.lean import Lean
    from prover.recheck import verify as verify_proofs

    with place.corpus() as corpus, Lean(workers=1) as lean, Ticker("verifying") as tick:
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
