"""`flywheel prove STATEMENT --variants N`: a model that becomes this statement's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lean_env.theorem import Theorem
from prover.cli.output import Ticker, UserError, WorkFailed, console, emit_json, errors

if TYPE_CHECKING:
    from prover.lean import Lean
    from training.events import Event


@dataclass(frozen=True, slots=True)
class VariantOptions:
    """What the command says. `model`: a ranker's folder, or None."""

    model: str | None
    variants: int
    turns: int
    steps: int
    seed: int
    workers: int | None
    home: Path
    json: bool


def prove_with_variants(theorem: Theorem, options: VariantOptions) -> None:
    """Searches; where that fails makes variants and turns the wheel on them. Raises UserError, WorkFailed."""
    repertoire = _repertoire_of(options.model)
    folder = options.home / "variants" / _digest(theorem, options)
    from corpus.store import Corpus
    from lean_env.session.stating import StatementRefused
    from prover.benchmarks.variants import REPERTOIRES, NoVariants
    from prover.cli.policies import phase_of
    from prover.lean import Lean
    from prover.rounds.verify import proof_text
    from training.experiments.first_try import as_m_0, first_try, fitted
    from training.experiments.specialist import NAME, Specialist, settings_for

    name = f"variants/{repertoire}"
    config = settings_for(name, options.variants, options.steps, options.turns, options.seed, options.workers)
    generalist = Path(options.model).expanduser() if options.model else None
    folder.mkdir(parents=True, exist_ok=True)
    with (
        Lean(config.workers, config.limits, say=errors.print) as lean,
        Corpus.open(str(folder / "corpus.db")) as corpus,
        Ticker(NAME) as tick,
    ):

        def report(event: Event) -> None:
            if event.lasting:
                errors.print(f"{NAME}: {event.note}", markup=False, highlight=False, soft_wrap=True)
            else:
                tick(f"{event.phase}: {event.note}", event.done, event.total)

        if missing := [module for module in theorem.environment.imports if module not in lean.library.modules]:
            raise UserError(f"--import {missing[0]}: the embedded Lean has Init and Std and no such module")
        space = lean.space(REPERTOIRES[repertoire])
        phase = as_m_0(generalist, space, config) if generalist else phase_of(None, space, options.steps)
        try:
            lean.stated(theorem)
            proved = first_try(theorem, phase, config, lean, corpus, options.variants, report)
        except StatementRefused as error:
            raise UserError(str(error)) from error
        except NoVariants as error:
            raise WorkFailed(str(error)) from error
        if proved is not None:
            text = proof_text(theorem, [step.tactic for step in proved.steps])
            return _tell(lean, theorem, text, options.json, {"variants": None})
        found = Specialist(fitted(config, corpus), lean, corpus, folder / "models", generalist, report).turn()
        if not found.proof:
            raise WorkFailed(
                f"no proof: of {found.variants} variants {found.proved} were proved and {found.denied} denied in "
                f"{found.steps} steps, and no model of {found.generations} proves the statement; --turns and "
                f"--variants give it more. They are in {folder}"
            )
        errors.print(
            f"M_{found.generation} proves it; of {found.variants} variants {found.proved} were proved and "
            f"{found.denied} denied before, in {found.steps} steps",
            markup=False,
            soft_wrap=True,
        )
        _tell(lean, theorem, found.proof, options.json, {"variants": found, "folder": str(folder)})


def _tell(lean: Lean, theorem: Theorem, text: str, json: bool, more: dict[str, object]) -> None:
    """Prints the proof, which elaborates as text. Raises WorkFailed."""
    source = "".join(f"import {module}\n" for module in theorem.environment.imports) + "\n" + text
    if complaints := lean.check_text(theorem.environment, text):
        raise WorkFailed(f"the certified proof does not elaborate as text: {complaints[0]}\n{source}")
    if json:
        emit_json({"theorem": theorem.name, "text": source, **more})
    else:
        console.print(source, markup=False, soft_wrap=True, end="")


def _repertoire_of(model: str | None) -> str:
    """What a ranker was trained to choose from. Raises UserError for what is no ranker."""
    if model is None:
        return "library"
    from prover.actions.elementary import ELEMENTARY
    from prover.policies.folder import is_checkpoint, read_meta

    folder = Path(model).expanduser()
    if not is_checkpoint(folder) or "templates" not in (meta := read_meta(folder)):
        raise UserError(f"--variants goes on from a ranker's weights, and --model {model} is none")
    return "elementary" if meta["templates"] == ELEMENTARY.names else "library"


def _digest(theorem: Theorem, options: VariantOptions) -> str:
    """What one specialist is known by: the same command again goes on with it."""
    parts = (theorem.environment.key, theorem.statement, options.model, options.variants, options.turns, options.steps)
    return hashlib.sha256(repr((*parts, options.seed)).encode()).hexdigest()[:16]
