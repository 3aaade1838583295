"""First-order problems with ∀ and ∃ over one or two types: one-place predicates, decided; relations, proved or refuted.

Hypotheses and goals are put together as for propositions (`assembly`), by their truth in structures. One-place
predicates have all structures there are, so that this decides. Relations have a sample: what it does not refute is kept
only if the sequent calculus proves it. What is kept as CLASSICAL is refuted by a Kripke model.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import partial

from lean_env.benchmark.lean_logic import assembly
from lean_env.benchmark.lean_logic.composition import Entailment, tidy, total
from lean_env.benchmark.lean_logic.formula import (
    ALL,
    AND,
    EXISTS,
    FALSE,
    IFF,
    IMP,
    NOT,
    OR,
    PROP,
    TYPE,
    Node,
    depth,
)
from lean_env.benchmark.lean_logic.intuitionistic import derivation_steps, provable
from lean_env.benchmark.lean_logic.models import Models
from lean_env.benchmark.lean_logic.naming import named
from lean_env.benchmark.lean_logic.problem import Draft, Logic
from lean_env.benchmark.lean_logic.structures import monadic, sampled, structure_text

_BINARY, _BINARY_WEIGHTS = (AND, OR, IMP, IFF), (5, 9, 15, 16)
_BOUND = ("x", "y", "z")
_POOL = 140
_LARGEST_PART = 11
_DRAFTS_A_POOL = 120
_TRIES = 60
#: How much smaller than intended a statement may be: sizes are meant to be spread evenly.
_SLACK = 3
_BUDGET = 600
_KRIPKE_MODELS = 200
_STRUCTURES = 150
_CLASSICAL_SHARE = 0.25

#: Symbols and their types. Three predicates have 256 sets of kinds of elements, two have 16.
_MONADIC: tuple[Mapping[str, str], ...] = (
    {"P": "α → Prop", "Q": "α → Prop"},
    {"P": "α → Prop", "Q": "α → Prop", "a": "α"},
    {"P": "α → Prop", "Q": "α → Prop", "p": PROP},
    {"P": "α → Prop", "Q": "α → Prop", "R": "α → Prop"},
    {"P": "α → Prop", "Q": "α → Prop", "R": "α → Prop", "a": "α"},
)
_RELATIONAL: tuple[Mapping[str, str], ...] = (
    {"R": "α → α → Prop"},
    {"R": "α → α → Prop", "P": "α → Prop"},
    {"R": "α → α → Prop", "S": "α → α → Prop"},
    {"R": "α → α → Prop", "P": "α → Prop", "a": "α"},
    {"R": "α → β → Prop", "P": "α → Prop", "Q": "β → Prop"},
    {"R": "α → β → Prop", "S": "β → α → Prop"},
    {"R": "α → β → Prop", "Q": "β → Prop", "a": "α"},
)


def monadic_problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """Drafts without end, of sizes between both given, over one-place predicates."""
    while True:
        types = {"α": TYPE, **rng.choice(_MONADIC)}
        predicates = [name for name, type_ in types.items() if "→" in type_]
        models = monadic(predicates, _constants(types), [name for name, type_ in types.items() if type_ == PROP])
        yield from _problems(rng, sizes, theorems, types, models, decides=True)


def relational_problems(rng: random.Random, sizes: tuple[int, int], theorems: bool) -> Iterator[Draft]:
    """The same over relations; theorems are intuitionistic."""
    while True:
        symbols = rng.choice(_RELATIONAL)
        mentioned = {word for type_ in symbols.values() for word in type_.split()}
        types = {sort: TYPE for sort in ("α", "β") if sort in mentioned} | dict(symbols)
        yield from _problems(rng, sizes, theorems, types, sampled(rng, types, _STRUCTURES), decides=False)


def _problems(
    rng: random.Random, sizes: tuple[int, int], theorems: bool, types: Mapping[str, str], models: Models, decides: bool
) -> Iterator[Draft]:
    pool = _pool(rng, types, models)
    kripke = sampled(rng, types, _KRIPKE_MODELS, worlds=3)
    drawn, classical = 0, 0
    for _ in range(_DRAFTS_A_POOL):
        target = rng.randint(*sizes)
        for _ in range(_TRIES):
            *parts, goal_size = _parts(rng, target)
            make = assembly.entailed if theorems else assembly.near_miss
            made = make(rng, pool, parts, goal_size)
            if made is None or not max(sizes[0], target - _SLACK) <= total(made) <= sizes[1]:
                continue
            if not theorems:
                yield _non_theorem(rng, types, models, made)
                break
            logic = _logic(types, kripke, made, decides)
            if logic is None or (logic is Logic.CLASSICAL and classical > _CLASSICAL_SHARE * drawn):
                continue
            drawn += 1
            classical += logic is Logic.CLASSICAL
            sequent, _ = named(rng, types, *made, keep=_constants(types))
            effort = partial(_effort, types, made, logic)
            yield Draft(sequent, logic, max(map(depth, sequent.formulas)), effort=effort)
            break


def _logic(types: Mapping[str, str], kripke: Models, made: Entailment, decides: bool) -> Logic | None:
    """How the entailment is proved, which holds in all structures if `decides`; None when that is not known."""
    if kripke.refuting(*made):
        return Logic.CLASSICAL if decides else None
    constants = tuple((name, types[name]) for name in _constants(types))
    return Logic.INTUITIONISTIC if provable(*made, constants, _BUDGET) else None


def _effort(types: Mapping[str, str], made: Entailment, logic: Logic) -> int | None:
    """Of the derivation that the calculus finds; a classical one by contradiction, where it finds that."""
    constants = tuple((name, types[name]) for name in _constants(types))
    if logic is Logic.INTUITIONISTIC:
        return derivation_steps(*made, constants, _BUDGET)
    hypotheses, goal = made
    steps = derivation_steps((*hypotheses, Node(NOT, (goal,))), Node(FALSE), constants, _BUDGET)
    return None if steps is None else steps + 1


def _constants(types: Mapping[str, str]) -> list[str]:
    return [name for name, type_ in types.items() if types.get(type_) == TYPE]


def _non_theorem(rng: random.Random, types: Mapping[str, str], models: Models, made: Entailment) -> Draft:
    sequent, new_names = named(rng, types, *made, keep=_constants(types))
    index = models.refuting(*made).bit_length() - 1
    text = structure_text(models, index, types, new_names)
    return Draft(sequent, None, max(map(depth, sequent.formulas)), text)


def _pool(rng: random.Random, types: Mapping[str, str], models: Models) -> assembly.Pool:
    by_size: list[list[Node]] = [[Node(name) for name, type_ in types.items() if type_ == PROP]]
    for size in range(1, _LARGEST_PART + 1):
        drawn = (_random_formula(rng, size, types, {}) for _ in range(_POOL))
        by_size.append([formula for formula in drawn if formula is not None and tidy(formula)])
    return assembly.Pool.of(models, by_size)


def _parts(rng: random.Random, total: int) -> list[int]:
    """Sizes of hypotheses and the goal, two or more each, which add up to `total`."""
    parts = rng.randint(2, max(2, min(6, total // 3)))
    cuts = sorted(rng.randint(0, max(0, total - 2 * parts)) for _ in range(parts - 1))
    return [2 + high - low for low, high in zip([0, *cuts], [*cuts, max(0, total - 2 * parts)], strict=True)]


def _random_formula(rng: random.Random, size: int, types: Mapping[str, str], scope: Mapping[str, str]) -> Node | None:
    """A formula of the size, its free variables in `scope` (with their types); None when this try found none."""
    if size == 0:
        propositions = [name for name, type_ in types.items() if type_ == PROP]
        return Node(rng.choice(propositions)) if propositions else None
    if size == 1:
        return _random_atom(rng, types, scope)
    kind = rng.random()
    quantify = len(scope) < len(_BOUND) and kind < (0.3 if scope else 0.7)
    if quantify:
        name, sort = _BOUND[len(scope)], rng.choice([name for name, type_ in types.items() if type_ == TYPE])
        body = _random_formula(rng, size - 1, types, {**scope, name: sort})
        if body is None or name not in body.names:
            return None
        return Node(rng.choice((ALL, EXISTS)), (body,), name, sort)
    if kind > 0.9:
        inner = _random_formula(rng, size - 1, types, scope)
        return None if inner is None else Node(NOT, (inner,))
    left_size = rng.randrange(size)
    left = _random_formula(rng, left_size, types, scope)
    right = _random_formula(rng, size - 1 - left_size, types, scope)
    if left is None or right is None:
        return None
    return Node(rng.choices(_BINARY, cum_weights=_BINARY_WEIGHTS)[0], (left, right))


def _random_atom(rng: random.Random, types: Mapping[str, str], scope: Mapping[str, str]) -> Node | None:
    predicate = rng.choice([name for name, type_ in types.items() if type_.endswith(f"→ {PROP}")])
    arguments = []
    for sort in types[predicate].split(" → ")[:-1]:
        terms = [name for name, type_ in (*scope.items(), *types.items()) if type_ == sort]
        if not terms:
            return None
        arguments.append(Node(rng.choice(terms)))
    return Node(predicate, tuple(arguments))
