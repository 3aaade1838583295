"""`flywheel`: one command for everything. Each verb is a thin shell over a typed function; see `flywheel --help`.

Exit codes: 0 done, 1 the work failed, 2 it could not start, 130 interrupted. The command starts in `lean_flywheel.py`.
"""

from __future__ import annotations

import sys

import typer

from prover.cli import bench, cache, corpus, dojo, experiment, runs
from prover.cli.demo import demo
from prover.cli.doctor import doctor
from prover.cli.eval import eval_
from prover.cli.exit_codes import exit_code
from prover.cli.help import Commands, keep_example_lines
from prover.cli.machine_errors import machine_trouble
from prover.cli.output import CANNOT_START, DONE, FAILED, errors
from prover.cli.prove import prove
from prover.cli.round import round_
from prover.cli.run import run as run_verb
from prover.cli.serve import serve
from prover.cli.setup import setup
from prover.cli.train import train

START, PROVE, LOOP, CORPUS, BENCHMARKS, LEANDOJO = "Start", "Prove", "Loop", "Corpus", "Benchmarks", "LeanDojo"

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Expert iteration for theorem proving in Lean 4: search, kernel-checked corpus, retraining. "
    "Start with `flywheel setup`, then `flywheel demo`.",
)


app.command(rich_help_panel=START, short_help="Install the embedded Lean (122 MB, two minutes).")(setup)
app.command(rich_help_panel=START, short_help="Watch a network learn to prove, on fixed settings.")(demo)
app.command(rich_help_panel=START, short_help="What is missing on this machine, and what helps.")(doctor)
app.add_typer(cache.app, name="cache", rich_help_panel=START, short_help="What is installed, and how to remove it.")

app.command(rich_help_panel=PROVE, short_help="Prove a statement, or the sorries of a Lean file.")(prove)

app.command("run", rich_help_panel=LOOP, short_help="The whole loop, for several generations.")(run_verb)
app.command("round", rich_help_panel=LOOP, short_help="One round of proof search over train theorems.")(round_)
app.command(rich_help_panel=LOOP, short_help="Train the next generation on the run's corpus.")(train)
app.command("eval", rich_help_panel=LOOP, short_help="All generations on held-out theorems, beside baselines.")(eval_)
app.add_typer(
    experiment.app,
    name="experiment",
    rich_help_panel=LOOP,
    short_help="The loop with several seeds, or recipes, with intervals.",
)
app.add_typer(runs.app, name="runs", rich_help_panel=LOOP, short_help="The runs of a corpus.")

app.add_typer(corpus.app, name="corpus", rich_help_panel=CORPUS, short_help="Look into accepted proofs; freeze them.")
app.command(rich_help_panel=CORPUS, short_help="Browse the corpus as pages; read-only.")(serve)

app.add_typer(bench.app, name="bench", rich_help_panel=BENCHMARKS, short_help="List, show, load and build benchmarks.")

app.add_typer(dojo.app, name="dojo", rich_help_panel=LEANDOJO, short_help="Your own LeanDojo script, without elan.")


def main() -> None:
    """Runs the command line; a known error becomes one line on stderr and its exit code, never a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of `flywheel ARGUMENTS`."""
    command = typer.main.get_command(app)
    keep_example_lines(command)
    try:
        command(arguments, prog_name="flywheel")
    except SystemExit as ended:  # typer's way out: 0, 2 for a mistyped command, 130 for Ctrl-C
        return ended.code if isinstance(ended.code, int) else CANNOT_START
    except Exception as error:
        code, said = exit_code(error), str(error)
        if code is None:
            if (trouble := machine_trouble(error)) is None:
                raise
            code, said = FAILED, trouble
        errors.print(f"flywheel: {said}", markup=False, soft_wrap=True)
        return code
    return DONE
