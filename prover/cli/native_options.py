"""The options of `--toolchain native`, which `prove` and `eval` share; light, for `--help` does not wait for Lean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from prover.cli.output import UserError

ToolchainOption = Annotated[
    Literal["embedded", "native"],
    typer.Option("--toolchain", help="`native`: your own Lean with its Mathlib, by elan; see docs/NATIVE.md."),
]
RepoOption = Annotated[str | None, typer.Option("--repo", help="Native: a built Lean repository, or a URL to clone.")]
ReplOption = Annotated[
    Path | None,
    typer.Option(
        "--repl", help="Native: a built checkout of leanprover-community/repl; lean-interact fetches its own."
    ),
]
TrustOption = Annotated[
    bool, typer.Option("--i-trust-this-model", help="Native: without a sandbox, proofs can do all that you can.")
]


@dataclass(frozen=True, slots=True)
class NativeOptions:
    """What the command line says of the native Lean. `repl`: a built checkout, which is then used whatever the version;
    None for LeanDojo up to Lean 4.11, and from 4.12 on for lean-interact's own build."""

    repository: str
    repl: Path | None
    trust: bool


def native_options(toolchain: str, repo: str | None, repl: Path | None, trust: bool) -> NativeOptions | None:
    """None for the embedded Lean. Raises UserError for options that do not go together."""
    if toolchain == "native":
        if repo is None:
            raise UserError("--toolchain native needs --repo: the Lean repository whose toolchain and libraries to use")
        return NativeOptions(repo, repl, trust)
    if repo or repl or trust:
        raise UserError("--repo, --repl and --i-trust-this-model go with --toolchain native")
    return None
