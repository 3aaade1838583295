"""lean-logic in rungs: the same families, graded by what a proof takes (`Draft.effort`) instead of by size.

    load_rungs(RungConfig(train=10_000))

Each rung asks for 1.3 times as much as the one below, from what the untrained grammar proves to far beyond what trained
models have proved so far. Held-out statements are as many in each rung, and no statement of theirs is a train one up to
names and order. There are as many train statements as one likes: `statements` never ends.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from lean_env.benchmark.lean_logic import first_order, induction, propositional
from lean_env.benchmark.lean_logic.benchmark import NON_THEOREM, LeanLogic, TooFewStatements, new_drafts, problem_of
from lean_env.benchmark.lean_logic.canonical import canonical
from lean_env.benchmark.lean_logic.climbing import climbing
from lean_env.benchmark.lean_logic.config import LogicConfig
from lean_env.benchmark.lean_logic.problem import Draft, Family, Problem
from lean_env.benchmark.splits import TEST, TRAIN, VALID
from lean_env.benchmark.uncollected import uncollected

NAME = "lean-logic-rungs"
#: The lowest rungs alone, with many train statements in each.
LOW = "lean-logic-low"
#: Grows when a rule of the generator or of the grading changes; results of different revisions are not comparable.
REVISION = 1
#: The stratum of all train theorems; that of a held-out one is its rung (`stratum_of`).
GRADED = "graded"
#: The most effort that a statement of each rung takes.
TOPS = (4, 5, 6, 8, 10, 13, 17, 22, 29, 37, 48, 63, 82, 106)

_SHARES = {Family.FIRST_ORDER: 0.3, Family.INDUCTION: 0.2}
#: Rungs in which these families have enough; propositions take the rest.
_REACH = {Family.FIRST_ORDER: range(11), Family.INDUCTION: range(3, 11)}
_SIZES = {Family.FIRST_ORDER: (4, 44), Family.INDUCTION: (8, 48)}
#: One propositional statement in so many is drawn small: walks have few of each small size.
_SMALL_SIZES, _SMALL_SHARE = (1, 5), 0.15
#: A rung has at least and at most so many times its even share of the train statements: small ones come more often.
_LEAST, _MOST = 0.25, 2.0
#: So many statements in a row that no rung wants mean that there are no more.
_EXHAUSTED = 20_000


class RungConfig(BaseModel):
    """`held_out`: theorems of each rung in each of valid and test. `train`: over all rungs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    train: NonNegativeInt = 3000
    held_out: NonNegativeInt = 40
    non_theorems: NonNegativeInt = 300
    rungs: int = Field(len(TOPS), ge=1, le=len(TOPS), description="only the first so many")


@dataclass(frozen=True, slots=True)
class Graded:
    """A theorem's draft with its place."""

    draft: Draft
    family: Family
    rung: int
    effort: int
    canonical: str


class Rungs(LeanLogic):
    """The generated problems. A held-out theorem's stratum is its rung, that of all train ones is `GRADED`."""

    name = NAME
    generator = REVISION

    def __init__(self, config: RungConfig, placed: list[tuple[Problem, str, str]], efforts: dict[str, int]) -> None:
        super().__init__(config, placed)
        #: By problem, but for non-theorems.
        self.efforts = efforts


class LowRungs(Rungs):
    """The four lowest rungs by themselves: what proofs of one to eight steps are for, as language models from scratch
    write them."""

    name = LOW


def stratum_of(rung: int) -> str:
    """What the rung is called in the corpus; in order by name, too."""
    return f"rung-{rung:02}"


def rung_of(effort: int) -> int:
    """The rung of a theorem that takes so much; `len(TOPS)` for more than the highest one."""
    return bisect_left(TOPS, effort)


def statements(seed: int, purpose: str, family: Family, rungs: int = len(TOPS)) -> Iterator[Graded]:
    """Theorems of one family without end, of all its rungs; duplicates occur. Streams of different purposes have
    nothing in common but chance."""
    rng = random.Random(f"{NAME} {REVISION} {seed} {family} {purpose}")
    reach = _reach(family, rungs)
    for draft in _drafts(rng, family, TOPS[rungs - 1]):
        effort = draft.effort()
        if effort is not None and (rung := rung_of(effort)) in reach:
            yield Graded(draft, family, rung, effort, canonical(draft.sequent))


@uncollected()
def load_rungs(config: RungConfig | None = None, kind: type[Rungs] = Rungs) -> Rungs:
    """Generates the benchmark, the default one in about a minute. Raises TooFewStatements."""
    config = config or RungConfig()
    seen: set[str] = set()
    held_out = list(_held_out(config, seen))
    wrong = list(_non_theorems(config, seen))
    train = list(_train(config, seen))
    placed: list[tuple[Problem, str, str]] = []
    efforts: dict[str, int] = {}
    numbers: Counter[tuple[int, Family]] = Counter()
    for graded, split in (*_split(held_out, config.held_out), *zip(train, repeat(TRAIN))):
        key = (graded.rung, graded.family)
        name = f"rung{graded.rung:02}.{graded.family[0]}.{numbers[key]:05}"
        numbers[key] += 1
        efforts[name] = graded.effort
        problem = problem_of(graded.draft, graded.family, graded.canonical, name)
        placed.append((problem, split, GRADED if split == TRAIN else stratum_of(graded.rung)))
    return kind(config, placed + wrong, efforts)


def _held_out(config: RungConfig, seen: set[str]) -> Iterator[Graded]:
    """Twice `held_out` of each rung, the families by their shares where they have enough."""
    wanted = {rung: 2 * config.held_out for rung in range(config.rungs)}
    for family in (Family.FIRST_ORDER, Family.INDUCTION, Family.PROPOSITIONAL):
        open_, refused = dict(wanted), 0
        if family in _SHARES:
            open_ = dict.fromkeys(_reach(family, config.rungs), round(2 * config.held_out * _SHARES[family]))
        for graded in statements(config.seed, "held out", family, config.rungs) if any(open_.values()) else ():
            if open_.get(graded.rung) and graded.canonical not in seen:
                seen.add(graded.canonical)
                open_[graded.rung] -= 1
                wanted[graded.rung] -= 1
                refused = 0
                yield graded
                if not any(open_.values()):
                    break
            elif (refused := refused + 1) > _EXHAUSTED:
                raise TooFewStatements(f"{sum(open_.values())} statements are missing in rungs {open_}; ask for fewer")


def _split(held_out: list[Graded], each: int) -> Iterator[tuple[Graded, str]]:
    """In the order of their classes, which are hashes, the first ones of each rung are for valid, the others for
    test."""
    by_rung: dict[int, list[Graded]] = defaultdict(list)
    for graded in sorted(held_out, key=lambda one: one.canonical):
        by_rung[graded.rung].append(graded)
    for _, of_rung in sorted(by_rung.items()):
        yield from zip(of_rung, chain(repeat(VALID, each), repeat(TEST, each)), strict=False)


def _train(config: RungConfig, seen: set[str]) -> Iterator[Graded]:
    """New statements of all families, drawn by their shares, until there are enough of each rung."""
    rng = random.Random(f"{NAME} {REVISION} {config.seed} train")
    families = [family for family in Family if _reach(family, config.rungs)]
    shares = [_SHARES.get(family, 1 - sum(_SHARES.values())) for family in families]
    streams = {family: statements(config.seed, "train", family, config.rungs) for family in families}
    even = config.train / config.rungs
    missing = dict.fromkeys(range(config.rungs), int(_LEAST * even))
    taken: Counter[int] = Counter()
    refused = 0

    def wanted(rung: int) -> bool:
        spare = config.train - taken.total() > sum(missing.values())
        return missing[rung] > 0 or (spare and taken[rung] < _MOST * even)

    while taken.total() < config.train:
        family = rng.choices(families, shares)[0]
        if not any(map(wanted, _reach(family, config.rungs))):
            family = Family.PROPOSITIONAL
        graded = next(streams[family])
        if wanted(graded.rung) and graded.canonical not in seen:
            seen.add(graded.canonical)
            taken[graded.rung] += 1
            missing[graded.rung] -= missing[graded.rung] > 0
            refused = 0
            yield graded
        elif (refused := refused + 1) > _EXHAUSTED:
            raise TooFewStatements(f"{config.train - taken.total()} statements are missing; ask for fewer")


def _non_theorems(config: RungConfig, seen: set[str]) -> Iterator[tuple[Problem, str, str]]:
    """As many as asked for, of the sizes that lean-logic's have."""
    like = LogicConfig()
    generators: dict[Family, Callable[[random.Random, tuple[int, int], bool], Iterator[Draft]]] = {
        Family.PROPOSITIONAL: propositional.problems,
        Family.FIRST_ORDER: first_order.problems,
        Family.INDUCTION: induction.problems,
    }
    number = 0
    for family, wanted in like.counts(config.non_theorems).items():
        rng = random.Random(f"{NAME} {REVISION} {config.seed} {family} {NON_THEOREM}")
        sizes = (like.limits[family].least, like.limits[family].train_max_size)
        for draft, class_ in new_drafts(generators[family](rng, sizes, False), wanted, seen):
            yield problem_of(draft, family, class_, f"rungs.n.{number:05}"), TRAIN, NON_THEOREM
            number += 1


def _reach(family: Family, rungs: int) -> range:
    """The rungs that a family has statements of, among the first so many."""
    own = _REACH.get(family, range(len(TOPS)))
    return range(own.start, min(own.stop, rungs))


def _drafts(rng: random.Random, family: Family, most: int) -> Iterator[Draft]:
    if family is Family.FIRST_ORDER:
        return first_order.problems(rng, _SIZES[family], True)
    if family is Family.INDUCTION:
        return induction.problems(rng, _SIZES[family], True)
    return _propositional(rng, most)


def _propositional(rng: random.Random, most: int) -> Iterator[Draft]:
    small = propositional.problems(random.Random(f"{rng.getrandbits(64)} small"), _SMALL_SIZES, True)
    large = climbing(random.Random(f"{rng.getrandbits(64)} large"), most)
    while True:
        yield next(small if rng.random() < _SMALL_SHARE else large)
