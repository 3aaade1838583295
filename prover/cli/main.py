"""`flywheel`: one command for everything. Each verb is a thin shell over a typed function; see `flywheel --help`.

Exit codes: 0 done, 1 the work failed, 2 it could not start, 130 interrupted.
"""

from __future__ import annotations

import sys

import click
import typer

from corpus.errors import CorpusError, SnapshotCorrupt
from lean_env.embedded.errors import NotInstalled, SetupError
from lean_env.library.index import LibraryUnavailable
from prover.cli import bench, corpus, install, loop, prove
from prover.cli.output import CANNOT_START, FAILED, INTERRUPTED, UserError, WorkFailed, errors
from prover.round import RoundFailed
from training.checkpoint import CheckpointError
from training.config import ConfigError
from training.flywheel import Interrupted
from training.train import NothingToLearn

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Expert iteration for theorem proving in Lean 4: search, kernel-checked corpus, retraining. "
    "Start with `flywheel setup`, then `flywheel demo`.",
)
app.command()(install.setup)
app.command()(install.doctor)
app.add_typer(install.cache, name="cache")
app.add_typer(bench.app, name="bench")
app.command("round")(loop.round_)
app.command()(loop.train)
app.command()(loop.run)
app.add_typer(loop.runs, name="runs")
app.command("eval")(loop.eval_)
app.command()(loop.demo)
app.add_typer(corpus.app, name="corpus")
app.command()(prove.prove)

_CANNOT_START = (
    UserError,
    NotInstalled,
    SetupError,
    LibraryUnavailable,
    CorpusError,
    ConfigError,
    CheckpointError,
    NothingToLearn,
)
_FAILED = (WorkFailed, RoundFailed, SnapshotCorrupt)


def main() -> None:
    """Runs the command line; a known error becomes one line on stderr and its exit code, never a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of `flywheel ARGUMENTS`."""
    try:
        result = app(arguments, standalone_mode=False)
    except _FAILED as error:
        return _say(error, FAILED)
    except _CANNOT_START as error:
        return _say(error, CANNOT_START)
    except click.ClickException as error:
        error.show()
        return CANNOT_START
    except (Interrupted, KeyboardInterrupt, click.Abort) as error:
        return _say(error if str(error) else "interrupted; what was accepted is stored", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _say(error: object, code: int) -> int:
    errors.print(f"flywheel: {error}", markup=False, soft_wrap=True)
    return code
