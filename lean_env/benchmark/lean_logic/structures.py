"""Structures for formulas with quantifiers: all monadic ones up to what can be said, samples of others, Kripke's.

Element number e of the monadic structures is *the* element of which exactly the predicates in e's binary digits hold.
Formulas of one-place predicates without equality cannot tell two such elements apart. So the sets of these elements are
all structures there are. The empty set is one of them: a type of Lean may be empty.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from lean_env.benchmark.lean_logic.models import Fact, Models

#: Elements of a type in sampled structures.
_ELEMENTS = 3
#: Of two later worlds neither sees the other: enough to refute what needs a choice to be made too early.
_FORK = ((0, 1, 2), (1,), (2,))


def monadic(predicates: Sequence[str], constants: Sequence[str], propositions: Sequence[str]) -> Models:
    """Every structure over one type `α`, up to equal truth of all formulas."""
    kinds = range(1 << len(predicates))
    structures = [
        (present, meaning, truths)
        for present in range(1 << len(kinds))
        for meaning in product([kind for kind in kinds if present >> kind & 1], repeat=len(constants))
        for truths in product((False, True), repeat=len(propositions))
    ]

    def mask(chosen: Sequence[bool]) -> int:
        return sum(1 << index for index, is_so in enumerate(chosen) if is_so)

    domain = [mask([bool(present >> kind & 1) for present, _, _ in structures]) for kind in kinds]
    facts: dict[Fact, int] = {
        (predicate, kind): (1 << len(structures)) - 1 if kind >> place & 1 else 0
        for place, predicate in enumerate(predicates)
        for kind in kinds
    }
    for place, proposition in enumerate(propositions):
        facts[(proposition,)] = mask([truths[place] for _, _, truths in structures])
    meanings = {
        constant: ("α", [mask([meaning[place] == kind for _, meaning, _ in structures]) for kind in kinds])
        for place, constant in enumerate(constants)
    }
    return Models(len(structures), [{"α": domain}], [facts], meanings)


def sampled(rng: random.Random, types: Mapping[str, str], count: int, worlds: int = 1) -> Models:
    """Random structures for symbols with these Lean types (type variables, propositions, relations, constants); with
    three worlds, Kripke models over a fork, in which elements and facts grow."""
    above = _FORK if worlds == 3 else ((0,),)
    sorts = [name for name, type_ in types.items() if type_ == "Type"]
    constants = {name: type_ for name, type_ in types.items() if type_ in sorts}
    relations = {name: type_.split(" → ")[:-1] for name, type_ in types.items() if type_.endswith("Prop")}
    domains = [{sort: [0] * _ELEMENTS for sort in sorts} for _ in above]
    facts: list[dict[Fact, int]] = [{} for _ in above]
    meanings = {name: (sort, [0] * _ELEMENTS) for name, sort in constants.items()}
    for bit in (1 << index for index in range(count)):
        density = rng.choice((0.2, 0.5, 0.8))
        for sort in sorts:
            least = 1 if sort in constants.values() else 0
            present = rng.randint(least, _ELEMENTS)
            for world in range(len(above)):
                more = present if world == 0 else rng.randint(present, _ELEMENTS)
                for element in range(more):
                    domains[world][sort][element] |= bit
            for name, own in constants.items():
                if own == sort:
                    meanings[name][1][rng.randrange(present)] |= bit
        for name, arguments in relations.items():
            for elements in product(range(_ELEMENTS), repeat=len(arguments)):
                holds = rng.random() < density * (0.6 if worlds > 1 else 1)
                for world in range(len(above)):
                    if holds or (world and rng.random() < density):
                        facts[world][(name, *elements)] = facts[world].get((name, *elements), 0) | bit
                    else:
                        facts[world].setdefault((name, *elements), 0)
    return Models(count, domains, facts, meanings, above)


def structure_text(models: Models, index: int, types: Mapping[str, str], new_names: Mapping[str, str]) -> str:
    """Model `index`, classical, in words: `α := {0, 1}, P := {0}, R := {(0, 1)}, a := 1, p := True`.

    `types` are the symbols' Lean types; only symbols in `new_names` are written, under their new names.
    """
    parts = []
    present: dict[str, list[int]] = {}
    for sort, masks in models.domains[0].items():
        present[sort] = [element for element, mask in enumerate(masks) if mask >> index & 1]
        if sort in new_names:
            parts.append(f"{new_names[sort]} := {_set_text(map(str, present[sort]))}")
    for name, type_ in types.items():
        if name not in new_names or name in present:
            continue
        if name in models.constants:
            _, masks = models.constants[name]
            parts.append(f"{new_names[name]} := {next(e for e, mask in enumerate(masks) if mask >> index & 1)}")
            continue
        elements = product(*(present[sort] for sort in type_.split(" → ")[:-1]))
        held = [of for of in elements if models.facts[0][(name, *of)] >> index & 1]
        if (name,) in models.facts[0]:
            parts.append(f"{new_names[name]} := {bool(held)}")
        else:
            parts.append(f"{new_names[name]} := {_set_text(str(e[0]) if len(e) == 1 else str(e) for e in held)}")
    return ", ".join(parts)


def _set_text(elements: Iterable[str]) -> str:
    return f"{{{', '.join(elements)}}}"
