"""What a run has come to, as data: which curves rose, whether that is resolved, and what only the last generation
proves.

    ending = ending_of_run(evaluations, proofs)
    ending.sentences()                               # ["Risen, and resolved: lean-logic same-size (17 won, ...)."]

screen.py prints it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prover.evaluation.evaluate import Evaluation
from prover.evaluation.statistics import Interval
from training.experiments.experiment import Experiment

_GENERATION = re.compile(r"M_(\d+)")

#: The proofs of one run's evaluations: arm -> theorem -> (steps, Lean text).
Proofs = Mapping[str, Mapping[str, tuple[int, str]]]


class Verdict(StrEnum):
    """What may be said of a curve's last generation against its first. RISEN and FELL are resolved: the interval lies
    off zero, and where there is a sign test, p < 0.05. ALONE: there is one generation."""

    RISEN = "risen"
    FELL = "fell"
    NOT_RESOLVED = "not resolved"
    ALONE = "one generation"


_NO_INTERVAL = Interval(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rise:
    """One curve: the rates (shares of `theorems` held-out theorems) of `generations`, and the last one against the
    first. `wins`, `losses`: theorems that only the last one proves, and only the first one; `p` is their sign test.
    Over several seeds they are None, and the interval covers seeds and theorems."""

    label: str
    generations: tuple[int, ...]
    rates: tuple[float, ...]
    theorems: int
    difference: float = 0.0
    interval: Interval = _NO_INTERVAL
    resolved: bool = False
    seeds: int = 1
    wins: int | None = None
    losses: int | None = None
    p: float | None = None

    @property
    def verdict(self) -> Verdict:
        if len(self.generations) < 2:
            return Verdict.ALONE
        if not self.resolved:
            return Verdict.NOT_RESOLVED
        return Verdict.RISEN if self.difference > 0 else Verdict.FELL

    @property
    def evidence(self) -> str:
        """The figures behind the verdict: `17 won, 0 lost, p = 0.00002`."""
        if self.p is None:
            low, high = 100 * self.interval.low, 100 * self.interval.high
            return f"{100 * self.difference:+.0f} % [{low:+.0f}, {high:+.0f}] over {self.seeds} seeds"
        return f"{self.wins} won, {self.losses} lost, p = {_probability(self.p)}"


@dataclass(frozen=True, slots=True)
class Found:
    """A held-out theorem that the last generation proves and the first does not: its proof as Lean text, `length` in
    tactics."""

    label: str
    theorem: str
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Ending:
    """All curves of one command, and what the last generations found."""

    rises: tuple[Rise, ...]
    found: tuple[Found, ...]

    def __add__(self, other: Ending) -> Ending:
        return Ending(self.rises + other.rises, self.found + other.found)

    def sentences(self) -> list[str]:
        """One sentence a verdict, with the figures in brackets. Won are the theorems that only the last generation
        proves, lost those that only the first one does."""
        beginnings = {
            Verdict.RISEN: "Risen, and resolved",
            Verdict.FELL: "Fallen, and resolved",
            Verdict.NOT_RESOLVED: "Not resolved, so it may be chance",
        }
        said = []
        for verdict, beginning in beginnings.items():
            if rises := [rise for rise in self.rises if rise.verdict is verdict]:
                said.append(f"{beginning}: {'; '.join(f'{rise.label} ({rise.evidence})' for rise in rises)}.")
        if alone := [rise.label for rise in self.rises if rise.verdict is Verdict.ALONE]:
            said.append(f"One generation, so nothing to compare: {'; '.join(alone)}.")
        return said

    def as_json(self) -> dict[str, object]:
        """For scripts: every figure of the screen."""
        return {
            "curves": [
                {
                    "label": rise.label,
                    "theorems": rise.theorems,
                    "seeds": rise.seeds,
                    "generations": list(rise.generations),
                    "rates": list(rise.rates),
                    "verdict": rise.verdict.value,
                    "difference": rise.difference,
                    "interval": list(rise.interval),
                    "wins": rise.wins,
                    "losses": rise.losses,
                    "p": rise.p,
                }
                for rise in self.rises
            ],
            "sentences": self.sentences(),
            "found": [
                {"curve": one.label, "theorem": one.theorem, "steps": one.length, "text": one.text}
                for one in self.found
            ],
        }


def ending_of_run(evaluations: Sequence[Evaluation], proofs: Proofs) -> Ending:
    """Of one run. `evaluations`: one a stratum, with all generations in it; `proofs`: those of its evaluations."""
    rises, found = [], []
    for evaluation in evaluations:
        label = _label(evaluation.benchmark, evaluation.stratum)
        arms = {int(match[1]): arm for arm in evaluation.arms if (match := _GENERATION.fullmatch(arm.name))}
        numbers = sorted(arms)
        if not numbers:
            continue
        first, last = arms[numbers[0]], arms[numbers[-1]]
        theorems = len(first.outcomes)
        rates = tuple(len(arms[number].solved) / max(theorems, 1) for number in numbers)
        if first is last:
            rises.append(Rise(label, tuple(numbers), rates, theorems))
            continue
        compared = evaluation.compare(last.name, first.name)[0]
        rises.append(
            Rise(
                label,
                tuple(numbers),
                rates,
                theorems,
                compared.difference,
                compared.interval,
                compared.resolved,
                wins=compared.wins,
                losses=compared.losses,
                p=compared.p,
            )
        )
        texts = proofs.get(last.name, {})
        found += [Found(label, name, *texts[name]) for name in sorted(last.solved - first.solved) if name in texts]
    return Ending(tuple(rises), tuple(found))


def ending_of_experiment(experiment: Experiment) -> Ending:
    """Of one configuration with several seeds. A theorem is found where the last generation of some seed proves it and
    the first of the same seed does not; with the shortest of the proofs."""
    runs = [ending_of_run(seed.evaluations, seed.proofs) for seed in experiment.seeds]
    if len(runs) == 1:
        return runs[0]
    rises = []
    for stratum, one in zip(experiment.strata, runs[0].rises, strict=True):
        cells = [experiment.cell(stratum, f"M_{number}") for number in one.generations]
        last = cells[-1]
        rises.append(
            Rise(
                one.label,
                one.generations,
                tuple(cell.rate for cell in cells),
                last.theorems,
                last.difference or 0.0,
                last.difference_interval or _NO_INTERVAL,
                last.resolved,
                seeds=len(runs),
            )
        )
    shortest: dict[tuple[str, str], Found] = {}
    for found in (found for run in runs for found in run.found):
        known = shortest.get((found.label, found.theorem))
        if known is None or found.length < known.length:
            shortest[found.label, found.theorem] = found
    return Ending(tuple(rises), tuple(sorted(shortest.values(), key=lambda found: (found.label, found.theorem))))


def _label(benchmark: str, stratum: str) -> str:
    return f"{benchmark} {stratum}".strip()


def _probability(p: float) -> str:
    """Two significant digits, never in exponents: `0.000015`."""
    return f"{p:.2g}" if p >= 0.0001 else f"{p:.6f}".rstrip("0") if p >= 0.000001 else "0.000001 or less"
