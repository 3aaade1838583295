"""Which tactic templates a run's training rounds tried, and how many proofs each is in.

What is never tried is never learned: a template in no proof is a hole in exploration, or no use at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from corpus import rows, schema
from corpus.database import reading
from corpus.records import RoundKind
from corpus.store import Corpus


@dataclass(slots=True)
class TemplateUse:
    """Tactics of a template that rounds ran, those that Lean accepted, and distinct stored proofs that it is in."""

    tried: int = 0
    accepted: int = 0
    proofs: int = 0


def template_use(corpus: Corpus, run: str) -> dict[str, TemplateUse]:
    """By template; those that were neither tried nor are in a proof are not there. Raises NotFound."""
    attempt, round, step = schema.Attempt, schema.Round, schema.Step
    found: dict[str, TemplateUse] = {}
    with reading(corpus.engine) as session:
        here = (round.run_id == rows.run_row(session, run).id, round.kind == RoundKind.TRAIN)
        searched = select(attempt.stats).join(round, round.id == attempt.round_id).where(*here)
        for stats in session.scalars(searched):
            for template, counts in (stats.get("templates") or {}).items():
                use = found.setdefault(template, TemplateUse())
                use.tried += counts["tried"]
                use.accepted += counts["advanced"] + counts["proved"]
        proofs = select(attempt.proof_id).join(round, round.id == attempt.round_id).where(*here)
        counted = (
            select(step.template, func.count(step.proof_id.distinct()))
            .where(step.proof_id.in_(proofs.where(attempt.proof_id.is_not(None))))
            .group_by(step.template)
        )
        for template, count in session.execute(counted):
            found.setdefault(template, TemplateUse()).proofs = count
    return found
