"""`flywheel demo`: a first proof, then two loops on fixed settings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prover.cli.context import HomeOption, JsonOption, Place
from prover.cli.output import Ticker, UserError, console, emit_json, errors
from prover.cli.run_options import WorkersOption

if TYPE_CHECKING:
    from training.experiments.demo.first_proof import FirstProof
    from training.experiments.demo.machine import Machine
    from training.experiments.demo.subset import Subset


def demo(
    subset: Annotated[
        Literal["full", "small"] | None,
        typer.Option(help="How much to do; without it, what this machine gets through in about 15 minutes."),
    ] = None,
    workers: WorkersOption = None,
    home: HomeOption = Path("flywheel-demo"),
    json: JsonOption = False,
) -> None:
    """One theorem of Lean's library proved while you watch, then two loops on fixed settings, in which networks with
    untrained weights learn to prove: generated statements without any automation (lean-logic), and theorems of Lean's
    own library (lean-core).

    Takes 5 to 20 minutes. It measures the machine first and chooses one of two fixed subsets. Stopped or killed, the
    same command goes on, with the subset that it began with.

    Examples: flywheel demo
              flywheel demo --subset small --home small-demo
    """
    place, started = Place.of(home, None), time.monotonic()
    first, chosen = _begin(place, subset, workers, json)

    from prover.cli import screens, work

    settings = chosen.settings(workers)
    notes = [
        f"Subset {chosen.name} of the demo; settings: {', '.join(f'training/{name}' for name in chosen.files)}.",
        "On one machine the same demo gives the same counts again. Another processor may get other ones: with the full "
        "subset one machine proved 34 same-size theorems with the last generation and another one 32, after equal "
        "counts in all earlier generations (docs/ARCHITECTURE.md, Determinism).",
    ]
    reports = []
    for part, each in enumerate(settings, 1):
        errors.print(
            f"Part {part} of 2, {each.benchmark}: {each.generations} generations after M_0, {each.round.theorems} "
            f"theorems a round, {each.evaluation.theorems} held-out theorems ({' and '.join(each.evaluation.strata)}).",
            soft_wrap=True,
        )
        reports.append(work.turn_all(each, place, notes))
    screen = screens.demo_screen(reports, settings, chosen.name, place, time.monotonic() - started)
    (place.home / "reports" / "demo.txt").write_text("\n".join(notes) + "\n\n" + screen.text(), encoding="utf-8")
    if json:
        emit_json(
            {
                "subset": {"name": chosen.name, "files": chosen.files},
                "first_proof": first,
                "notes": notes,
                "ending": screen.ending.as_json(),
                "reports": [report.as_json() for report in reports],
            }
        )
    else:
        console.print()
        screens.show_screen(screen)


def _begin(place: Place, wanted: str | None, workers: int | None, json: bool) -> tuple[FirstProof | None, Subset]:
    """The first proof and the subset of a new demo; of one that has begun, no proof and its subset."""
    from lean_env.limits import Limits
    from prover.lean import Lean
    from training.experiments.demo.first_proof import prove_first  # before torch, which takes seconds

    known = _begun(place, wanted)
    if known is not None:
        errors.print(f"Goes on in {place.home} with the subset that it began with: {known.name}.", soft_wrap=True)
        return None, known
    with Lean(workers=1, limits=Limits()) as lean:
        with Ticker("the first proof", every=5.0) as tick:
            tick("starting Lean, reading the library's theorems")
            first = prove_first(lean)
        if not json:
            _show_first(first)
        with Ticker("measuring this machine", every=5.0) as tick:
            tick("tactic steps and forwards of a network, a few seconds")
            from training.experiments.demo.machine import measure

            machine = measure(lean, workers or _default_workers())
    from training.experiments.demo.subset import SUBSETS, begin, choose

    chosen = SUBSETS[wanted] if wanted else choose(machine)
    with place.corpus(create=True) as corpus:
        begin(corpus, chosen)
    _say_subset(chosen, machine, by_hand=wanted is not None)
    return first, chosen


def _begun(place: Place, wanted: str | None) -> Subset | None:
    if not (place.home / "corpus.db").exists():
        return None
    from training.experiments.demo.subset import begun

    with place.corpus() as corpus:
        known = begun(corpus)
    if known is not None and wanted not in (None, known.name):
        raise UserError(
            f"the demo in {place.home} has begun with the subset {known.name}; without --subset it goes on, and "
            "--home FOLDER begins another one"
        )
    return known


def _default_workers() -> int:
    from training.config import FlywheelConfig

    return FlywheelConfig.load().workers


def _show_first(first: FirstProof) -> None:
    console.print(first.text, markup=False, soft_wrap=True, end="")
    console.print(
        f"Proved by search in {first.seconds:.0f} s, {first.tried} tactics tried; {first.checked}.", soft_wrap=True
    )


def _say_subset(chosen: Subset, machine: Machine, by_hand: bool) -> None:
    how = "chosen by --subset" if by_hand else "chosen for this machine"
    errors.print(
        f"Subset {chosen.name}, {how} ({machine.steps_per_second:.0f} steps/s of one Lean worker, "
        f"{machine.forward_ms:.1f} ms a forward, {machine.workers} workers): about {chosen.minutes(machine):.0f} "
        f"minutes. Settings: {', '.join(f'training/{name}' for name in chosen.files)}.",
        soft_wrap=True,
    )
