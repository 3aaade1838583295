"""`flywheel serve`: the corpus as pages in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from prover.cli.context import DEFAULT_HOME, DatabaseOption, HomeOption, Place
from prover.cli.output import UserError, console


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen at; others than loopback need --expose.")] = "127.0.0.1",
    expose: Annotated[
        bool, typer.Option("--expose", help="Whoever reaches this machine may read the whole corpus; no password.")
    ] = False,
    name: Annotated[list[str] | None, typer.Option(help="A further host name that the pages answer to.")] = None,
    home: HomeOption = DEFAULT_HOME,
    db: DatabaseOption = None,
) -> None:
    """Pages to browse the corpus with, read-only, at http://127.0.0.1:8765/ until Ctrl-C.

    Nobody but this machine reaches them, unless --host and --expose say so. Needs the extra `pages`.

    Examples:
      flywheel serve
      flywheel serve --db postgresql://localhost/corpus --port 9000
      flywheel serve --host 0.0.0.0 --expose --name lab.example.org
    """
    try:
        from corpus.pages.server import serve as serve_pages
        from corpus.serving import is_loopback
    except ImportError as error:
        raise UserError(f"The pages need more packages ({error.name}): pip install 'lean-flywheel[pages]'") from error
    if not is_loopback(host) and not expose:
        raise UserError(
            f"--host {host} lets every machine that reaches this one read the whole corpus, without a password and "
            "without encryption. Add --expose if that is meant, or forward a port over ssh."
        )

    def ready(address: str) -> None:
        console.print(f"pages at {address} (read-only; Ctrl-C ends)")
        if not is_loopback(host):
            console.print("everybody who reaches this machine can read the whole corpus there")

    serve_pages(Place.of(home, db).database, host, port, names=name or (), ready=ready)
