"""`flywheel corpus …`: one file a subcommand, put together here."""

from __future__ import annotations

import typer

from prover.cli.corpus import snapshot
from prover.cli.corpus.archive import archive
from prover.cli.corpus.backup import backup, restore
from prover.cli.corpus.diff import diff
from prover.cli.corpus.explore import explore
from prover.cli.corpus.export import export
from prover.cli.corpus.filters import filters
from prover.cli.corpus.import_ import import_
from prover.cli.corpus.lineage import lineage
from prover.cli.corpus.list import list_
from prover.cli.corpus.merge import merge
from prover.cli.corpus.score import score
from prover.cli.corpus.search import search
from prover.cli.corpus.show import show
from prover.cli.corpus.sql import sql
from prover.cli.corpus.stats import stats
from prover.cli.corpus.upgrade import upgrade
from prover.cli.corpus.verify import verify
from prover.cli.help import Commands

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Look into the accepted-proof corpus and freeze it.")
app.command()(stats)
app.command("list")(list_)
app.command()(show)
app.command()(score)
app.command()(filters)
app.command()(search)
app.command()(diff)
app.command()(lineage)
app.command()(sql)
app.command()(explore)
app.add_typer(snapshot.app, name="snapshot")
app.command()(verify)
app.command()(export)
app.command()(archive)
app.command("import")(import_)
app.command()(merge)
app.command()(backup)
app.command()(restore)
app.command()(upgrade)
