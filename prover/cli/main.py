"""`flywheel`: one command for everything. Each verb is a thin shell over a typed function; see `flywheel --help`.

Exit codes: 0 done, 1 the work failed, 2 it could not start, 130 interrupted.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import typer

from prover.cli import bench, cache, corpus, dojo, runs
from prover.cli.demo import demo
from prover.cli.doctor import doctor
from prover.cli.eval import eval_
from prover.cli.experiment import experiment
from prover.cli.output import CANNOT_START, DONE, FAILED, INTERRUPTED, UserError, WorkFailed, errors
from prover.cli.prove import prove
from prover.cli.round import round_
from prover.cli.run import run as run_verb
from prover.cli.setup import setup
from prover.cli.train import train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Expert iteration for theorem proving in Lean 4: search, kernel-checked corpus, retraining. "
    "Start with `flywheel setup`, then `flywheel demo`.",
)
app.command()(setup)
app.command()(doctor)
app.add_typer(cache.app, name="cache")
app.add_typer(bench.app, name="bench")
app.command("round")(round_)
app.command()(train)
app.command("run")(run_verb)
app.command()(experiment)
app.add_typer(runs.app, name="runs")
app.command("eval")(eval_)
app.command()(demo)
app.add_typer(corpus.app, name="corpus")
app.command()(prove)
app.add_typer(dojo.app, name="dojo")


def main() -> None:
    """Runs the command line; a known error becomes one line on stderr and its exit code, never a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of `flywheel ARGUMENTS`."""
    command = typer.main.get_command(app)
    _keep_example_lines(command)
    try:
        command(arguments, prog_name="flywheel")
    except SystemExit as ended:  # typer's way out: 0, 2 for a mistyped command, 130 for Ctrl-C
        return ended.code if isinstance(ended.code, int) else CANNOT_START
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        return _say(error, code)
    return DONE


def _keep_example_lines(command: Any) -> None:
    """Marks the examples in each help text, so that one command stays one line."""
    if command.help:
        command.help = re.sub(r"\s*\n\s*(?=Examples?: )", "\n\n\b\n", command.help)
    for name in getattr(command, "commands", {}):
        _keep_example_lines(command.commands[name])


def exit_code(error: Exception) -> int | None:
    """The exit code of an error whose text is meant for the user; None for a fault in the program.

    The classes are imported here: only what has failed needs to know them, and some of them bring torch along.
    """
    from corpus.errors import CorpusError, SnapshotCorrupt
    from lean_env.benchmark.lean_core.manifest import ManifestError
    from lean_env.embedded.errors import NotInstalled, SetupError
    from lean_env.embedded.pool import NoWorker
    from lean_env.gate.disagreement import KernelsDisagree
    from lean_env.library.index import LibraryUnavailable
    from lean_env.native.errors import NativeUnavailable
    from prover.benchmarks.contract import UnknownBenchmark
    from prover.policies.free_text import ModelUnavailable
    from prover.policies.ranker.checkpoint import CheckpointError
    from prover.rounds.round import RoundFailed
    from training.config import ConfigError
    from training.flywheel import Interrupted
    from training.trainers.ranker import NothingToLearn

    codes: dict[int, tuple[type[Exception], ...]] = {
        FAILED: (WorkFailed, RoundFailed, SnapshotCorrupt, KernelsDisagree),
        INTERRUPTED: (Interrupted,),
        CANNOT_START: (
            UserError,
            NotInstalled,
            SetupError,
            NoWorker,
            LibraryUnavailable,
            NativeUnavailable,
            ManifestError,
            UnknownBenchmark,
            CorpusError,
            ConfigError,
            CheckpointError,
            ModelUnavailable,
            NothingToLearn,
        ),
    }
    return next((code for code, classes in codes.items() if isinstance(error, classes)), None)


def _say(error: object, code: int) -> int:
    errors.print(f"flywheel: {error}", markup=False, soft_wrap=True)
    return code
