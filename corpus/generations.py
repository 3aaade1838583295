"""Generations by name, and what two of them differ in. By hand: `flywheel corpus diff first/M_1 first/M_2`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from corpus import rows, schema
from corpus.database import reading
from corpus.errors import Ambiguous, NotFound
from corpus.hashing import digest
from corpus.health import HEALTH_ROUNDS
from corpus.records import AttemptStatus, RoundKind
from corpus.store import Corpus

_NAME = re.compile(r"(?:(?P<run>.+)[/:])?(?:M_)?(?P<number>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Length:
    """A theorem that both proved: tactics of the shortest proof of each."""

    theorem: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two generations on the theorems on which both came to a verdict under the same conditions.

    `kind`: `eval`, or `train` for all training rounds of a benchmark. `gained`: proved by the second alone; `lost`: by
    the first alone. `shorter` and `longer`: proved by both, with another number of tactics.
    """

    kind: RoundKind
    benchmark: str
    split: str
    stratum: str
    theorems: int
    proved_before: int
    proved_after: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    shorter: tuple[Length, ...]
    longer: tuple[Length, ...]


@dataclass(frozen=True, slots=True)
class GenerationDiff:
    """`a` and `b` as `run/M_n`. `not_compared`: evaluations of only one of them."""

    a: str
    b: str
    comparisons: tuple[Comparison, ...]
    not_compared: int


def generation_row(session: Session, name: str) -> schema.Generation:
    """`run/M_3`; or `M_3`, if one run alone has it. Raises NotFound, Ambiguous."""
    matched = _NAME.fullmatch(name.strip())
    if matched is None:
        raise NotFound(f"{name!r} names no generation: write RUN/M_3, or M_3. `flywheel runs list` shows them.")
    generation, run = schema.Generation, schema.Run
    query = select(generation, run.name).join(run, run.id == generation.run_id)
    query = query.where(generation.number == int(matched["number"])).order_by(generation.id)
    if matched["run"] is not None:
        rows.run_row(session, matched["run"])
        query = query.where(run.name == matched["run"])
    found = session.execute(query).all()
    if not found:
        raise NotFound(f"The corpus has no generation {name}. `flywheel runs list` shows those it has.")
    if len(found) > 1:
        names = rows.listed([f"{of}/M_{row.number}" for row, of in found])
        raise Ambiguous(f"{len(found)} runs have an M_{matched['number']}: {names}. Write which one.")
    return found[0][0]


def generation_name(session: Session, row: schema.Generation) -> str:
    return f"{session.get_one(schema.Run, row.run_id).name}/M_{row.number}"


def diff(corpus: Corpus, a: str, b: str) -> GenerationDiff:
    """What generation `b` proved that `a` did not, and so on, by evaluation (the same theorems, seed and settings) and
    over training rounds. Raises NotFound, Ambiguous."""
    with reading(corpus.engine) as session:
        first, second = generation_row(session, a), generation_row(session, b)
        before, after = _groups(session, first), _groups(session, second)
        shared = sorted(before.keys() & after.keys(), key=lambda key: min(before[key]))
        comparisons = [_compare(session, before[key], after[key]) for key in shared]
        return GenerationDiff(
            generation_name(session, first),
            generation_name(session, second),
            tuple(one for one in comparisons if one.theorems),
            len(before.keys() ^ after.keys()),
        )


def _groups(session: Session, generation: schema.Generation) -> dict[str, list[int]]:
    """The rounds of a generation, by what makes those of two generations comparable."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in session.scalars(select(schema.Round).where(schema.Round.generation_id == generation.id)):
        if row.kind is RoundKind.TRAIN:
            key = digest([row.kind, row.benchmark_id])
        elif row.arm in ("canary", *HEALTH_ROUNDS):
            continue  # false statements: nothing is proved there; repeated attempts: no evaluation
        else:
            settings = {name: value for name, value in row.config.items() if name != "policy"}
            key = digest([row.kind, row.benchmark_id, row.split, row.stratum, row.seed, settings])
        found[key].append(row.id)
    return dict(found)


def _compare(session: Session, before: Iterable[int], after: Iterable[int]) -> Comparison:
    round = session.get_one(schema.Round, min(before))
    one, other = _lengths(session, before), _lengths(session, after)
    both = one.keys() & other.keys()
    names = _names(session, [id for id in both if one[id] != other[id]])
    ordered = sorted(names, key=lambda id: names[id])
    lengths = [Length(names[id], a, b) for id in ordered if (a := one[id]) is not None and (b := other[id]) is not None]
    return Comparison(
        kind=round.kind,
        benchmark=rows.benchmark_record(session.get_one(schema.Benchmark, round.benchmark_id)).key,
        split=round.split,
        stratum=round.stratum if round.kind is RoundKind.EVAL else "",
        theorems=len(both),
        proved_before=sum(one[id] is not None for id in both),
        proved_after=sum(other[id] is not None for id in both),
        gained=tuple(names[id] for id in ordered if one[id] is None),
        lost=tuple(names[id] for id in ordered if other[id] is None),
        shorter=tuple(length for length in lengths if length.after < length.before),
        longer=tuple(length for length in lengths if length.after > length.before),
    )


def _lengths(session: Session, rounds: Iterable[int]) -> dict[int, int | None]:
    """For each theorem with a final attempt, by its id, the tactics of its shortest proof; None where it was not
    proved, or the proof was retracted."""
    attempt, proof = schema.Attempt, schema.Proof
    # A question for each proof by its key: in a join PostgreSQL would rather walk along all proofs of the corpus.
    believed = (proof.id == attempt.proof_id) & proof.id.not_in(select(schema.Retraction.proof_id))
    length = select(proof.length).where(believed).correlate(attempt).scalar_subquery()
    query = (
        select(attempt.theorem_id, func.min(length))
        .where(attempt.round_id.in_(list(rounds)), attempt.status != AttemptStatus.ERROR)
        .group_by(attempt.theorem_id)
    )
    return {id: length for id, length in session.execute(query)}


def _names(session: Session, theorems: Iterable[int]) -> dict[int, str]:
    theorem = schema.Theorem
    return {
        id: name
        for chunk in rows.chunks(sorted(theorems))
        for id, name in session.execute(select(theorem.id, theorem.name).where(theorem.id.in_(chunk)))
    }
