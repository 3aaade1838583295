"""`flywheel prove`: one statement typed by the user, or the `sorry`s of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lean_env.theorem import Environment, Theorem
from prover.cli.context import DEFAULT_HOME, HomeOption, JsonOption
from prover.cli.native_options import ReplOption, RepoOption, ToolchainOption, TrustOption, native_options
from prover.cli.output import UserError, WorkFailed, console, emit_json, errors
from prover.cli.policies import check_models, server_of
from prover.cli.prove_file import Options, prove_file, prove_folder
from prover.cli.run_options import (
    PolicyModelOption,
    PolicyPromptOption,
    PolicySamplesOption,
    PolicyUrlOption,
    SearchOption,
    WorkersOption,
)

_HEAD = re.compile(r"^\s*(?:theorem|lemma|example)\b\s*(?P<rest>.*)$", re.DOTALL)
_TAIL = re.compile(r"\s*:=\s*(?:by\s*)?(?:sorry\s*)?$")


def parse_statement(text: str, imports: Sequence[str] = ()) -> Theorem:
    """`theorem t (a : Nat) : a = a`, `example : …`, `(a : Nat) : a = a` or `∀ a : Nat, a = a` as a theorem over `Init`
    and `imports`.

    What follows `:=`, or a whole proof, is not part of a statement. Raises UserError for a head without a statement.
    """
    text = _TAIL.sub("", text.strip())
    name = "t"
    head = _HEAD.match(text)
    if head is not None:
        text = head["rest"]
        if not text.lstrip().startswith(("(", "{", "[", ":", "⦃")):
            name, _, text = text.partition(" ")
    text = text.strip()
    if text.startswith(":") and not text.startswith(":="):
        text = text[1:].strip()
    if not text:
        raise UserError("there is no statement; example: flywheel prove 'theorem t (a b : Nat) : a + b = b + a'")
    return Theorem(name, text, Environment(tuple(dict.fromkeys(("Init", *imports)))))


def prove(
    statement: Annotated[
        str,
        typer.Argument(
            help="FILE.lean, a folder of such files, `theorem t (a b : Nat) : a + b = b + a`, or only what follows `t`."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="A trained generation's folder or a causal language model's; without one, portfolio search."),
    ] = None,
    policy_url: PolicyUrlOption = None,
    policy_model: PolicyModelOption = None,
    policy_prompt: PolicyPromptOption = None,
    policy_samples: PolicySamplesOption = None,
    steps: Annotated[int, typer.Option(min=1, help="Tactic steps.")] = 256,
    search: SearchOption = None,
    seed: int = 0,
    in_place: Annotated[bool, typer.Option("--in-place", help="Of files: write the proofs into them.")] = False,
    assume: Annotated[
        bool, typer.Option("--assume", help="Of files: a proof may use theorems above that are left to prove.")
    ] = False,
    toolchain: ToolchainOption = "embedded",
    repo: RepoOption = None,
    import_: Annotated[
        list[str] | None,
        typer.Option("--import", help="What a statement imports beside Init; native: Mathlib if not said."),
    ] = None,
    repl: ReplOption = None,
    trust: TrustOption = False,
    variants: Annotated[
        int,
        typer.Option(
            min=0, help="Of a statement: where search fails, learn from so many variants of it alone, and try it again."
        ),
    ] = 0,
    turns: Annotated[int, typer.Option(min=1, help="With --variants: rounds over them, each with a training.")] = 3,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Proves a statement and prints a proof that was elaborated once more, from its text.
    Of a file, proves what it can of its `sorry`s and prints the change as a patch. A goal may be about what the file
    declares above it, or what modules of its own project declare that it imports. A theorem above that is itself left
    to prove is used in no proof, but with --assume, and then the output says so.
    With --variants a ranker (--model), or one from nothing, becomes the statement's own: it learns from variants of it
    (more general, more special, a hypothesis more or less, parts, open goals), and from denials of those that are
    false. They have a corpus of their own in HOME/variants. Killed, the same command goes on.
    Of a folder, every .lean file in it; one that cannot be used is counted, and the others go on.

    Examples: flywheel prove 'theorem t (a b : Nat) : a + b = b + a'
              flywheel prove '(m : Std.HashMap Nat Nat) : m.size = m.size' --import Std.Data.HashMap
              flywheel prove Basic.lean | patch
              flywheel prove src --in-place --assume
              flywheel prove '(p q : Prop) : p ∨ q → ¬(¬p ∧ ¬q)' --model M_4 --variants 40
              flywheel prove '(x : ℝ) : 0 ≤ x ^ 2' --toolchain native --repo my-project
              flywheel prove Basic.lean --policy-url http://127.0.0.1:8000

    Exit code 1 when no proof was found or a `sorry` is left, 2 when the statement or the file cannot be read.
    """
    check_models([model] if model else [])
    if model and policy_url:
        raise UserError("--model and --policy-url are two policies; leave one out")
    source = server_of(policy_url, policy_model, policy_prompt, policy_samples) or model
    if variants:
        if toolchain == "native" or policy_url or statement.endswith(".lean") or _is_folder(statement):
            raise UserError("--variants is for a statement, the embedded Lean, and a ranker or no model at all")
        _for_files_only(in_place, assume)
        from prover.cli.prove_variants import VariantOptions, prove_with_variants

        options_of_variants = VariantOptions(model, variants, turns, steps, seed, workers, home, json)
        return prove_with_variants(parse_statement(statement, import_ or ()), options_of_variants)
    if (options := native_options(toolchain, repo, repl, trust)) is not None:
        from prover.cli import native

        if _is_folder(statement):
            raise UserError(f"{statement} is a folder; with --toolchain native give one FILE.lean")
        if statement.endswith(".lean"):
            native.prove_file(
                Path(statement), options, Options(source, steps, seed, assume, in_place, json, search or "best-first")
            )
        else:
            _for_files_only(in_place, assume)
            imports = import_ or ["Mathlib"]
            native.prove_statement(
                parse_statement(statement), imports, options, source, steps, seed, search or "best-first", json
            )
        return
    if statement.endswith(".lean") or _is_folder(statement):
        if import_:
            raise UserError("--import is for a statement; a file says itself what it imports")
        how = Options(source, steps, seed, assume, in_place, json, search or "best-first")
        (prove_folder if _is_folder(statement) else prove_file)(Path(statement), how)
        return
    _for_files_only(in_place, assume)
    theorem = parse_statement(statement, import_ or ())
    from lean_env.limits import Limits
    from prover.lean import Lean

    limits = Limits(heartbeats=200_000, soft_ms=10_000)
    with Lean(workers=1, limits=limits, spares=0, say=errors.print) as lean:
        lean.start()
        # A second of imports, while the workers start.
        from lean_env.session.stating import StatementRefused
        from prover.cli.policies import phase_of
        from prover.rounds.attempt import attempt
        from prover.rounds.verify import proof_text

        if missing := [module for module in theorem.environment.imports if module not in lean.library.modules]:
            raise UserError(
                f"--import {missing[0]}: the embedded Lean has Init and Std and no such module; "
                "--toolchain native --repo REPOSITORY takes your own Lean"
            )
        try:
            lean.stated(theorem)
        except StatementRefused as error:
            raise UserError(str(error)) from error
        errors.print("searching …") if errors.is_terminal else None
        phase = phase_of(source, lean.actions, steps, search or "best-first")
        record = attempt(theorem, phase, seed, lean.tools, minimize_steps=64)
        if record is None or record.proof is None:
            reason = record.reason if record else "stopped"
            raise WorkFailed(f"no proof within {steps} steps ({reason}); --steps gives it more, --model another policy")
        text = proof_text(theorem, [step.tactic for step in record.proof.steps])
        source = "".join(f"import {module}\n" for module in theorem.environment.imports) + "\n" + text
        complaints = lean.check_text(theorem.environment, text)
    if complaints:
        raise WorkFailed(f"the certified proof does not elaborate as text: {complaints[0]}\n{source}")
    if json:
        emit_json({"theorem": theorem.name, "text": source, "attempt": record})
    else:
        console.print(source, markup=False, soft_wrap=True, end="")


def _is_folder(what: str) -> bool:
    """A statement may be longer than a path can be."""
    try:
        return bool(what.strip()) and Path(what).is_dir()
    except (OSError, ValueError):
        return False


def _for_files_only(in_place: bool, assume: bool) -> None:
    for option, given in (("--in-place", in_place), ("--assume", assume)):
        if given:
            raise UserError(f"{option} is for files: flywheel prove FILE.lean {option}")
