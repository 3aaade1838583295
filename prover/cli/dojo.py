"""`flywheel dojo env`: the embedded Lean for a user's own script that says `from lean_dojo import ...`."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from typing import Annotated

import typer

from lean_env.embedded.installation import find
from prover.cli.help import Commands
from prover.cli.output import UserError, errors

app = typer.Typer(cls=Commands, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """LeanDojo over the embedded Lean: without elan, lake or a network."""
    # Typer makes a group of a single command only where there is a callback.


@app.command()
def env(
    command: Annotated[
        list[str] | None, typer.Argument(help="A command to run with it, behind `--`; its exit code is ours.")
    ] = None,
    trace: Annotated[
        list[Path] | None,
        typer.Option(
            help="A local git repository whose theorems Dojo is to open. Repeatable.", exists=True, file_okay=False
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=1, help="How many Dojos can be open at once.")] = 2,
) -> None:
    """Serves Lean to LeanDojo's `Dojo` until Ctrl-C, and prints the exports that a shell needs for it; or runs one
    command in that environment.

    Examples: flywheel dojo env --trace my-repo -- python my_script.py
              flywheel dojo env --trace my-repo
    """
    from git.exc import GitError

    from lean_env.embedded.pool import WorkerPool
    from lean_env.shim.repository import leandojo_folder, trace_repository
    from lean_env.shim.server import ShimServer

    with WorkerPool(find(), workers, spares=0) as pool, ShimServer(pool) as server:
        for folder in trace or []:
            try:
                repository, count = trace_repository(folder.resolve())
            except (GitError, OSError, ValueError, AssertionError) as error:
                raise UserError(
                    f"LeanDojo cannot use {folder}: {type(error).__name__}: {error}. It has to be a git repository "
                    "with a commit and a `lean-toolchain` that names a release, like leanprover/lean4:v4.28.0"
                ) from error
            errors.print(f"{folder}: {count} theorems at commit {repository.commit[:12]}", soft_wrap=True)
        # With more than one process, LeanDojo starts ray to read traced files.
        settings = {"CACHE_DIR": str(leandojo_folder()), "DISABLE_REMOTE_CACHE": "1", "NUM_PROCS": "1"}
        folders = {"PATH": server.bin, "PYTHONPATH": server.python}  # in front of the user's own
        if command:
            variables = {**os.environ, **settings}
            for name, first in folders.items():
                variables[name] = os.pathsep.join(filter(None, [str(first), os.environ.get(name)]))
            variables.pop("GITHUB_ACCESS_TOKEN", None)  # LeanDojo would log in with it
            try:
                raise typer.Exit(subprocess.run(command, env=variables, check=False).returncode)
            except OSError as error:
                raise UserError(f"{command[0]} cannot be run: {error}") from error
        # Before the last export: whoever has read it may end this.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        for name, first in folders.items():
            # Without the colon where there is nothing behind it: an empty entry is the current folder.
            typer.echo(f'export {name}={shlex.quote(str(first))}"${{{name}:+:${name}}}"')
        for name, value in settings.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        typer.echo("unset GITHUB_ACCESS_TOKEN")
        errors.print("serving; Ctrl-C ends it")
        threading.Event().wait()
