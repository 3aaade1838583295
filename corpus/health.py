"""What is stored of the health of a run's generations, and what it is counted from.

The record lies beside a generation's metrics, written once and never again. Which figures there are, and in what words
they are shown, is said here, so that pages, commands and reports say the same. docs/HEALTH.md has the formulas.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from corpus import rows, schema
from corpus.closed_goals import GOAL_ARM
from corpus.database import reading, writing
from corpus.errors import NotFound
from corpus.records import AttemptStatus, GenerationRecord, RoundKind, RoundRecord, StoredProof
from corpus.store import Corpus

#: The key in a generation's metrics.
KEY = "health"
#: Rounds of repeated attempts: their proofs are counted for the panel alone.
HEALTH_ROUNDS = REPEATED, SEED_SET = "health", "health seeds"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a figure is called and how it is printed."""

    label: str
    digits: int = 2
    share: bool = False

    def text(self, value: float | None) -> str:
        """As it is shown; a dash where there is none."""
        if value is None:
            return "–"
        return f"{100 * value:.0f} %" if self.share else f"{value:.{self.digits}f}"


FIGURES: Mapping[str, Figure] = {
    "pass@1": Figure("pass@1", share=True),
    "pass@8": Figure("pass@8", share=True),
    "pass@32": Figure("pass@32", share=True),
    "slope": Figure("gain in pass@k a doubling of k", 3),
    "unique": Figure("unique proofs of repeated attempts", 0),
    "duplicates": Figure("proofs of repeated attempts found before", share=True),
    "heads": Figure("first-tactic heads a theorem"),
    "one_opening": Figure("theorems with one opening", share=True),
    "proofs": Figure("unique proofs learned from", 0),
    "round_duplicates": Figure("proofs of the round known before", share=True),
    "entropy": Figure("tactic entropy, nats"),
    "calibration_error": Figure("calibration error", 3),
    "overconfidence": Figure("confidence above accuracy", 3),
    "steps_off": Figure("error of the value head, steps", 1),
    "seed_solved": Figure("seed theorems solved", share=True),
    "seed_log_likelihood": Figure("seed log-likelihood, nats a state"),
    "lost": Figure("proofs lost against the generation before", 0),
    "lost_share": Figure("lost, of what that one proved", share=True),
    "gained": Figure("proofs gained against it", 0),
    "drift": Figure("KL from M_0, nats"),
    "drift_step": Figure("KL from the generation before, nats"),
    "inherited": Figure("mistakes of that one repeated", share=True),
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A figure past its limit: which failure it speaks for, and a sentence with the figures."""

    failure: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """Of one generation. `figures` by the names in FIGURES, None where there was nothing to measure; `counts`: what
    they are of. `reference`: content hashes of the held-out proofs on whose states the
    policies are compared, () but for M_0."""

    figures: Mapping[str, float | None]
    counts: Mapping[str, int]
    alarms: tuple[Alarm, ...] = ()
    #: What is done about them from here on, in words.
    remedies: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The opposite of `as_json`; KeyError, TypeError or AttributeError for what is none."""
        return cls(
            figures={name: _number(stored["figures"].get(name)) for name in FIGURES},
            counts={str(name): int(count) for name, count in stored["counts"].items()},
            alarms=tuple(Alarm(str(one["failure"]), str(one["text"])) for one in stored["alarms"]),
            remedies=tuple(map(str, stored["remedies"])),
            reference=tuple(map(str, stored["reference"])),
            notes=tuple(map(str, stored["notes"])),
        )

    def as_json(self) -> dict[str, Any]:
        """For the database and for scripts."""
        return {
            "figures": {name: _number(value) for name, value in self.figures.items()},
            "counts": dict(self.counts),
            "alarms": [{"failure": one.failure, "text": one.text} for one in self.alarms],
            "remedies": list(self.remedies),
            "reference": list(self.reference),
            "notes": list(self.notes),
        }


def health_of(generation: GenerationRecord) -> Health | None:
    """What is stored of a generation's health; None where it was never examined, or where what is stored cannot be
    read: a corpus that was merged in may hold anything."""
    stored = generation.metrics.get(KEY)
    if not isinstance(stored, Mapping):
        return None
    try:
        return Health.from_json(stored)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _number(value: object) -> float | None:
    """A finite number, or None: JSON has no other."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def health_of_run(corpus: Corpus, run: str) -> dict[int, Health]:
    """By number, of the generations that were examined. Raises NotFound."""
    found = {generation.number: health_of(generation) for generation in corpus.generations(run)}
    return {number: one for number, one in found.items() if one is not None}


def store_health(corpus: Corpus, generation_id: int, health: Health) -> None:
    """Stores it once: what is there stays. Raises NotFound."""
    with writing(corpus.engine) as session:
        row = session.get(schema.Generation, generation_id)
        if row is None:
            raise NotFound(f"The corpus has no generation with id {generation_id}.")
        if KEY not in row.metrics:
            row.metrics = {**row.metrics, KEY: health.as_json()}


def openings_in(
    corpus: Corpus, round: RoundRecord, forced: Callable[[str, str], bool] | None = None
) -> dict[str, list[tuple[int, str] | None]]:
    """For each theorem of a round its attempts that ended in a verdict, one entry each, None for one that found no
    proof: the proof's id and the head of its first tactic that was chosen, '' where none was. `intros` is not, nor is
    what `forced` says so of, by the state before it and the tactic."""
    attempt, theorem = schema.Attempt, schema.Theorem
    with reading(corpus.engine) as session:
        found = session.execute(
            select(theorem.name, attempt.status, attempt.proof_id)
            .join(theorem, theorem.id == attempt.theorem_id)
            .where(attempt.round_id == round.id, attempt.status != AttemptStatus.ERROR)
            .order_by(attempt.theorem_id, attempt.ordinal)
        ).all()
        wanted = sorted({id for _, status, id in found if status is AttemptStatus.PROVED and id is not None})
        heads = dict.fromkeys(wanted, "")
        step, state = schema.Step, schema.State
        for chunk in rows.chunks(wanted):
            steps = select(step.proof_id, state.text, step.tactic).join(state, state.id == step.state_id)
            found_steps = session.execute(steps.where(step.proof_id.in_(chunk)).order_by(step.proof_id, step.position))
            for proof_id, before, tactic in found_steps:
                head = (tactic.split() or [""])[0]
                chosen = head != "intros" and not (forced and forced(before, tactic))
                if chosen and not heads[proof_id]:
                    heads[proof_id] = head
    tries: defaultdict[str, list[tuple[int, str] | None]] = defaultdict(list)
    for name, status, id in found:
        tries[name].append((id, heads[id]) if status is AttemptStatus.PROVED and id is not None else None)
    return dict(tries)


def round_duplicates(corpus: Corpus, run: str, generation_id: int | None) -> tuple[int, int]:
    """Of the training rounds that a generation searched (None: round 0), how many attempts proved something, and how
    many of these found a proof that the run knew before. What other runs found is not known to it."""
    attempt, round = schema.Attempt, schema.Round
    earlier, before = aliased(schema.Attempt), aliased(schema.Round)
    known = exists().where(
        earlier.proof_id == attempt.proof_id,
        earlier.id < attempt.id,
        before.id == earlier.round_id,
        before.run_id == round.run_id,
    )
    with reading(corpus.engine) as session:
        proved, again = session.execute(
            select(func.count(), func.count().filter(known))
            .select_from(attempt)
            .join(round, round.id == attempt.round_id)
            .where(
                attempt.proof_id.is_not(None),
                round.run_id == rows.run_row(session, run).id,
                round.kind == RoundKind.TRAIN,
                round.arm != GOAL_ARM,
                round.generation_id.is_(None) if generation_id is None else round.generation_id == generation_id,
            )
        ).one()
        return proved, again


def proofs_of_rounds(corpus: Corpus, rounds: Iterable[RoundRecord]) -> list[str]:
    """Content hashes of the proofs that attempts of these rounds found, retracted ones left out, sorted."""
    attempt, proof = schema.Attempt, schema.Proof
    ids = [one.id for one in rounds]
    with reading(corpus.engine) as session:
        query = (
            select(proof.content_hash)
            .join(attempt, attempt.proof_id == proof.id)
            .where(attempt.round_id.in_(ids), proof.id.not_in(select(schema.Retraction.proof_id)))
            .distinct()
            .order_by(proof.content_hash)
        )
        return list(session.scalars(query))


def load_proofs(corpus: Corpus, hashes: Iterable[str]) -> list[StoredProof]:
    """Whole proofs by their content hashes, in the order of these; those that are not there are left out."""
    found: list[StoredProof] = []
    for chunk in rows.chunks(sorted(hashes)):
        with reading(corpus.engine) as session:
            ids = session.scalars(select(schema.Proof.id).where(schema.Proof.content_hash.in_(chunk))).all()
            found += rows.load_proofs(session, ids)
    return sorted(found, key=lambda proof: proof.content_hash)
