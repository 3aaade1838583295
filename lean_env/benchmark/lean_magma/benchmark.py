"""The benchmark `lean-magma`: implications between laws of magmas, each to be proved or to be denied.

    load_lean_magma(MagmaConfig(train=10_000))

A statement is a pair of laws up to duality. Half of them are refuted by a table, the others are not. Of these a bounded
search knows how many rewrites some take; the rest is *open* here. Nearly all of it holds, says the published graph; it
is not used. Each statement has two theorems, its own and that of its denial, and nobody tells a search which one holds.
Splits are by law: those of `valid` and `test` stand on neither side of a train statement, nor do their duals.
No Lean is needed; the same configuration gives the same statements on every machine.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from lean_env.benchmark.lean_magma.laws import implication_class, law, laws
from lean_env.benchmark.lean_magma.refuter import Refuter
from lean_env.benchmark.lean_magma.rewriting import distance
from lean_env.benchmark.lean_magma.statements import denial, statement
from lean_env.benchmark.lean_magma.tables import Table
from lean_env.benchmark.splits import TEST, TRAIN, VALID
from lean_env.theorem import Environment, Theorem

NAME = "lean-magma"
#: Grows when a rule of the generator changes; results of different revisions are not comparable.
REVISION = 1
ENVIRONMENT = Environment(("Init",))

#: The strata: theorems that an implication holds, and theorems that it does not.
PROVE, DENY = "prove", "deny"
#: Train statements that a table refutes, searched for proofs beside each round: none may be certified.
NON_THEOREM = "non-theorem"
OPEN = "open"

#: Each law class is of valid or test with this chance.
_HELD_OUT_SHARE = 0.1
#: At most these shares of the refuted statements have a smallest table of this size ...
_BY_SIZE = {"false-2": 0.5, "false-3": 0.4, "false-4": 0.2, "false-5": 0.2}
#: ... and at most these of the others take so many rewrites. What takes more than six counts as six.
_BY_REWRITES = {"true-1": 0.05, "true-2": 0.25, OPEN: 0.4, "true-3": 0.2, "true-4": 0.2, "true-5": 0.2, "true-6": 0.2}
#: So many draws in a row that no grade wants mean that there are no more.
_EXHAUSTED = 30_000


class TooFewStatements(ValueError):
    """There are not as many statements as were asked for."""


class MagmaConfig(BaseModel):
    """Counts of statements; each has two theorems. `held_out`: in each of valid and test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    train: NonNegativeInt = 800
    held_out: NonNegativeInt = 100
    non_theorems: NonNegativeInt = 60


@dataclass(frozen=True, slots=True)
class Implication:
    """Does law `hypothesis` imply law `conclusion`? Numbers as published."""

    hypothesis: int
    conclusion: int
    split: str
    #: `false-3`: the smallest table that refutes it has three elements; `true-2`: a proof takes two rewrites; `open`.
    grade: str
    #: Of a refuted one.
    table: Table | None = None
    #: Rewrites of the shortest proof that is known.
    rewrites: int | None = None
    #: Whether it is one of the false statements that stand beside the rounds.
    canary: bool = False

    @property
    def name(self) -> str:
        return f"magma.E{self.hypothesis}.E{self.conclusion}"

    @property
    def denial_name(self) -> str:
        return f"not.{self.name}"

    @property
    def verdict(self) -> str:
        """What is known of it, in words."""
        if self.table is not None:
            return f"refuted by the table {self.table.rows()}"
        return "open" if self.rewrites is None else f"proved in {self.rewrites} rewrites"


class LeanMagma:
    """The statements with their theorems; `load_lean_magma` makes it."""

    def __init__(self, config: MagmaConfig, implications: list[Implication]) -> None:
        self.config = config
        self.implications = tuple(implications)
        self._by_name = {name: one for one in implications for name in (one.name, one.denial_name)}

    @cached_property
    def revision(self) -> str:
        """16 hex digits that stand for the configuration and every statement with its place."""
        content = [REVISION, self.config.model_dump(mode="json"), [astuple(one) for one in self.implications]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def implication(self, name: str) -> Implication:
        """The statement of a theorem or of its denial. Raises KeyError."""
        return self._by_name[name]

    def theorems(self, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        """Everything that can be attempted, in a fixed order, a theorem's denial right behind it."""
        return [
            theorem
            for one in self.implications
            for theorem in theorems_of(one)
            if split in (None, theorem.split) and stratum in (None, theorem.stratum)
        ]

    def distribution(self) -> dict[str, Counter[str]]:
        """By split, how many statements there are of each grade, canaries left out."""
        found: dict[str, Counter[str]] = {split: Counter() for split in (TRAIN, VALID, TEST)}
        for one in self.implications:
            if not one.canary:
                found[one.split][one.grade] += 1
        return found


def theorems_of(one: Implication, benchmark: str = NAME) -> list[Theorem]:
    """That it holds, and that it does not; of a canary the first alone."""
    sides = law(one.hypothesis).equation, law(one.conclusion).equation
    stratum = NON_THEOREM if one.canary else PROVE
    found = [Theorem(one.name, statement(*sides), ENVIRONMENT, benchmark=benchmark, split=one.split, stratum=stratum)]
    if not one.canary:
        found.append(
            Theorem(one.denial_name, denial(*sides), ENVIRONMENT, benchmark=benchmark, split=one.split, stratum=DENY)
        )
    return found


def split_of_law(number: int) -> str:
    """Where a law belongs, by the hash of its class; the same for every configuration."""
    digest = hashlib.sha256(f"{NAME} law {law(number).class_}".encode()).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    return VALID if place < _HELD_OUT_SHARE else TEST if place < 2 * _HELD_OUT_SHARE else TRAIN


def split_of(hypothesis: int, conclusion: int) -> str | None:
    """That of a held-out law of the pair; None where the pair has laws of both valid and test."""
    found = {split_of_law(hypothesis), split_of_law(conclusion)} - {TRAIN}
    return None if len(found) > 1 else found.pop() if found else TRAIN


def graded(hypothesis: int, conclusion: int, split: str, refuter: Refuter) -> Implication:
    """The statement with what refuter and rewriting say of it."""
    table = refuter.smallest(hypothesis, conclusion)
    if table is not None:
        return Implication(hypothesis, conclusion, split, f"false-{table.size}", table)
    rewrites = distance(law(hypothesis).equation, law(conclusion).equation)
    grade = OPEN if rewrites is None else f"true-{min(rewrites, 6)}"
    return Implication(hypothesis, conclusion, split, grade, None, rewrites)


def load_lean_magma(config: MagmaConfig | None = None) -> LeanMagma:
    """Generates the benchmark, the default one in seconds. Raises TooFewStatements."""
    config = config or MagmaConfig()
    refuter = Refuter.load()
    seen: set[tuple[int, int]] = set()
    counts = {VALID: config.held_out, TEST: config.held_out, TRAIN: config.train}
    found: list[Implication] = []
    for split, count in counts.items():
        pairs = _pairs(random.Random(f"{NAME} {REVISION} {config.seed} {split}"), split, refuter)
        found += _drawn(pairs, split, count, refuter, seen)
    pairs = _pairs(random.Random(f"{NAME} {REVISION} {config.seed} {NON_THEOREM}"), TRAIN, refuter)
    for hypothesis, conclusion in pairs:
        if sum(one.canary for one in found) == config.non_theorems:
            break
        class_ = implication_class(hypothesis, conclusion)
        if class_ not in seen and (table := refuter.smallest(hypothesis, conclusion)) is not None:
            seen.add(class_)
            found.append(Implication(hypothesis, conclusion, TRAIN, f"false-{table.size}", table, canary=True))
    return LeanMagma(config, found)


def _drawn(
    pairs: Iterator[tuple[int, int]], split: str, count: int, refuter: Refuter, seen: set[tuple[int, int]]
) -> Iterator[Implication]:
    """So many new statements, half of them refuted, no grade more often than its share."""
    halves = {True: count // 2, False: count - count // 2}
    room = {grade: round(share * halves[True]) for grade, share in _BY_SIZE.items()}
    room |= {grade: round(share * halves[False]) for grade, share in _BY_REWRITES.items()}
    if count:  # what rounding took away
        room["false-2"] += 1
        room["true-2"] += 1
    refused = 0
    while any(halves.values()):
        hypothesis, conclusion = next(pairs)
        class_ = implication_class(hypothesis, conclusion)
        false = refuter.refutes(hypothesis, conclusion)
        if halves[false] and class_ not in seen:
            one = graded(hypothesis, conclusion, split, refuter)
            if room[one.grade]:
                seen.add(class_)
                room[one.grade] -= 1
                halves[false] -= 1
                refused = 0
                yield one
                continue
        refused += 1
        if refused > _EXHAUSTED:
            raise TooFewStatements(f"{sum(halves.values())} statements of {split} are missing; ask for fewer")


def _pairs(rng: random.Random, split: str, refuter: Refuter) -> Iterator[tuple[int, int]]:
    """Pairs of a split without end. Half of the laws are drawn evenly, half of them by what the tables say of them: of
    all 4,694 a third follows from x = y and implies it."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for one, row in zip(laws(), refuter.satisfied, strict=True):
        groups[row.tobytes()].append(one.number)
    kinds = list(groups.values())
    own = [one.number for one in laws() if split_of_law(one.number) == split]

    def drawn() -> int:
        return rng.choice(rng.choice(kinds)) if rng.random() < 0.5 else rng.randint(1, len(laws()))

    while True:
        pair = [drawn(), drawn()]
        if split != TRAIN:
            pair[rng.randrange(2)] = rng.choice(own)
        hypothesis, conclusion = pair
        # x = x is implied by everything.
        if conclusion not in (hypothesis, 1) and split_of(hypothesis, conclusion) == split:
            yield hypothesis, conclusion
