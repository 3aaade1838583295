"""The benchmark `lean-logic`: statements generated from a seed, with ground truth, split by canonical class.

    load_lean_logic(LogicConfig(seed=1, train=10_000))

No Lean is needed: the same configuration gives the same statements on every machine. Each family draws from random
streams of its own; a statement whose class was seen before, in whatever family or split, is dropped. Which of the
same-size theorems are for training is decided by the hash of their class.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import cached_property
from itertools import count, islice

from pydantic import BaseModel

from lean_env.benchmark.lean_logic import first_order, induction, propositional
from lean_env.benchmark.lean_logic.canonical import canonical
from lean_env.benchmark.lean_logic.config import LogicConfig
from lean_env.benchmark.lean_logic.problem import Draft, Family, Logic, Problem
from lean_env.benchmark.splits import TEST, TRAIN, VALID
from lean_env.benchmark.uncollected import uncollected
from lean_env.theorem import Environment, Theorem

NAME = "lean-logic"
#: Grows when a rule of the generator changes; results of different revisions are not comparable.
REVISION = 2
ENVIRONMENT = Environment(("Init",))

SAME_SIZE, BEYOND, NON_THEOREM = "same-size", "beyond", "non-theorem"
#: Theorems which say that a non-theorem is none.
DISPROOF = "disproof"

#: Drafts without end from a random stream, of sizes between two bounds; theorems or non-theorems.
Generator = Callable[[random.Random, tuple[int, int], bool], Iterator[Draft]]
_GENERATORS: dict[Family, Generator] = {
    Family.PROPOSITIONAL: propositional.problems,
    Family.FIRST_ORDER: first_order.problems,
    Family.INDUCTION: induction.problems,
}
#: So many drafts in a row without a new class mean that there are no more.
_EXHAUSTED = 3_000
_SIZE_BUCKET = 4


class TooFewStatements(ValueError):
    """The size limits do not hold as many distinct statements as were asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """How many problems agree in all of these; `sizes` is a range like `5-8`."""

    split: str
    stratum: str
    family: Family
    logic: Logic | None
    sizes: str
    depth: int
    count: int


class LeanLogic:
    """The generated problems with their splits and strata; `load_lean_logic` makes it."""

    #: Of the benchmark, and the revision of the rules by which it is generated.
    name = NAME
    generator = REVISION

    def __init__(self, config: BaseModel, placed: list[tuple[Problem, str, str]]) -> None:
        self.config = config
        self.problems = tuple(problem for problem, _, _ in placed)
        self._placed = {problem.name: (problem, split, stratum) for problem, split, stratum in placed}

    @cached_property
    def revision(self) -> str:
        """16 hex digits that stand for the configuration and every problem with its place."""
        content = [self.generator, self.config.model_dump(mode="json"), [[*astuple(p), *at] for p, *at in self._rows()]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    def problem(self, name: str) -> Problem:
        """The problem of this name. Raises KeyError."""
        return self._placed[name][0]

    def theorems(self, split: str | None = None, stratum: str | None = None) -> list[Theorem]:
        """Everything that can be attempted, non-theorems too (split train, stratum non-theorem), in a fixed order.

        Strata of theorems: same-size and beyond.
        """
        return [
            Theorem(
                problem.name, problem.statement, ENVIRONMENT, benchmark=self.name, split=of_split, stratum=of_stratum
            )
            for problem, of_split, of_stratum in self._rows()
            if split in (None, of_split) and stratum in (None, of_stratum)
        ]

    def disproofs(self) -> list[Theorem]:
        """What proves a non-theorem wrong, where truth tables decide: `not.NAME` says that propositional NAME does not
        hold. Split train, stratum disproof."""
        return [
            Theorem(f"not.{p.name}", p.denial, ENVIRONMENT, benchmark=self.name, split=TRAIN, stratum=DISPROOF)
            for p in self.problems
            if p.denial
        ]

    def distribution(self) -> list[Row]:
        """Counts by split, stratum, family, logic, sizes (four to a range) and depth."""
        counts = Counter(
            (split, stratum, problem.family, problem.logic, (problem.size - 1) // _SIZE_BUCKET, problem.depth)
            for problem, split, stratum in self._rows()
        )
        ordered = sorted(counts, key=lambda key: tuple(map(str, key[:4])) + key[4:])
        return [
            Row(*key[:4], f"{key[4] * _SIZE_BUCKET + 1}-{(key[4] + 1) * _SIZE_BUCKET}", key[5], counts[key])
            for key in ordered
        ]

    def _rows(self) -> list[tuple[Problem, str, str]]:
        return list(self._placed.values())


@uncollected()
def load_lean_logic(config: LogicConfig | None = None) -> LeanLogic:
    """Generates the benchmark, the default one in seconds. Raises TooFewStatements."""
    config = config or LogicConfig()
    train, held_out, beyond, wrong = map(
        config.counts, (config.train, config.held_out, config.beyond, config.non_theorems)
    )
    seen: set[str] = set()
    placed: list[tuple[Problem, str, str]] = []
    for family in config.families:
        limits = config.limits[family]
        small, large = (limits.least, limits.train_max_size), (limits.train_max_size + 1, limits.beyond_max_size)
        parts = (
            (SAME_SIZE, small, {VALID: held_out[family], TEST: held_out[family], TRAIN: train[family]}),
            (BEYOND, large, {VALID: beyond[family], TEST: beyond[family]}),
            (NON_THEOREM, small, {TRAIN: wrong[family]}),
        )
        numbers = count()
        for stratum, sizes, counts in parts:
            rng = random.Random(f"{NAME} {REVISION} {config.seed} {family} {stratum}")
            drafts = _GENERATORS[family](rng, sizes, stratum != NON_THEOREM)
            problems = [
                problem_of(draft, family, class_, f"logic.{family[0] if draft.logic else 'n'}.{number:06}")
                for (draft, class_), number in zip(
                    new_drafts(drafts, sum(counts.values()), seen), numbers, strict=False
                )
            ]
            splits = _splits(problems, counts)
            placed += [(problem, splits[problem.name], stratum) for problem in problems]
    return LeanLogic(config, placed)


def new_drafts(drafts: Iterator[Draft], wanted: int, seen: set[str]) -> Iterator[tuple[Draft, str]]:
    """The first `wanted` drafts whose classes are not in `seen`, with their classes, which are added to it."""
    repeated = 0
    while wanted:
        draft = next(drafts)
        class_ = canonical(draft.sequent)
        if class_ not in seen:
            seen.add(class_)
            repeated = 0
            wanted -= 1
            yield draft, class_
        elif (repeated := repeated + 1) > _EXHAUSTED:
            raise TooFewStatements(f"{wanted} statements are missing; allow larger sizes or ask for fewer")


def problem_of(draft: Draft, family: Family, class_: str, name: str) -> Problem:
    """The problem of this name; `class_` is the class of its statement."""
    theorem = draft.logic is not None
    return Problem(
        name=name,
        statement=draft.sequent.text(),
        family=family,
        theorem=theorem,
        logic=draft.logic,
        size=draft.sequent.size,
        depth=draft.depth,
        canonical=class_,
        counterexample=draft.counterexample,
        denial="" if theorem or family is not Family.PROPOSITIONAL else draft.sequent.denial(),
    )


def _splits(problems: list[Problem], counts: dict[str, int]) -> dict[str, str]:
    """The split of each problem: in the order of their classes, which are hashes, the first ones go to the first."""
    in_order = iter(sorted(problems, key=lambda problem: problem.canonical))
    return {problem.name: split for split, size in counts.items() for problem in islice(in_order, size)}
